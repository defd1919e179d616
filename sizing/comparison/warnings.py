"""What a person should know about a comparison, each with a stable code."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Final

from config.types import PurchaseOption
from sizing.catalogue import load
from sizing.comparison.candidates import type_of
from sizing.comparison.evaluate import Answer, Question
from sizing.comparison.speed import load_architecture, reference_family, score
from sizing.model import Notice, Plan, Price
from sizing.pricing.fees import EKS_CONTROL_PLANE
from sizing.pricing.notices import age_notices

SLOWER: Final = Decimal("0.95")
"""Below this share of the reference's work per vCPU a family is called slower; the rest is within CoreMark's noise."""


def warnings(question: Question, plan: Plan | None, answers: Sequence[Answer]) -> Iterator[Notice]:
    """All warnings of a comparison in a stable order."""
    yield from _load(question)
    if plan is not None:
        for notice in plan.warnings:
            if notice.code == "utilisation-above-target" and f"basis {plan.basis}" in notice.text:
                yield notice
    yield from _unpriced(answers)
    yield from _prices(question, answers)
    yield from _machines(question, answers)
    yield Notice(
        code="not-priced",
        text="totals are machines and EKS's fee: volumes, data transfer, NAT gateways, load balancers, databases and"
        " caches have no sourced price",
    )


def _load(question: Question) -> Iterator[Notice]:
    unknown = [f"{load.name} ({load.floor})" for load in question.services.values() if load.busy_m is None]
    if unknown:
        yield Notice(
            code="no-demand",
            text=f"no measured cost of a request, or no traffic, for {', '.join(unknown)}: counted with the pods in"
            " brackets, or as many as the tolerance needs",
        )


def _unpriced(answers: Sequence[Answer]) -> Iterator[Notice]:
    """By option, every type that was left out because nobody has said its price."""
    by_option: dict[PurchaseOption, dict[str, None]] = {}
    for answer in answers:
        by_option.setdefault(answer.choice.option, {}).update(dict.fromkeys(answer.unpriced))
    for option, names in by_option.items():
        if names:
            key = option.replace("-", "_")
            where = f"prices.{key} or " if option != "on-demand" else ""
            yield Notice(
                code="price-missing",
                text=f"no {option} price, so left out of {option} rows: {', '.join(_by_family(names))}; state it in"
                f" {where}a prices.file",
            )


def _by_family(names: Mapping[str, None]) -> Iterator[str]:
    """Types by family; a family of which all sizes are there by its name alone."""
    sizes: dict[str, list[str]] = {}
    for each in load().values():
        sizes.setdefault(each.family, []).append(each.name)
    for family, known in sizes.items():
        found = [name for name in known if name in names]
        if found:
            missing = ", ".join(name.partition(".")[2] for name in found)
            yield family if len(found) == len(known) else f"{family} ({missing})"


def _prices(question: Question, answers: Sequence[Answer]) -> Iterator[Notice]:
    used: dict[str, Price] = {"the EKS control plane": EKS_CONTROL_PLANE}
    for answer in answers:
        used |= {name.replace(":", " "): price for name, price in answer.prices.items()}
    yield from age_notices(question.config.prices.as_of, used)


def _machines(question: Question, answers: Sequence[Answer]) -> Iterator[Notice]:
    used = {type_of(name) for answer in answers for name in answer.nodes}
    families = sorted({load()[name].family for name in used})
    reference = reference_family(question.config)
    base = score(reference)
    arm64: list[str] = []
    for family in families:
        own = score(family)
        share = f"{own / base:.2f}" if own and base else "?"
        if load_architecture(family) == "arm64":
            arm64.append(f"{family} {share}")
        elif question.speeds == "x86-equal" and own and base and own / base < SLOWER:
            yield Notice(
                code="slower-family",
                text=f"a vCPU of {family} does {share} of the work of one of {reference} (CoreMark, medians),"
                " and counts as equal here; --speeds coremark weighs it",
            )
    if arm64:
        yield Notice(
            code="arm64-images",
            text=f"rows with arm64 need images for both architectures; work of a vCPU in units of {reference}'s"
            f" (CoreMark, medians): {', '.join(arm64)}",
        )
    if any(machine.endswith(":spot") for answer in answers for machine in answer.nodes):
        yield Notice(
            code="spot-interruption",
            text="AWS may take spot machines back with two minutes' notice, several at once: the tolerance of these"
            " rows is against one loss at a time",
        )
    burstable = sorted(name for name in used if load()[name].cpu_baseline_fraction is not None)
    if burstable:
        yield Notice(
            code="burstable-worker",
            text=f"{', '.join(burstable)}: burstable, counted with the CPU that they earn back",
        )
