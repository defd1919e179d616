"""`compare`: what one load costs under every choice, beside the stack as it stands."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from config.problems import ConfigError
from config.schema import ClusterConfig
from config.types import Basis, MemoryAssumption, PurchaseOption
from sizing.comparison.choice import Choice, choices
from sizing.comparison.control_plane import ControlPlane, eks
from sizing.comparison.evaluate import Answer, Question, control_plane, evaluate
from sizing.comparison.load import platform_loads, service_loads
from sizing.comparison.speed import Speeds, reference_family
from sizing.comparison.warnings import warnings
from sizing.model import HOURS_PER_MONTH, Notice, Plan
from sizing.nodes import pod_requests
from sizing.packing import Effort
from sizing.packing.solve import NORMAL
from sizing.plan import make_plan
from sizing.pricing.book import PriceBook, price_book
from sizing.pricing.price_file import PriceFile
from sizing.traffic import traffic_plans


@dataclass(frozen=True, kw_only=True)
class Assumptions:
    """What the rows rest on beside the stack itself."""

    basis: Basis
    memory: MemoryAssumption
    speeds: Speeds
    reference: str
    """Family whose vCPU counts as 1."""
    families: tuple[str, ...]
    """Only these; empty: all of the catalogue."""
    services_only: bool
    """Whether the platform's own pods are left out."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One choice with its answer, in words where figures do not say it."""

    answer: Answer
    survives: str
    saves: Decimal | None
    """Share that the workers cost less than those of dedicated pools at equal tolerance, machines and payment."""


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """All rows: first the stack as it stands, with its own control plane and on EKS, then every choice."""

    stack: str
    region: str
    assumptions: Assumptions
    plan: Plan | None
    """The stack as it stands; None when its machines do not hold its pods under these assumptions."""
    rows: tuple[Row, ...]
    warnings: tuple[Notice, ...]


def compare(
    config: ClusterConfig,
    stack: str,
    *,
    prices: PriceFile | None = None,
    speeds: Speeds = "x86-equal",
    families: tuple[str, ...] = (),
    services_only: bool = False,
    effort: Effort = NORMAL,
    progress: Callable[[str], None] = lambda _: None,
) -> Comparison:
    """Put the choices side by side.

    Args:
        config: a configuration that the loader has accepted; its basis and memory assumption count.
        stack: the stack's name, for titles.
        prices: prices to use instead of the price file that the stack names.
        speeds: how vCPUs of different families compare.
        families: only these EC2 families; empty: all of the catalogue.
        services_only: leave the platform's own pods out, to check figures that do not know them.
        effort: how far the packer climbs for each row.
        progress: told what is being worked out, in words.

    Raises:
        ConfigError: the price file changed after the configuration was checked and is now faulty.
    """
    question = question_of(config, prices=prices, speeds=speeds, families=families, services_only=services_only)
    question = replace(question, effort=effort)
    plan, given = _as_given(config, stack, question.book)
    answers = list(given)
    for choice in choices(options(question.book)):
        progress(f"{choice.pools} pools, may fail: {choice.tolerance}, {choice.machines}, {choice.option}")
        answers.append(_known(question, choice, answers) or evaluate(question, choice))
    rows = tuple(
        Row(answer=answer, survives=_survives(answer, plan, question), saves=_saves(answer, answers))
        for answer in answers
    )
    return Comparison(
        stack=stack,
        region=config.region,
        assumptions=Assumptions(
            basis=config.traffic.basis,
            memory=config.headroom.memory,
            speeds=speeds,
            reference=reference_family(config),
            families=families,
            services_only=services_only,
        ),
        plan=plan,
        rows=rows,
        warnings=tuple(warnings(question, plan, answers)),
    )


def question_of(
    config: ClusterConfig,
    *,
    prices: PriceFile | None = None,
    speeds: Speeds = "x86-equal",
    families: tuple[str, ...] = (),
    services_only: bool = False,
) -> Question:
    """The load of a stack with its prices and assumptions, as the packer needs it; arguments as for `compare`."""
    requests = pod_requests(config, traffic_plans(config))
    return Question(
        config=config,
        book=price_book(config, prices),
        services=service_loads(config, requests, config.traffic.basis),
        platform=() if services_only else platform_loads(config),
        peak=config.headroom.utilisation_target,
        failed=config.headroom.failed_utilisation,
        speeds=speeds,
        families=families,
    )


