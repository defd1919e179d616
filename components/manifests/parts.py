"""Parts that several objects share: names, labels, quantities, placement, pod hardening."""

from collections.abc import Iterable, Mapping
from typing import Any, Final, TypeAlias

from config.schema import ClusterConfig
from sizing.model import PodResources
from sizing.packed import platform_pool
from sizing.platform import platform_pods
from sizing.pools import POOL_LABEL, pool_taints

Manifest: TypeAlias = dict[str, Any]
"""One Kubernetes object, or a part of one, as it would stand in JSON."""

CONTROL_PLANE_LABEL: Final = "node-role.kubernetes.io/control-plane"
NAME_LABEL: Final = "app.kubernetes.io/name"
NAMESPACE_LABEL: Final = "kubernetes.io/metadata.name"
"""Set on every namespace by the API server."""
ZONE_LABEL: Final = "topology.kubernetes.io/zone"
HOST_LABEL: Final = "kubernetes.io/hostname"

RUN_AS: Final = 10001
"""User and group of our pods: above 10,000, so that it is no user of the machine."""


def metadata(
    name: str,
    namespace: str | None = None,
    labels: Mapping[str, str] | None = None,
    annotations: Mapping[str, str] | None = None,
) -> Manifest:
    """Metadata of one object; `namespace` is left out for kinds that belong to the whole cluster."""
    result: Manifest = {"name": name}
    if namespace is not None:
        result["namespace"] = namespace
    if labels:
        result["labels"] = dict(labels)
    if annotations:
        result["annotations"] = dict(annotations)
    return result


def namespace(name: str, *, enforce: str = "baseline") -> Manifest:
    """A namespace with its Pod Security level; what is not `restricted` is warned about and audited.

    Args:
        name: the namespace.
        enforce: level that pods must meet: `privileged`, `baseline` or `restricted`.
    """
    levels = {"enforce": enforce, "warn": "restricted", "audit": "restricted"}
    labels = {f"pod-security.kubernetes.io/{mode}": level for mode, level in levels.items()}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata(name, labels=labels)}


def cpu(millis: int) -> str:
    """Thousandths of a vCPU as a quantity."""
    return f"{millis}m"


def memory(mib: int) -> str:
    """MiB as a quantity."""
    return f"{mib}Mi"


def quantities(resources: PodResources) -> Manifest:
    """CPU and memory as quantities."""
    return {"cpu": cpu(resources.cpu_m), "memory": memory(resources.memory_mib)}


def platform_requests(config: ClusterConfig, name: str, *, containers: int = 1) -> PodResources:
    """What sizing has set aside for one container of a platform pod.

    Args:
        config: the configuration.
        name: the pod's name in `sizing.platform`.
        containers: equal containers that share the pod's figure.

    Raises:
        LookupError: sizing knows no such pod, so no node has room for it.
    """
    for pod in platform_pods(config):
        if pod.name == name:
            return PodResources(
                cpu_m=pod.requests.cpu_m // containers, memory_mib=pod.requests.memory_mib // containers
            )
    raise LookupError(f"sizing sets nothing aside for {name}")


def platform_resources(config: ClusterConfig, name: str, *, containers: int = 1) -> Manifest:
    """Requests and limits of one container of a platform pod: CPU may burst, memory may not."""
    requests = quantities(platform_requests(config, name, containers=containers))
    return {"requests": requests, "limits": {"memory": requests["memory"]}}


def taint_tolerations(taints: Iterable[str]) -> list[Manifest]:
    """Tolerations of exactly these taints.

    Args:
        taints: in the kubelet's form, `key=value:Effect`.
    """
    result: list[Manifest] = []
    for taint in taints:
        key_value, _, effect = taint.rpartition(":")
        key, _, value = key_value.partition("=")
        result.append({"key": key, "operator": "Equal", "value": value, "effect": effect})
    return result


def control_plane_toleration() -> Manifest:
    """Lets a pod run on control planes that keep kubeadm's taint."""
    return {"key": CONTROL_PLANE_LABEL, "operator": "Exists", "effect": "NoSchedule"}


def pool_tolerations(config: ClusterConfig) -> list[Manifest]:
    """Lets a platform pod run where sizing has set room aside for it.

    That is every pool, dedicated ones too, or the one that was packed with the platform's pods: in another packed pool
    they would take the place of a service.
    """
    home = platform_pool(config)
    if home is None:
        return [{"key": POOL_LABEL, "operator": "Exists", "effect": "NoSchedule"}]
    return taint_tolerations(pool_taints(config, home))


def platform_tolerations(config: ClusterConfig) -> list[Manifest]:
    """For pods of the platform, which may run on control planes too."""
    return [control_plane_toleration(), *pool_tolerations(config)]


def pod_security() -> Manifest:
    """`securityContext` of a pod that meets the restricted Pod Security level."""
    return {
        "runAsNonRoot": True,
        "runAsUser": RUN_AS,
        "runAsGroup": RUN_AS,
        "fsGroup": RUN_AS,
        "seccompProfile": {"type": "RuntimeDefault"},
    }


def container_security() -> Manifest:
    """`securityContext` of a container that meets the restricted level; its root file system is read-only."""
    return {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


def scratch(size_mib: int) -> Manifest:
    """Volume `tmp`, because the root file system is read-only."""
    return {"name": "tmp", "emptyDir": {"sizeLimit": memory(size_mib)}}


def scratch_mount() -> Manifest:
    """Where `scratch` is mounted."""
    return {"name": "tmp", "mountPath": "/tmp"}  # noqa: S108 - a volume of the pod's own
