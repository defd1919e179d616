"""Rung 1, best-fit decreasing: largest pods first, each on the node where it leaves the least free.

Size is weighed by what the fluid relaxation says a vCPU and a MiB are worth. Which machine to open next is the open
question of variable-sized bins, so every single type is tried, and the mix that the relaxation would buy; each node is
then exchanged for the cheapest machine that holds its pods, and the cheapest packing is kept.
"""

from collections.abc import Callable

from sizing.packing.fluid import Fluid
from sizing.packing.nodes import Filling, cost, shrink, tightest
from sizing.packing.parts import Item, Load, Part

Choose = Callable[[Item, list[Filling]], int]
"""Which bin to open for a pod that fits on no open node."""


def best_fit(part: Part, relaxed: Fluid) -> list[Load]:
    """Pack one part. Never fails: every item of a part fits on some bin."""
    choices = [_mix(part, relaxed), *(_single(part, index) for index in range(len(part.bins)))]
    packings: list[list[Load]] = []
    for choose in choices:
        nodes: list[Filling] = []
        place(part, nodes, [item.count for item in part.items], relaxed.worth, choose)
        packings.append(shrink(part, nodes))
    return min(packings, key=lambda loads: cost(part, loads))


def place(
    part: Part, nodes: list[Filling], left: list[int], worth: tuple[float, float], choose: Choose | None = None
) -> None:
    """Put pods on nodes in place, opening new ones where they do not fit.

    Args:
        part: the part.
        nodes: open nodes; new ones are appended.
        left: pods to place, by item; all 0 afterwards.
        worth: of one thousandth of a vCPU and of one MiB.
        choose: which bin to open; the cheapest that takes the pod if not given.
    """
    choose = choose or _single(part, part.by_price[0])
    sizes = [item.cpu * worth[0] + item.memory * worth[1] for item in part.items]
    for index in sorted(range(len(left)), key=lambda index: (-sizes[index], index)):
        item = part.items[index]
        while left[index]:
            node = tightest(part, nodes, index, worth)
            if node is None:
                bought = choose(item, nodes)
                node = Filling(bought, part.bins[bought])
                nodes.append(node)
            placed = min(left[index], node.room(index, item))
            node.put(index, item, placed)
            left[index] -= placed


def _single(part: Part, favourite: int) -> Choose:
    def choose(item: Item, _: list[Filling]) -> int:
        if part.bins[favourite].takes(item):
            return favourite
        return next(index for index in part.by_price if part.bins[index].takes(item))

    return choose


def _mix(part: Part, relaxed: Fluid) -> Choose:
    def choose(item: Item, nodes: list[Filling]) -> int:
        opened = [0] * len(part.bins)
        for node in nodes:
            opened[node.bin] += 1
        fitting = [index for index in part.by_price if part.bins[index].takes(item)]
        return max(fitting, key=lambda index: (relaxed.amounts[index] - opened[index], -part.bins[index].price))

    return choose
