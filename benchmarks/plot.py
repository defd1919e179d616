"""The picture of a run: how far each method is from the bound, and how long it takes, by number of services."""

# pyright: reportUnknownMemberType=false
# matplotlib's own types leave the keyword arguments of its artists open.

from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Final

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from benchmarks.cases import Case
from benchmarks.measured import METHODS, Method, Row
from benchmarks.runner import gap

LOOKS: Final[dict[Method, tuple[str, str, str]]] = {
    "groundswell": ("groundswell", "#0072b2", "o"),
    "karpenter": ("Karpenter's scheduler", "#d55e00", "s"),
    "mip": ("plain MIP", "#595959", "^"),
}
"""Name, colour and marker; the colours stay apart for colour-blind eyes and in print."""
_SPREAD: Final = {"groundswell": 0.94, "karpenter": 1.0, "mip": 1.06}
"""Methods stand beside each other, not on top of each other."""


def plot(cases: Sequence[Case], rows: Sequence[Row], path: Path) -> None:
    """Draw the cases of random services on x86 types as SVG; equal figures give equal bytes.

    Args:
        cases: what was run.
        rows: what came out.
        path: the file to write.
    """
    services = {case.key: case.services for case in cases if case.section == "services" and case.key.endswith("/x86")}
    shown = [row for row in rows if row.case in services]
    settings = {"svg.hashsalt": "groundswell", "svg.fonttype": "none", "font.family": "sans-serif", "font.size": 11}
    with mpl.rc_context(settings):  # pyright: ignore[reportArgumentType] - its stubs know the keys as literals only
        figure = Figure(figsize=(7, 7.4), layout="constrained")
        above, below = figure.subplots(2, 1, sharex=True)
        for method in METHODS:
            gaps = [
                (services[row.case], float(share) * 100) for row in shown if (share := gap(row, method)) is not None
            ]
            _draw(above, method, gaps)
            times = [
                (services[row.case], row.outcomes[method].seconds)
                for row in shown
                if method in row.outcomes and row.outcomes[method].cost is not None
            ]
            _draw(below, method, times)
        above.set_ylabel("cost above the proved bound, %")
        above.set_ylim(bottom=0)
        above.set_title("x86 types up to 4xlarge: one point per instance, lines through medians", fontsize=11)
        below.set_ylabel("seconds")
        below.set_yscale("log")
        below.set_xscale("log")
        below.set_xlabel("services")
        counts = sorted(set(services.values()))
        below.set_xticks(counts, [str(count) for count in counts])
        below.xaxis.set_minor_locator(NullLocator())
        below.yaxis.set_major_formatter("{x:g}")
        for axes in (above, below):
            axes.grid(visible=True, color="#dddddd", linewidth=0.7)
            axes.spines[["top", "right"]].set_visible(False)
        above.legend(frameon=False)
        figure.savefig(path, format="svg", metadata={"Date": None, "Creator": None}, facecolor="white")


def _draw(axes: Axes, method: Method, points: Sequence[tuple[int, float]]) -> None:
    name, colour, marker = LOOKS[method]
    axes.plot(
        [count * _SPREAD[method] for count, _ in points],
        [value for _, value in points],
        linestyle="",
        marker=marker,
        markersize=5,
        color=colour,
        alpha=0.6,
        label=name,
    )
    counts = sorted({count for count, _ in points})
    axes.plot(
        [count * _SPREAD[method] for count in counts],
        [median(value for at, value in points if at == count) for count in counts],
        color=colour,
        linewidth=1.2,
    )
