"""nGrinder: `output.csv` ("Download CSV", one row an interval), or one row of a run's totals.

Columns as nGrinder 3.5's SingleConsole writes them: DateTime, vuser, Tests, Errors, Mean_Test_Time_(ms),
Test_Time_Standard_Deviation_(ms), TPS, ..., then the same with `-1`, `-2` for each test of the script. `Tests` and
`TPS` count passed tests, `Errors` the failed ones. Totals have `Peak_TPS` and no DateTime.
"""

from collections.abc import Mapping
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Final

from sizing.calibration.model import Content, Progress, Sample, UnreadableError
from sizing.calibration.readers.delimited import number, table

COLUMNS: Final = frozenset({"vuser", "TPS", "Mean_Test_Time_(ms)"})
_BYTES: Final = "Response_bytes_per_second"


def read(path: Path, progress: Progress) -> Content:
    """Read intervals or totals.

    Raises:
        UnreadableError: a figure is no number, or there are totals of more than one run.
    """
    read_rows = list(table(path, progress))
    if read_rows and "DateTime" not in read_rows[0][1]:
        return _totals(read_rows)
    interval = _interval([row["DateTime"] for _, row in read_rows])
    samples = tuple(_sample(row, place, interval) for place, row in read_rows)
    peak = max((number(row["TPS"], place, "TPS") for place, row in read_rows), default=0.0)
    return Content(tool="nGrinder", samples=samples, peak_rps=peak)


def _totals(read_rows: list[tuple[int, Mapping[str, str]]]) -> Content:
    if len(read_rows) != 1:
        raise UnreadableError(f"holds the totals of {len(read_rows)} runs", "give one file for each run")
    place, row = read_rows[0]
    peak = number(row["Peak_TPS"], place, "Peak_TPS") if row.get("Peak_TPS") else None
    return Content(tool="nGrinder", samples=(_sample(row, place, 1.0),), peak_rps=peak)


def _sample(row: Mapping[str, str], place: int, interval: float) -> Sample:
    passed_rps = number(row["TPS"], place, "TPS")
    tests = number(row["Tests"], place, "Tests") if row.get("Tests") else None
    errors = number(row["Errors"], place, "Errors") if row.get("Errors") else None
    seconds = tests / passed_rps if tests and passed_rps else interval
    failed_rps = errors / seconds if errors else 0.0
    rps = passed_rps + failed_rps
    received = number(row[_BYTES], place, _BYTES) if row.get(_BYTES) else None
    return Sample(
        seconds=seconds,
        rps=rps,
        response_ms=number(row["Mean_Test_Time_(ms)"], place, "Mean_Test_Time_(ms)"),
        users=number(row["vuser"], place, "vuser"),
        errors=None if errors is None else failed_rps / rps if rps else 0.0,
        bytes_per_request=received / rps if received and rps else None,
    )


def _interval(times: list[str]) -> float:
    """Seconds between two rows: the median, because nGrinder's own clock may skip one."""
    try:
        moments = [datetime.fromisoformat(time) for time in times]
    except ValueError:
        return 1.0
    steps = [(after - before).total_seconds() for before, after in pairwise(moments)]
    return median(steps) if steps and median(steps) > 0 else 1.0
