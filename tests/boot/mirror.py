"""A mirror of the built programs and images: what `python -m userdata mirror` lists, with sums of its own."""

import hashlib
import os as system
import tarfile
from collections.abc import Mapping
from pathlib import Path

from boot.network import ROUTER

from userdata.artefacts import CONTROL_PLANE_PROGRAMS, file_name, image_files
from userdata.pins import image_stems, node_artifacts

ARCHIVED = {
    "cni-plugins": {"loopback": "loopback"},
    "containerd": {
        "containerd": "bin/containerd", "containerd-shim-runc-v2": "bin/containerd-shim-runc-v2", "ctr": "bin/ctr",
    },
    "crictl": {"crictl": "crictl"},
    "etcd": {name: f"etcd-v{{version}}-linux-amd64/{name}" for name in ("etcd", "etcdctl", "etcdutl")},
}  # fmt: skip
"""Programs that upstream publishes in archives: the part's program to the archive's member."""


def fill(folder: Path, parts: Mapping[str, Path], images: Mapping[str, Path], *, os: str, version: str) -> dict:
    """Put everything that a mirror must hold into a folder; what is there stays.

    Returns:
        The value of `machine.mirror` for a stack that uses it, without images.
    """
    folder.joinpath("images").mkdir(parents=True, exist_ok=True)
    sums: dict[str, dict[str, str]] = {}
    pinned = node_artifacts(os, version)
    for name in CONTROL_PLANE_PROGRAMS:
        artifact = pinned[name]
        target = folder / file_name(artifact, "x86_64")
        if not target.exists():
            _make(target, name, parts[name], artifact.version)
        sums[name] = {"x86_64": _digest(target)}
    files = image_files(version, "x86_64")
    for stem, reference in image_stems(version).items():
        target = folder / files[stem]
        if not target.exists():
            _link(images[reference], target)
        sums[stem] = {"x86_64": _digest(target)}
    return {"address": f"http://{ROUTER}", "sums": sums}


def _make(target: Path, name: str, programs: Path, version: str) -> None:
    members = ARCHIVED.get(name)
    if members is None:
        _link(programs / name, target)
        return
    new = target.with_suffix(".new")
    with tarfile.open(new, "w:gz", compresslevel=1) as archive:
        for program, member in members.items():
            archive.add(programs / program, arcname=member.format(version=version))
    new.rename(target)


def _link(source: Path, target: Path) -> None:
    try:
        system.link(source, target)
    except OSError:
        target.symlink_to(source)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
