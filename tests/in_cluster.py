"""Builds parts of the cluster's inside on their own, for tests that need a configuration no shipped stack has."""

import pulumi
import pulumi_command
import pulumi_kubernetes

from components.external_services import Endpoints
from operations.recorder import record

RELEASE = "kubernetes:helm.sh/v3:Release"
GATE = "command:local:Command"


def recorded(build, plan):
    """Record what `build(opts)` declares; `opts` holds the providers that a component hands down."""

    def program():
        inside = pulumi_kubernetes.Provider("inside", kubeconfig="{}", cluster_identifier=plan.name)
        command = pulumi_command.Provider("command")
        build(pulumi.ResourceOptions(providers=[inside, command]))

    return record(plan.stack, {}, {}, program)


def endpoints(plan):
    """Host names and secrets of every store of the plan."""
    return Endpoints(
        database_hosts={key: f"{key}.rds.example.internal" for key in plan.config.databases},
        database_passwords={key: pulumi.Output.secret(f"password of {key}") for key in plan.config.databases},
        cache_hosts={key: f"{key}.cache.example.internal" for key in plan.config.caches},
        cache_tokens={key: pulumi.Output.secret(f"token of {key}") for key in plan.config.caches},
    )


def waits_for(recording, later, earlier):
    """Whether one resource is made only after another: its own dependencies, and those of the components around it."""
    known, seen, queue = recording.by_urn(), set(), [later.urn]
    while queue:
        urn = queue.pop()
        if urn in seen or urn not in known:
            continue
        seen.add(urn)
        queue += known[urn].dependencies
        queue.append(known[urn].parent)
    return earlier.urn in seen


def release(recording, name):
    """Inputs of the one release of a chart."""
    (found,) = [each for each in recording.of(RELEASE) if each.inputs["name"] == name]
    return found.inputs


def find(recording, kind, name):
    """The one object of a kind and name."""
    (found,) = [
        each
        for each in recording.resources
        if each.inputs.get("kind") == kind and each.inputs["metadata"]["name"] == name
    ]
    return found
