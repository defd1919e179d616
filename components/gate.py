"""Gate: one program run that holds everything depending on it until a part of the cluster is ready."""

import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from pulumi import ComponentResource, CustomTimeouts, Input, Output, ResourceOptions
from pulumi_command import local

from components import naming
from sizing.model import Plan

PYTHON: Final = '"${GROUNDSWELL_PYTHON:-.venv/bin/python}"'
"""The project's own Python unless the environment names another, as a shell word."""

API_DEADLINE_SECONDS: Final = 1200
"""Boot, downloads, `kubeadm init` and up to four joins, one after the other."""

NODES_DEADLINE_SECONDS: Final = 900
"""Boot and join of all workers, which happens at the same time, and Calico's images."""

CRDS_DEADLINE_SECONDS: Final = 300
"""The operator's image and one reconciliation."""

SLACK_SECONDS: Final = 120
"""What the last try and the explanation may take after the deadline, before Pulumi would end the program."""


@dataclass(frozen=True, kw_only=True)
class GateArgs:
    """What is waited for.

    Attributes:
        check: arguments behind `python -m operations gate`, without the deadline.
        deadline_seconds: longest wait.
        kubeconfig: given on standard input; it holds no key. Absent for gates that need none.
        triggers: the gate runs again when one of them changes, such as ids of instances.
    """

    check: Sequence[Input[str]]
    deadline_seconds: int
    kubeconfig: Input[str] | None = None
    triggers: Sequence[Input[str]] = ()


class Gate(ComponentResource):
    """Runs one gate program when it is made and whenever its inputs change; deleting it does nothing.

    Attributes:
        command: the run, for `depends_on`.
        stdout: what the program printed; never secret.
    """

    command: local.Command
    stdout: Output[str]

    def __init__(self, name: str, args: GateArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__(naming.token("gate", "Gate"), name, {}, opts)
        limit = f"{args.deadline_seconds + SLACK_SECONDS}s"
        child = ResourceOptions(parent=self, custom_timeouts=CustomTimeouts(create=limit, update=limit))
        deadline = ("--deadline", str(args.deadline_seconds))
        line = Output.all(*args.check, *deadline).apply(command_line)
        self.command = local.Command(
            name,
            create=line,
            # A changed line runs the gate again in place; a changed trigger replaces it. Neither touches what waits.
            update=line,
            stdin=args.kubeconfig,
            triggers=list(args.triggers),
            # Progress goes to standard error, where secrets are masked; standard output is for the program alone.
            logging=local.Logging.STDERR,
            add_previous_output_in_env=False,
            opts=child,
        )
        self.stdout = self.command.stdout
        self.register_outputs({"stdout": self.stdout})


def command_line(arguments: Iterable[str]) -> str:
    """The shell line that runs a gate: with the project's own Python unless the environment names another."""
    return f"{PYTHON} -m operations gate {shlex.join(arguments)}"


def machine_gate(plan: Plan, node: str, instance: Input[str]) -> GateArgs:
    """Wait until this instance has become this control plane."""
    return GateArgs(
        check=(
            "machine",
            "--cluster",
            plan.name,
            "--region",
            plan.config.region,
            "--node",
            node,
            "--instance",
            instance,
        ),
        deadline_seconds=API_DEADLINE_SECONDS,
    )


def nodes_gate(plan: Plan, kubeconfig: Input[str], triggers: Sequence[Input[str]] = ()) -> GateArgs:
    """Wait for exactly the planned nodes, Ready, known to the cloud provider and on the pod network."""
    return GateArgs(
        check=(
            *("nodes", "--cluster", plan.name, "--region", plan.config.region),
            *("--control-planes", str(len(plan.control_plane.slots)), "--workers", str(plan.worker_count)),
        ),
        deadline_seconds=NODES_DEADLINE_SECONDS,
        kubeconfig=kubeconfig,
        triggers=triggers,
    )


def crds_gate(names: Iterable[str], kubeconfig: Input[str], triggers: Sequence[Input[str]] = ()) -> GateArgs:
    """Wait until the API server serves the named CustomResourceDefinitions."""
    return GateArgs(
        check=("crds", "--names", ",".join(sorted(names))),
        deadline_seconds=CRDS_DEADLINE_SECONDS,
        kubeconfig=kubeconfig,
        triggers=triggers,
    )
