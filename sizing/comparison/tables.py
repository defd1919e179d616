"""The comparison as tables that fit 100 columns."""

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Final

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from config.types import MemoryAssumption
from sizing.compare import Assumptions, Comparison, Row
from sizing.comparison.choice import Choice
from sizing.model import Notice
from sizing.price import cents
from sizing.tables import UNKNOWN, heading, new_table

MEMORY: Final[Mapping[str, str]] = {
    "known": "memory as read on such machines (7.5 % less than the catalogue's where nobody has)",
    "flat": "7.5 % of the catalogue's memory lost to the hypervisor",
    "whole": "the catalogue's memory, nothing lost to the hypervisor",
}


def comparison_tables(found: Comparison) -> Iterator[RenderableType]:
    """Every table below its heading, in reading order."""
    yield heading(f"{found.stack} in {found.region}, basis {found.assumptions.basis}: USD per month")
    yield cost_table(found.rows)
    yield "\ngap: workers above the proved bound; saves: shared workers below dedicated ones of the same kind"
    yield heading("What each row is made of")
    yield parts_table(found.rows)
    left_out = tuple(refusals(found.rows))
    if left_out:
        yield heading("What cannot be had")
        yield "\n".join(left_out)
    yield heading("Assumptions")
    yield "\n".join(f"* {line}" for line in assumption_lines(found.assumptions))
    yield heading("Warnings")
    yield notices_table(found.warnings)


def pools_of(choice: Choice) -> str:
    """How machines are shared, and on EKS where that is so."""
    return f"{choice.pools} on EKS" if choice.control == "eks" else choice.pools


def cost_table(rows: Iterable[Row]) -> Table:
    """What each row costs, how far above the proved bound, and what sharing saves."""
    drawn = new_table(
        "row",
        "pools",
        "may fail",
        "machines",
        "paid",
        "workers",
        "with control",
        "gap",
        "saves",
        numbers=("row", "workers", "with control", "gap", "saves"),
    )
    for number, row in numbered(rows):
        answer, choice = row.answer, row.answer.choice
        drawn.add_row(
            str(number),
            pools_of(choice),
            UNKNOWN if choice.pools == "as given" else choice.tolerance,
            UNKNOWN if choice.pools == "as given" else choice.machines,
            choice.option,
            money(answer.workers),
            money(answer.month),
            UNKNOWN if answer.gap is None else f"{answer.gap:.2%}",
            UNKNOWN if row.saves is None else f"{row.saves:.1%}",
        )
    return drawn


def parts_table(rows: Iterable[Row]) -> Table:
    """Machines, control plane, pods and what may be lost, for the rows that can be had."""
    drawn = new_table("row", "workers", "control plane", "pods", "survives the loss of", numbers=("row",))
    for number, row in numbered(rows):
        answer = row.answer
        plane = answer.control_plane
        drawn.add_row(
            str(number),
            counts(answer.nodes),
            f"{plane.what}, {cents(plane.month)}" if plane else UNKNOWN,
            ", ".join(f"{name} {count}" for name, count in answer.pods.items()),
            row.survives,
        )
    return drawn


def numbered(rows: Iterable[Row]) -> Iterator[tuple[int, Row]]:
    """The rows that can be had, with the number that they have in every table."""
    return enumerate((row for row in rows if not row.answer.refused), 1)


def refusals(rows: Iterable[Row]) -> Iterator[str]:
    """One line for every reason, with the rows that it keeps out."""
    reasons: dict[str, list[str]] = {}
    for row in rows:
        if row.answer.refused:
            reasons.setdefault(row.answer.refused, []).append(_named(row.answer.choice))
    for reason, names in reasons.items():
        what = ", ".join(part for part in names[0].split(", ") if all(part in name.split(", ") for name in names))
        yield f"* {what or 'all'} ({len(names)} row{'s' * (len(names) > 1)}): {reason}"


def _named(choice: Choice) -> str:
    if choice.pools == "as given":
        return pools_of(choice)
    return f"{choice.option}, {choice.machines}, {choice.tolerance}, {pools_of(choice)}"


def assumption_lines(assumed: Assumptions) -> Iterator[str]:
    """What the rows rest on, one line each."""
    yield f"pods of the plan's size, as many as basis {assumed.basis} needs; rows as given have their most pods"
    yield MEMORY[assumed.memory]
    vcpu = "every x86 vCPU does the same work, arm64 is weighed" if assumed.speeds == "x86-equal" else "all are weighed"
    yield f"vCPUs: {vcpu} by CoreMark per vCPU beside {assumed.reference}"
    yield "own control planes grow to three members where a machine or zone may fail; EKS: the same workers"
    yield "no room is kept for surge pods: a rolling update waits for a pod to go, or for another machine"
    if assumed.services_only:
        yield "the platform's own pods (CoreDNS, Calico, Kafka and others) are left out"
    if assumed.families:
        yield f"only the families {', '.join(assumed.families)}"


def notices_table(notices: Iterable[Notice]) -> Table:
    """Warnings by stable code."""
    drawn = new_table("code", "what")
    for notice in notices:
        drawn.add_row(Text(notice.code, style="yellow"), notice.text)
    return drawn


def memory_table(found: Mapping[MemoryAssumption, Comparison]) -> Table:
    """Workers of every on-demand row under each assumption about memory."""
    drawn = new_table("pools", "may fail", "machines", *found, numbers=tuple(found))
    by_memory = list(found.values())
    for index, row in enumerate(by_memory[0].rows):
        choice = row.answer.choice
        if choice.option == "on-demand" and choice.control == "own":
            amounts = (money(other.rows[index].answer.workers) for other in by_memory)
            drawn.add_row(choice.pools, choice.tolerance, choice.machines, *amounts)
    return drawn


def money(amount: Decimal | None) -> str:
    """USD to the cent, or a dash."""
    return UNKNOWN if amount is None else f"{cents(amount):,}"


def counts(nodes: Mapping[str, int]) -> str:
    """Machines as a person writes them: 2 x c5a.xlarge."""
    return ", ".join(f"{count} x {name.replace(':', ' ')}" for name, count in nodes.items())
