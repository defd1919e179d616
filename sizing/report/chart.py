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
"""Parts that a linear cost axis is cut into."""
MOST_LINES = 8
"""Lines of a logarithmic one; where 1, 2, 5 would give more, only powers of ten stay."""
WIDE = 8
"""Highest over lowest cost from which on the axis is logarithmic."""


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


@dataclass(frozen=True, kw_only=True)
class _Axis:
    """Cost from bottom to top; logarithmic when it spans more than `WIDE` times its least."""

    bottom: Decimal
    top: Decimal

    @property
    def logarithmic(self) -> bool:
        return self.bottom > 0

    def down(self, amount: Decimal) -> float:
        """Distance from the top of the drawing."""
        if self.logarithmic:
            return (1 - math.log(amount / self.bottom) / math.log(self.top / self.bottom)) * SIDE
        return float(1 - amount / self.top) * SIDE

    def marks(self) -> list[Decimal]:
        """Round amounts for the axis's lines."""
        if not self.logarithmic:
            return [self.top * index / LINES for index in range(LINES + 1)]
        rounds = [amount for amount in _rounds() if self.bottom <= amount <= self.top]
        return rounds if len(rounds) <= MOST_LINES else [self.bottom, *(each for each in rounds if _decade(each))]


def _rounds() -> Iterator[Decimal]:
    return (Decimal(factor).scaleb(power) for power in range(13) for factor in (1, 2, 5))


def _decade(amount: Decimal) -> bool:
    return str(amount.normalize()).startswith("1")


def _axis(amounts: Sequence[Decimal]) -> _Axis:
    lowest, highest = min(amounts), max(amounts)
    if highest > WIDE * lowest:
        return _Axis(
            bottom=max(amount for amount in _rounds() if amount <= max(lowest, Decimal(1))),
            top=min(amount for amount in _rounds() if amount >= highest),
        )
    scale = Decimal(10) ** (len(str(int(highest))) - 1)
    return _Axis(
        bottom=Decimal(0), top=next(scale * factor for factor in (1, 2, 4, 8, 10) if scale * factor >= highest)
    )


def chart(steps: Sequence[Step], users: int, month: Decimal) -> Chart:
    """Draw the stair on a logarithmic axis of users.

    Args:
        steps: at least one, users ascending.
        users: the planned daily users.
        month: the planned cost.
    """
    low, high = steps[0].users, max(steps[-1].users, users, steps[0].users + 1)
    axis = _axis([month, *(step.month for step in steps if step.month is not None)])

    def across(count: int) -> float:
        return math.log(max(count, low) / low) / math.log(high / low) * SIDE

    points: list[str] = []
    before: Decimal | None = None
    for step in steps:
        x = _number(across(step.users))
        if step.month is None:
            points += [f"H{x}"] if before is not None else []
        elif before is None:
            points.append(f"M{x} {_number(axis.down(step.month))}")
        else:
            points += [f"H{x}", f"V{_number(axis.down(step.month))}"]
        before = step.month
    if before is not None:
        points.append(f"H{SIDE}")
    place = across(users)
    both = "both axes are logarithmic" if axis.logarithmic else "users on a logarithmic axis"
    return Chart(
        caption=f"USD a month for the cheapest shared machines, control planes with them, from {low:,} to {high:,}"
        f" daily users ({both}). The point on the dashed line is this plan: machines as given, or"
        " packed with room for surge pods, Jobs and a scheduler that places pods one by one.",
        path=" ".join(points),
        rows=tuple(
            Mark(at=_number(axis.down(amount)), percent=_number(axis.down(amount) / 10), label=f"{amount:,.0f}")
            for amount in axis.marks()
        ),
        columns=tuple(
            Mark(at=_number(across(count)), percent=_number(across(count) / 10), label=_short(count))
            for count in _decades(low, high)
        ),
        now=Now(
            x=_number(place),
            percent=_number(place / 10),
            top=_number(axis.down(month) / 10),
            label=f"this plan {money(month)} USD",
            left=place > SIDE / 2,
        ),
    )


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
    return Table(columns=columns("from daily users", "#USD/month", "machines"), rows=tuple(map(_row, steps)))


def _row(step: Step) -> Row:
    cost = Cell(text="no plan holds", tone="bad") if step.month is None else Cell(text=money(step.month))
    return row(f"{step.users:,}", cost, step.what)
