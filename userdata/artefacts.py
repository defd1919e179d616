"""The programs that a node downloads: which, and where each goes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sizing.model import InstanceType, Plan
from userdata.pins import UPSTREAM_ARCHITECTURE, Artifact, node_artifacts


@dataclass(frozen=True, kw_only=True)
class Placement:
    """Where a downloaded program goes.

    Attributes:
        target: the file, or for an archive the folder it is unpacked into.
        members: for an archive, tar's arguments: which members; empty means all.
    """

    target: str
    members: tuple[str, ...] = ()


WORKER_PROGRAMS: Final[Mapping[str, Placement]] = {
    "cni-plugins": Placement(target="/opt/cni/bin"),
    "containerd": Placement(
        target="/usr/local",
        members=("bin/containerd", "bin/containerd-shim-runc-v2", "bin/ctr"),
    ),
    "crictl": Placement(target="/usr/local/bin", members=("crictl",)),
    "kubeadm": Placement(target="/usr/local/bin/kubeadm"),
    "kubectl": Placement(target="/usr/local/bin/kubectl"),
    "kubelet": Placement(target="/usr/local/bin/kubelet"),
    "runc": Placement(target="/usr/local/sbin/runc"),
}
CONTROL_PLANE_PROGRAMS: Final[Mapping[str, Placement]] = {
    **WORKER_PROGRAMS,
    "etcd": Placement(
        target="/usr/local/bin",
        members=("--strip-components=1", "etcd-v{version}-linux-{arch}/etcdctl"),
    ),
}


def table(plan: Plan, instance: InstanceType, programs: Mapping[str, Placement]) -> str:
    """The table of downloads: SHA-256, address, `file` or `tar`, target, members.

    Raises:
        ValueError: operating system and Kubernetes version do not go together.
    """
    pinned = node_artifacts(plan.config.machine.os, plan.config.kubernetes.version)
    lines = [_artefact(pinned[name], instance, placement) for name, placement in sorted(programs.items())]
    return "".join(f"{line}\n" for line in lines)


def _artefact(artifact: Artifact, instance: InstanceType, placement: Placement) -> str:
    address = artifact.url(instance.architecture)
    arch = UPSTREAM_ARCHITECTURE[instance.architecture]
    return " ".join(
        (
            artifact.sha256[instance.architecture],
            address,
            "tar" if address.endswith((".tgz", ".tar.gz")) else "file",
            placement.target,
            *(member.format(version=artifact.version, arch=arch) for member in placement.members),
        )
    )
