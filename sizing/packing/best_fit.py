"""Rung 1, best-fit decreasing: largest pods first, each on the node where it leaves the least free.

Size is weighed by what the fluid relaxation says a vCPU and a MiB are worth. Which machine to open next is the open
question of variable-sized bins, so every single type is tried, and the mix that the relaxation would buy; each node is
then exchanged for the cheapest machine that holds its pods, and the cheapest packing is kept.
"""

from collections.abc import Callable

from sizing.packing.fluid import Fluid
from sizing.packing.nodes import Filling, cost, shrink
from sizing.packing.parts import Item, Load, Part

Choose = Callable[[Item, list[Filling]], int]
"""Which bin to open for a pod that fits on no open node."""


def best_fit(part: Part, relaxed: Fluid) -> list[Load]:
    """Pack one part. Never fails: every item of a part fits on some bin."""
    packings = [_pack(part, relaxed.worth, _mix(part, relaxed))]
    packings += [_pack(part, relaxed.worth, _single(part, index)) for index in range(len(part.bins))]
    return min(packings, key=lambda loads: cost(part, loads))


def _single(part: Part, favourite: int) -> Choose:
    def choose(item: Item, _: list[Filling]) -> int:
        if part.bins[favourite].takes(item):
            return favourite
        fitting = (index for index, each in enumerate(part.bins) if each.takes(item))
        return min(fitting, key=lambda index: (part.bins[index].price, index))

    return choose


def _mix(part: Part, relaxed: Fluid) -> Choose:
    def choose(item: Item, nodes: list[Filling]) -> int:
        opened = [0] * len(part.bins)
        for node in nodes:
            opened[node.bin] += 1
        fitting = [index for index, each in enumerate(part.bins) if each.takes(item)]
        return max(fitting, key=lambda index: (relaxed.amounts[index] - opened[index], -part.bins[index].price, -index))

    return choose


def _pack(part: Part, worth: tuple[float, float], choose: Choose) -> list[Load]:
    cpu_worth, memory_worth = worth
    nodes: list[Filling] = []
    sizes = [item.cpu * cpu_worth + item.memory * memory_worth for item in part.items]
    for index in sorted(range(len(part.items)), key=lambda index: (-sizes[index], index)):
        item, left = part.items[index], part.items[index].count
        while left:
            tightest, least = None, 0.0
            for node in nodes:
                if node.cpu < item.cpu or node.memory < item.memory or not node.slots:
                    continue
                free = node.cpu * cpu_worth + node.memory * memory_worth
                if tightest is not None and free >= least:
                    continue
                if node.pods.get(index, 0) < item.cap and part.bins[node.bin].admits(item):
                    tightest, least = node, free
            if tightest is None:
                bought = choose(item, nodes)
                tightest = Filling(bought, part.bins[bought])
                nodes.append(tightest)
            placed = min(left, tightest.room(index, item))
            tightest.put(index, item, placed)
            left -= placed
    return shrink(part, nodes)
