"""What is left of every service when one node, or one zone, is gone."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType
from typing import Literal

from sizing.packing.problem import Node
from sizing.packing.tolerance import Workload


@dataclass(frozen=True, kw_only=True)
class Failure:
    """One failure case."""

    kind: Literal["none", "node", "zone"]
    """`none` is the case in which everything is up."""
    what: str
    """The zone's letter, or the node's machine, zone and place in the packing."""
    utilisation: Mapping[str, Fraction]
    """CPU share of the pods left at the peak, by service that has any; above 1 means more work than they can do."""
    down: tuple[str, ...]
    """Services without a pod left."""

    @property
    def worst(self) -> Fraction | None:
        """Highest utilisation of any service; None where a service is down."""
        return None if self.down else max(self.utilisation.values(), default=Fraction(0))


def survives(workloads: Sequence[Workload], nodes: Sequence[Node]) -> tuple[Failure, ...]:
    """Judge every failure of one node and of one zone, and the state without failure first.

    Args:
        workloads: the services and their demand; pods of other names are left aside.
        nodes: all nodes of a packing.
    """
    running: Counter[str] = Counter()
    for node in nodes:
        running.update(node.pods)
    cases = [_case("none", "", workloads, running)]
    for place, node in enumerate(nodes):
        what = f"{node.machine} in {node.zone}, node {place + 1} of {len(nodes)}"
        cases.append(_case("node", what, workloads, running - Counter(node.pods)))
    for zone in sorted({node.zone for node in nodes}):
        gone: Counter[str] = Counter()
        for node in nodes:
            if node.zone == zone:
                gone.update(node.pods)
        cases.append(_case("zone", zone, workloads, running - gone))
    return tuple(cases)


def _case(
    kind: Literal["none", "node", "zone"], what: str, workloads: Sequence[Workload], left: Counter[str]
) -> Failure:
    up = {each.name: Fraction(each.demand_m) / (left[each.name] * each.cpu_m) for each in workloads if left[each.name]}
    down = tuple(each.name for each in workloads if not left[each.name])
    return Failure(kind=kind, what=what, utilisation=MappingProxyType(up), down=down)
