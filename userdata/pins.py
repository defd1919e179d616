"""Every program that a node runs, pinned: version, address, SHA-256. The only place under `userdata/` with a version.

Sums: the release lists of kubernetes-sigs/kubespray, `roles/kubespray_defaults/vars/main/checksums.yml` at commit
46dbdd3994b32640bcd806b0097f50e8fdf1d514 (2026-08-21). containerd 2.3.4, runc 1.4.3, the CNI plugins 1.9.1 and
Kubernetes 1.36.3 agree with kOps' asset lists of the same week; the others have the one source.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

Architecture = Literal["x86_64", "arm64"]

UPSTREAM_ARCHITECTURE: Final[Mapping[Architecture, str]] = MappingProxyType({"x86_64": "amd64", "arm64": "arm64"})
"""EC2's name of an architecture to the one in upstream file names."""


@dataclass(frozen=True, kw_only=True)
class Artifact:
    """One released file.

    Attributes:
        name: what it is.
        version: the release, without `v`.
        address: where it is published, with `{version}` and `{arch}` (`amd64`, `arm64`).
        sha256: hexadecimal sum of the file by architecture.
    """

    name: str
    version: str
    address: str
    sha256: Mapping[Architecture, str]

    def url(self, architecture: Architecture) -> str:
        """Address of the file for one architecture."""
        return self.address.format(version=self.version, arch=UPSTREAM_ARCHITECTURE[architecture])


def _versions(name: str, address: str, sums: Mapping[str, tuple[str, str]]) -> Mapping[str, Artifact]:
    return MappingProxyType(
        {
            version: Artifact(
                name=name,
                version=version,
                address=address,
                sha256=MappingProxyType({"x86_64": amd64, "arm64": arm64}),
            )
            for version, (amd64, arm64) in sums.items()
        }
    )


