"""`python -m operations memory`: reads back from running nodes how much memory each instance type really has.

Give it a kubeconfig, or pipe `kubectl get nodes -o json` into it. With `--write` the readings go into the catalogue's
`sizing/memory.csv`, where they count for more than the published ones.
"""

import argparse
import sys
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pydantic import ValidationError

from operations.gate.objects import Part
from sizing import memory
from sizing.catalogue import load
from sizing.memory import Reading
from sizing.model import InstanceType
from sizing.reserves import memory_seen

if TYPE_CHECKING:
    from argparse import _SubParsersAction  # pyright: ignore[reportPrivateUsage] - argparse has no public name

TYPE_LABEL: Final = "node.kubernetes.io/instance-type"
"""Set on every node by the AWS cloud controller."""
READ_SECONDS: Final = 30.0
USAGE_STATUS: Final = 2
_BINARY: Final = {"": 1, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40}
_DECIMAL: Final = {"k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
_UNITS: Final = {**_BINARY, **_DECIMAL}


class UnreadableError(ValueError):
    """The input is no list of nodes; the message is one line."""


class _Metadata(Part):
    name: str
    labels: Mapping[str, str] = {}
    creation_timestamp: str = ""


class _Condition(Part):
    last_heartbeat_time: str = ""


class _Info(Part):
    os_image: str = ""


class _Status(Part):
    capacity: Mapping[str, str | int] = {}
    conditions: tuple[_Condition, ...] = ()
    node_info: _Info = _Info()


class Node(Part):
    """What is read of a node: its type, its memory, its system, and when it was last heard of."""

    metadata: _Metadata
    status: _Status = _Status()

    @property
    def type(self) -> str:
        """Instance type; empty where the cloud controller has not been yet."""
        return self.metadata.labels.get(TYPE_LABEL, "")

    @property
    def day(self) -> str:
        """The day on which the kubelet last reported, else the day on which the node was made."""
        heard = [condition.last_heartbeat_time for condition in self.status.conditions]
        return max([*heard, self.metadata.creation_timestamp])[:10]


class NodeList(Part):
    """The answer to `GET /api/v1/nodes`."""

    items: tuple[Node, ...]


def add_parser(subparsers: "_SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the subcommand `memory`."""
    parser = subparsers.add_parser("memory", help=__doc__, description=__doc__)
    parser.add_argument("--kubeconfig", type=Path, help="ask this cluster; absent: a list of nodes on standard input")
    parser.add_argument("--write", action="store_true", help="put the readings into the catalogue")
    parser.add_argument("--catalogue", type=Path, default=None, help="another memory.csv to write instead")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print what each type has, and write it where asked.

    Returns:
        0, 1 when the cluster gave no answer, 2 when the input is not readable; then after one line.
    """
    try:
        nodes = _asked(arguments.kubeconfig) if arguments.kubeconfig else parse(sys.stdin.read())
    except UnreadableError as error:
        sys.stderr.write(f"memory: {error}\n")
        return USAGE_STATUS
    except ConnectionError as error:
        sys.stderr.write(f"memory: {error}\n")
        return 1
    try:
        own = readings(nodes)
    except UnreadableError as error:
        sys.stderr.write(f"memory: {error}\n")
        return USAGE_STATUS
    for line in _lines(own, nodes, load()):
        print(line)
    if arguments.write:
        return _write(arguments.catalogue or Path(str(files("sizing").joinpath(memory.FILE))), own)
    return 0


def parse(text: str) -> tuple[Node, ...]:
    """Nodes from the JSON that `kubectl get nodes -o json` prints.

    Raises:
        UnreadableError: it is something else.
    """
    try:
        return NodeList.model_validate_json(text).items
    except ValidationError as error:
        raise UnreadableError("standard input: no list of nodes; pipe `kubectl get nodes -o json` into it") from error


def readings(nodes: Iterable[Node]) -> tuple[Reading, ...]:
    """One reading for each instance type under each system: the least that any of the nodes has.

    Raises:
        UnreadableError: a node's memory is no quantity.
    """
    groups: dict[tuple[str, str], list[Node]] = {}
    for node in nodes:
        if node.type and "memory" in node.status.capacity:
            groups.setdefault((node.type, node.status.node_info.os_image), []).append(node)
    return tuple(
        Reading(
            type=kind,
            seen_mib=min(mib(str(node.status.capacity["memory"]), node.metadata.name) for node in members),
            os=system,
            source=f"{memory.OWN}: status.capacity.memory of {len(members)}",
            date=max(node.day for node in members),
        )
        for (kind, system), members in sorted(groups.items())
    )


def mib(quantity: str, node: str) -> int:
    """Whole MiB of a Kubernetes quantity such as 8007540Ki.

    Raises:
        UnreadableError: it is none.
    """
    number = quantity.rstrip("kKMGTi")
    unit = quantity[len(number) :]
    if unit not in _UNITS or not number.replace(".", "", 1).isdecimal() or len(number) > len(str(2**60)):
        raise UnreadableError(f"node {node}: capacity.memory {quantity!r} is no quantity such as 8007540Ki")
    return int(Decimal(number) * _UNITS[unit] / 2**20)


def _lines(own: Sequence[Reading], nodes: Sequence[Node], catalogue: Mapping[str, InstanceType]) -> Iterable[str]:
    if not own:
        yield f"no node with a type and a memory figure among {len(nodes)}"
        return
    yield f"{'type':14} {'system':24} {'MiB':>8} {'catalogue':>10} {'lost':>6}  planned with until now"
    for reading in own:
        instance = catalogue.get(reading.type)
        if instance is None:
            yield f"{reading.type:14} {reading.os:24} {reading.seen_mib:8,}  not in the catalogue"
            continue
        whole = int(instance.memory_gib * 1024)
        before = memory_seen(instance)
        lost = 1 - Decimal(reading.seen_mib) / whole
        yield (
            f"{reading.type:14} {reading.os:24} {reading.seen_mib:8,} {whole:10,} {lost:6.1%}"
            f"  {before.mib:,} MiB ({before.source})"
        )


def _write(path: Path, own: Sequence[Reading]) -> int:
    known = [reading for reading in own if reading.type in load()]
    try:
        path.write_text(memory.as_csv(memory.merged(memory.load(), known)), encoding="utf-8")
    except OSError as error:
        sys.stderr.write(f"memory: {path}: cannot be written: {error.strerror}\n")
        return 1
    print(f"{len(known)} readings written to {path}")
    return 0


def _asked(path: Path) -> tuple[Node, ...]:
    # TLS and the client certificate need modules that a list on standard input does not.
    from operations.gate.client import ApiError  # noqa: PLC0415
    from operations.gate.loop import GateError  # noqa: PLC0415
    from operations.gate.session import Session  # noqa: PLC0415
    from operations.kubeconfig import KubeconfigError  # noqa: PLC0415
    from operations.kubeconfig import parse as kubeconfig  # noqa: PLC0415

    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not text"
        raise UnreadableError(f"{path}: cannot be read: {reason}") from error
    try:
        found = Session(kubeconfig(text)).read(NodeList, "/api/v1/nodes", READ_SECONDS)
    except KubeconfigError as error:
        raise UnreadableError(str(error)) from error
    except (ApiError, GateError) as error:
        raise ConnectionError(str(error)) from error
    return found.items if found is not None else ()
