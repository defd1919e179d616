"""Cost against daily users: a stair, because machines come whole."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from sizing.explain.words import money
from sizing.report.cells import Cell, Row, Table, columns, row

SIDE = 1000
"""Length of both sides of the drawing; the page stretches it and writes the labels beside it."""
LINES = 4
"""Steps that the cost axis is cut into, about."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """From `users` daily users on the machines cost `month` USD; None where no plan holds."""

    users: int
    month: Decimal | None
    what: str


@dataclass(frozen=True, kw_only=True)
class Mark:
    """One label of an axis, and where it stands."""

    at: str
    percent: str
    label: str


@dataclass(frozen=True, kw_only=True)
class Now:
    """Where the plan itself stands."""

    x: str
    percent: str
    top: str
    label: str
    left: bool


@dataclass(frozen=True, kw_only=True)
class Chart:
    """The drawing in units of `SIDE`, and the labels in percent."""

    caption: str
    path: str
    rows: tuple[Mark, ...]
    columns: tuple[Mark, ...]
    now: Now


def chart(steps: Sequence[Step], users: int, month: Decimal) -> Chart:
    """Draw the stair on a logarithmic axis of users.

    Args:
        steps: at least one, users ascending.
        users: the planned daily users.
        month: the planned cost.
    """
    low, high = steps[0].users, max(steps[-1].users, users, steps[0].users + 1)
    top = _top(max([month, *(step.month for step in steps if step.month is not None)]))

    def across(count: int) -> float:
        return math.log(max(count, low) / low) / math.log(high / low) * SIDE

    def down(amount: Decimal) -> float:
        return float(1 - amount / top) * SIDE

    points: list[str] = []
    before: Decimal | None = None
    for step in steps:
        x = _number(across(step.users))
        if step.month is not None:
            points.append(
                f"{'M' if before is None else 'H'}{x}{f' {_number(down(step.month))}' if before is None else ''}"
            )
            if before is not None:
                points.append(f"V{_number(down(step.month))}")
        elif before is not None:
            points.append(f"H{x}")
        before = step.month
    if before is not None:
        points.append(f"H{SIDE}")
    place = across(users)
    return Chart(
        caption=f"USD a month for machines, from {low:,} to {high:,} daily users (logarithmic). The dashed line is the"
        " plan.",
        path=" ".join(points),
        rows=tuple(
            Mark(at=_number(down(amount)), percent=_number(down(amount) / 10), label=f"{amount:,.0f}")
            for amount in (top * index / LINES for index in range(LINES + 1))
        ),
        columns=tuple(
            Mark(at=_number(across(count)), percent=_number(across(count) / 10), label=_short(count))
            for count in _decades(low, high)
        ),
        now=Now(
            x=_number(place),
            percent=_number(place / 10),
            top=_number(down(month) / 10),
            label=f"{money(month)} USD",
            left=place > SIDE / 2,
        ),
    )


def _top(highest: Decimal) -> Decimal:
    """The next round amount, so that the lines of the axis are round as well."""
    scale = Decimal(10) ** (len(str(int(highest))) - 1)
    return next(scale * factor for factor in (1, 2, 4, 8, 10) if scale * factor >= highest)


def _decades(low: int, high: int) -> Iterator[int]:
    scale = 10 ** (len(str(low)) - 1)
    while scale <= high:
        if scale >= low:
            yield scale
        scale *= 10


def _short(count: int) -> str:
    for size, unit in ((10**9, "G"), (10**6, "M"), (10**3, "k")):
        if count >= size:
            return f"{count / size:g}{unit}"
    return str(count)


def _number(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")


def steps_table(steps: Sequence[Step]) -> Table:
    """Where the cost changes, and to what."""
    return Table(columns=columns("#from daily users", "#USD/month", "machines"), rows=tuple(map(_row, steps)))


def _row(step: Step) -> Row:
    cost = Cell(text="no plan holds", tone="bad") if step.month is None else Cell(text=money(step.month))
    return row(f"{step.users:,}", cost, step.what)
