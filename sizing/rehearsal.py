"""A rehearsal of the scheduler on packed machines, and the spare machines that it turns out to need.

A packing says that there is a place for every pod. kube-scheduler does not know it: it places pods one by one, where
most is left, and can fill up the only machine on which a later, larger pod would have fitted. In short it filters by
what is free and by enforced spread, then prefers the node on which most would be left free (NodeResourcesFit,
LeastAllocated) and, for wished spread, the one with fewest pods of the same service (PodTopologySpread, weight 2).
Platform pods come first, as they do when a cluster is made, then the services' pods in turns.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from config.schema import ClusterConfig
from sizing.model import PodResources, Replication
from sizing.packing.problem import Machine
from sizing.platform import platform_pods

PLATFORM_PREFIX: Final = "platform:"
"""Before the names of platform pods in a packing, which a service could bear too."""
SPREAD_WEIGHT: Final = 2
FEW_PODS: Final = 1000
"""Up to so many, two types are tried as a spare in every zone; above, the cheapest that holds the largest pod."""
MOST_SPARES: Final = 6
"""Spare machines that are tried; a packing that needs more is left as it is, and that is said."""


@dataclass(frozen=True, kw_only=True)
class Guest:
    """Equal pods that are to be placed, and how they must spread."""

    name: str
    pod: PodResources
    count: int
    spread: Replication


@dataclass(kw_only=True)
class _Node:
    zone: str
    machine: Machine
    cpu_m: int
    memory_mib: int
    slots: int
    held: Counter[str] = field(default_factory=Counter[str])

    def fits(self, pod: PodResources) -> bool:
        return self.cpu_m >= pod.cpu_m and self.memory_mib >= pod.memory_mib and self.slots > 0

    def left(self, pod: PodResources) -> float:
        """Mean share of CPU and memory that would still be free."""
        cpu = (self.cpu_m - pod.cpu_m) / self.machine.cpu_m
        return (cpu + (self.memory_mib - pod.memory_mib) / self.machine.memory_mib) / 2


def guests(
    config: ClusterConfig,
    placed: Mapping[str, int],
    requests: Mapping[str, PodResources],
    replication: Mapping[str, Replication],
) -> tuple[Guest, ...]:
    """Who is to be placed, in order: the platform, then the services.

    Args:
        config: the configuration.
        placed: pods of the packing by name.
        requests: size of one pod by service.
        replication: how the pods of every service must spread.
    """
    found: list[Guest] = []
    for pod in platform_pods(config):
        name = f"{PLATFORM_PREFIX}{pod.name}"
        # Brokers stand apart and evenly over zones, by their manifest.
        spread = Replication(minimum=1, maximum=1, per_node=1 if pod.one_per_node else None, zones=pod.one_per_node)
        if placed.get(name):
            found.append(Guest(name=name, pod=pod.requests, count=placed[name], spread=spread))
    services = [name for name in sorted(requests) if placed.get(name)]
    found += [Guest(name=name, pod=requests[name], count=placed[name], spread=replication[name]) for name in services]
    return tuple(found)


def rehearse(machines: Sequence[tuple[Machine, str]], arriving: Sequence[Guest]) -> Counter[str]:
    """Place everybody as the scheduler would.

    Args:
        machines: what was bought, each with its zone.
        arriving: who is to be placed.

    Returns:
        Pods that found no node, by name; empty when the scheduler gets by without help.
    """
    nodes = [
        _Node(zone=zone, machine=machine, cpu_m=machine.cpu_m, memory_mib=machine.memory_mib, slots=machine.pods)
        for machine, zone in machines
    ]
    in_zone = {guest.name: Counter({node.zone: 0 for node in nodes}) for guest in arriving}
    unplaced: Counter[str] = Counter()
    for guest in _queue(arriving):
        able = [node for node in _allowed(nodes, guest, in_zone[guest.name]) if node.fits(guest.pod)]
        if not able:
            unplaced[guest.name] += 1
            continue
        best = max(able, key=lambda node: node.left(guest.pod) - SPREAD_WEIGHT * node.held[guest.name])
        best.cpu_m -= guest.pod.cpu_m
        best.memory_mib -= guest.pod.memory_mib
        best.slots -= 1
        best.held[guest.name] += 1
        in_zone[guest.name][best.zone] += 1
    return unplaced


def _queue(arriving: Sequence[Guest]) -> Iterator[Guest]:
    for guest in arriving:
        if guest.name.startswith(PLATFORM_PREFIX):
            yield from [guest] * guest.count
    services = [guest for guest in arriving if not guest.name.startswith(PLATFORM_PREFIX)]
    for number in range(max((guest.count for guest in services), default=0)):
        yield from (guest for guest in services if number < guest.count)


def _allowed(nodes: Sequence[_Node], guest: Guest, zones: Mapping[str, int]) -> list[_Node]:
    """Enforced spread: with the pod, no zone and no node is fuller than the emptiest one by more than the skew."""
    spread, name = guest.spread, guest.name
    emptiest = min(zones.values(), default=0)
    able = [node for node in nodes if not spread.zones or zones[node.zone] == emptiest]
    if spread.node_skew is not None:
        most = min(node.held[name] for node in nodes) + spread.node_skew
    elif spread.per_node is not None:
        most = spread.per_node
    else:
        return able
    return [node for node in able if node.held[name] < most]


def spares(
    bought: Sequence[tuple[Machine, str]], offered: Sequence[Machine], arriving: Sequence[Guest]
) -> tuple[tuple[Machine, str], ...]:
    """Machines beside the packing's with which the scheduler finds a place for everybody: the cheapest, one by one.

    Args:
        bought: the packing's machines with their zones.
        offered: what may be bought.
        arriving: who is to be placed.

    Returns:
        None where the packing is enough, and none where even `MOST_SPARES` would not be.
    """
    found: list[tuple[Machine, str]] = []
    few = sum(guest.count for guest in arriving) <= FEW_PODS
    most = (2 if few else 1) * len({zone for machine in offered for zone in machine.zones})
    missing = rehearse(bought, arriving)
    while missing and len(found) < MOST_SPARES:
        largest = max((guest for guest in arriving if guest.name in missing), key=lambda guest: guest.pod.memory_mib)
        options = [
            (machine, zone)
            for machine in sorted(offered, key=lambda machine: (machine.price, machine.name))
            if machine.cpu_m >= largest.pod.cpu_m and machine.memory_mib >= largest.pod.memory_mib
            for zone in sorted(machine.zones)
        ][:most]
        judged = [(rehearse([*bought, *found, option], arriving), option) for option in options]
        if not judged:
            break
        missing, best = min(judged, key=lambda each: (each[0].total(), each[1][0].price, each[1][0].name, each[1][1]))
        found.append(best)
    return () if missing else tuple(found)
