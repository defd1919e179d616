"""From demand to replicas and caps, so that what is left after a failure carries the peak; then the cheapest packing.

A service's pods are counted so that they are at most `peak` busy with everything up, and at most `failed` busy with
one node, or one zone, gone. Nothing has to be rescheduled for that: the pods left elsewhere are enough.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from math import ceil
from types import MappingProxyType
from typing import Final, Literal

from sizing.packing.problem import Machine, Packing, Pods, Problem
from sizing.packing.solve import NORMAL, Effort, pack

Tolerance = Literal["none", "node", "zone"]

PEAK: Final = Fraction(60, 100)
"""Most that pods are busy at the peak: what the travel platform's author was at ease with in four-hour runs."""
FAILED: Final = Fraction(85, 100)
"""Most that the pods left are busy at the peak after a failure."""
NODES_TRIED: Final = (2, 3, 4, 5, 6)
"""A service spread for node tolerance over J nodes has at most need / (J - 1) pods on each."""
FEWEST_ZONES: Final = 2


@dataclass(frozen=True, kw_only=True)
class Workload:
    """One service's pod and what all its pods together have to carry.

    Raises:
        ValueError: a pod without CPU, or a negative demand.
    """

    name: str
    cpu_m: int
    """Thousandths of a vCPU of one pod."""
    memory_mib: int
    demand_m: int | Fraction
    """Steady CPU at the peak, thousandths of a vCPU, over all pods."""
    minimum: int = 1
    """Fewest pods, whatever the demand."""
    group: str = ""
    spot: bool = True

    def __post_init__(self) -> None:
        if self.cpu_m < 1 or self.demand_m < 0:
            raise ValueError(f"{self.name}: a pod needs CPU above 0 and a demand of 0 or more")


@dataclass(frozen=True, kw_only=True)
class Choice:
    """One way to make a group tolerant that was tried. `nodes` is J; None where the tolerance leaves no choice."""

    group: str
    nodes: int | None
    cost: Decimal
    bound: Decimal


@dataclass(frozen=True, kw_only=True)
class TolerantPacking:
    """The cheapest packing over all choices tried, and the pods that follow from it.

    `packing.bound` holds over all of them: every service with the fewest pods that its tolerance allows, and for node
    tolerance every J of `NODES_TRIED`, one for all services of a group. A gap of 0 proves the packing cheapest among
    those. Not covered: caps chosen service by service within one group, and more pods than necessary.
    """

    packing: Packing
    pods: Mapping[str, Pods]
    """By service: replicas (`count`), the most on one node, and pods per zone."""
    choices: tuple[Choice, ...]


def replicas(
    workload: Workload,
    tolerance: Tolerance,
    zones: Sequence[str],
    *,
    nodes: int | None = None,
    peak: Fraction = PEAK,
    failed: Fraction = FAILED,
) -> Pods:
    """Count one service's pods.

    With demand d and pods of c thousandths of a vCPU, the peak asks for n = max(minimum, d / (c peak)) and a failure
    for m = max(1, d / (c failed)) that are left, both rounded up. Node: k = m / (J - 1), rounded up, at most on one
    node, and max(n, m + k) in all. Zone: max(n / Z, m / (Z - 1)), rounded up, in each of Z zones.

    Args:
        workload: the service.
        tolerance: what may fail.
        zones: letters of the zones to spread over, for `zone`.
        nodes: J, for `node`.
        peak: most that pods are busy with everything up, above 0 and at most 1.
        failed: most that they are busy after a failure.

    Raises:
        ValueError: zone tolerance over fewer than two zones, or node tolerance over fewer than two nodes.
    """
    base = max(workload.minimum, 1, ceil(workload.demand_m / (workload.cpu_m * peak)))
    need = max(1, ceil(workload.demand_m / (workload.cpu_m * failed)))
    pods = Pods(
        name=workload.name,
        cpu_m=workload.cpu_m,
        memory_mib=workload.memory_mib,
        count=base,
        group=workload.group,
        spot=workload.spot,
    )
    if tolerance == "none":
        return pods
    if tolerance == "node":
        if nodes is None or nodes < NODES_TRIED[0]:
            raise ValueError(f"node tolerance needs pods on at least {NODES_TRIED[0]} nodes, not {nodes}")
        cap = ceil(Fraction(need, nodes - 1))
        return replace(pods, count=max(base, need + cap), per_node=cap)
    if len(zones) < FEWEST_ZONES:
        raise ValueError(f"zone tolerance needs at least {FEWEST_ZONES} zones, not {list(zones)}")
    each = max(ceil(Fraction(base, len(zones))), ceil(Fraction(need, len(zones) - 1)))
    return replace(pods, count=each * len(zones), zones=MappingProxyType(dict.fromkeys(zones, each)))


