"""What a mirror must hold: for people who fill one, and the sums of what they put there."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import yaml

from sizing.model import Plan
from userdata.artefacts import CONTROL_PLANE_PROGRAMS, file_name, image_archives, image_files, sum_of
from userdata.pins import UPSTREAM_ARCHITECTURE, Architecture, image_stems, node_artifacts

UNKNOWN_SUM: Final = "-"
"""Stands for the sum of an image archive that the configuration does not state: whoever saves an archive decides it."""


def architectures(plan: Plan) -> tuple[Architecture, ...]:
    """Architectures of the plan's machines, sorted."""
    machines = (plan.control_plane.instance, *(pool.instance for pool in plan.pools.values()))
    return tuple(sorted({instance.architecture for instance in machines}))


def listing(plan: Plan) -> str:
    """Every file of a mirror, one a line: SHA-256, path below the mirror's address, where it comes from.

    The images that kubeadm wants are listed also where the configuration does not ask for them.
    """
    rows = [row for architecture in architectures(plan) for row in _rows(plan, architecture)]
    width = max(len(path) for _, path, _ in rows)
    return "\n".join(f"{digest:64}  {path:{width}}  {source}" for digest, path, source in rows)


def _rows(plan: Plan, architecture: Architecture) -> Iterator[tuple[str, str, str]]:
    mirror = plan.config.machine.mirror
    pinned = node_artifacts(plan.config.machine.os, plan.config.kubernetes.version)
    for name in sorted(CONTROL_PLANE_PROGRAMS):
        artifact = pinned[name]
        yield sum_of(artifact, architecture, mirror), file_name(artifact, architecture), artifact.url(architecture)
    images = image_stems(plan.config.kubernetes.version)
    platform = f"linux/{UPSTREAM_ARCHITECTURE[architecture]}"
    files = image_files(plan.config.kubernetes.version, architecture) | image_archives(plan, architecture)
    for name, path in files.items():
        stated = mirror.sums.get(name, {}).get(architecture) if mirror else None
        source = f"image {images[name]} for {platform}" if name in images else "your own image archive"
        yield stated or UNKNOWN_SUM, path, source


def stated_sums(plan: Plan, folder: Path) -> str:
    """The sums of the image archives in a folder laid out as the mirror, as YAML for the stack file.

    Raises:
        OSError: a file cannot be read.
    """
    found: dict[str, dict[str, str]] = {}
    for architecture in architectures(plan):
        files = image_files(plan.config.kubernetes.version, architecture) | image_archives(plan, architecture)
        for name, path in files.items():
            if (folder / path).exists():
                found.setdefault(name, {})[architecture] = _digest(folder / path)
    if not found:
        return f"# {folder}/images holds none of the archives that are listed"
    return yaml.safe_dump({"sums": found}, sort_keys=True).rstrip()


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
