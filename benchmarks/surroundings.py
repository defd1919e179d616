"""The machine that measures: what it is, what runs on it, and how much of it others took meanwhile."""

import os
import platform
import resource
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Final

from benchmarks.measured import Machine

LIBRARIES: Final = ("highspy", "numpy")
_IDLE: Final = slice(3, 5)
"""Idle and waiting for disks, among the numbers of /proc/stat's first line."""
_COUNTED: Final = 8
"""user, nice, system, idle, iowait, irq, softirq, steal; guests are counted in user already."""


@dataclass(frozen=True, kw_only=True)
class Moment:
    """Readings at one time: one-minute load, CPU seconds of the whole machine and of this process with its children."""

    load: float
    busy: float
    total: float
    own: float


def now() -> Moment:
    """Read the counters (Linux)."""
    first = Path("/proc/stat").read_text(encoding="ascii").splitlines()[0]
    ticks = [int(number) / os.sysconf("SC_CLK_TCK") for number in first.split()[1 : _COUNTED + 1]]
    usages = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return Moment(
        load=os.getloadavg()[0],
        busy=sum(ticks) - sum(ticks[_IDLE]),
        total=sum(ticks),
        own=sum(usage.ru_utime + usage.ru_stime for usage in usages),
    )


def machine(before: Moment, after: Moment, versions: Sequence[str]) -> Machine:
    """Describe the machine over a stretch of time.

    Args:
        before: its beginning.
        after: its end.
        versions: names and versions of what else was measured, beside Python and its libraries.
    """
    memory = dict(line.split(":", 1) for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines())
    processors = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    named = [line.split(":", 1)[1].strip() for line in processors if line.startswith("model name")]
    others = (after.busy - before.busy) - (after.own - before.own)
    return Machine(
        cores=os.cpu_count() or 1,
        memory_gib=int(memory["MemTotal"].split()[0]) / 1024**2,
        processor=named[0] if named else platform.machine(),
        system=f"{platform.system()} {platform.release().split('-')[0]}",
        versions=(
            f"groundswell {_commit()}",
            f"Python {platform.python_version()}",
            *(f"{name} {version(name)}" for name in LIBRARIES),
            *versions,
        ),
        load_before=before.load,
        load_after=after.load,
        others=max(0.0, others / (after.total - before.total)),
    )


def _commit() -> str:
    """The last commit that changed what is measured; "+" when a file of it has changed since."""

    def said(*words: str) -> str:
        return subprocess.run(
            ["git", *words, "--", "sizing"], capture_output=True, text=True, check=False
        ).stdout.strip()

    commit = said("log", "-1", "--format=%h")
    return commit + "+" * bool(said("status", "--porcelain")) if commit else "unknown"
