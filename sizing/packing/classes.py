"""Merges services with equal pods into classes, and gives the pods of a packed class back to their services.

Merging forgets whose pod is whose, so per-node caps of single services become one cap of their class: a relaxation,
whose bounds hold for the services too. The way back is a transport problem, solved exactly by augmenting paths; what
a class's packing cannot hold within its services' caps is placed afterwards by best fit.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sizing.packing.best_fit import place
from sizing.packing.fluid import Fluid
from sizing.packing.nodes import Filling, shrink
from sizing.packing.parts import Item, Load, Part


@dataclass(frozen=True, kw_only=True)
class Classes:
    """A part whose items are classes, and the part's own items behind each."""

    part: Part
    merged: Part
    members: tuple[tuple[int, ...], ...]

    def back(self, loads: Sequence[Load], relaxed: Fluid) -> list[Load]:
        """Turn a packing of classes, which may hold more pods than there are, into one of the part's own items."""
        nodes = [Filling(index, self.part.bins[index]) for index, _ in loads]
        left = [item.count for item in self.part.items]
        for kind, members in enumerate(self.members):
            slots = {node: pods[kind] for node, (_, pods) in enumerate(loads) if pods.get(kind)}
            for (member, node), count in _attribute(self.part.items, members, slots).items():
                nodes[node].put(member, self.part.items[member], count)
                left[member] -= count
        place(self.part, nodes, left, relaxed.worth)
        return shrink(self.part, nodes)


def classes(part: Part, *, exactly: bool) -> Classes:
    """Merge the items of a part that are equal but for name and count.

    Args:
        part: the part.
        exactly: merge only items without caps, for which nothing is lost.
    """
    alike: dict[object, list[int]] = {}
    for index, item in enumerate(part.items):
        key = (item.cpu, item.memory, item.zone, item.spot)
        alike.setdefault((*key, index) if exactly and item.cap < item.count else key, []).append(index)
    items = tuple(
        replace(
            part.items[members[0]],
            count=sum(part.items[member].count for member in members),
            cap=sum(part.items[member].cap for member in members),
        )
        for members in alike.values()
    )
    merged = Part(group=part.group, copies=part.copies, items=items, bins=part.bins, unit=part.unit)
    return Classes(part=part, merged=merged, members=tuple(tuple(members) for members in alike.values()))


def _attribute(items: Sequence[Item], members: Sequence[int], slots: dict[int, int]) -> dict[tuple[int, int], int]:
    """Send each member's pods to nodes, at most its cap to one: a maximum flow by augmenting paths.

    Members with most pods for their cap go first, each to the fullest nodes, which leaves little to augment.
    """
    flow: dict[tuple[int, int], int] = {}
    free = dict(slots)
    for member in sorted(members, key=lambda member: (-items[member].count / items[member].cap, member)):
        left = items[member].count
        for node in sorted(free, key=lambda node: (-free[node], node)):
            sent = min(left, items[member].cap, free[node])
            if sent:
                flow[member, node] = sent
                free[node] -= sent
                left -= sent
        while left and _augment(items, members, flow, free, member):
            left -= 1
    return flow


def _augment(
    items: Sequence[Item], members: Sequence[int], flow: dict[tuple[int, int], int], free: dict[int, int], start: int
) -> bool:
    """Place one more pod of `start`, moving others' pods along a path if need be."""
    came: dict[int, tuple[int, int]] = {}
    queue, reached = [start], {start}
    for member in queue:
        for node, open_ in free.items():
            if node in came or flow.get((member, node), 0) >= items[member].cap:
                continue
            came[node] = (member, -1)
            if open_:
                _push(flow, came, node, start)
                free[node] = open_ - 1
                return True
            for other in members:
                if other not in reached and flow.get((other, node), 0):
                    reached.add(other)
                    queue.append(other)
                    came[-1 - other] = (other, node)
    return False


def _push(flow: dict[tuple[int, int], int], came: dict[int, tuple[int, int]], node: int, start: int) -> None:
    while True:
        member = came[node][0]
        flow[member, node] = flow.get((member, node), 0) + 1
        if member == start:
            return
        node = came[-1 - member][1]
        flow[member, node] -= 1
        if not flow[member, node]:
            del flow[member, node]
