"""Checks, fit and replay as tables for people; written with rich."""

from collections.abc import Iterator, Sequence

from rich.box import SIMPLE_HEAD
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from config.calibration import Calibration
from sizing.calibration.calibrate import Judged
from sizing.tables import heading

UNKNOWN = "-"
_UNITS = {"threads": "ms of one", "connections": "ms of one", "network": "Mb", "ebs": "Mb"}


def _table(*columns: str, text: int) -> Table:
    """A table whose first `text` columns are words and whose other ones are figures."""
    table = Table(box=SIMPLE_HEAD, header_style="bold", pad_edge=False, show_edge=False)
    for place, column in enumerate(columns):
        words = place < text
        first = place == 0  # names are cut nowhere
        table.add_column(column, justify="left" if words else "right", no_wrap=first or not words, overflow="fold")
    return table


def checked(judged: Sequence[Judged]) -> Iterator[RenderableType]:
    """What the load tests say and how well Little's law closes on them."""
    yield heading("Load tests: steady parts (closed, N = X (R + Z) within 5 %, errors at most 1 %)")
    table = _table("file", "tool", "N users", "X 1/s", "peak 1/s", "R ms", "Z ms", "Little", "errors", "steady", text=2)
    for item in judged:
        part = item.part
        table.add_row(
            item.load.path.name,
            item.load.tool,
            f"{part.users:,.6g}",
            f"{part.rps:,.1f}",
            UNKNOWN if item.load.peak_rps is None else f"{item.load.peak_rps:,.0f}",
            f"{part.response_ms:,.2f}",
            f"{part.think_ms:g}",
            f"{part.residual:+.1%}",
            UNKNOWN if part.errors is None else f"{part.errors:.2%}",
            "totals" if part.seconds is None else f"{part.windows[0]} of {part.windows[1]} windows",
        )
    yield table


def fitted(calibration: Calibration) -> Iterator[RenderableType]:
    """What one request costs, on every base, and how far the model is from each run."""
    cpu = calibration.cpu
    yield heading(f"One request on {calibration.instance_type} ({calibration.source}; {calibration.measured_on})")
    table = _table("resource", "how", "capacity", "a request", "idle", "all taken at 1/s", text=2)
    for base, figure in cpu.by_base.items():
        used = ", used" if float(base) == cpu.base_vcpu else ""
        table.add_row(
            f"CPU ({cpu.series}{used})",
            cpu.method,
            f"{base} vCPU",
            f"{figure:.4f} vCPU-ms",
            f"{cpu.idle_vcpu:g}" if used else UNKNOWN,
            f"{float(base) * 1000 / figure:,.0f}",
        )
    for resource, found in calibration.occupancy.items():
        table.add_row(
            resource,
            found.method,
            f"{found.capacity:g}",
            f"{found.per_request:.4g} {_UNITS[resource]}",
            f"{found.idle:g}",
            f"{found.rps_max:,.0f}",
        )
    yield table
    yield heading("Replay: the fitted model against each run (rate and response time from the ceiling, CPU at X)")
    replay = _table("file", *(f"D ms on {base}" for base in cpu.by_base), "X", "R", "CPU", text=1)
    for run in calibration.runs:
        replay.add_row(
            run.file,
            *(f"{figure:.3f}" for figure in run.cpu_ms_per_request.values()),
            _share(run.model.rps),
            _share(run.model.response),
            _share(run.model.cpu),
        )
    yield replay
    if calibration.remarks:
        yield heading("Remarks")
        remarks = _table("code", "what", text=2)
        for remark in calibration.remarks:
            remarks.add_row(Text(remark.code, style="yellow"), remark.text)
        yield remarks


def _share(value: float | None) -> str:
    return UNKNOWN if value is None else f"{value:+.1%}"
