"""The figures of a run as tables: the same ones for terminals and for the document."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from statistics import median
from typing import Final

from benchmarks.cases import Case
from benchmarks.measured import Method, Outcome, Program, Results, Row
from benchmarks.runner import gap, saving
from benchmarks.verdict import misses, month, percent

NOTHING: Final = "-"
WORDS: Final = frozenset({"case", "command", "goals", "won by"})
"""Columns that hold words; the others are figures and are aligned to the right."""
_TICK: Final = 0.01
"""Seconds below which nothing is told apart."""


@dataclass(frozen=True, kw_only=True)
class Table:
    """Cells as text."""

    title: str
    note: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def tables(cases: Sequence[Case], results: Results) -> tuple[Table, ...]:
    """All tables of a run, in reading order; a case that was not run has no line."""
    return tuple(_tables(cases, results))


def _tables(cases: Sequence[Case], results: Results) -> Iterator[Table]:
    by_case = [(case, [row for row in results.rows if row.case == case.key]) for case in cases]
    run = [(case, rows) for case, rows in by_case if rows]
    platform = [each for each in run if each[0].section == "platform"]
    services = [each for each in run if each[0].section == "services"]
    if platform:
        yield Table(
            title="The travel platform's five services",
            note="USD a month. The gap is what groundswell proves itself; the plain MIP is a second opinion.",
            header=("case", "pods", "groundswell", "gap", "Karpenter", "saving", "plain MIP", "goals"),
            rows=tuple(_cost(case, rows) for case, rows in platform),
        )
    if services:
        yield Table(
            title="Random services",
            note=(
                "USD a month. Medians over the seeds; in brackets the worst seed. Gaps are above the bound that"
                " groundswell proves; the plain MIP runs on the first seed only beyond 5 services."
            ),
            header=("case", "pods", "groundswell", "gap", "Karpenter", "saving", "plain MIP gap", "goals"),
            rows=tuple(_quality(case, rows) for case, rows in services),
        )
    yield Table(
        title="Time and memory of packing",
        note=(
            "Seconds of the method alone, on the clock, median and in brackets the worst seed; CPU seconds of the whole"
            " process on all cores; MiB at the peak of the whole process, worst seed."
        ),
        header=("case", "groundswell s", "CPU s", "MiB", "Karpenter s", "MiB", "plain MIP s", "MiB", "won by"),
        rows=tuple(_effort(case, rows) for case, rows in run),
    )
    if results.programs:
        yield Table(
            title="Whole programs",
            note="From the command line to the last line of output; medians, MiB of the largest process.",
            header=("command", "runs", "s", "CPU s", "MiB"),
            rows=tuple(_program(program) for program in results.programs),
        )


def _program(program: Program) -> tuple[str, ...]:
    name = f"`{program.command}`"
    if program.failure:
        return (name, "failed", NOTHING, NOTHING, NOTHING)
    return (
        name,
        str(len(program.runs)),
        _median([run.seconds for run in program.runs], "{:.2f}"),
        _median([run.cpu_seconds for run in program.runs], "{:.2f}"),
        _median([run.peak_mib for run in program.runs], "{:.0f}"),
    )


def _cost(case: Case, rows: Sequence[Row]) -> tuple[str, ...]:
    row = rows[0]
    return (
        case.title,
        str(row.pods),
        _month(row, "groundswell"),
        percent(gap(row, "groundswell")),
        _month(row, "karpenter"),
        percent(saving(row)),
        _month(row, "mip"),
        _goals(case, rows),
    )


def _quality(case: Case, rows: Sequence[Row]) -> tuple[str, ...]:
    return (
        case.title,
        f"{median(row.pods for row in rows):.0f}",
        _median_month(rows, "groundswell"),
        _spread([gap(row, "groundswell") for row in rows], max),
        _median_month(rows, "karpenter"),
        _spread([saving(row) for row in rows], min),
        _spread([gap(row, "mip") for row in rows if "mip" in row.outcomes], max),
        _goals(case, rows),
    )


def _effort(case: Case, rows: Sequence[Row]) -> tuple[str, ...]:
    ours, theirs, mip = (
        [row.outcomes[method] for row in rows if method in row.outcomes]
        for method in ("groundswell", "karpenter", "mip")
    )
    return (
        case.title,
        _seconds(ours),
        _median([outcome.usage.cpu_seconds for outcome in ours], "{:.1f}"),
        _peak(ours),
        _seconds(theirs),
        _peak(theirs),
        _seconds(mip),
        _peak(mip),
        "; ".join(sorted({outcome.how for outcome in ours})),
    )


def _goals(case: Case, rows: Sequence[Row]) -> str:
    missed = sum(1 for row in rows if misses(case, row))
    return "met" if not missed else f"missed on {missed} of {len(rows)}"


def _month(row: Row, method: Method) -> str:
    outcome = row.outcomes.get(method)
    return NOTHING if outcome is None or outcome.cost is None else f"{month(outcome.cost):.2f}"


def _median_month(rows: Sequence[Row], method: Method) -> str:
    costs = [cost for row in rows if (cost := row.outcomes[method].cost) is not None]
    return f"{month(median(costs)):.2f}" if costs else NOTHING


def _spread(shares: Sequence[Decimal | None], worst: Callable[[Sequence[Decimal]], Decimal]) -> str:
    known = [share for share in shares if share is not None]
    if not known:
        return NOTHING
    return f"{percent(median(known))} ({percent(worst(known))})" if len(known) > 1 else percent(known[0])


def _seconds(outcomes: Sequence[Outcome]) -> str:
    seconds = [outcome.seconds for outcome in outcomes]
    if not seconds:
        return NOTHING
    return f"{_short(median(seconds))} ({_short(max(seconds))})" if len(seconds) > 1 else _short(seconds[0])


def _short(seconds: float) -> str:
    return f"{seconds:.2f}" if seconds >= _TICK else f"<{_TICK}"


def _peak(outcomes: Sequence[Outcome]) -> str:
    return f"{max(outcome.usage.peak_mib for outcome in outcomes):.0f}" if outcomes else NOTHING


def _median(numbers: Sequence[float], form: str) -> str:
    return form.format(median(numbers)) if numbers else NOTHING
