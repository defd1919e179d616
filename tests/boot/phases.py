"""What the consoles say of the bootstrap: every phase with its seconds, and downloads, as a table for people."""

import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.table import Table

DOWNLOADED = "downloaded"
"""File beside a console: bytes that the machine took from the mirror and from what stands in for AWS."""

LINE = re.compile(
    r"groundswell: phase=(?P<phase>\S+) state=(?P<state>\S+) started=(?P<started>\S+) ended=(?P<ended>\S+)"
)


@dataclass(frozen=True, kw_only=True)
class Phase:
    """One phase of one machine that came to an end."""

    machine: str
    name: str
    state: str
    seconds: float


def phases_of(console: Path) -> list[Phase]:
    """Phases in the order in which they ended."""
    text = console.read_text(encoding="utf-8", errors="replace") if console.exists() else ""
    return [
        Phase(
            machine=console.parent.name,
            name=match["phase"],
            state=match["state"],
            seconds=(datetime.fromisoformat(match["ended"]) - datetime.fromisoformat(match["started"])).total_seconds(),
        )
        for match in LINE.finditer(text)
        if match["ended"] != "-"
    ]


def table(folder: Path) -> Table:
    """Every phase of every machine whose console lies below a folder, and what the machine has downloaded."""
    shown = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for column, right in (("machine", False), ("phase", False), ("result", False), ("seconds", True), ("MB", True)):
        shown.add_column(column, justify="right" if right else "left")
    for console in sorted(folder.rglob("console.log")):
        for phase in phases_of(console):
            shown.add_row(phase.machine, phase.name, phase.state, f"{phase.seconds:.0f}", "")
        downloaded = console.with_name(DOWNLOADED)
        if downloaded.exists():
            shown.add_row(console.parent.name, "all downloads", "", "", f"{int(downloaded.read_text()) / 1e6:.1f}")
    return shown
