"""Tables of the page as plain data, and how figures are written in them."""

from dataclasses import dataclass
from decimal import Decimal

from sizing.explain.words import Tone
from sizing.model import Span

UNKNOWN = "-"


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One field of a table.

    Attributes:
        text: what stands there.
        figure: name of the plan's figure that it repeats; tests compare the two.
        tone: how it is coloured.
    """

    text: str
    figure: str = ""
    tone: Tone = ""


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column: its heading, and whether figures stand in it."""

    name: str
    number: bool = False


@dataclass(frozen=True, kw_only=True)
class Row:
    """One row; `total` is set apart."""

    cells: tuple[Cell, ...]
    total: bool = False


@dataclass(frozen=True, kw_only=True)
class Table:
    """Columns and rows."""

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]


def columns(*names: str) -> tuple[Column, ...]:
    """Columns by name; a leading `#` marks those of figures."""
    return tuple(Column(name=name.lstrip("#"), number=name.startswith("#")) for name in names)


def row(*cells: Cell | str, total: bool = False) -> Row:
    """A row of cells and plain texts."""
    return Row(cells=tuple(Cell(text=cell) if isinstance(cell, str) else cell for cell in cells), total=total)


def span(value: Span | None) -> str:
    """Low to high, or one figure where they are equal."""
    if value is None:
        return UNKNOWN
    low, high = (plain(end) for end in (value.low, value.high))
    return low if low == high else f"{low} to {high}"


def plain(value: Decimal) -> str:
    """A figure with thousands separators and without needless decimals."""
    return f"{value.quantize(Decimal(1)) if value == value.to_integral_value() else value:,}"
