"""The programs that a node downloads: which, and where each goes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from config.schema import Mirror
from sizing.model import InstanceType, Plan
from userdata.pins import UPSTREAM_ARCHITECTURE, Architecture, Artifact, image_stems, node_artifacts

ARCHIVES: Final = (".tar.gz", ".tgz")
"""Endings of what is unpacked; everything else is a program as it is."""


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
        members=(
            "--strip-components=1",
            "etcd-v{version}-linux-{arch}/etcdctl",
            "etcd-v{version}-linux-{arch}/etcdutl",
        ),
    ),
}


WORKER_IMAGES: Final = ("coredns", "kube-proxy", "pause")
"""Of the images that kubeadm wants, those that may run on a worker; control planes may run all of them."""


def table(plan: Plan, instance: InstanceType, programs: Mapping[str, Placement]) -> str:
    """The table of downloads: SHA-256, address, `file`, `tar` or `image`, target, members.

    Raises:
        ValueError: operating system and Kubernetes version do not go together.
    """
    machine = plan.config.machine
    pinned = node_artifacts(machine.os, plan.config.kubernetes.version)
    lines = [
        _program(pinned[name], instance, placement, machine.mirror) for name, placement in sorted(programs.items())
    ]
    if machine.mirror is not None:
        archives = image_archives(plan, instance.architecture)
        if programs is WORKER_PROGRAMS:
            images = image_stems(plan.config.kubernetes.version)
            unwanted = {stem for stem in images if not stem.startswith(WORKER_IMAGES)}
            archives = {name: file for name, file in archives.items() if name not in unwanted}
        lines += [
            f"{machine.mirror.sums[name][instance.architecture]} {machine.mirror.address}/{file} image"
            for name, file in archives.items()
        ]
    return "".join(f"{line}\n" for line in lines)


def _program(artifact: Artifact, instance: InstanceType, placement: Placement, mirror: Mirror | None) -> str:
    architecture = instance.architecture
    address = artifact.url(architecture)
    arch = UPSTREAM_ARCHITECTURE[architecture]
    return " ".join(
        (
            sum_of(artifact, architecture, mirror),
            f"{mirror.address}/{file_name(artifact, architecture)}" if mirror else address,
            "tar" if address.endswith(ARCHIVES) else "file",
            placement.target,
            *(member.format(version=artifact.version, arch=arch) for member in placement.members),
        )
    )


def sum_of(artifact: Artifact, architecture: Architecture, mirror: Mirror | None) -> str:
    """The SHA-256 that a program must have: upstream's, or the one stated for the mirror's own build."""
    own: Mapping[str, str] = mirror.sums.get(artifact.name.removesuffix("-static"), {}) if mirror else {}
    return own.get(architecture, artifact.sha256[architecture])


def file_name(artifact: Artifact, architecture: Architecture) -> str:
    """Name of a program in a mirror, with version and architecture: upstream's own names of two versions are equal."""
    ending = next((ending for ending in ARCHIVES if artifact.address.endswith(ending)), "")
    return f"{artifact.name}-{artifact.version}-{UPSTREAM_ARCHITECTURE[architecture]}{ending}"


def image_files(kubernetes_version: str, architecture: Architecture) -> dict[str, str]:
    """Archives of the images that kubeadm wants: name with tag to path below a mirror's address."""
    arch = UPSTREAM_ARCHITECTURE[architecture]
    return {stem: f"images/{stem}-{arch}.tar" for stem in image_stems(kubernetes_version)}


def image_archives(plan: Plan, architecture: Architecture) -> dict[str, str]:
    """The image archives that nodes import from the plan's mirror: name to path below its address."""
    mirror, arch = plan.config.machine.mirror, UPSTREAM_ARCHITECTURE[architecture]
    if mirror is None:
        return {}
    wanted = image_files(plan.config.kubernetes.version, architecture) if mirror.images else {}
    return wanted | {name: f"images/{name}-{arch}.tar" for name in mirror.archives}