def options(book: PriceBook) -> tuple[PurchaseOption, ...]:
    """On demand and spot always; promises where a rate is known."""
    promised: tuple[PurchaseOption, ...] = ("reserved", "savings-plan")
    return ("on-demand", "spot", *(option for option in promised if book.has(option)))


def _as_given(config: ClusterConfig, stack: str, book: PriceBook) -> tuple[Plan | None, tuple[Answer, ...]]:
    """The stack as it stands, with its own control plane and on EKS."""
    own = Choice(pools="as given", tolerance="none")
    both = (own, replace(own, control="eks"))
    try:
        plan = make_plan(config, stack)
    except ConfigError as error:
        first, more = str(error.problems[0]), len(error.problems) - 1
        refused = f"{first}{f' (and {more} more)' if more else ''}"
        return None, tuple(Answer(choice=choice, refused=refused) for choice in both)
    nodes: dict[str, int] = {}
    for pool in plan.pools.values():
        nodes[pool.instance.name] = nodes.get(pool.instance.name, 0) + pool.count
    workers = sum((_hour(book, plan, name) * pool.count for name, pool in plan.pools.items()), Decimal(0))
    control = plan.control_plane
    hour = book.price(control.instance) or control.price
    planes = (
        ControlPlane(
            month=hour.month * len(control.slots),
            what=f"{len(control.slots)} x {control.instance.name}",
            survives="",
        ),
        eks(),
    )
    return plan, tuple(
        Answer(
            choice=choice,
            zones=tuple(sorted(config.network.zones)),
            nodes=dict(sorted(nodes.items())),
            pods={name: service.max_replicas for name, service in plan.services.items()},
            workers=workers * HOURS_PER_MONTH,
            control_plane=plane,
            prices={pool.instance.name: pool.price for pool in plan.pools.values()},
        )
        for choice, plane in zip(both, planes, strict=True)
    )


def _known(question: Question, choice: Choice, answers: Sequence[Answer]) -> Answer | None:
    """EKS has the same workers as the row with the own control plane, which is not packed again."""
    same = next((each for each in answers if each.choice == replace(choice, control="own")), None)
    if choice.control != "eks" or same is None or same.workers is None:
        return None
    return replace(same, choice=choice, control_plane=control_plane(question, choice))


def _hour(book: PriceBook, plan: Plan, name: str) -> Decimal:
    pool = plan.pools[name]
    price = (book.price(pool.instance, "spot", pool.zones) if pool.spot else None) or book.price(pool.instance)
    return (price or pool.price).hour


def _survives(answer: Answer, plan: Plan | None, question: Question) -> str:
    if answer.refused:
        return ""
    match answer.choice.tolerance:
        case "node":
            return f"any one machine{_then(answer)}"
        case "zone":
            return f"any one of zones {', '.join(answer.zones)}{_then(answer)}"
        case "none":
            if plan is None or not _given(answer):
                return "nothing"
            stopped = ", ".join(lost_with_a_machine(plan, question.failed))
            return f"no machine: one loss stops {stopped}" if stopped else "any one machine"


def _then(answer: Answer) -> str:
    return "" if answer.worst is None else f" (then {float(answer.worst):.0%} busy)"


def _given(answer: Answer) -> bool:
    return answer.choice.pools == "as given"


def lost_with_a_machine(plan: Plan, failed: float) -> Iterator[str]:
    """Services that stop, or whose machines run hotter than is borne, when the largest machine of their pool is lost.

    Args:
        plan: the stack as it stands; a pool may have machines of several types.
        failed: utilisation that is borne.
    """
    for name in dict.fromkeys(part.pool for part in plan.pools.values()):
        parts = [part for part in plan.pools.values() if part.pool == name]
        services = tuple(dict.fromkeys(service for part in parts for service in part.services))
        capacity = sum(part.count * part.instance.vcpu for part in parts)
        left = capacity - max(part.instance.vcpu for part in parts)
        busy = sum((plan.services[key].utilisation.get(plan.basis, Decimal(0)) for key in services), Decimal(0))
        if not left or busy * capacity / left > Decimal(str(failed)):
            yield from services


def _saves(answer: Answer, answers: list[Answer]) -> Decimal | None:
    choice = answer.choice
    if choice.pools != "shared" or choice.control != "own" or answer.workers is None:
        return None
    other = next((each for each in answers if each.choice == replace(choice, pools="dedicated")), None)
    if other is None or not other.workers:
        return None
    return 1 - answer.workers / other.workers
