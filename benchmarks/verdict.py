"""Which goals a run met, and which it missed by how much."""

from collections.abc import Iterator, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from benchmarks.cases import Case
from benchmarks.measured import Outcome, Row
from benchmarks.runner import gap, saving
from sizing.model import HOURS_PER_MONTH

MEMORY_MIB: Final = 300
"""The most that packing may take at its peak."""


def month(hour: Decimal) -> Decimal:
    """USD a month of 730 hours, to the cent."""
    return (hour * HOURS_PER_MONTH).quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)


def misses(case: Case, row: Row) -> tuple[str, ...]:
    """Every goal of the case that one seed missed, one clause each.

    Time is judged by the clock or by the CPU seconds of the whole process, whichever is less: an idle machine needs no
    longer than that, and a busy one says nothing about the packer.
    """
    ours = row.outcomes["groundswell"]
    if ours.cost is None:
        return (f"no packing: {ours.how}",)
    return (*_quality(case, row, ours), *_effort(case, ours), *(f"breaks a rule: {fault}" for fault in ours.faults))


def _quality(case: Case, row: Row, ours: Outcome) -> Iterator[str]:
    above = gap(row, "groundswell")
    if above is None or above > case.goal.gap:
        yield f"gap {percent(above)}, goal {percent(case.goal.gap)}"
    if ours.cost is not None and case.goal.month is not None and month(ours.cost) > case.goal.month:
        yield f"{month(ours.cost)} USD a month, the optimum is {case.goal.month}"
    undercut = saving(row)
    if undercut is not None and undercut < case.goal.saving:
        yield f"{percent(undercut)} below Karpenter, goal {percent(case.goal.saving)}"
    mip = row.outcomes.get("mip")
    if mip and mip.cost is not None and ours.cost is not None and mip.cost < ours.cost:
        yield f"dearer than the plain MIP by {percent(ours.cost / mip.cost - 1)}"


def out_of_reach(case: Case, row: Row) -> Decimal | None:
    """What the bound leaves of a saving that no packing at all can reach; None where the goal can be reached."""
    bound, theirs = row.outcomes["groundswell"].bound, row.outcomes["karpenter"].cost
    if bound is None or theirs is None or case.goal.saving <= 0:
        return None
    most = 1 - bound / theirs
    return most if most < case.goal.saving else None


def _effort(case: Case, ours: Outcome) -> Iterator[str]:
    seconds = min(ours.seconds, ours.usage.cpu_seconds)
    if seconds > case.goal.seconds:
        yield f"{seconds:.1f} s, goal {case.goal.seconds:g} s"
    if ours.usage.peak_mib > MEMORY_MIB:
        yield f"{ours.usage.peak_mib:.0f} MiB, goal {MEMORY_MIB} MiB"


def surprises(cases: Sequence[Case], rows: Sequence[Row]) -> tuple[str, ...]:
    """Where the methods compared with do not do what is expected of them; these cast doubt on the comparison."""
    return tuple(_surprises({case.key: case for case in cases}, rows))


def _surprises(cases: dict[str, Case], rows: Sequence[Row]) -> Iterator[str]:
    for row in rows:
        case = cases[row.case]
        for method in ("karpenter", "mip"):
            outcome = row.outcomes.get(method)
            if outcome is None:
                continue
            if outcome.cost is None and outcome.usage.code:
                yield f"{case.title}, seed {row.seed}: {method} failed: {outcome.how}"
            yield from (f"{case.title}, seed {row.seed}: {method} breaks a rule: {fault}" for fault in outcome.faults)
        cost = row.outcomes["karpenter"].cost
        if case.karpenter_month is not None and cost is not None and month(cost) != case.karpenter_month:
            yield f"{case.title}: Karpenter costs {month(cost)} USD a month, {case.karpenter_month} was measured before"


def percent(share: Decimal | None) -> str:
    """A share as a percentage with one decimal; "-" when there is none."""
    return "-" if share is None else f"{share * 100:.1f} %"
