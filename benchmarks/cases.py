"""What `make bench` packs: the travel platform, and random services of stated numbers and pod sizes, with the goals."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final, Literal

from benchmarks import families
from config.types import MemoryAssumption
from sizing.catalogue import load
from sizing.packing import Machine, Pods, Problem, Workload, replicas
from sizing.packing.tolerance import Tolerance
from sizing.reserves import DAEMONSET, allocatable

Section = Literal["platform", "services"]

SEEDS: Final = (1, 2, 3)
MIXES: Final = ((52, "52 pod sizes"), (102, "102 pod sizes"), (None, "all sizes differ"))
COUNTS: Final = (5, 10, 20, 50, 500)
TYPES: Final = (("c5a", ("c5a",)), ("x86", families.X86))
THREE_ZONES: Final = ("a", "b", "c")
_EXACT_SERVICES: Final = 5
"""Up to here the plain MIP runs on every seed; beyond it uses up its budget every time and runs on one, or on none."""
_MIP_FAMILY_SERVICES: Final = 50
"""The most services for which it runs on more than the one mix that is hardest."""


@dataclass(frozen=True, kw_only=True)
class Goal:
    """What a case must reach; None where nothing is asked.

    Attributes:
        gap: largest share of the bound that the cost may lie above it.
        seconds: longest time of packing.
        month: USD a month that the packing may cost at most, for a case whose optimum is known.
        saving: least share by which the packing must undercut Karpenter's.
    """

    gap: Decimal
    seconds: float
    month: Decimal | None = None
    saving: Decimal = Decimal(0)


@dataclass(frozen=True, kw_only=True)
class Case:
    """One line of the tables.

    Attributes:
        key: names the case on the command line of a child process.
        services: how many.
        build: the problem of a seed.
        karpenter_month: what Karpenter's scheduler is known to cost, USD a month, measured apart from this program.
        mip_seeds: the seeds on which the plain MIP runs.
        quick: part of the short run, with its first seed.
    """

    key: str
    section: Section
    title: str
    services: int
    build: Callable[[int], Problem]
    seeds: tuple[int, ...]
    goal: Goal
    karpenter_month: Decimal | None = None
    mip_seeds: tuple[int, ...]
    quick: bool


DEMAND_M: Final = {"gateway": 2250, "planner": 1350, "accommodation": 3150, "member": 270, "payment": 90}
"""Thousandths of a vCPU at the peak: 3000, 900, 2100, 180 and 60 requests a second at 1.5 ms, the gateway at half."""
_NODES_SPREAD: Final = {"c5a": 3, "x86": 4}
"""Nodes that `pack_tolerant` spreads each service over."""
_TOLERANCES: Final[dict[Tolerance, str]] = {
    "none": "no tolerance",
    "node": "any node may fail",
    "zone": "three zones",
}
_MEMORY: Final[dict[MemoryAssumption, str]] = {
    "whole": "no memory lost",
    "flat": "7.5 % of memory lost",
    "known": "memory as read on machines",
}
_OPTIMA: Final[dict[tuple[str, str, MemoryAssumption], tuple[str, str]]] = {
    ("none", "c5a", "whole"): ("502.24", "502.24"),
    ("none", "x86", "whole"): ("502.24", "502.24"),
    ("zone", "c5a", "whole"): ("753.36", "753.36"),
    ("zone", "x86", "whole"): ("753.36", "753.36"),
    ("none", "c5a", "flat"): ("565.02", "565.02"),
    ("none", "x86", "flat"): ("565.02", "619.04"),
    ("zone", "c5a", "flat"): ("941.70", "1506.72"),
    ("zone", "x86", "flat"): ("874.54", "1121.28"),
}
"""Optimum and Karpenter v1.14.1's cost, USD a month, by tolerance, types and memory; none known for memory as read."""


def cases() -> tuple[Case, ...]:
    """All cases, the small ones first."""
    return (*_platform(), *_services())


def by_key(key: str) -> Case:
    """The case of a key.

    Raises:
        KeyError: there is none.
    """
    return {case.key: case for case in cases()}[key]


