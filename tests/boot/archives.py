"""Container images of the cluster's own programs, made of the built programs: no registry is within reach.

Each is a docker-archive, which `ctr images import` takes: a manifest, a configuration, one layer.
"""

import hashlib
import io
import json
import re
import subprocess
import tarfile
import tempfile
from collections.abc import Mapping
from pathlib import Path

from userdata.pins import system_images

PROXY_PACKAGES = "iptables,kmod"
"""What kube-proxy calls."""


def cluster_archives(folder: Path, parts: Mapping[str, Path], pause: Path) -> dict[str, Path]:
    """One archive for every image that kubeadm wants, by image name; what is there is not made again."""
    images = system_images(version_of(parts).removeprefix("v")).values()
    folder.mkdir(parents=True, exist_ok=True)
    archives = {image: folder / f"{re.sub(r'[^a-z0-9.]+', '-', image)}.tar" for image in images}
    for image, path in archives.items():
        if not path.exists():
            with tempfile.TemporaryDirectory(dir=folder) as work:
                new = Path(work) / "archive.tar"
                _write(new, image, _tree(Path(work) / "root", image, parts, pause))
                new.rename(path)
    return archives


def version_of(parts: Mapping[str, Path]) -> str:
    """Version of the built Kubernetes."""
    output = subprocess.run(
        [parts["kubeadm"] / "kubeadm", "version", "--output", "short"], check=True, capture_output=True, text=True
    ).stdout
    return output.strip()


def _tree(root: Path, image: str, parts: Mapping[str, Path], pause: Path) -> list[str]:
    """Lay the image's files down; returns its entry point, empty for images whose pods name their command."""
    name = image.rsplit("/", maxsplit=1)[-1].split(":", maxsplit=1)[0]
    programs = root / "usr/local/bin"
    if name == "kube-proxy":
        subprocess.run(
            ["mmdebstrap", "--quiet", "--variant=extract", f"--include={PROXY_PACKAGES}",
             "--dpkgopt=path-exclude=/usr/share/*", "bookworm", root], check=True,
        )  # fmt: skip
        for command in ("iptables", "iptables-save", "iptables-restore", "ip6tables", "ip6tables-save",
                        "ip6tables-restore"):  # fmt: skip
            link = root / "usr/sbin" / command
            link.unlink(missing_ok=True)
            link.symlink_to("xtables-nft-multi")
    programs.mkdir(parents=True, exist_ok=True)
    (root / "tmp").mkdir(exist_ok=True)
    if name == "pause":
        subprocess.run(["gcc", "-O2", "-static", "-s", "-o", root / "pause", pause], check=True)
        return ["/pause"]
    if name == "etcd":
        for program in ("etcd", "etcdctl", "etcdutl"):
            if (parts["etcd"] / program).exists():
                _copy(parts["etcd"] / program, programs / program)
        return []
    if name == "coredns":
        _copy(parts["coredns"] / "coredns", root / "coredns")
        return ["/coredns"]
    _copy(parts[name] / name, programs / name)
    return []


def _copy(source: Path, target: Path) -> None:
    target.write_bytes(source.read_bytes())
    target.chmod(0o755)


def _write(path: Path, image: str, entry: list[str]) -> None:
    root = path.parent / "root"
    layer = path.parent / "layer.tar"
    with tarfile.open(layer, "w") as archive:
        for file in sorted(root.rglob("*")):
            archive.add(file, arcname=str(file.relative_to(root)), recursive=False, filter=_plain)
    sum_of_layer = hashlib.sha256(layer.read_bytes()).hexdigest()
    settings: dict[str, object] = {"Env": ["PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]}
    if entry:
        settings["Entrypoint"] = entry
    config = json.dumps(
        {
            "architecture": "amd64",
            "os": "linux",
            "config": settings,
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{sum_of_layer}"]},
        }
    ).encode()
    name = f"{hashlib.sha256(config).hexdigest()}.json"
    manifest = json.dumps([{"Config": name, "RepoTags": [image], "Layers": ["layer.tar"]}]).encode()
    with tarfile.open(path, "w") as archive:
        for member, data in (("manifest.json", manifest), (name, config)):
            info = tarfile.TarInfo(member)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
        archive.add(layer, arcname="layer.tar", filter=_plain)


def _plain(info: tarfile.TarInfo) -> tarfile.TarInfo:
    info.mtime = info.uid = info.gid = 0
    info.uname = info.gname = ""
    return info
