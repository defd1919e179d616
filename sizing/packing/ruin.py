"""Rung 2, ruin and recreate: empty a few nodes, pack their pods anew in a random order, keep what is not dearer.

Pure Python, seeded, a fixed number of steps (after Schrimpf et al. 2000). Nodes that hold little for their price are
emptied more often. A node is refilled first-fit in an order of decreasing size, where what counts as size (the weight
of CPU against memory, and some noise) is drawn anew each time; the machine that then holds most for its price is taken.
Steps that cost nothing are accepted, so slack wanders between nodes until it adds up to a saving.
"""

import random
from collections.abc import Sequence
from typing import Final

from sizing.packing.fluid import Fluid
from sizing.packing.nodes import cheapest
from sizing.packing.parts import Item, Load, Part

SEED: Final = 20061
MOST_EMPTIED: Final = 4
NOISE: Final = 0.35
RIVALS: Final = 2
"""Nodes drawn for each that is emptied; the one that holds least for its price is taken."""
TRIALS: Final = 5
"""Bins tried for each node that is refilled."""


def ruin_and_recreate(part: Part, loads: Sequence[Load], relaxed: Fluid, steps: int) -> list[Load]:
    """Improve a packing; the result is never dearer.

    Args:
        part: the part.
        loads: a packing of it.
        relaxed: its fluid relaxation.
        steps: how often nodes are emptied.
    """
    draw = random.Random(SEED)  # noqa: S311 - a search must repeat, not be secret
    values = relaxed.values
    useful = _useful(part, relaxed)
    nodes = list(loads)
    waste = [_waste(part, node, values) for node in nodes]
    for _ in range(steps if len(nodes) > 1 else 0):
        count = min(len(nodes), draw.randint(2, MOST_EMPTIED))
        emptied = {max(draw.choices(range(len(nodes)), k=RIVALS), key=waste.__getitem__) for _ in range(count)}
        left: dict[int, int] = {}
        spent = 0
        for node in emptied:
            spent += part.bins[nodes[node][0]].price
            for index, pods in nodes[node][1].items():
                left[index] = left.get(index, 0) + pods
        anew = _refill(part, left, spent, values=values, useful=useful, draw=draw)
        if anew is not None:
            for node in sorted(emptied, reverse=True):
                nodes[node], waste[node] = nodes[-1], waste[-1]
                del nodes[-1], waste[-1]
            nodes += anew
            waste += [_waste(part, node, values) for node in anew]
    return nodes


def _useful(part: Part, relaxed: Fluid) -> list[int]:
    """Bins that are worth most of their price when full; all of them where that leaves too few."""
    worth = relaxed.worth
    full = [(each.cpu * worth[0] + each.memory * worth[1]) / each.price for each in part.bins]
    best = max(full)
    return (
        [index for index, share in enumerate(full) if share >= best * 0.8] if part.uniform else list(range(len(full)))
    )


def _waste(part: Part, node: Load, values: Sequence[float]) -> float:
    index, pods = node
    price = part.bins[index].price
    return 1 - sum(values[item] * count for item, count in pods.items()) / price


def _refill(
    part: Part, left: dict[int, int], spent: int, *, values: Sequence[float], useful: Sequence[int], draw: random.Random
) -> list[Load] | None:
    """Pack pods on new nodes for at most what was spent; None where that fails."""
    items, anew = part.items, list[Load]()
    tilt = draw.uniform(0.5, 2)
    size = {index: values[index] + tilt * items[index].cpu for index in left}
    while left:
        whole = cheapest(part, left) if all(count <= items[index].cap for index, count in left.items()) else None
        if whole is not None:
            spent -= part.bins[whole].price
            return [*anew, (whole, left)] if spent >= 0 else None
        order = sorted(left, key=lambda index: -size[index] * draw.uniform(1 - NOISE, 1 + NOISE))
        best, pods, most = -1, dict[int, int](), 0.0
        for bought in draw.choices(useful, k=TRIALS):
            if part.bins[bought].price > spent:
                continue
            held = _first_fit(part, bought, order, left)
            share = sum(values[index] * count for index, count in held.items()) / part.bins[bought].price
            if share > most:
                best, pods, most = bought, held, share
        if not pods:
            return None
        smaller = cheapest(part, pods)
        best = best if smaller is None else smaller
        spent -= part.bins[best].price
        anew.append((best, pods))
        left = {index: count - pods.get(index, 0) for index, count in left.items() if count > pods.get(index, 0)}
        if sum(values[index] * count for index, count in left.items()) > spent:
            return None  # the rest costs at least what it is worth
    return anew


def _first_fit(part: Part, bought: int, order: Sequence[int], left: dict[int, int]) -> dict[int, int]:
    machine = part.bins[bought]
    cpu, memory, slots = machine.cpu, machine.memory, machine.pods
    pods: dict[int, int] = {}
    for index in order:
        item: Item = part.items[index]
        if item.cpu > cpu or item.memory > memory or not slots:
            continue
        count = min(left[index], item.cap, slots)
        if item.cpu:
            count = min(count, cpu // item.cpu)
        if item.memory:
            count = min(count, memory // item.memory)
        if part.uniform or machine.admits(item):
            pods[index] = count
            cpu -= item.cpu * count
            memory -= item.memory * count
            slots -= count
    return pods