def pack_tolerant(
    workloads: Sequence[Workload],
    fixed: Sequence[Pods],
    machines: Sequence[Machine],
    zones: Sequence[str],
    tolerance: Tolerance,
    *,
    peak: Fraction = PEAK,
    failed: Fraction = FAILED,
    effort: Effort = NORMAL,
) -> TolerantPacking:
    """Find the cheapest packing that tolerates a failure.

    Args:
        workloads: services.
        fixed: pods that are packed as they are (the platform's, a broker per zone).
        machines: what may be bought.
        zones: letters of the zones.
        tolerance: what may fail.
        peak: most that pods are busy with everything up.
        failed: most that they are busy after a failure.
        effort: how far to climb for each choice.

    Raises:
        NoFitError: pods that fit on no machine.
        ValueError: as `replicas`.
    """
    tries = NODES_TRIED if tolerance == "node" else (None,)
    ways = {
        tried: [replicas(each, tolerance, zones, nodes=tried, peak=peak, failed=failed) for each in workloads]
        for tried in tries
    }
    nodes: list[Packing] = []
    chosen: dict[str, Pods] = {}
    choices: list[Choice] = []
    for group in sorted({each.group for each in (*workloads, *fixed)}):
        best: tuple[Packing, list[Pods]] | None = None
        bounds: list[Decimal] = []
        for counted, tried in _different(ways, group):
            pods = [*counted, *(each for each in fixed if each.group == group)]
            problem = Problem(pods=tuple(pods), machines=tuple(machines), zones=tuple(zones))
            packing = pack(problem, effort=effort, ceiling=best[0].cost if best else None)
            choices.append(Choice(group=group, nodes=tried, cost=packing.cost, bound=packing.bound))
            bounds.append(packing.bound)
            if best is None or packing.cost < best[0].cost:
                best = packing, counted
        if best is not None:
            nodes.append(replace(best[0], bound=min(best[0].cost, *bounds)))
            chosen |= {pods.name: pods for pods in best[1]}
    return TolerantPacking(packing=_together(nodes), pods=MappingProxyType(chosen), choices=tuple(choices))


def _different(ways: Mapping[int | None, Sequence[Pods]], group: str) -> list[tuple[list[Pods], int | None]]:
    """Give the different counts that a group's ways lead to, those with least CPU first, and the J of each."""
    different: list[tuple[list[Pods], int | None]] = []
    for tried, counted in ways.items():
        pods = [each for each in counted if each.group == group]
        if all(pods != known for known, _ in different):
            different.append((pods, tried))
    return sorted(different, key=lambda each: sum(pods.cpu_m * pods.count for pods in each[0]))


def _together(packings: Sequence[Packing]) -> Packing:
    nodes = [node for packing in packings for node in packing.nodes]
    return Packing(
        nodes=tuple(sorted(nodes, key=lambda node: (node.group, node.zone, node.machine, sorted(node.pods.items())))),
        cost=sum((packing.cost for packing in packings), Decimal(0)),
        bound=sum((packing.bound for packing in packings), Decimal(0)),
        method=", ".join(sorted({packing.method for packing in packings})),
        notes=tuple(dict.fromkeys(note for packing in packings for note in packing.notes)),
    )
