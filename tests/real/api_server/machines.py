"""What kubelets, the cloud controller and the scheduler would tell the API server about machines and pods."""

from collections import Counter
from ipaddress import IPv4Network
from typing import Any

from real.api_server.client import Client

KUBELET = "kubelet"

_addresses = IPv4Network("192.168.0.0/16").hosts()


def register(admin: Client, name: str, address: str, *, control_plane: bool = False) -> None:
    """A machine that has joined, is Ready, and is known to the cloud."""
    labels = {"kubernetes.io/hostname": name}
    if control_plane:
        labels["node-role.kubernetes.io/control-plane"] = ""
    answer = admin.create({"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": labels}})
    assert answer.accepted, answer.said
    addresses = [{"type": "InternalIP", "address": address}, {"type": "Hostname", "address": name}]
    status = {"conditions": [_true("Ready")], "addresses": addresses}
    admin.merge(f"/api/v1/nodes/{name}/status", {"status": status}, KUBELET)


def place(admin: Client, pod: dict[str, Any], node: str) -> None:
    """Put a pod on a machine."""
    metadata = pod["metadata"]
    binding = {
        "apiVersion": "v1",
        "kind": "Binding",
        "metadata": {"name": metadata["name"]},
        "target": {"apiVersion": "v1", "kind": "Node", "name": node},
    }
    answer = admin.ask("POST", f"/api/v1/namespaces/{metadata['namespace']}/pods/{metadata['name']}/binding", binding)
    assert answer.accepted, answer.said


def start(admin: Client, pod: dict[str, Any], address: str) -> None:
    """A pod runs, has passed its probes, and has an address."""
    metadata = pod["metadata"]
    admin.merge(
        f"/api/v1/namespaces/{metadata['namespace']}/pods/{metadata['name']}/status",
        {
            "status": {
                "phase": "Running",
                "conditions": [_true("Ready"), _true("ContainersReady"), _true("PodScheduled")],
                "podIP": address,
                "podIPs": [{"ip": address}],
            }
        },
        KUBELET,
    )


def obey(admin: Client, namespace: str, nodes: list[str]) -> None:
    """One round: pods that were told to end are gone, the others run, spread by revision as our constraints ask."""
    root = f"/api/v1/namespaces/{namespace}/pods"
    used = Counter[tuple[str, str]]()
    waiting: list[dict[str, Any]] = []
    for pod in admin.get(root)["items"]:
        if "deletionTimestamp" in pod["metadata"]:
            admin.ask("DELETE", f"{root}/{pod['metadata']['name']}", gracePeriodSeconds="0")
        elif "nodeName" in pod["spec"]:
            used[_revision(pod), pod["spec"]["nodeName"]] += 1
        else:
            waiting.append(pod)
    for pod in waiting:
        node = min(nodes, key=lambda name, pod=pod: used[_revision(pod), name])
        used[_revision(pod), node] += 1
        place(admin, pod, node)
        start(admin, pod, str(next(_addresses)))


def _revision(pod: dict[str, Any]) -> str:
    return pod["metadata"]["labels"]["pod-template-hash"]


def _true(kind: str) -> dict[str, str]:
    return {"type": kind, "status": "True", "lastTransitionTime": "2026-01-01T00:00:00Z"}
