"""JMeter: a JTL file in CSV form with its heading, streamed; hundreds of megabytes are usual.

`timeStamp` is the moment of the start in milliseconds (`sampleresult.timestamp.start=true`, the default), `elapsed`
the response time in ms, `allThreads` the threads that ran. Rows that a Transaction Controller writes repeat the
samples inside it and are left out.
"""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from sizing.calibration.model import Content, Progress, UnreadableError
from sizing.calibration.readers.buckets import Buckets
from sizing.calibration.readers.delimited import column, number, rows

COLUMNS: Final = frozenset({"timeStamp", "elapsed", "success"})
TRANSACTION: Final = "Number of samples in transaction"
"""How the responseMessage of a Transaction Controller's row begins."""


def read(path: Path, progress: Progress) -> Content:
    """Read every sample of a test.

    Raises:
        UnreadableError: a row is cut off or a figure is no number.
    """
    source = rows(path, progress)
    heading = next(source)
    start, elapsed, success = (heading.index(name) for name in ("timeStamp", "elapsed", "success"))
    message, threads = column(heading, "responseMessage"), column(heading, "allThreads")
    sizes = [place for name in ("bytes", "sentBytes") if (place := column(heading, name)) is not None]
    last = max(place for place in (start, elapsed, success, message, threads, *sizes) if place is not None)
    buckets = Buckets()
    place = 1
    for place, row in enumerate(source, start=2):
        if len(row) <= last:
            if not row:
                continue
            raise UnreadableError(f"row {place} ends after {len(row)} of {last + 1} fields", _cut_off(row))
        if message is not None and row[message].startswith(TRANSACTION):
            continue
        try:
            begun, taken = float(row[start]), float(row[elapsed])
            users = float(row[threads]) if threads is not None else 0.0
            size = sum(float(row[index]) for index in sizes)
            if not (begun >= 0 and taken >= 0 and users >= 0 and size >= 0 and begun + taken + users + size < math.inf):
                raise ValueError  # noqa: TRY301 - the slow path below names the field
        except ValueError:
            begun = _milliseconds(row[start], place)
            taken = number(row[elapsed], place, "elapsed")
            users = number(row[threads], place, "allThreads") if threads is not None else 0.0
            size = sum(number(row[index] or "0", place, heading[index]) for index in sizes)
        buckets.add(begun + taken, taken, failed=row[success].strip().lower() != "true", users=users, size=size)
    samples = buckets.samples(counts_users=threads is not None)
    return Content(tool="JMeter", samples=samples, peak_rps=max((sample.rps for sample in samples), default=None))


def _cut_off(row: Sequence[str]) -> str:
    return "remove the unfinished last line" if row else "export the file again"


def _milliseconds(text: str, place: int) -> float:
    try:
        return number(text, place, "timeStamp")
    except UnreadableError as error:
        fix = "set jmeter.save.saveservice.timestamp_format=ms"
        raise UnreadableError(error.rule, fix) from error