_KUBEADM: Final = _versions(
    "kubeadm",
    "https://dl.k8s.io/release/v{version}/bin/linux/{arch}/kubeadm",
    {
        # renovate: datasource=github-releases depName=kubernetes/kubernetes
        "1.36.4": (
            "10d054585907f2c8bb823c84f6a66b3bd2a474c3d795475f04e9a44f78650fe6",
            "6a849c07d3e1c708f5c40f1ac8be03a56124204dfc7e1931e4113634019c0dad",
        ),
        # renovate: datasource=github-releases depName=kubernetes/kubernetes
        "1.36.3": (
            "bba1733c701bf70ec74ba1cc3fd5745404c1134a8a4b0a5f8560cc9832023421",
            "276cfbdc43b10fef663288cc1ed76abf77b1b7f700e9f1c053cb5dc3115484de",
        ),
        # renovate: datasource=github-releases depName=kubernetes/kubernetes
        "1.35.8": (
            "1bbc64a2be5b300880ae9330c6bba592ec2a2b8ecb79c527b0c7cc0f44070e5e",
            "8956730f3ae46ebdb95e95845542f71d844f74affd69c14634a58d1fe3510d86",
        ),
    },
)
_KUBELET: Final = _versions(
    "kubelet",
    "https://dl.k8s.io/release/v{version}/bin/linux/{arch}/kubelet",
    {
        # renovate: datasource=github-releases depName=kubernetes/kubernetes
        "1.36.4": (
            "cf2562db46c48ab84cc3791540778ee7fb1a0a008529adbb434723dd02ed8b4b",
            "fd53ea3fcbd077844f50a3c67e9b52f62972a563674956bab0c0f4fb7ea37d50",
        ),
        # renovate: datasource=github-releases depName=kubernetes/kubernetes
        "1.36.3": (
            "46707a53209f826ad0f0d62371ac69cd00e78fd9a8176cf5f6f87f18f7f8b718",
            "57205a5daf5883873d87b4914e1e00bdd7707acd075714788cfb0fc1f60bc414",
        ),
        # renovate: datasource=github-releases depName=kubernetes/kubernetes
        "1.35.8": (
            "6971b9f95e54dbed67a2271abe6e78f8cc2894494649f3cf39e4b25a82dca923",
            "7744f84c49df6dff7d0a0471f9acef31568c02459659de83aa279cf3a04b1714",
        ),
    },
)
_KUBECTL: Final = _versions(
    "kubectl",
    "https://dl.k8s.io/release/v{version}/bin/linux/{arch}/kubectl",
    {
        # renovate: datasource=github-releases depName=kubernetes/kubernetes
        "1.36.4": (
            "8b8f088da2dab964f853b38464033b1be15ede2839eca751482357c45abdd05a",
            "0ecf44450ee6063bf19dd166a103ee6df4a9034455c2abce626e6eea657d73fb",
        ),
        # renovate: datasource=github-releases depName=kubernetes/kubernetes
        "1.36.3": (
            "ebbd080e7c2e275093b55915722043257eb24004363e20acb3c4d71919f88336",
            "3d86f24401c41ae5a46ac50eef8865fe891d3647d324a0836f6c63757a126e62",
        ),
        # renovate: datasource=github-releases depName=kubernetes/kubernetes
        "1.35.8": (
            "874d5e72dbb819f43cff16bcd1e4f8bac5b7f2361fe1e55049b0a6c676fb0cbf",
            "cc749967b62f4422260bc9c0aa7a7c55f45175ae38cb8d95767b5d2b7e04c1fd",
        ),
    },
)
_CONTAINERD: Final = _versions(
    "containerd",
    "https://github.com/containerd/containerd/releases/download/v{version}/containerd-{version}-linux-{arch}.tar.gz",
    {
        # renovate: datasource=github-releases depName=containerd/containerd
        "2.3.4": (
            "9d68969855fbf676cdb8ed758e420fb048d61f984f61de3e53eddfebe484d168",
            "a985fbb7e18fc0362d31a055338f5d7b0e087a3e27f14c70d1c5965399a29f95",
        ),
    },
)
_CONTAINERD_STATIC: Final = _versions(
    "containerd-static",
    "https://github.com/containerd/containerd/releases/download/v{version}/containerd-static-{version}-linux-{arch}.tar.gz",
    {
        # renovate: datasource=github-releases depName=containerd/containerd
        "2.3.4": (
            "1d0eccd52471ab75e8d4645b538f73dc635f905cd2be776366eb1036a0089595",
            "ad21f456a69bca9c183a8bde892a7576d5d09ae88b3e376a47bde4a886037ab3",
        ),
    },
)
_RUNC: Final = _versions(
    "runc",
    "https://github.com/opencontainers/runc/releases/download/v{version}/runc.{arch}",
    {
        # renovate: datasource=github-releases depName=opencontainers/runc
        "1.4.3": (
            "f6ae8efc0fa40079e1475e97cbe9d1bd3f106a28d6af78a11d9f1bd565515e60",
            "633301e2e32f8a5ad54031aab4901eb00308bec677dd15faa2751e8f9dab5ca4",
        ),
    },
)
_CNI_PLUGINS: Final = _versions(
    "cni-plugins",
    "https://github.com/containernetworking/plugins/releases/download/v{version}/cni-plugins-linux-{arch}-v{version}.tgz",
    {
        # renovate: datasource=github-releases depName=containernetworking/plugins
        "1.9.1": (
            "b98f74a0f8522f0a83867178729c1aa70f2158f90c45a2ca8fa791db1c76b303",
            "56171987d3947707c3563db2f4001bccaf50fd63468611b9f3cbecb1375ee7ec",
        ),
    },
)
_CRICTL: Final = _versions(
    "crictl",
    "https://github.com/kubernetes-sigs/cri-tools/releases/download/v{version}/crictl-v{version}-linux-{arch}.tar.gz",
    {
        # renovate: datasource=github-releases depName=kubernetes-sigs/cri-tools
        "1.36.0": (
            "83855e114566a8a8c44c548d515670f51de3a5e1da8b2effb59870e2f10c25a3",
            "68328594ccf780a80ae2b092d9f6ce484eec7cf540c275242e8fd954bfd95332",
        ),
        # renovate: datasource=github-releases depName=kubernetes-sigs/cri-tools
        "1.35.0": (
            "2e141e5b22cb189c40365a11807d69b76b9b3caced89fac2f4ec879408ce2177",
            "519071de89b64c43e2a1661bb5489c6c3fd5e9e5fcef75e50e542b0c891f1118",
        ),
    },
)
_ETCD: Final = _versions(
    "etcd",
    "https://github.com/etcd-io/etcd/releases/download/v{version}/etcd-v{version}-linux-{arch}.tar.gz",
    {
        # renovate: datasource=github-releases depName=etcd-io/etcd
        "3.6.14": (
            "ffe840ff9295808e88cce2794a18a5ac87f12a5203c8314d0bf6aa119b41bac5",
            "fa1b80565ee6fc2df1ae6f57a508b221f3ecc7d591c317c581cd8281b0842b3e",
        ),
    },
)

_COMPANIONS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "1.36": ("coredns/coredns:v1.14.2", "etcd:3.6.8-0", "pause:3.10.2"),
        "1.35": ("coredns/coredns:v1.13.1", "etcd:3.6.6-0", "pause:3.10.1"),
    }
)
"""Images that kubeadm of a minor version wants besides Kubernetes' own (its `constants.go`, 1.36.4 and 1.35.8)."""


