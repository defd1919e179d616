"""Cuts a problem into parts that share nothing, and puts their packings together again.

Groups never share a node, so each is a part. Where every pod of a group has its zone, each zone is a part of its own,
and zones with equal pods and equal offers are solved once. A group that mixes pods with and without zones stays whole.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from math import gcd, lcm

from sizing.packing.problem import Machine, Node, NoFitError, Pods, Problem


@dataclass(frozen=True, kw_only=True, slots=True)
class Item:
    """Equal pods within one part. `zone` is "" where any will do; `cap` is the most on one node."""

    name: str
    cpu: int
    memory: int
    count: int
    cap: int
    zone: str
    spot: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Bin:
    """A machine that a part may buy. `price` counts the part's `unit`; `zone` is "" where it plays no part."""

    machine: str
    cpu: int
    memory: int
    pods: int
    price: int
    zone: str
    spot: bool

    def takes(self, item: Item) -> bool:
        """One such pod may run on an empty machine."""
        return self.admits(item) and item.cpu <= self.cpu and item.memory <= self.memory and self.pods > 0

    def admits(self, item: Item) -> bool:
        """Zone and purchase option allow it."""
        return (not item.zone or item.zone == self.zone) and (item.spot or not self.spot)


@dataclass(frozen=True, kw_only=True)
class Part:
    """A problem that shares nothing with the others of its kind."""

    group: str
    copies: tuple[str, ...]
    """Zones in which its packing is to stand, once each; empty: nodes stand where their bins say."""
    items: tuple[Item, ...]
    bins: tuple[Bin, ...]
    """No bin is worse than another in everything."""
    unit: Decimal
    """USD per hour: all prices are whole multiples of it, so costs are too."""

    @cached_property
    def step(self) -> int:
        """Greatest common divisor of the prices: no packing costs anything between two of its multiples."""
        return gcd(*(each.price for each in self.bins))

    @cached_property
    def by_price(self) -> tuple[int, ...]:
        """Indices of the bins, cheapest first."""
        return tuple(sorted(range(len(self.bins)), key=lambda index: (self.bins[index].price, index)))

    @cached_property
    def uniform(self) -> bool:
        """Every bin admits every item: neither zones nor spot set bounds."""
        return all(each.admits(item) for each in self.bins for item in self.items)


Load = tuple[int, Mapping[int, int]]
"""One node of a part: index of its bin, and pods by index of their item."""


def cut(problem: Problem) -> tuple[Part, ...]:
    """Give the parts of a problem.

    Raises:
        NoFitError: pods that fit on none of the machines.
    """
    unfit: list[str] = []
    parts: dict[object, Part] = {}
    for group in sorted({pods.group for pods in problem.pods}):
        members = [pods for pods in problem.pods if pods.group == group and pods.count]
        for zones, items in _items(members, problem.zones):
            part = _part(problem, group, zones, items)
            unfit += _unfit(part)
            key = (group, part.items, part.bins) if zones else (group, "")
            known = parts.get(key)
            copies = (*known.copies, *part.copies) if known else part.copies
            parts[key] = Part(group=group, copies=copies, items=part.items, bins=part.bins, unit=part.unit)
    if unfit:
        raise NoFitError(tuple(dict.fromkeys(unfit)))
    return tuple(parts.values())


def _items(members: Sequence[Pods], zones: Sequence[str]) -> Iterator[tuple[str, tuple[Item, ...]]]:
    if members and all(pods.zones is not None for pods in members):
        for zone in zones:
            here = [_item(pods, "", pods.zones[zone]) for pods in members if pods.zones and pods.zones.get(zone)]
            if here:
                yield zone, tuple(here)
    elif members:
        yield (
            "",
            tuple(
                _item(pods, zone, count)
                for pods in members
                for zone, count in sorted((pods.zones or {"": pods.count}).items())
                if count
            ),
        )


def _item(pods: Pods, zone: str, count: int) -> Item:
    cap = count if pods.per_node is None else min(count, pods.per_node)
    return Item(name=pods.name, cpu=pods.cpu_m, memory=pods.memory_mib, count=count, cap=cap, zone=zone, spot=pods.spot)


def _part(problem: Problem, group: str, zone: str, items: tuple[Item, ...]) -> Part:
    unit = Decimal(1) / lcm(*(machine.price.as_integer_ratio()[1] for machine in problem.machines))
    apart = any(item.zone for item in items)
    bins: list[Bin] = []
    for machine in problem.machines:
        offered = sorted(machine.zones & set(problem.zones))
        places = [zone for _ in machine.zones & {zone}] if zone else offered if apart else offered[:1]
        bins += [_bin(machine, place if apart else "", unit) for place in places]
    return Part(group=group, copies=(zone,) if zone else (), items=items, bins=tuple(_useful(bins)), unit=unit)


def _bin(machine: Machine, zone: str, unit: Decimal) -> Bin:
    return Bin(
        machine=machine.name,
        cpu=machine.cpu_m,
        memory=machine.memory_mib,
        pods=machine.pods,
        price=int(machine.price / unit),
        zone=zone,
        spot=machine.spot,
    )


def _useful(bins: Sequence[Bin]) -> Iterator[Bin]:
    """Leave out bins that another one replaces at no higher price; of equals, the first by name stays."""
    for each in bins:
        if each.cpu >= 0 and each.memory >= 0 and each.pods > 0 and not any(_replaces(other, each) for other in bins):
            yield each


def _replaces(other: Bin, each: Bin) -> bool:
    if other.zone != each.zone or (other.spot and not each.spot):
        return False
    ours = (each.price, -each.cpu, -each.memory, -each.pods, each.spot)
    theirs = (other.price, -other.cpu, -other.memory, -other.pods, other.spot)
    no_worse = all(a <= b for a, b in zip(theirs, ours, strict=True))
    return no_worse and (theirs != ours or other.machine < each.machine)


def _unfit(part: Part) -> Iterator[str]:
    for item in part.items:
        if any(each.takes(item) for each in part.bins):
            continue
        open_to = [each for each in part.bins if each.admits(item)]
        place = item.zone or "".join(part.copies)
        where = f" in zone {place}" if place else ""
        kind = "" if item.spot else "on-demand "
        largest = max(open_to, key=lambda each: (each.cpu, each.memory), default=None)
        offer = (
            f"the largest {kind}machine has {largest.cpu}m, {largest.memory} MiB free" if largest else "none is offered"
        )
        yield f"{item.name} ({item.cpu}m, {item.memory} MiB{where}): {offer}"


def assemble(problem: Problem, solved: Iterable[tuple[Part, Sequence[Load]]]) -> tuple[Node, ...]:
    """Put the nodes of all parts together. A node that may stand in several zones goes where the fewest stand."""
    offered = {machine.name: machine.zones for machine in problem.machines}
    nodes: list[Node] = []
    standing = dict.fromkeys(problem.zones, 0)
    for part, loads in solved:
        for index, pods in loads:
            bought = part.bins[index]
            free = min((zone for zone in problem.zones if zone in offered[bought.machine]), key=standing.__getitem__)
            for zone in part.copies or (bought.zone or free,):
                standing[zone] += 1
                held = {part.items[item].name: count for item, count in sorted(pods.items()) if count}
                nodes.append(Node(machine=bought.machine, zone=zone, group=part.group, pods=held))
    return tuple(sorted(nodes, key=lambda node: (node.group, node.zone, node.machine, sorted(node.pods.items()))))
