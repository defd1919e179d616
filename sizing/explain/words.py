"""The explanation in words, the same for terminals and for the report."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Literal

from config.types import Basis
from sizing.arithmetic import to_decimal
from sizing.explain.alternative import Alternative
from sizing.explain.explain import Explanation, PoolExplanation, ServiceExplanation, Stop, times
from sizing.explain.limits import Limit
from sizing.model import HOURS_PER_MONTH, PackingPlan, Plan
from sizing.price import cents

Tone = Literal["", "good", "warn", "bad", "soft"]
"""How a text is coloured; it never stands for a word."""

NEAR = Fraction(85, 100)
"""Share of a limit from which on it is coloured as near."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """One sentence with its colour."""

    text: str
    tone: Tone = ""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One entry of a card: a name and one or several lines; `lead` says that the first one introduces the others."""

    name: str
    lines: tuple[Line, ...]
    lead: bool = False


@dataclass(frozen=True, kw_only=True)
class Reason:
    """One card."""

    name: str
    entries: tuple[Entry, ...]


def holds(explanation: Explanation) -> Iterator[Line]:
    """How many times the planned load the plan carries, by basis, and of what nothing is known."""
    for stop in explanation.stops.values():
        yield Line(text=stop_text(stop), tone="bad" if stop.factor < 1 else "")
    if explanation.unmeasured:
        yield Line(
            text=f"Not judged, because no cost of a request is measured: {listed(explanation.unmeasured)}.", tone="warn"
        )


def stop_text(stop: Stop) -> str:
    """One sentence about where a growing load is stopped first."""
    if stop.factor < 1:
        return (
            f"Basis {stop.basis}: the plan does not hold. {stop.where}: {stop.limit.what} is {share(stop.limit.share)}"
            f" taken; it would hold up to {share(stop.factor)} of the planned load."
        )
    users = "" if stop.users is None else f" ({stop.users:,} daily users)"
    return (
        f"Basis {stop.basis}: the plan holds up to {times(stop.factor)} times the planned load{users}. Then"
        f" {stop.where} meets {stop.limit.what}."
    )


def service_reasons(plan: Plan, explanation: Explanation) -> Iterator[Reason]:
    """A card for every service."""
    for name, item in explanation.services.items():
        decided = plan.services[name]
        yield Reason(
            name=f"{name}: {decided.min_replicas} to {decided.max_replicas} pods"
            if decided.min_replicas != decided.max_replicas
            else f"{name}: {decided.max_replicas} pods",
            entries=tuple(_service_entries(item)),
        )


def _service_entries(item: ServiceExplanation) -> Iterator[Entry]:
    yield _entry("decided by", item.decided)
    yield _entry("each pod", item.size)
    yield _entry("needs", *(f"{need.why}: {need.pods}" for need in item.needs))
    yield _entry("one less", f"breaks {item.fewer}")
    yield left(item.limits)


def _entry(name: str, *lines: str) -> Entry:
    return Entry(name=name, lines=tuple(Line(text=line) for line in lines))


def left(limits: Mapping[Basis, Limit]) -> Entry:
    """What is left of the first limit on each basis."""
    if not limits:
        return Entry(name="left", lines=(Line(text="not judged: no cost of a request is measured", tone="soft"),))
    return Entry(
        name="left", lines=tuple(Line(text=left_text(limit), tone=_tone(limit.share)) for limit in limits.values())
    )


def _tone(taken: Fraction) -> Tone:
    if taken > 1:
        return "bad"
    return "warn" if taken > NEAR else ""


def left_text(limit: Limit) -> str:
    """One limit with what is left of it."""
    if limit.share > 1:
        return f"{limit.what}: {share(limit.share)} taken on basis {limit.basis}"
    return f"{limit.what}: {share(1 - limit.share, 1)} left on basis {limit.basis}"


def pool_reasons(explanation: Explanation) -> Iterator[Reason]:
    """A card for every pool."""
    for name, item in explanation.pools.items():
        yield Reason(name=f"{name}: {item.machines}", entries=tuple(_pool_entries(item)))


def _pool_entries(item: PoolExplanation) -> Iterator[Entry]:
    yield _entry("reason", item.decided)
    if item.packing is not None:
        yield _entry("proved", *packing_lines(item.packing))
    yield _entry("tightest", f"{item.tight}: {share(item.requested[item.tight])} of what pods may use")
    yield left(item.limits)
    for alternative in item.alternatives:
        lines = tuple(Line(text=line) for line in alternative_lines(alternative))
        yield Entry(name="instead", lines=lines, lead=True)


def packing_lines(packing: PackingPlan) -> Iterator[str]:
    """What a packed pool survives, how it was found, and what is proved about its cost."""
    yield f"tolerance {packing.tolerance}, found by {packing.method}"
    month, bound = packing.cost * HOURS_PER_MONTH, packing.bound * HOURS_PER_MONTH
    if packing.gap:
        yield (
            f"{money(month)} USD a month; no machines below {money(bound)} hold these pods, so at most"
            f" {money(month - bound)} could be saved"
        )
    else:
        yield f"{money(month)} USD a month, and no cheaper machines hold these pods"
    yield from packing.notes


def alternative_lines(alternative: Alternative) -> Iterator[str]:
    """Other machines and what they break."""
    saving = f"{alternative.what} would save {money(alternative.saves)} USD a month"
    if not alternative.breaks:
        yield f"{saving} and breaks nothing that is known"
        return
    yield f"{saving}, but:"
    yield from alternative.breaks


def money(amount: Decimal) -> str:
    """USD with two decimals."""
    return f"{cents(amount):,}"


def share(value: Fraction, places: int = 0) -> str:
    """A share as a percentage, half-up."""
    return f"{to_decimal(value * 100, places)}%"


def listed(names: Sequence[str]) -> str:
    """Names joined for reading."""
    return ", ".join(names) if names else "none"
