"""What stands in the API server: the program's own objects, and what charts and operators bring."""

from typing import Any, NamedTuple

import pytest
from real.api_server.client import Answer, whole

from components.manifests.external_services import cache_objects, database_objects
from operations.recorder import Recording
from sizing.model import Plan

ONLY_DEV = pytest.mark.parametrize("stack", ["dev"], indirect=True)
"""For what does not differ between the stacks."""

RELEASE = "kubernetes:helm.sh/v3:Release"
PLANTED = "planted value of a secret"
VOLUME_CONTROLLER = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "ebs-csi-controller", "namespace": "kube-system"},
    "spec": {
        "selector": {"matchLabels": {"app": "ebs-csi-controller"}},
        "template": {
            "metadata": {"labels": {"app": "ebs-csi-controller"}},
            "spec": {"containers": [{"name": "ebs-plugin", "image": "ebs-csi-driver"}]},
        },
    },
}
"""Stands for the chart's own Deployment, of which the program patches one field."""


class Applied(NamedTuple):
    """One object that the program declares, and what the API server answered to it, twice."""

    manifest: dict[str, Any]
    first: Answer
    second: Answer

    @property
    def name(self) -> str:
        """Kind, namespace and name, for messages."""
        metadata = self.manifest["metadata"]
        return f"{self.manifest['kind']} {metadata.get('namespace', '')}/{metadata['name']}"


def definition(schema: dict[str, Any]) -> dict[str, Any]:
    """The CustomResourceDefinition of a schema in tests/schemas."""
    plural = f"{schema['kind'].lower()}s"
    version = {"name": schema["version"], "served": True, "storage": True, "subresources": {"status": {}}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{schema['group']}"},
        "spec": {
            "group": schema["group"],
            "scope": schema["scope"],
            "names": {"kind": schema["kind"], "plural": plural},
            "versions": [{**version, "schema": {"openAPIV3Schema": schema["schema"]}}],
        },
    }


def declared(recording: Recording, plan: Plan) -> list[dict[str, Any]]:
    """Everything but charts that the program declares inside the cluster, namespaces first, with planted secrets."""
    secrets = _secrets(plan)
    found = []
    for resource in recording.resources:
        if resource.custom and resource.package == "kubernetes" and resource.type != RELEASE:
            manifest = whole(dict(resource.inputs))
            if manifest["kind"] == "Secret":
                manifest["stringData"] = secrets[manifest["metadata"]["namespace"], manifest["metadata"]["name"]]
            found.append(manifest)
    return sorted(found, key=lambda each: each["kind"] != "Namespace")


def _secrets(plan: Plan) -> dict[tuple[str, str], dict[str, str]]:
    """Content of the Secrets, which recordings hide, by namespace and name."""
    config, made = plan.config, []
    for name, service in config.services.items():
        if service.database:
            made += database_objects(name, config.databases[service.database], "host", PLANTED)
        if service.cache:
            made += cache_objects(name, config.caches[service.cache], "host", PLANTED)
    return {
        (each["metadata"]["namespace"], each["metadata"]["name"]): each["stringData"]
        for each in made
        if each["kind"] == "Secret"
    }


def holds(found: dict[str, Any], condition: str) -> bool:
    """Whether a condition of an object is true; a list that nobody has filled yet is null."""
    states = found.get("status", {}).get("conditions") or []
    return any(each["type"] == condition and each["status"] == "True" for each in states)
