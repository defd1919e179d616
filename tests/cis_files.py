"""The CIS benchmark's scored checks of files (1.1 and 4.1 of benchmark 1.12): path, mode, owner, and who looks.

Importable by whatever can look at a machine: `command()` is one shell line, `refusals()` judges what it printed.
"""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass

KUBERNETES = "/etc/kubernetes"


@dataclass(frozen=True, kw_only=True)
class FileCheck:
    """Files that must have at most these permissions and this owner.

    Attributes:
        mode_check: number of the benchmark's check of the permissions, empty where it has none.
        owner_check: number of its check of the owner.
        pattern: path, or a shell pattern for several.
        mode: permissions that are allowed at most; None where only the owner counts.
        owner: user and group.
        may_be_absent: kubeadm does not leave it on every control plane.
    """

    mode_check: str
    owner_check: str
    pattern: str
    mode: int | None
    owner: str = "root:root"
    may_be_absent: bool = False


CONTROL_PLANE_FILES = (
    FileCheck(
        mode_check="1.1.1", owner_check="1.1.2", pattern=f"{KUBERNETES}/manifests/kube-apiserver.yaml", mode=0o600
    ),
    FileCheck(
        mode_check="1.1.3",
        owner_check="1.1.4",
        pattern=f"{KUBERNETES}/manifests/kube-controller-manager.yaml",
        mode=0o600,
    ),
    FileCheck(
        mode_check="1.1.5", owner_check="1.1.6", pattern=f"{KUBERNETES}/manifests/kube-scheduler.yaml", mode=0o600
    ),
    FileCheck(mode_check="1.1.7", owner_check="1.1.8", pattern=f"{KUBERNETES}/manifests/etcd.yaml", mode=0o600),
    FileCheck(mode_check="1.1.11", owner_check="1.1.12", pattern="/var/lib/etcd", mode=0o700, owner="etcd:etcd"),
    FileCheck(mode_check="1.1.13", owner_check="1.1.14", pattern=f"{KUBERNETES}/admin.conf", mode=0o600),
    FileCheck(
        mode_check="1.1.13",
        owner_check="1.1.14",
        pattern=f"{KUBERNETES}/super-admin.conf",
        mode=0o600,
        may_be_absent=True,
    ),
    FileCheck(mode_check="1.1.15", owner_check="1.1.16", pattern=f"{KUBERNETES}/scheduler.conf", mode=0o600),
    FileCheck(mode_check="1.1.17", owner_check="1.1.18", pattern=f"{KUBERNETES}/controller-manager.conf", mode=0o600),
    FileCheck(
        mode_check="",
        owner_check="1.1.19",
        pattern=f"{KUBERNETES}/pki {KUBERNETES}/pki/* {KUBERNETES}/pki/etcd/*",
        mode=None,
    ),
)
NODE_FILES = (
    FileCheck(mode_check="4.1.1", owner_check="4.1.2", pattern="/etc/systemd/system/kubelet.service", mode=0o600),
    FileCheck(mode_check="4.1.5", owner_check="4.1.6", pattern=f"{KUBERNETES}/kubelet.conf", mode=0o600),
    FileCheck(mode_check="4.1.9", owner_check="4.1.10", pattern="/var/lib/kubelet/config.yaml", mode=0o600),
)

EXCEPTIONS: dict[str, str] = {}
"""Checks that a node does not meet, with the reason; empty: all 23 are met."""

BEYOND = (
    FileCheck(
        mode_check="1.1.21", owner_check="", pattern=f"{KUBERNETES}/pki/*.key {KUBERNETES}/pki/etcd/*.key", mode=0o600
    ),
    FileCheck(
        mode_check="1.1.20", owner_check="", pattern=f"{KUBERNETES}/pki/*.crt {KUBERNETES}/pki/etcd/*.crt", mode=0o644
    ),
    FileCheck(mode_check="ours", owner_check="ours", pattern=f"{KUBERNETES}/pki/encryption.json", mode=0o600),
    FileCheck(mode_check="ours", owner_check="ours", pattern="/etc/groundswell/apiserver/*", mode=0o600),
    FileCheck(mode_check="ours", owner_check="ours", pattern="/etc/groundswell/kubeadm/*", mode=0o600),
)
"""Files that no scored check looks at: two manual ones, and our own."""


def numbers(checks: Sequence[FileCheck]) -> list[str]:
    """The benchmark's numbers, each once, in order."""
    every = [number for check in checks for number in (check.mode_check, check.owner_check)]
    return [number for number in dict.fromkeys(every) if number and number != "ours"]


def command(checks: Sequence[FileCheck]) -> str:
    """A shell line that prints mode, owner and path of every file that is there, a line each."""
    patterns = " ".join(dict.fromkeys(check.pattern for check in checks))
    return f'for file in {patterns}; do [ ! -e "$file" ] || stat -c \'%a %U:%G %n\' "$file"; done'


def refusals(checks: Sequence[FileCheck], printed: str) -> list[str]:
    """What the files of a machine break: `1.1.1: /etc/…: 644, not 600 at most`; empty when all is well."""
    seen = {path: (int(mode, 8), owner) for mode, owner, path in (line.split(" ", 2) for line in printed.splitlines())}
    found: list[str] = []
    for check in checks:
        paths = [path for path in seen if matches(path, check.pattern)]
        if not paths and not check.may_be_absent:
            found.append(f"{check.mode_check or check.owner_check}: {check.pattern}: absent")
        for path in paths:
            mode, owner = seen[path]
            if check.mode is not None and mode & ~check.mode:
                found.append(f"{check.mode_check}: {path}: {mode:o}, not {check.mode:o} at most")
            if check.owner_check and owner != check.owner:
                found.append(f"{check.owner_check}: {path}: {owner}, not {check.owner}")
    return [line for line in found if line.partition(":")[0] not in EXCEPTIONS]


def matches(path: str, patterns: str) -> bool:
    for pattern in shlex.split(patterns):
        folder, _, name = pattern.rpartition("/")
        there, _, here = path.rpartition("/")
        if folder == there and (name == here or (name.startswith("*") and here.endswith(name[1:]))):
            return True
    return False
