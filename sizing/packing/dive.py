"""Rung 4, diving: from fractions of columns to whole nodes, and then again for a few nodes at a time.

A dive buys the whole parts of the master's answer, or its largest fraction where none is whole, and generates columns
for what is left. One dive from the root ends a few per cent above the bound, because its last nodes take what remains;
emptying a handful of nodes and diving for their pods alone, over and over, brings it close.
"""

import random
from collections.abc import Sequence
from math import floor
from typing import Final

from sizing.packing.columns import Columns
from sizing.packing.nodes import cheapest, cost
from sizing.packing.parts import Load
from sizing.packing.pricing import Grid

SEED: Final = 1961
REPRICED: Final = 2
"""Times that columns are generated for what is left, before more is bought."""
WHOLE: Final = 1 - 1e-6
LEAST_WASTE: Final = 0.02
"""Added to a node's waste, so that full nodes are emptied now and then, too."""


def dive(columns: Columns, needs: Sequence[int], grid: Grid, draw: random.Random | None = None) -> list[Load]:
    """Pack pods on new nodes.

    Args:
        columns: columns so far; more are generated.
        needs: pods to pack, by item.
        grid: steps of the pricing tables.
        draw: buys fractions at random, larger ones rather; without it the largest.
    """
    left, bought, master = list(needs), list[Load](), columns.master
    while any(left):
        for row, need in enumerate(left):
            master.need(row, need)
        _, amounts, prices = master.solve()
        for _ in range(REPRICED):
            if not columns.price(prices, left, grid)[1]:
                break
            _, amounts, prices = master.solve()
        for column, times in _buy(amounts, draw):
            for _ in range(times):
                pods = {item: min(count, left[item]) for item, count in master.columns[column][1].items() if left[item]}
                if not pods:
                    break
                smaller = cheapest(columns.part, pods)
                bought.append((columns.bins[column] if smaller is None else smaller, pods))
                for item, count in pods.items():
                    left[item] -= count
    return bought


def _buy(amounts: Sequence[float], draw: random.Random | None) -> list[tuple[int, int]]:
    whole = [(column, floor(amount + 1 - WHOLE)) for column, amount in enumerate(amounts) if amount >= WHOLE]
    if whole:
        return whole
    if draw is None:
        return [(max(range(len(amounts)), key=lambda column: (amounts[column], -column)), 1)]
    some = [column for column, amount in enumerate(amounts) if amount > 1 - WHOLE]
    return [(draw.choices(some, [amounts[column] ** 2 for column in some])[0], 1)]


def dive_again(columns: Columns, loads: Sequence[Load], times: int, size: int) -> list[Load]:
    """Improve a packing by emptying some nodes and diving for their pods; the result is never dearer.

    Args:
        columns: columns whose relaxation has been solved.
        loads: a packing.
        times: how often.
        size: how many nodes are emptied at once.
    """
    draw = random.Random(SEED)  # noqa: S311 - a search must repeat, not be secret
    part, nodes = columns.part, list(loads)
    lowest = floor(columns.bound)
    for turn in range(times):
        if cost(part, nodes) - part.step < lowest:
            break
        ranks = [-(_waste(columns, node) + LEAST_WASTE) * draw.random() for node in nodes]
        emptied = set(sorted(range(len(nodes)), key=ranks.__getitem__)[:size])
        needs = [0] * len(part.items)
        for node in emptied:
            for item, count in nodes[node][1].items():
                needs[item] += count
        anew = dive(columns, needs, columns.fine, draw if turn % 2 else None)
        if cost(part, anew) <= cost(part, [nodes[node] for node in emptied]):
            nodes = [node for index, node in enumerate(nodes) if index not in emptied] + anew
    return nodes


def _waste(columns: Columns, node: Load) -> float:
    price = columns.part.bins[node[0]].price
    return 1 - sum(columns.worth[item] * count for item, count in node[1].items()) / price
