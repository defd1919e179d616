"""Reads `docs/requirements.csv` and the hand-kept notes beside it."""

import csv
import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from operations.rows.requirement import TIER_OF_LETTER, Row, RowsError, parse_check

ROWS_FILE = Path("docs/requirements.csv")
NOTES_FILE = Path("docs/requirements-notes.csv")
COLUMNS = ("id", "capability", "source", "offline_check", "live_check")
NOTE_COLUMNS = ("id", "note")

_ROW_ID = re.compile(r"S[0-9]-[0-9]{2}")


def _records(path: Path, columns: tuple[str, ...], problems: list[str]) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        lines = list(csv.reader(file))
    header, body = (tuple(lines[0]), lines[1:]) if lines else ((), [])
    if header != columns:
        problems.append(f"{path.name}: header {','.join(header)!r}: must be {','.join(columns)!r}")
        return []
    for number, cells in enumerate(body, start=2):
        if len(cells) != len(columns):
            problems.append(f"{path.name}: record {number}: {len(cells)} cells; must be {len(columns)}")
    records = [dict(zip(columns, cells, strict=True)) for cells in body if len(cells) == len(columns)]
    for row_id, count in Counter(record["id"] for record in records).items():
        if count > 1:
            problems.append(f"{path.name}: {row_id}: appears {count} times; keep one")
    return records


def load_rows(root: Path) -> dict[str, Row]:
    """Read the rows and their notes.

    Args:
        root: the repository.

    Returns:
        The rows by id, in the order of the file.

    Raises:
        RowsError: an id, a reference, a letter or a note is wrong; every problem is named.
    """
    problems: list[str] = []
    records = _records(root / ROWS_FILE, COLUMNS, problems)
    notes_path = root / NOTES_FILE
    note_records = _records(notes_path, NOTE_COLUMNS, problems) if notes_path.exists() else []
    notes = {record["id"]: record["note"] for record in note_records}
    rows = {record["id"]: Row(**record, note=notes.get(record["id"], "")) for record in records}
    for row in rows.values():
        if not _ROW_ID.fullmatch(row.id):
            problems.append(f"{ROWS_FILE.name}: {row.id!r}: not a row id such as S0-01")
        needs = parse_check(row.offline_check)
        if not needs and not row.only_aws:
            problems.append(
                f"{ROWS_FILE.name}: {row.id}: {row.offline_check!r} names no letter of "
                f"{'/'.join(TIER_OF_LETTER)}; write '-' if only AWS can show the row"
            )
        problems += [
            f"{ROWS_FILE.name}: {row.id}: refers to {other}, which is {why}"
            for other in dict.fromkeys(other for need in needs for other in need.like)
            if (why := _bad_reference(other, rows))
        ]
    problems += [f"{NOTES_FILE.name}: {row_id!r}: no such row" for row_id in notes if row_id not in rows]
    problems += [f"{NOTES_FILE.name}: {row_id}: empty note" for row_id, note in notes.items() if not note]
    if problems:
        raise RowsError(problems)
    return rows


def _bad_reference(other: str, rows: Mapping[str, Row]) -> str:
    if other not in rows:
        return "not a row"
    if any(need.like for need in parse_check(rows[other].offline_check)):
        return "itself a reference; refer to the row that says what to check"
    return ""
