"""What a node boots with, as bytes: static programs, generated files, one gzipped cloud-config."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from types import MappingProxyType
from typing import Final, cast

import yaml
from zopfli import gzip as zopfli

from sizing.model import Plan
from userdata import kubeadm, nodefiles
from userdata.artefacts import CONTROL_PLANE_PROGRAMS, WORKER_PROGRAMS
from userdata.bundle import bundle
from userdata.environment import (
    CONTROL_PLANE_STEPS,
    WORKER_STEPS,
    control_plane_settings,
    environment_file,
    steps,
    worker_settings,
)
from userdata.nodefiles import READABLE, NodeFile

ITERATIONS: Final = 5
"""Passes of zopfli: more of them win a handful of bytes."""
LIMIT_BYTES: Final = 16 * 1024
"""EC2's limit for user data, before base64 encoding."""

_UNBROKEN: Final = 1_000_000
"""Longer than any line: PyYAML folds none."""

_SEMAPHORES: Final = "/var/lib/cloud/instance/sem/config_"


class _BlockDumper(yaml.SafeDumper):
    """PyYAML's safe dumper, with texts of several lines as literal blocks."""


def _text(_: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return yaml.ScalarNode("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_BlockDumper.add_representer(str, _text)


class UserDataTooLargeError(ValueError):
    """The gzipped user data is larger than EC2 takes."""


@cache
def _compressed(text: str) -> bytes:
    """Gzip without a time in its header.

    By zopfli and not zlib: zlib's builds differ in their output from machine to machine, and a preview elsewhere would
    replace every control plane.
    """
    return cast("bytes", zopfli.compress(text.encode(), numiterations=ITERATIONS))  # pyright: ignore[reportUnknownMemberType] - untyped


@dataclass(frozen=True, kw_only=True)
class UserData:
    """The user data of one kind of node.

    Attributes:
        files: what cloud-init lays down, by path.
    """

    files: Mapping[str, NodeFile]

    @cached_property
    def cloud_config(self) -> str:
        """The cloud-config. Files stand in it as they are, so that a person can read what a machine was given.

        cloud-init marks a module as run before it runs it, and new files reach the disk seconds later. A power cut
        in between would leave empty files that nobody lays down again; so the first command of every boot forgets
        those marks until the bootstrap has seen its files on the disk.
        """
        marks = " ".join(f"{_SEMAPHORES}{module}" for module in ("write_files", "runcmd", "scripts_user"))
        config = {
            "bootcmd": [["sh", "-c", f"test -e /var/lib/groundswell/durable || rm -f {marks}"]],
            "runcmd": [
                ["systemctl", "daemon-reload"],
                ["systemctl", "enable", "--now", "--no-block", "groundswell-bootstrap.service"],
            ],
            "write_files": [_laid_down(path, file) for path, file in sorted(self.files.items())],
        }
        return "#cloud-config\n" + yaml.dump(config, Dumper=_BlockDumper, sort_keys=False, width=_UNBROKEN)

    @cached_property
    def gzipped(self) -> bytes:
        """The bytes that EC2 hands to the node: the same plan gives the same bytes.

        Raises:
            UserDataTooLargeError: they are more than `LIMIT_BYTES`.
        """
        data = _compressed(self.cloud_config)
        if len(data) > LIMIT_BYTES:
            raise UserDataTooLargeError(
                f"user data: {len(data)} bytes gzipped: EC2 takes at most {LIMIT_BYTES}; lay down less"
            )
        return data

    @property
    def size(self) -> int:
        """Bytes of the gzipped user data."""
        return len(self.gzipped)

    @property
    def base64(self) -> str:
        """The form that launch templates and `user_data_base64` take."""
        return base64.b64encode(self.gzipped).decode("ascii")


def _laid_down(path: str, file: NodeFile) -> dict[str, str]:
    """One file for cloud-init, whose own mode is 0644."""
    permissions = {} if file.mode == READABLE else {"permissions": f"{file.mode:04o}"}
    return {"path": path, **permissions, "content": file.content}


def control_plane(plan: Plan, slot: str) -> UserData:
    """User data of one control-plane slot.

    Args:
        plan: the plan.
        slot: letter of the slot.

    Raises:
        KeyError: the plan has no such slot.
        ValueError: operating system and Kubernetes version do not go together.
        UserDataTooLargeError: when the bytes are asked for.
    """
    owner = plan.control_plane.slots[slot]
    documents = {"init": kubeadm.init_documents(plan, slot)}
    if len(plan.control_plane.slots) > 1:
        documents["join"] = kubeadm.control_plane_join_documents(plan, slot)
    every = steps(plan, CONTROL_PLANE_STEPS)
    own = every[: every.index("programs") + 1]
    return UserData(
        files=MappingProxyType(
            {
                **nodefiles.common(plan, own),
                **nodefiles.control_plane(),
                **nodefiles.artefacts(plan, plan.control_plane.instance, CONTROL_PLANE_PROGRAMS),
                **nodefiles.kubeadm_files(documents, plan.control_plane.reserves),
                nodefiles.ENVIRONMENT: NodeFile(
                    content=environment_file(control_plane_settings(plan, owner) | {"BUNDLE": bundle(plan).sha256})
                ),
            }
        )
    )


def worker(plan: Plan, pool: str) -> UserData:
    """User data of every machine of one pool.

    Args:
        plan: the plan.
        pool: name of the pool.

    Raises:
        KeyError: the plan has no such pool.
        ValueError: operating system and Kubernetes version do not go together.
        UserDataTooLargeError: when the bytes are asked for.
    """
    owner = plan.pools[pool]
    documents = {"join": kubeadm.worker_join_documents(owner)}
    return UserData(
        files=MappingProxyType(
            {
                **nodefiles.common(plan, steps(plan, WORKER_STEPS)),
                **nodefiles.worker(),
                **nodefiles.artefacts(plan, owner.instance, WORKER_PROGRAMS),
                **nodefiles.kubeadm_files(documents, owner.reserves),
                nodefiles.ENVIRONMENT: NodeFile(content=environment_file(worker_settings(plan))),
            }
        )
    )


def every_machine(plan: Plan) -> dict[str, UserData]:
    """User data of every slot and pool, by a name for people.

    Raises:
        UserDataTooLargeError: the first one that EC2 would refuse.
    """
    rendered = {f"control plane {slot}": control_plane(plan, slot) for slot in plan.control_plane.slots}
    rendered |= {f"worker {pool}": worker(plan, pool) for pool in plan.pools}
    for user_data in rendered.values():
        _ = user_data.gzipped
    return rendered
