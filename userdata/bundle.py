"""The control planes' own programs: one archive in the backup bucket, because user data has no room for them.

User data brings a machine up to the step `programs`, which fetches the archive; the steps after it and everything that
a control plane does later come from there. Its SHA-256 stands in the user data, so a machine runs exactly the programs
that its plan was made with, and a changed program replaces the control planes one after the other as any other change
of a boot file does.
"""

import hashlib
import io
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final, cast

from zopfli import gzip as zopfli

from sizing.model import Plan
from userdata.environment import environment_file
from userdata.kubeadm import etcd_quota_bytes
from userdata.kubelet import PROGRAMS
from userdata.nodefiles import EXECUTABLE, READABLE, UNITS, NodeFile
from userdata.parameters import ParameterTree

OBJECTS: Final = "programs"
"""First part of the key of every bundle; the machines' programs name it too."""

_FILES: Final = files("userdata") / "files"
_ITERATIONS: Final = 5
_FOLDERS: Final = {
    "control-plane": PROGRAMS,
    "control-plane/steps": f"{PROGRAMS}/steps",
    "maintenance": f"{PROGRAMS}/maintenance",
}
"""Where the programs of each folder go."""
_JOIN: Final = "join.sh"
_SETTINGS: Final = "/etc/groundswell/maintenance.env"


@dataclass(frozen=True, kw_only=True)
class Bundle:
    """The archive.

    Attributes:
        data: gzipped tar; the same plan gives the same bytes on every machine.
    """

    data: bytes

    @property
    def sha256(self) -> str:
        """Hexadecimal sum of the archive."""
        return hashlib.sha256(self.data).hexdigest()

    @property
    def key(self) -> str:
        """Key of the object in the bucket."""
        return f"{OBJECTS}/{self.sha256}.tar.gz"


def bundle(plan: Plan) -> Bundle:
    """The control planes' own programs of one cluster.

    Args:
        plan: the plan; its cluster's name, etcd's quota and whether there is a slot that joins are all that is taken
            from it.
    """
    return Bundle(data=_packed(environment_file(_settings(plan)), alone=_alone(plan)))


def contents(plan: Plan) -> dict[str, NodeFile]:
    """What the archive lays down, by path."""
    return dict(_contents(environment_file(_settings(plan)), alone=_alone(plan)))


def _alone(plan: Plan) -> bool:
    """Whether the cluster has one slot: there is nobody to join."""
    return len(plan.control_plane.slots) == 1


def _settings(plan: Plan) -> dict[str, str]:
    tree = ParameterTree(cluster=plan.name)
    return {
        "ETCD_QUOTA": str(etcd_quota_bytes(plan)),
        "PARAMETER_BACKUP": tree.backup,
        "PARAMETER_MAINTENANCE": tree.maintenance,
        "PARAMETER_RESTORE": tree.restore,
        "PARAMETER_RESTORED": tree.restored,
    }


def _contents(settings: str, *, alone: bool) -> Iterator[tuple[str, NodeFile]]:
    yield _SETTINGS, NodeFile(content=settings)
    for folder, target in _FOLDERS.items():
        for source in (_FILES / folder).iterdir():
            if source.name.endswith(".sh") and not (alone and source.name == _JOIN):
                content = source.read_text(encoding="utf-8")
                mode = EXECUTABLE if content.startswith("#!") else READABLE
                yield f"{target}/{source.name}", NodeFile(content=content, mode=mode)
    for unit in (_FILES / "maintenance" / "units").iterdir():
        yield f"{UNITS}/{unit.name}", NodeFile(content=unit.read_text(encoding="utf-8"))


@cache
def _packed(settings: str, *, alone: bool) -> bytes:
    """A tar without names, times and owners of the machine that made it; zopfli for the reason that user data has."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for path, file in sorted(_contents(settings, alone=alone)):
            data = file.content.encode()
            entry = tarfile.TarInfo(path.lstrip("/"))
            entry.size, entry.mode = len(data), file.mode
            archive.addfile(entry, io.BytesIO(data))
    return cast("bytes", zopfli.compress(raw.getvalue(), numiterations=_ITERATIONS))  # pyright: ignore[reportUnknownMemberType] - untyped
