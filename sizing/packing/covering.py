"""Small linear programs: minimise c x with A x >= b, x >= 0, all c >= 0, without a solver.

The dual simplex method (Lemke 1954) starts from x = 0, which is dual feasible because no cost is negative. Bland's rule
keeps it from cycling. Meant for tens of rows; plain floating point, so who needs a proof checks the prices exactly.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

TINY: Final = 1e-9
MOST_PIVOTS: Final = 5_000
"""Rounding could make Bland's rule run on; prices after any pivot are as usable as the last ones."""


@dataclass(frozen=True, kw_only=True)
class Cover:
    """The amounts, and what one more unit of each row's requirement would cost."""

    amounts: tuple[float, ...]
    prices: tuple[float, ...]


def cover(costs: Sequence[float], rows: Sequence[Sequence[float]], needs: Sequence[float]) -> Cover:
    """Solve one program. Rows that nothing can meet are met as far as possible.

    Args:
        costs: c, none negative.
        rows: A, row by row.
        needs: b.
    """
    width, height = len(costs), len(rows)
    table = [
        [*(-float(a) for a in row), *(float(i == j) for j in range(height)), -float(need)]
        for i, (row, need) in enumerate(zip(rows, needs, strict=True))
    ]
    reduced = [*(float(cost) for cost in costs), *(0.0 for _ in range(height + 1))]
    basis = list(range(width, width + height))
    for _ in range(MOST_PIVOTS):
        short = [(basis[i], i) for i in range(height) if table[i][-1] < -TINY]
        if not short:
            break
        leave = min(short)[1]
        row = table[leave]
        ratios = [(reduced[j] / -row[j], j) for j in range(width + height) if row[j] < -TINY]
        if not ratios:
            break
        enter = min(ratios)[1]
        _pivot(table, reduced, leave, enter)
        basis[leave] = enter
    amounts = [0.0] * width
    for i, column in enumerate(basis):
        if column < width:
            amounts[column] = table[i][-1]
    return Cover(amounts=tuple(amounts), prices=tuple(max(0.0, price) for price in reduced[width:-1]))


def _pivot(table: list[list[float]], reduced: list[float], leave: int, enter: int) -> None:
    pivot = table[leave][enter]
    row = table[leave] = [value / pivot for value in table[leave]]
    for other in (*(line for i, line in enumerate(table) if i != leave), reduced):
        factor = other[enter]
        if factor:
            other[:] = [value - factor * by for value, by in zip(other, row, strict=True)]