def system_images(kubernetes_version: str) -> Mapping[str, str]:
    """The images that kubeadm wants, by the name of the program in them; `pause` is the sandbox of every pod.

    Args:
        kubernetes_version: one of `SUPPORTED_KUBERNETES`.
    """
    own = ("kube-apiserver", "kube-controller-manager", "kube-proxy", "kube-scheduler")
    references = [f"{program}:v{kubernetes_version}" for program in own]
    references += _COMPANIONS[kubernetes_version.rpartition(".")[0]]
    return MappingProxyType(
        {reference.rpartition(":")[0].rpartition("/")[2]: f"registry.k8s.io/{reference}" for reference in references}
    )


def image_stems(kubernetes_version: str) -> Mapping[str, str]:
    """The same images by the name of their archive in a mirror: the program in them and the tag.

    With the tag, because etcd is both a program that nodes download and an image, and each has a sum of its own.
    """
    images = system_images(kubernetes_version)
    return MappingProxyType({f"{name}-{reference.rpartition(':')[2]}": reference for name, reference in images.items()})


SUPPORTED_KUBERNETES: Final = tuple(_KUBEADM)
"""Versions with a sum for each of the three Kubernetes programs, newest first."""

_CRICTL_MINOR: Final = {artifact.version.rpartition(".")[0]: artifact for artifact in _CRICTL.values()}

_GLIBC_OF_CONTAINERD: Final = (2, 35)
"""containerd's dynamic build needs this glibc; upstream points older systems to the static one."""


@dataclass(frozen=True, kw_only=True)
class OperatingSystemFacts:
    """What decides whether a system can be a node.

    Attributes:
        title: name for people.
        glibc: version of the C library.
        cgroup: version of the control-group tree that it boots with.
    """

    title: str
    glibc: tuple[int, int]
    cgroup: int


OPERATING_SYSTEMS: Final[Mapping[str, OperatingSystemFacts]] = MappingProxyType(
    {
        "ubuntu-24.04": OperatingSystemFacts(title="Ubuntu 24.04", glibc=(2, 39), cgroup=2),
        "debian-12": OperatingSystemFacts(title="Debian 12", glibc=(2, 36), cgroup=2),
        "amazon-linux-2023": OperatingSystemFacts(title="Amazon Linux 2023", glibc=(2, 34), cgroup=2),
        "amazon-linux-2": OperatingSystemFacts(title="Amazon Linux 2", glibc=(2, 26), cgroup=1),
    }
)


def check_compatibility(operating_system: str, kubernetes_version: str) -> str | None:
    """Say why a system and a Kubernetes version do not go together.

    Args:
        operating_system: a key of `OPERATING_SYSTEMS`.
        kubernetes_version: for example `1.36.4`.

    Returns:
        One line with the reason, or None when the pair is supported. kubelet 1.35 and later refuse cgroup v1
        (KEP-5573), and every version with pinned sums is 1.35 or later.
    """
    facts = OPERATING_SYSTEMS.get(operating_system)
    supported = ", ".join(SUPPORTED_KUBERNETES)
    if facts is None:
        known = ", ".join(name for name, known in OPERATING_SYSTEMS.items() if known.cgroup > 1)
        return f"{operating_system} is not a supported system; use one of {known}"
    if facts.cgroup == 1:
        return (
            f"{facts.title} has cgroup v1, which Kubernetes refuses since 1.35, and only {supported} have pinned sums;"
            " use a system with cgroup v2"
        )
    if kubernetes_version not in SUPPORTED_KUBERNETES:
        return f"Kubernetes {kubernetes_version} has no pinned sums; use one of {supported}"
    return None


def node_artifacts(operating_system: str, kubernetes_version: str) -> Mapping[str, Artifact]:
    """Every program of a node, by name.

    Args:
        operating_system: decides between containerd's dynamic and static build.
        kubernetes_version: one of `SUPPORTED_KUBERNETES`.

    Raises:
        ValueError: the two do not go together; the message is `check_compatibility`'s line.
    """
    if (problem := check_compatibility(operating_system, kubernetes_version)) is not None:
        raise ValueError(problem)
    old = OPERATING_SYSTEMS[operating_system].glibc < _GLIBC_OF_CONTAINERD
    chosen = (
        _KUBEADM[kubernetes_version],
        _KUBELET[kubernetes_version],
        _KUBECTL[kubernetes_version],
        *(_CONTAINERD_STATIC if old else _CONTAINERD).values(),
        *_RUNC.values(),
        *_CNI_PLUGINS.values(),
        _CRICTL_MINOR[kubernetes_version.rpartition(".")[0]],
        *_ETCD.values(),
    )
    return MappingProxyType({artifact.name.removesuffix("-static"): artifact for artifact in chosen})
