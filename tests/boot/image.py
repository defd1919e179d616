"""The machines' image and everything that goes into it, built once and kept in the cache."""

import hashlib
import os
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from boot.archives import cluster_archives
from boot.aws import Authority
from boot.store import imported
from real.parts import folders_of

FILES = Path(__file__).parent / "image"
SYSTEMS = ("debian-12", "ubuntu-24.04")
"""Debian starts faster under emulation; Ubuntu is what the dev stack names."""
RECIPE = "1"
"""Another number makes another image: for changes of how archives and the containerd store are made."""
PARTS = (
    "kubeadm", "kubectl", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy", "kubelet",
    "etcd", "containerd", "runc", "cni-plugins", "crictl", "coredns",
)  # fmt: skip


def cache() -> Path:
    """Where built things are kept."""
    base = os.environ.get("GROUNDSWELL_CACHE") or Path(
        os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"), "groundswell"
    )
    return Path(base) / "boot"


@dataclass(frozen=True, kw_only=True)
class Image:
    """A disk that machines boot from, its kernel, and the archives of the container images that it holds."""

    disk: Path
    kernel: Path
    initrd: Path
    archives: dict[str, Path]


def built(system: str) -> tuple[Image, dict[str, Path], Authority]:
    """The image of one of `SYSTEMS`, the folders of the real parts, and the authority that the image trusts.

    Raises:
        FileNotFoundError: a part is not built yet; the message says what to run.
    """
    parts = folders_of(*PARTS)
    authority = Authority(cache() / "authority")
    programs = _digest(
        RECIPE.encode(), (FILES / "pause.c").read_bytes(), *(str(path).encode() for path in parts.values())
    )
    archives_folder = cache() / f"archives-{programs}"
    archives = cluster_archives(archives_folder, parts, FILES / "pause.c")
    contents = (path.read_bytes() for path in sorted(FILES.iterdir()))
    digest = _digest(programs.encode(), authority.certificate.read_bytes(), *contents)
    folder = cache() / f"image-{system}-{digest}"
    if not folder.exists():
        with tempfile.TemporaryDirectory(dir=cache()) as work:
            store = imported(Path(work), parts["containerd"], archives.values())
            subprocess.run([FILES / "build.sh", system, folder, authority.certificate, store], check=True)
    image = Image(disk=folder / "disk.img", kernel=folder / "vmlinuz", initrd=folder / "initrd", archives=archives)
    return image, parts, authority


def _digest(*contents: bytes) -> str:
    digest = hashlib.sha256()
    for content in contents:
        digest.update(content)
    return digest.hexdigest()[:12]


if __name__ == "__main__":
    for name in SYSTEMS:
        built(name)
