"""The same problem for Karpenter's scheduler (tools/karpenter), and its answer as nodes of ours."""

import json
import subprocess
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from pydantic import TypeAdapter

from sizing.catalogue import load
from sizing.packing import Machine, Node, Pods, Problem

PART = "karpenter"
_BUILD = Path(__file__).parent.parent / "tools" / "build.sh"


class NotBuiltError(Exception):
    """Karpenter's scheduler is not there to compare with."""


def program() -> Path:
    """The program that `tools/build.sh karpenter` built.

    Raises:
        NotBuiltError: it is absent.
    """
    listing = subprocess.run([_BUILD, "--list"], check=True, capture_output=True, text=True).stdout
    folders = {name: (folder, state) for name, folder, state in map(str.split, listing.splitlines())}
    folder, state = folders[PART]
    if state != "present":
        raise NotBuiltError(f"Karpenter's scheduler is not built: run `tools/build.sh {PART}` (needs Go)")
    return Path(folder) / "bin" / PART


def question(problem: Problem) -> str:
    """The problem as the program reads it.

    A cap on pods per node becomes a host name spread with that skew, which Karpenter reads as a cap because it can
    always add a node. Pods that are even over all zones become a zone spread with skew 1, as a Deployment would say
    it; any other split is given zone by zone. Every type's overhead is its capacity less what the packer may use, so
    both pack onto exactly the same machines.
    """
    return json.dumps(
        {
            "zones": list(problem.zones),
            "pods": [entry for index, pods in enumerate(problem.pods) for entry in _pods(problem, index, pods)],
            "types": [_type(machine) for machine in problem.machines],
        }
    )


def _identity(index: int) -> str:
    """Names become label values, which Kubernetes restricts; numbers always fit."""
    return f"pods-{index}"


def _pods(problem: Problem, index: int, pods: Pods) -> Iterator[dict[str, object]]:
    entry: dict[str, object] = {
        "name": _identity(index),
        "selection": _identity(index),
        "cpu_m": pods.cpu_m,
        "memory_mib": pods.memory_mib,
        "count": pods.count,
        "per_node": pods.per_node or 0,
        "group": pods.group,
        "on_demand": not pods.spot,
    }
    if pods.zones is None:
        if pods.count:
            yield entry
        return
    split = {zone: pods.zones.get(zone, 0) for zone in problem.zones}
    if max(split.values()) - min(split.values()) <= 1:
        yield entry | {"zone_skew": 1}
        return
    for zone, count in split.items():
        if count:
            yield entry | {"name": f"{_identity(index)}-{zone}", "count": count, "zone": zone}


def _type(machine: Machine) -> dict[str, object]:
    instance = load()[machine.type]
    capacity = {
        "cpu_m": instance.vcpu * 1000,
        "memory_mib": int(instance.memory_gib * 1024),
        "pods": machine.pods,
    }
    free = {"cpu_m": machine.cpu_m, "memory_mib": machine.memory_mib, "pods": machine.pods}
    return {
        "name": machine.name,
        "price": float(machine.price),
        "zones": sorted(machine.zones),
        "spot": machine.spot,
        "capacity": capacity,
        "overhead": {what: capacity[what] - free[what] for what in capacity},
    }


@dataclass(frozen=True, kw_only=True)
class _Node:
    type: str
    zone: str
    pods: dict[str, int]


@dataclass(frozen=True, kw_only=True)
class _Answer:
    version: str
    cost: float
    seconds: float
    nodes: tuple[_Node, ...]
    unscheduled: dict[str, int]


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What Karpenter would buy. `cost` is USD per hour, exact; `seconds` is the scheduling alone."""

    nodes: tuple[Node, ...]
    cost: Decimal
    seconds: float
    version: str


def answer(problem: Problem, text: str) -> Answer:
    """Read the program's output.

    Raises:
        pydantic.ValidationError: the text is no answer.
        KeyError: it names pods or types that the problem does not have.
    """
    said = TypeAdapter(_Answer).validate_json(text)
    prices = {machine.name: machine.price for machine in problem.machines}
    return Answer(
        nodes=tuple(_node(problem, node) for node in said.nodes),
        cost=sum((prices[node.type] for node in said.nodes), Decimal(0)),
        seconds=said.seconds,
        version=said.version,
    )


def _node(problem: Problem, node: _Node) -> Node:
    pods = {_identity(index): each for index, each in enumerate(problem.pods)}
    held: Counter[str] = Counter()
    for name, count in node.pods.items():
        held["-".join(name.split("-")[:2])] += count
    return Node(
        machine=node.type,
        zone=node.zone,
        group=pods[next(iter(held))].group,
        pods={pods[identity].name: count for identity, count in held.items()},
    )
