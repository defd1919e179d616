"""Locust: `X_stats_history.csv` (about one row a second) or `X_stats.csv` (the whole run).

Only rows named `Aggregated` are read. In the history `Total Request Count` and `Total Average Response Time` (ms) count
from the start of the test; the rates of an interval are their differences. `X_stats.csv` does not say how many users
ran.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final

from sizing.calibration.model import Content, Progress, Sample, UnreadableError
from sizing.calibration.readers.delimited import number, table

HISTORY_COLUMNS: Final = frozenset({"Timestamp", "User Count", "Name", "Total Request Count"})
TOTAL_COLUMNS: Final = frozenset({"Name", "Request Count", "Failure Count", "Average Response Time", "Requests/s"})
AGGREGATED: Final = "Aggregated"
_CONTENT: Final = "Average Content Size"


@dataclass(frozen=True, kw_only=True)
class _Total:
    time: float
    users: float
    requests: float
    failures: float
    response_ms: float
    size: float


def read_history(path: Path, progress: Progress) -> Content:
    """Read the intervals between the history's rows.

    Raises:
        UnreadableError: a figure is no number, or there are not two rows.
    """
    totals = list(_totals(path, progress))
    pairs = pairwise(totals)
    samples = tuple(_between(before, after) for before, after in pairs if after.time > before.time)
    if not samples:
        raise UnreadableError(f"holds no two rows named {AGGREGATED}", "run the test longer")
    return Content(tool="Locust", samples=samples, peak_rps=max(sample.rps for sample in samples))


def _totals(path: Path, progress: Progress) -> Iterator[_Total]:
    for place, row in table(path, progress):
        if row.get("Name") == AGGREGATED:
            yield _Total(
                time=number(row["Timestamp"], place, "Timestamp"),
                users=number(row["User Count"], place, "User Count"),
                requests=number(row["Total Request Count"], place, "Total Request Count"),
                failures=number(row.get("Total Failure Count"), place, "Total Failure Count"),
                response_ms=number(row.get("Total Average Response Time"), place, "Total Average Response Time"),
                size=number(row.get(f"Total {_CONTENT}"), place, f"Total {_CONTENT}"),
            )


def _between(before: _Total, after: _Total) -> Sample:
    if after.requests < before.requests:  # --reset-stats starts the totals again once all users run
        before = _Total(time=before.time, users=after.users, requests=0, failures=0, response_ms=0, size=0)
    requests, seconds = after.requests - before.requests, after.time - before.time
    users = (before.users + after.users) / 2
    if not requests:
        return Sample(seconds=seconds, rps=0.0, response_ms=0.0, users=users, errors=0.0)
    response = after.response_ms * after.requests - before.response_ms * before.requests
    size = after.size * after.requests - before.size * before.requests
    return Sample(
        seconds=seconds,
        rps=requests / seconds,
        response_ms=max(response / requests, 0.0),
        users=users,
        errors=(after.failures - before.failures) / requests,
        bytes_per_request=size / requests if size > 0 else None,
    )


def read_totals(path: Path, progress: Progress) -> Content:
    """Read the row of all endpoints: one sample over the whole test, ramps included.

    Raises:
        UnreadableError: there is no such row, or a figure is no number.
    """
    row: Mapping[str, str]
    for place, row in table(path, progress):
        if row.get("Name") == AGGREGATED:
            rate = number(row["Requests/s"], place, "Requests/s")
            count = number(row["Request Count"], place, "Request Count")
            size = number(row.get(_CONTENT) or "0", place, _CONTENT)
            sample = Sample(
                seconds=count / rate if rate else 0.0,
                rps=rate,
                response_ms=number(row["Average Response Time"], place, "Average Response Time"),
                errors=number(row["Failure Count"], place, "Failure Count") / count if count else 0.0,
                bytes_per_request=size or None,
            )
            return Content(tool="Locust", samples=(sample,))
    raise UnreadableError(f"holds no row named {AGGREGATED}", "give the file as Locust wrote it")
