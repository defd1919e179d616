"""Small covering programs in exact arithmetic: minimise c x with A x >= b, x >= 0, all c >= 0.

The dual simplex method (Lemke 1954) starts from x = 0, which is dual feasible because no cost is negative, and needs no
solver and no tolerance. Bland's rule keeps it from cycling. Meant for tens of rows and columns.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True, kw_only=True)
class Cover:
    """The least cost, the amounts, and what one more unit of each row's requirement would cost."""

    cost: Fraction
    amounts: tuple[Fraction, ...]
    prices: tuple[Fraction, ...]


class NothingCoversError(Exception):
    """A row cannot be met by any amount of any column."""


def cover(costs: Sequence[int], rows: Sequence[Sequence[int]], needs: Sequence[int]) -> Cover:
    """Solve one covering program.

    Args:
        costs: c, none negative.
        rows: A, row by row.
        needs: b.

    Raises:
        NothingCoversError: no x meets all rows.
    """
    width, height = len(costs), len(rows)
    table = [
        [*(Fraction(-a) for a in row), *(Fraction(int(i == j)) for j in range(height)), Fraction(-need)]
        for i, (row, need) in enumerate(zip(rows, needs, strict=True))
    ]
    reduced = [*(Fraction(cost) for cost in costs), *(Fraction(0) for _ in range(height + 1))]
    basis = list(range(width, width + height))
    while True:
        short = [(basis[i], i) for i in range(height) if table[i][-1] < 0]
        if not short:
            break
        leave = min(short)[1]
        row = table[leave]
        ratios = [(reduced[j] / -row[j], j) for j in range(width + height) if row[j] < 0]
        if not ratios:
            raise NothingCoversError
        enter = min(ratios)[1]
        _pivot(table, reduced, leave, enter)
        basis[leave] = enter
    amounts = [Fraction(0)] * width
    for i, column in enumerate(basis):
        if column < width:
            amounts[column] = table[i][-1]
    return Cover(cost=-reduced[-1], amounts=tuple(amounts), prices=tuple(reduced[width:-1]))


def _pivot(table: list[list[Fraction]], reduced: list[Fraction], leave: int, enter: int) -> None:
    pivot = table[leave][enter]
    row = table[leave] = [value / pivot for value in table[leave]]
    for other in (*(line for i, line in enumerate(table) if i != leave), reduced):
        factor = other[enter]
        if factor:
            other[:] = [value - factor * by if by else value for value, by in zip(other, row, strict=True)]
