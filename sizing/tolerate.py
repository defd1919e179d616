"""From demand to replicas and caps, so that the loss of any node or zone is borne.

A loss is borne when the pods that are left carry the peak at the failed utilisation, without waiting for a new pod.
That keeps the condition linear: so many pods must be left, and no more than so many may go at once.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Final

from config.types import Tolerance
from sizing.packing.problem import Machine, Packing, Pods, Problem
from sizing.packing.solve import pack

SPREADS: Final = (2, 3, 4, 5, 6)
"""Numbers of nodes over which every service is tried to be spread, so that one of them may go."""


@dataclass(frozen=True, kw_only=True)
class Workload:
    """One service before it is known how many pods it has.

    Attributes:
        name: unique.
        cpu_m: CPU request of a pod, thousandths of a vCPU.
        memory_mib: memory request of a pod.
        demand_m: what the peak keeps busy, thousandths of a vCPU.
        minimum: pods at least.
    """

    name: str
    cpu_m: int
    memory_mib: int
    demand_m: Fraction
    minimum: int

    def left(self, utilisation: Fraction) -> int:
        """Pods that carry the peak at a utilisation, at least one."""
        return max(1, math.ceil(self.demand_m / (self.cpu_m * utilisation)))

    def pods(self, count: int, *, per_node: int | None = None, zones: Mapping[str, int] | None = None) -> Pods:
        """So many of its pods, to be packed."""
        return Pods(
            name=self.name,
            cpu_m=self.cpu_m,
            memory_mib=self.memory_mib,
            count=count,
            per_node=per_node,
            zones=zones,
        )


@dataclass(frozen=True, kw_only=True)
class TolerantPacking:
    """The cheapest packing of all choices tried.

    Attributes:
        packing: machines and where pods stand.
        replicas: pods by workload.
        per_node: most pods on one node by workload; None: no cap.
        bound: USD per hour that none of the choices can undercut.
    """

    packing: Packing
    replicas: Mapping[str, int]
    per_node: Mapping[str, int | None]
    bound: Decimal


def pack_tolerant(
    workloads: tuple[Workload, ...],
    fixed: tuple[Pods, ...],
    machines: tuple[Machine, ...],
    zones: tuple[str, ...],
    tolerance: Tolerance,
    *,
    peak: Fraction,
    failed: Fraction,
) -> TolerantPacking:
    """Choose replicas, caps and machines together.

    Args:
        workloads: the services.
        fixed: pods whose number is known, such as the platform's.
        machines: what may be bought.
        zones: letters of the zones; two at least for the tolerance `zone`.
        tolerance: what may fail at the peak.
        peak: share of a pod's request that counts as comfortable.
        failed: share that is borne after a loss.

    Raises:
        NoFitError: pods that no machine holds.
    """
    tried = [
        (pack(Problem(pods=(*choice, *fixed), machines=machines, zones=zones)), choice)
        for choice in dict.fromkeys(_choices(workloads, zones, tolerance, peak, failed))
    ]
    packing, choice = min(tried, key=lambda one: one[0].cost)
    return TolerantPacking(
        packing=packing,
        replicas={pods.name: pods.count for pods in choice},
        per_node={pods.name: pods.per_node for pods in choice},
        bound=min(one.bound for one, _ in tried),
    )


class _Choice(tuple[Pods, ...]):
    """Pods of all workloads; equal choices, which differ in nothing that is packed, are tried once."""

    __slots__ = ()

    def __hash__(self) -> int:
        return hash(tuple((pods.name, pods.count, pods.per_node) for pods in self))


def _choices(
    workloads: tuple[Workload, ...], zones: tuple[str, ...], tolerance: Tolerance, peak: Fraction, failed: Fraction
) -> Iterator[_Choice]:
    counts = {each.name: max(each.minimum, each.left(peak)) for each in workloads}
    if tolerance == "none":
        yield _Choice(each.pods(counts[each.name]) for each in workloads)
    elif tolerance == "zone":
        chosen: list[Pods] = []
        for each in workloads:
            in_zone = max(
                math.ceil(Fraction(counts[each.name], len(zones))),
                math.ceil(Fraction(each.left(failed), len(zones) - 1)),
            )
            chosen.append(each.pods(in_zone * len(zones), zones=dict.fromkeys(zones, in_zone)))
        yield _Choice(chosen)
    else:
        for spread in SPREADS:
            caps = {each.name: math.ceil(Fraction(each.left(failed), spread - 1)) for each in workloads}
            yield _Choice(
                each.pods(max(counts[each.name], each.left(failed) + caps[each.name]), per_node=caps[each.name])
                for each in workloads
            )
