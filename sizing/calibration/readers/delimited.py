"""Comma-separated files, streamed row by row, with numbers that are checked."""

import csv
import io
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from sizing.calibration.model import Progress, UnreadableError

ROWS_PER_REPORT: Final = 50_000
LONGEST_FIELD: Final = 16 * 1024 * 1024
"""JMeter writes whole failure messages into one field."""


def fields(line: str) -> list[str]:
    """The fields of one line."""
    return [field for row in csv.reader([line]) for field in row]


def rows(path: Path, progress: Progress) -> Iterator[list[str]]:
    """Every row of a file, the heading first, in bounded memory.

    Bytes that are not UTF-8 become replacement characters: labels may hold anything, numbers may not.
    """
    csv.field_size_limit(LONGEST_FIELD)
    with path.open("rb") as raw, io.TextIOWrapper(raw, "utf-8-sig", errors="replace", newline="") as text:
        reader = csv.reader(text)
        try:
            for number, row in enumerate(reader):
                if number % ROWS_PER_REPORT == 0:
                    progress(raw.tell())
                yield row
        except csv.Error as error:
            raise UnreadableError(f"line {reader.line_num} is no CSV: {error}", "export the file again") from error
        progress(raw.tell())


def table(path: Path, progress: Progress) -> Iterator[tuple[int, Mapping[str, str]]]:
    """Every row below the heading as a mapping, with its number in the file (the heading is row 1)."""
    source = rows(path, progress)
    heading = next(source)
    for number, row in enumerate(source, start=2):
        if row:
            yield number, dict(zip(heading, row, strict=False))


def column(heading: Sequence[str], name: str) -> int | None:
    """Place of a column, or None."""
    return heading.index(name) if name in heading else None


def number(text: str | None, row: int, name: str) -> float:
    """A number of at least 0.

    Raises:
        UnreadableError: anything else, with the row and the column.
    """
    try:
        value = float(text or "")
    except ValueError:
        value = math.nan
    if not math.isfinite(value) or value < 0:
        raise UnreadableError(
            f"row {row}: {name} is {(text or 'absent')[:40]!r}, no number of at least 0", "export the file again"
        )
    return value
