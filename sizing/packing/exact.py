"""Rung 5: a direct MIP over every column that could still be part of a cheaper packing.

Under row prices that no column exceeds, a packing costs at least the bound plus all that its columns' prices exceed
their worth. So a column that alone wastes more than lies between bound and cost is in no cheaper packing. The others
are listed completely (the knapsack table of the items still to come bounds what a partial column can become), and where
they are few enough, the MIP over them decides: its optimum is the part's optimum.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sizing.packing.columns import ROUNDING, Columns
from sizing.packing.master import Master
from sizing.packing.nodes import cheapest, cost
from sizing.packing.parts import Load
from sizing.packing.pricing import Pattern, Table

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MOST_ITEMS: Final = 24
"""One table per item is kept in memory at a time: 2.4 MB each on the finest grid."""
SMALL: Final = 60_000
"""Columns times branch-and-bound nodes that take no more than a second or so, and are always granted."""
MOST_PARTIAL: Final = 400_000
"""Partial columns at one time."""


@dataclass(frozen=True, kw_only=True)
class Proof:
    """The best packing known after the rung, and the bound it proved."""

    loads: list[Load]
    bound: float


def exact(columns: Columns, loads: Sequence[Load], *, most: int, nodes: int) -> Proof:
    """Prove a packing cheapest, or find one that is.

    Args:
        columns: columns whose relaxation has been solved.
        loads: the best packing so far.
        most: columns that are at most handed to the MIP; with more, nothing is done.
        nodes: most branch-and-bound nodes where columns are many.
    """
    part = columns.part
    unproved = Proof(loads=list(loads), bound=columns.bound)
    if len(part.items) > MOST_ITEMS:
        return unproved
    gap = cost(part, loads) - part.step - columns.bound
    found: list[Pattern] = []
    for table in columns.tables:
        tables = table.completions(columns.worth, columns.needs, columns.fine)
        for index in table.bins:
            price = part.bins[index].price
            listed = _list(columns, index, table, tables, price * (1 - ROUNDING) - gap)
            if listed is None or len(found) + len(listed) > most:
                return unproved
            found += listed
    patterns: list[Load] = [*loads, *found]
    whole = Master(columns.needs)
    whole.add([(part.bins[index].price, pods) for index, pods in patterns])
    answer = whole.solve_whole(
        dict.fromkeys(range(len(loads)), 1), nodes=max(nodes, SMALL // len(patterns)), step=part.step
    )
    better = [pattern for pattern, amount in zip(patterns, answer.amounts, strict=True) for _ in range(amount)]
    best = better if cost(part, better) < cost(part, loads) else list(loads)
    # A packing without the columns left out cannot be cheaper than the one that we have.
    return Proof(loads=best, bound=min(answer.bound, cost(part, best)))


def _list(
    columns: Columns, index: int, table: Table, tables: "Sequence[NDArray[np.float32]]", least: float
) -> list[Pattern] | None:
    """List the patterns of one bin worth at least so much that no pod can be added to, nor a cheaper bin be taken."""
    import numpy as np  # noqa: PLC0415 - comes with the solver

    part, grid, bought = columns.part, columns.fine, columns.part.bins[index]
    counts = np.zeros((1, 0), dtype=np.int16)
    cpu, memory, slots = np.array([bought.cpu]), np.array([bought.memory]), np.array([bought.pods])
    worth = np.zeros(1)
    for place, item in enumerate(table.items):
        kind, after = part.items[item], tables[place + 1]
        pieces: list[NDArray[np.int64]] = []
        worths: list[NDArray[np.float64]] = []
        for pods in range(min(kind.cap, kind.count) + 1):
            free_cpu, free_memory, free_slots = cpu - kind.cpu * pods, memory - kind.memory * pods, slots - pods
            fits = (free_cpu >= 0) & (free_memory >= 0) & (free_slots >= 0)
            if not fits.any():
                break
            c, m, held = free_cpu[fits], free_memory[fits], worth[fits] + columns.worth[item] * pods
            good = held + after[c // grid.cpu, m // grid.memory] >= least
            rows = np.flatnonzero(fits)[good]
            pieces.append(np.stack([rows, c[good], m[good], free_slots[fits][good], np.full(len(rows), pods)]))
            worths.append(held[good])
        partial = sum(len(held) for held in worths)
        if not partial:
            return []
        if partial > MOST_PARTIAL:
            return None
        rows, cpu, memory, slots, placed = np.concatenate(pieces, axis=1)
        worth = np.concatenate(worths)
        counts = np.column_stack([counts[rows], placed.astype(np.int16)])
    full = np.ones(len(counts), dtype=bool)
    for place, item in enumerate(table.items):
        kind = part.items[item]
        full &= (
            (counts[:, place] >= min(kind.cap, kind.count)) | (cpu < kind.cpu) | (memory < kind.memory) | (slots < 1)
        )
    listed = [(index, {table.items[place]: int(row[place]) for place in np.flatnonzero(row)}) for row in counts[full]]
    return [pattern for pattern in listed if pattern[1] and cheapest(part, pattern[1]) == index]
