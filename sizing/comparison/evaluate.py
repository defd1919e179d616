"""One choice, answered: the cheapest machines for a load, what they cost, what is proved, and what may fail."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Final

from config.schema import ClusterConfig
from config.types import Tolerance
from sizing import arithmetic
from sizing.catalogue import REGION_ZONES
from sizing.comparison.candidates import Candidates, Terms, candidates, type_of
from sizing.comparison.choice import Choice
from sizing.comparison.control_plane import ControlPlane, eks, self_managed
from sizing.comparison.dedicated import own_machines
from sizing.comparison.load import PLATFORM_GROUP, PlatformLoad, ServiceLoad
from sizing.comparison.speed import Speeds, reference_family
from sizing.model import HOURS_PER_MONTH, Price
from sizing.packing import Effort, Failure, Machine, NoFitError, Pods, Problem, pack, survives
from sizing.packing.solve import NORMAL
from sizing.packing.tolerance import Workload, pack_tolerant
from sizing.pricing.book import PriceBook

ZONES_TO_LOSE_ONE: Final = 3
"""Zones that a row spreads over when it must withstand the loss of one, where the region has so many."""


@dataclass(frozen=True, kw_only=True)
class Question:
    """A load and everything that is assumed about machines and prices, the same for all rows.

    Attributes:
        config: the stack.
        book: prices.
        services: what the services need.
        platform: what the platform needs.
        peak: utilisation that counts as comfortable at the peak.
        failed: utilisation that is borne after a loss.
        speeds: how vCPUs of different families compare.
        families: only these; empty: all of the catalogue.
        effort: how far the packer climbs.
    """

    config: ClusterConfig
    book: PriceBook
    services: Mapping[str, ServiceLoad]
    platform: tuple[PlatformLoad, ...]
    peak: float
    failed: float
    speeds: Speeds = "x86-equal"
    families: tuple[str, ...] = ()
    effort: Effort = NORMAL

    def terms(self, choice: Choice) -> Terms:
        """What a choice allows."""
        return Terms(
            option=choice.option,
            architectures=choice.architectures,
            families=self.families,
            speeds=self.speeds,
            reference=reference_family(self.config),
        )


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a choice comes to; without machines when it cannot be had, and `refused` says why."""

    choice: Choice
    zones: tuple[str, ...] = ()
    nodes: Mapping[str, int] = field(default_factory=dict[str, int])
    """Machines by name (`c5a.xlarge`, `c5a.xlarge:spot`), in alphabetical order."""
    pods: Mapping[str, int] = field(default_factory=dict[str, int])
    """Pods by service."""
    workers: Decimal | None = None
    """USD per month, exact."""
    bound: Decimal | None = None
    """USD per month that no packing under the same choice can undercut."""
    method: str = ""
    control_plane: ControlPlane | None = None
    worst: Fraction | None = None
    """Highest CPU share of any service's pods at the peak, after the worst loss that the choice tolerates (if any)."""
    fill: Mapping[str, Decimal] = field(default_factory=dict[str, Decimal])
    """Share of what the machines have for pods that requests take, by resource."""
    prices: Mapping[str, Price] = field(default_factory=dict[str, Price])
    """Price of each machine that is used."""
    unpriced: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    refused: str = ""

    @property
    def month(self) -> Decimal | None:
        """Workers and control plane together, USD per month, exact."""
        if self.workers is None or self.control_plane is None:
            return None
        return self.workers + self.control_plane.month

    @property
    def gap(self) -> Decimal | None:
        """Cost of the workers above the bound, as a share of the bound."""
        if self.workers is None or not self.bound:
            return None
        return self.workers / self.bound - 1

    @property
    def types(self) -> Mapping[str, int]:
        """Machines by instance type, purchase options put together."""
        counted: Counter[str] = Counter()
        for name, count in self.nodes.items():
            counted[type_of(name)] += count
        return dict(counted)


def zones_for(config: ClusterConfig, tolerance: Tolerance) -> tuple[str, ...]:
    """Zones that a row may use: the stack's; for the loss of a zone filled up to three from the region's, in order."""
    own = tuple(sorted(config.network.zones))
    if tolerance != "zone" or len(own) >= ZONES_TO_LOSE_ONE:
        return own
    others = [zone for zone in REGION_ZONES[config.region] if zone not in own]
    return tuple(sorted([*own, *others[: ZONES_TO_LOSE_ONE - len(own)]]))


def evaluate(question: Question, choice: Choice) -> Answer:
    """Answer one choice. Never raises for a choice that cannot be had: its answer says why."""
    zones = zones_for(question.config, choice.tolerance)
    offered = candidates(question.config, question.book, question.terms(choice), zones)
    missing = _no_machines(choice, offered)
    if missing:
        return Answer(choice=choice, zones=zones, unpriced=offered.unpriced, refused=missing)
    try:
        plane = control_plane(question, choice)
        found = (_dedicated if choice.pools == "dedicated" else _packed)(question, choice, offered.machines, zones)
    except (LookupError, NoFitError) as error:
        return Answer(choice=choice, zones=zones, unpriced=offered.unpriced, refused=str(error))
    return Answer(
        choice=choice,
        zones=zones,
        nodes=dict(sorted(found.nodes.items())),
        pods={name: found.pods[name] for name in question.services},
        workers=found.cost * HOURS_PER_MONTH,
        bound=found.bound * HOURS_PER_MONTH,
        method=found.method,
        control_plane=plane,
        worst=found.worst,
        fill=_fill(question, found, offered.machines),
        prices={name: offered.prices[name] for name in sorted(found.nodes)},
        unpriced=offered.unpriced,
        notes=found.notes,
    )


