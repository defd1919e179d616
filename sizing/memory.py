"""Memory that an operating system really has of each instance type.

It is less than the catalogue's by what the hypervisor, the firmware and the kernel keep.
Two published sets of readings stand in `memory.csv`, one line a reading: MemTotal under Ubuntu 24.04 in the benchmark
runs of SpareCores/sc-inspector-data (commit 804d3c7, files `data/aws/<type>/passmark/stdout`, November 2024), and the
bytes that Karpenter's authors found missing under Amazon Linux 2 (aws/karpenter-provider-aws commit 33450d8,
`zz_generated.memory_overhead.go`, which the program itself never used; undated, before August 2024). They differ by at
most 1.3 %. A reading from own nodes (`python -m operations memory`) is worth more than both.
"""

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Final

from sizing.model import MemorySeen

FILE: Final = "memory.csv"
COLUMNS: Final = ("type", "seen_mib", "os", "source", "date")
OWN: Final = "own nodes"
"""First words of the source of a reading from the reader's own cluster."""


@dataclass(frozen=True, kw_only=True)
class Reading:
    """One reading: an instance type's memory in MiB, under which system, by whom, on which day (empty: unknown)."""

    type: str
    seen_mib: int
    os: str
    source: str
    date: str

    @property
    def own(self) -> bool:
        """Whether it was read from the reader's own nodes."""
        return self.source.startswith(OWN)


def load() -> tuple[Reading, ...]:
    """Every committed reading, in the file's order."""
    text = files("sizing").joinpath(FILE).read_text(encoding="utf-8")
    return tuple(
        Reading(type=row["type"], seen_mib=int(row["seen_mib"]), os=row["os"], source=row["source"], date=row["date"])
        for row in csv.DictReader(text.splitlines())
    )


def seen(readings: Iterable[Reading]) -> Mapping[str, MemorySeen]:
    """One figure a type: the least of the own readings where there are any, else the least of the published ones.

    The least, because a pod that the plan counted on must fit under whichever of the systems a stack chooses.
    """
    best: dict[str, Reading] = {}
    for reading in readings:
        held = best.get(reading.type)
        if held is None or (not reading.own, reading.seen_mib) < (not held.own, held.seen_mib):
            best[reading.type] = reading
    return {
        name: MemorySeen(mib=reading.seen_mib, source=f"{reading.source}, {reading.os}", date=reading.date)
        for name, reading in best.items()
    }


def merged(readings: Iterable[Reading], own: Iterable[Reading]) -> tuple[Reading, ...]:
    """All readings with the own ones put in: of each type under each system one own reading stays, the newest.

    Sorted by type and, within one, with the own reading first, so that the same readings give the same bytes.
    """
    new = {(reading.type, reading.os): reading for reading in own}
    kept = [reading for reading in readings if not (reading.own and (reading.type, reading.os) in new)]
    return tuple(sorted([*kept, *new.values()], key=lambda item: (item.type, not item.own, item.os, item.source)))


def as_csv(readings: Iterable[Reading]) -> str:
    """The file's text."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows((item.type, item.seen_mib, item.os, item.source, item.date) for item in readings)
    return out.getvalue()
