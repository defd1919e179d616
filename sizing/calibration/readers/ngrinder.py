"""nGrinder: `output.csv` ("Download CSV", one row an interval), or one row of a run's totals.

Columns as nGrinder 3.5's SingleConsole writes them: DateTime, vuser, Tests, Errors, Mean_Test_Time_(ms),
Test_Time_Standard_Deviation_(ms), TPS, ..., then the same with `-1`, `-2` for each test of the script. `Tests` and
`TPS` count passed tests, `Errors` the failed ones. Totals have `Peak_TPS` and no DateTime.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Final

from sizing.calibration.model import Content, Progress, Sample, UnreadableError
from sizing.calibration.readers.delimited import number, table

COLUMNS: Final = frozenset({"vuser", "TPS", "Mean_Test_Time_(ms)"})
_BYTES: Final = "Response_bytes_per_second"


@dataclass(frozen=True, slots=True)
class _Row:
    """The figures of one row that are used; None for columns that are not there."""

    tps: float
    response_ms: float
    users: float
    tests: float | None
    errors: float | None
    received: float | None
    peak: float | None


def read(path: Path, progress: Progress) -> Content:
    """Read intervals or totals.

    Raises:
        UnreadableError: a figure is no number, or there are totals of more than one run.
    """
    found: list[_Row] = []
    times: list[str] = []
    for place, row in table(path, progress):
        found.append(_row(row, place))
        times.append(row.get("DateTime", ""))
    totals = bool(times) and not times[0]
    if totals and len(found) > 1:
        raise UnreadableError(f"holds the totals of {len(found)} runs", "give one file for each run")
    interval = 1.0 if totals else _interval(times)
    peaks = [row.peak for row in found] if totals else [row.tps for row in found]
    return Content(
        tool="nGrinder",
        samples=tuple(_sample(row, interval) for row in found),
        peak_rps=max((peak for peak in peaks if peak is not None), default=None),
    )


def _row(row: Mapping[str, str], place: int) -> _Row:
    def optional(name: str) -> float | None:
        return number(row[name], place, name) if row.get(name) else None

    return _Row(
        tps=number(row.get("TPS"), place, "TPS"),
        response_ms=number(row.get("Mean_Test_Time_(ms)"), place, "Mean_Test_Time_(ms)"),
        users=number(row.get("vuser"), place, "vuser"),
        tests=optional("Tests"),
        errors=optional("Errors"),
        received=optional(_BYTES),
        peak=optional("Peak_TPS"),
    )


def _sample(row: _Row, interval: float) -> Sample:
    seconds = row.tests / row.tps if row.tests and row.tps else interval
    failed_rps = row.errors / seconds if row.errors else 0.0
    rps = row.tps + failed_rps
    return Sample(
        seconds=seconds,
        rps=rps,
        response_ms=row.response_ms,
        users=row.users,
        errors=None if row.errors is None else failed_rps / rps if rps else 0.0,
        bytes_per_request=row.received / rps if row.received and rps else None,
    )


def _interval(times: list[str]) -> float:
    """Seconds between two rows: the median, because nGrinder's own clock may skip one."""
    try:
        moments = [datetime.fromisoformat(time) for time in times]
    except ValueError:
        return 1.0
    steps = [(after - before).total_seconds() for before, after in pairwise(moments)]
    return median(steps) if steps and median(steps) > 0 else 1.0