@dataclass(frozen=True, kw_only=True)
class _Found:
    """Machines by name, pods by service, USD per hour, and how they were found."""

    nodes: Mapping[str, int]
    pods: Mapping[str, int]
    cost: Decimal
    bound: Decimal
    worst: Fraction | None
    method: str
    notes: tuple[str, ...]


def _packed(question: Question, choice: Choice, machines: tuple[Machine, ...], zones: tuple[str, ...]) -> _Found:
    asked = workloads(question, choice)
    found = pack_tolerant(
        asked,
        platform_pods(question, choice, zones),
        machines,
        zones,
        choice.tolerance,
        peak=arithmetic.exact(question.peak),
        failed=arithmetic.exact(question.failed),
        effort=question.effort,
    )
    return _Found(
        nodes=Counter(node.machine for node in found.packing.nodes),
        pods={name: pods.count for name, pods in found.pods.items()},
        cost=found.packing.cost,
        bound=found.packing.bound,
        worst=_worst(choice, survives(asked, found.packing.nodes)),
        method=found.packing.method,
        notes=found.packing.notes,
    )


def _dedicated(question: Question, choice: Choice, machines: tuple[Machine, ...], zones: tuple[str, ...]) -> _Found:
    """Every service counted by itself; the platform packed on machines beside them."""
    own = own_machines(question.services, machines, zones, choice.tolerance, peak=question.peak, failed=question.failed)
    platform = pack(
        Problem(pods=platform_pods(question, choice, zones), machines=machines, zones=zones), effort=question.effort
    )
    nodes = Counter(node.machine for node in platform.nodes)
    for each in own.values():
        nodes[each.machine] += each.count
    cost = sum((each.cost for each in own.values()), Decimal(0))
    return _Found(
        nodes=nodes,
        pods={name: each.pods for name, each in own.items()},
        cost=cost + platform.cost,
        bound=cost + platform.bound,
        worst=max((_share(question.services[name], each.left) for name, each in own.items()), default=None),
        method=f"counted, platform {platform.method}",
        notes=platform.notes,
    )


def _worst(choice: Choice, failures: Iterable[Failure]) -> Fraction | None:
    """Judged on the packing itself, not on the rule that it was made by."""
    shares = [failure.worst for failure in failures if failure.kind == choice.tolerance]
    return None if None in shares else max((share for share in shares if share is not None), default=None)


def _share(load: ServiceLoad, pods: int) -> Fraction:
    return Fraction(load.busy_m or 0) / (load.pod.cpu_m * pods)


def control_plane(question: Question, choice: Choice) -> ControlPlane:
    """The control plane of a choice.

    Raises:
        LookupError: none can be had in the zones.
    """
    if choice.control == "eks":
        return eks()
    zones = zones_for(question.config, choice.tolerance)
    return self_managed(question.config, question.book, choice.tolerance, zones)


def workloads(question: Question, choice: Choice) -> tuple[Workload, ...]:
    """The services in the packer's form."""
    return tuple(
        Workload(
            name=load.name,
            cpu_m=load.pod.cpu_m,
            memory_mib=load.pod.memory_mib,
            demand_m=load.busy_m or 0,
            minimum=load.floor,
            group=_group(question.config, choice, load),
        )
        for load in question.services.values()
    )


def _group(config: ClusterConfig, choice: Choice, load: ServiceLoad) -> str:
    if choice.pools == "shared":
        return ""
    return load.pool if config.pools[load.pool].dedicated else ""


def platform_pods(question: Question, choice: Choice, zones: tuple[str, ...]) -> tuple[Pods, ...]:
    """The platform's pods in the packer's form: in the shared pool if there is one, else on their own machines."""
    shared = choice.pools != "dedicated" and any(not each.group for each in workloads(question, choice))
    return tuple(
        Pods(
            name=f"platform/{load.name}",
            cpu_m=load.pod.cpu_m,
            memory_mib=load.pod.memory_mib,
            count=load.count,
            per_node=1 if load.one_per_node else None,
            zones=load.over(zones, choice.tolerance),
            group="" if shared else PLATFORM_GROUP,
            spot=False,
        )
        for load in question.platform
    )


def _no_machines(choice: Choice, offered: Candidates) -> str:
    wanted = choice.option == "spot"
    if any(machine.spot == wanted for machine in offered.machines):
        return ""
    if offered.unpriced:
        return f"no {choice.option} price of any type is known"
    return "no type of the catalogue is allowed and offered in these zones"


def _fill(question: Question, found: _Found, machines: Sequence[Machine]) -> Mapping[str, Decimal]:
    by_name = {machine.name: machine for machine in machines}
    held = [(load.pod, found.pods[name]) for name, load in question.services.items()]
    held += [(load.pod, load.count) for load in question.platform]
    cpu = sum(by_name[name].cpu_m * count for name, count in found.nodes.items())
    memory = sum(by_name[name].memory_mib * count for name, count in found.nodes.items())
    return {
        "cpu": Decimal(sum(pod.cpu_m * count for pod, count in held)) / cpu,
        "memory": Decimal(sum(pod.memory_mib * count for pod, count in held)) / memory,
    }
