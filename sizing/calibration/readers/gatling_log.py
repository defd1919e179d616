"""Gatling's `simulation.log` while it was text, up to about 3.12 (gatling/gatling#4596 made it binary).

Fields are separated by tabs. Of a REQUEST row the two fields before OK or KO are start and end in ms; of a USER row
START and END are followed by their moment. Fields before these came and went between 2.x and 3.11.
"""

from collections import Counter
from pathlib import Path
from typing import Final

from sizing.calibration.model import Content, Progress, UnreadableError
from sizing.calibration.readers.buckets import Buckets
from sizing.calibration.readers.delimited import ROWS_PER_REPORT, number

_KINDS: Final = ("RUN", "ASSERTION", "USER", "REQUEST", "GROUP", "ERROR")
_RESULTS: Final = ("OK", "KO")


def recognised(text: str) -> bool:
    """Whether a text begins as a simulation.log does."""
    first = text.lstrip().splitlines()[0].split("\t")
    return first[0] in _KINDS and len(first) > 1


def read(path: Path, progress: Progress) -> Content:
    """Read every request, and the users that ran from their starts and ends.

    Raises:
        UnreadableError: a row is cut off or a figure is no number.
    """
    buckets = Buckets()
    moved: Counter[int] = Counter()
    with path.open("rb") as raw:
        for place, line in enumerate(raw, start=1):
            if place % ROWS_PER_REPORT == 0:
                progress(raw.tell())
            fields = line.decode("utf-8", errors="replace").rstrip("\r\n").split("\t")
            if fields[0] == "REQUEST":
                _request(fields, place, buckets)
            elif fields[0] == "USER":
                _user(fields, place, moved)
    samples = buckets.samples(_running(moved, buckets.seconds()))
    return Content(
        tool="Gatling",
        samples=samples,
        peak_rps=max((sample.rps for sample in samples), default=None),
    )


def _request(fields: list[str], place: int, buckets: Buckets) -> None:
    result = next((index for index in range(len(fields) - 1, 2, -1) if fields[index] in _RESULTS), None)
    if result is None:
        raise UnreadableError(f"line {place} is a REQUEST without OK or KO", "remove the unfinished line")
    begun, ended = (number(fields[index], place, "a moment") for index in (result - 2, result - 1))
    buckets.add(ended, max(ended - begun, 0.0), failed=fields[result] == "KO")


def _user(fields: list[str], place: int, moved: Counter[int]) -> None:
    for event, change in (("START", 1), ("END", -1)):
        if event in fields[1:-1]:
            # 2.x repeats the start before the end, so the moment of an END is the last field.
            moment = fields[-1] if event == "END" else fields[fields.index(event, 1) + 1]
            moved[int(number(moment, place, "a moment") // 1000)] += change
            return


def _running(moved: Counter[int], seconds: range) -> dict[int, float]:
    """Users by second: those there at its beginning, with the changes inside it counted half."""
    running = float(sum(change for second, change in moved.items() if seconds and second < seconds[0]))
    users: dict[int, float] = {}
    for second in seconds:
        change = moved.get(second, 0)
        users[second] = running + change / 2
        running += change
    return users