def _platform() -> Iterator[Case]:
    for memory, said in _MEMORY.items():
        for tolerance, words in _TOLERANCES.items():
            for types, offered in TYPES:

                def build(
                    _: int,
                    tolerance: Tolerance = tolerance,
                    types: str = types,
                    offered: tuple[str, ...] = offered,
                    memory: MemoryAssumption = memory,
                ) -> Problem:
                    five = families.five_services(offered, across=THREE_ZONES if tolerance == "zone" else ())
                    pods = node_tolerant(types) if tolerance == "node" else five.pods
                    machines = tuple(_with_memory(machine, memory) for machine in five.machines)
                    return replace(five, pods=pods, machines=machines)

                optimum, theirs = _OPTIMA.get((tolerance, types, memory), (None, None))
                yield Case(
                    key=f"platform/{tolerance}/{types}/{memory}",
                    section="platform",
                    title=f"{words}, {types}, {said}",
                    services=len(families.FIVE_SERVICES),
                    build=build,
                    seeds=SEEDS[:1],
                    goal=Goal(gap=Decimal(0), seconds=3, month=Decimal(optimum) if optimum else None),
                    karpenter_month=Decimal(theirs) if theirs else None,
                    mip_seeds=SEEDS[:1],
                    quick=True,
                )


def workloads() -> tuple[Workload, ...]:
    """The travel platform's services with what they have to carry."""
    return tuple(
        Workload(name=name, cpu_m=cpu, memory_mib=memory, demand_m=DEMAND_M[name], minimum=2)
        for name, _, cpu, memory in families.FIVE_SERVICES
    )


def node_tolerant(types: str) -> tuple[Pods, ...]:
    """Pods and caps that survive the loss of any one node, as `pack_tolerant` chooses them for these types."""
    spread = _NODES_SPREAD[types]
    return tuple(replicas(each, "node", THREE_ZONES, nodes=spread) for each in workloads())


def _with_memory(machine: Machine, memory: MemoryAssumption) -> Machine:
    left = allocatable(load()[machine.type], families.MAX_PODS, memory).memory_mib - DAEMONSET.memory_mib
    return replace(machine, memory_mib=left)


def _services() -> Iterator[Case]:
    for count in COUNTS:
        for types, offered in TYPES:
            # One family alone leaves little to choose; the mix that is hardest to solve stands for it.
            for sizes, mix in MIXES if types == "x86" else MIXES[-1:]:

                def build(
                    seed: int, count: int = count, sizes: int | None = sizes, offered: tuple[str, ...] = offered
                ) -> Problem:
                    return families.family(count, seed, sizes=sizes, families=offered)

                yield Case(
                    key=f"services/{count}/{sizes or 'all'}/{types}",
                    section="services",
                    title=f"{count} services, {mix}, {types}",
                    services=count,
                    build=build,
                    seeds=SEEDS,
                    goal=_goal(count, sizes, types),
                    mip_seeds=_mip_seeds(count, sizes, types),
                    quick=sizes is None and types == "x86" and count in {5, 10, 50},
                )


def _mip_seeds(count: int, sizes: int | None, types: str) -> tuple[int, ...]:
    if count > _MIP_FAMILY_SERVICES and (types != "x86" or sizes):
        return ()
    return SEEDS if count <= _EXACT_SERVICES else SEEDS[:1]


def _goal(count: int, sizes: int | None, types: str) -> Goal:
    saving = Decimal("0.10") if types == "x86" and count >= 50 else Decimal(0)  # noqa: PLR2004 - the goal's own limit
    if count <= 5:  # noqa: PLR2004 - as above
        return Goal(gap=Decimal(0), seconds=3, saving=saving)
    if count <= 20:  # noqa: PLR2004 - as above
        return Goal(gap=Decimal("0.035"), seconds=5, saving=saving)
    if count <= 50:  # noqa: PLR2004 - as above
        return Goal(gap=Decimal("0.02"), seconds=10, saving=saving)
    gap = {52: Decimal("0.01"), 102: Decimal("0.015"), None: Decimal("0.03")}[sizes]
    return Goal(gap=gap, seconds=30, saving=saving)
