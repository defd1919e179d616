"""The explanation of a plan: for every service and pool what decided, what is left, and when it stops holding."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from types import MappingProxyType
from typing import Final

from config.types import Basis
from sizing import arithmetic, pods
from sizing.capacity import pool_tolerance
from sizing.explain.alternative import Alternative
from sizing.explain.alternatives import alternatives
from sizing.explain.failures import Failure, failures
from sizing.explain.layout import Place, layout
from sizing.explain.limits import BASES, Limit, busy_m, first, pool_limit, service_limits
from sizing.explain.removals import removals
from sizing.model import PackingPlan, Plan, ServicePlan
from sizing.pools import machines

NOTHING: Final = "floor"
"""What `CapacityPlan.scarce` says of a service whose cost is not measured."""


@dataclass(frozen=True, kw_only=True)
class Need:
    """How many pods one constraint asks for, and why."""

    why: str
    pods: int


@dataclass(frozen=True, kw_only=True)
class ServiceExplanation:
    """Why a service is as it is.

    Attributes:
        needs: constraints, the one that asks for most pods first.
        decided: what set the number of pods.
        size: what set the size of a pod.
        fewer: what one pod less would break.
        limits: first limit by basis, with what is left of it.
    """

    name: str
    needs: tuple[Need, ...]
    decided: str
    size: str
    fewer: str
    limits: Mapping[Basis, Limit]


@dataclass(frozen=True, kw_only=True)
class PoolExplanation:
    """Why a pool's machines are what they are.

    Attributes:
        machines: how many of which type.
        decided: what set type and count.
        packing: how they were chosen and what is proved; None for machines that were given.
        tight: the resource of which least is left.
        requested: share of what pods may use, by resource.
        limits: CPU at the peak by basis.
        alternatives: smaller and cheaper machines, and what they break.
    """

    name: str
    machines: str
    decided: str
    packing: PackingPlan | None
    tight: str
    requested: Mapping[str, Fraction]
    limits: Mapping[Basis, Limit]
    alternatives: tuple[Alternative, ...]


@dataclass(frozen=True, kw_only=True)
class Stop:
    """The load at which a plan stops holding.

    Attributes:
        factor: times the planned load; below 1 it does not hold now.
        users: daily active users of the platform at that load; None where the configuration does not count them.
        limit: what is met first.
        where: the service or pool.
    """

    basis: Basis
    factor: Fraction
    users: int | None
    limit: Limit
    where: str


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """The whole explanation of one plan."""

    services: Mapping[str, ServiceExplanation]
    pools: Mapping[str, PoolExplanation]
    stops: Mapping[Basis, Stop]
    places: tuple[Place, ...]
    failures: tuple[Failure, ...]
    unmeasured: tuple[str, ...]
    """Services without a measured demand, which no limit below speaks of."""


def explain(plan: Plan) -> Explanation:
    """Explain a plan; nothing is decided anew but the alternatives, whose plans are made to be judged."""
    places = layout(plan)
    services = {name: _service(plan, service) for name, service in plan.services.items()}
    pools = {name: _pool(plan, name, places) for name in plan.config.pools}
    return Explanation(
        services=MappingProxyType(services),
        pools=MappingProxyType(pools),
        stops=MappingProxyType({stop.basis: stop for stop in _stops(plan, services, pools)}),
        places=places,
        failures=failures(plan, places, plan.basis),
        unmeasured=tuple(name for name in plan.services if name not in busy_m(plan, plan.basis)),
    )


def _service(plan: Plan, service: ServicePlan) -> ServiceExplanation:
    needs = tuple(sorted(_needs(plan, service), key=lambda need: -need.pods))
    most, maximum = needs[0], plan.config.services[service.name].replicas.max
    decided = most.why
    if most.pods != service.max_replicas:
        asked = "asked for" if maximum is not None else "the default"
        joint = ", " if most.pods > service.max_replicas else "; "
        decided = f"at most {service.max_replicas} pods were {asked}{joint}{most.why} needs {most.pods}"
    limits: dict[Basis, Limit] = {
        basis: limit for basis in BASES if (limit := first(service_limits(plan, service, basis))) is not None
    }
    return ServiceExplanation(
        name=service.name,
        needs=needs,
        decided=decided,
        size=_size(plan, service),
        fewer=_fewer(service, needs),
        limits=MappingProxyType(limits),
    )


def _needs(plan: Plan, service: ServicePlan) -> Iterator[Need]:
    given, decided = plan.config.services[service.name], service.capacity
    yield Need(why="the floor of pods at rest", pods=given.replicas.min)
    if decided.scarce != NOTHING:
        yield Need(why=f"{decided.scarce} at the peak (basis {decided.basis})", pods=decided.at_peak)
    tolerance, zones = pool_tolerance(plan.config, given.pool), len(_zones(plan, given.pool))
    left = f"{decided.after_loss} must be left" + (f" (basis {decided.basis})" if decided.scarce != NOTHING else "")
    if given.pool not in plan.packings or tolerance == "none":
        return
    if tolerance == "node":
        cap = service.replication.per_node or 1
        yield Need(why=f"the loss of a node: {left}, {cap} may go", pods=decided.after_loss + cap)
        return
    yield Need(
        why=f"the loss of a zone: {left}, spread evenly over {zones}",
        pods=zones * math.ceil(Fraction(decided.after_loss, zones - 1)),
    )
    even = math.ceil(Fraction(max(decided.at_peak, given.replicas.min, given.replicas.max or 0), zones)) * zones
    yield Need(why=f"as many pods in each of {zones} zones", pods=even)


def _zones(plan: Plan, pool: str) -> Sequence[str]:
    return plan.config.pools[pool].zones or plan.config.network.zones


def _size(plan: Plan, service: ServicePlan) -> str:
    given = plan.config.services[service.name]
    size = f"{service.requests.cpu_m}m, {service.requests.memory_mib} MiB"
    if given.resources is not None:
        return f"{size}: given"
    if given.pool not in plan.packings and plan.config.pools[given.pool].instance_type is not None:
        jobs = " and a Job" if pods.needs_job(plan.config, given) else ""
        return f"{size}: an equal share of its pool's machines for {service.max_replicas} pods, one surge pod{jobs}"
    memory = "heap rule or measurement" if given.memory is not None else "the floor"
    if service.capacity.cpu_m is None:
        return f"{size}: CPU the floor of a service without figures, memory by {memory}"
    return f"{size}: CPU its share of the peak on basis {plan.basis}, at least {pods.FLOOR.cpu_m}m, memory by {memory}"


def _fewer(service: ServicePlan, needs: tuple[Need, ...]) -> str:
    if service.max_replicas == 1:
        return "it would not run"
    broken = [need.why for need in needs if need.pods > service.max_replicas - 1]
    if broken:
        return ", ".join(broken)
    return "nothing that is measured" if len(needs) > 1 else "nothing that is known: its cost is not measured"


def _pool(plan: Plan, name: str, places: tuple[Place, ...]) -> PoolExplanation:
    own = [place for place in places if place.pool == name]
    packing = plan.packings.get(name)
    requested = {
        "CPU requests": Fraction(
            sum(place.requested.cpu_m for place in own), sum(place.allocatable.cpu_m for place in own)
        ),
        "memory requests": Fraction(
            sum(place.requested.memory_mib for place in own), sum(place.allocatable.memory_mib for place in own)
        ),
        "pods": Fraction(sum(place.pods for place in own), sum(place.slots for place in own)),
    }
    limits: dict[Basis, Limit] = {
        basis: limit for basis in BASES if (limit := pool_limit(plan, name, basis)) is not None
    }
    return PoolExplanation(
        name=name,
        machines=machines(plan.parts_of(name)),
        decided="; ".join(dict.fromkeys(part.reason for part in plan.parts_of(name))),
        packing=packing,
        tight=max(requested, key=lambda resource: requested[resource]),
        requested=MappingProxyType(requested),
        limits=MappingProxyType(limits),
        alternatives=alternatives(plan, name) if packing is None else tuple(removals(plan, name, places)),
    )


def _stops(
    plan: Plan, services: Mapping[str, ServiceExplanation], pools: Mapping[str, PoolExplanation]
) -> Iterator[Stop]:
    """Factors hold while every figure grows alike; the users are the platform's daily ones times the factor."""
    for basis in BASES:
        found = [
            (limit, where)
            for kind, parts in (("service", services), ("pool", pools))
            for name, part in parts.items()
            if (limit := part.limits.get(basis)) is not None and (where := f"{kind} {name}") and limit.factor
        ]
        if found:
            limit, where = max(found, key=lambda item: item[0].share)
            factor = 1 / limit.share
            daily = plan.config.traffic.daily_active_users
            users = None if daily is None else math.floor(daily * factor)
            yield Stop(basis=basis, factor=factor, users=users, limit=limit, where=where)


def times(factor: Fraction) -> Decimal:
    """A factor for people: two decimals below 10, one below 100, none beyond."""
    places = 2 if factor < 10 else 1 if factor < 100 else 0  # noqa: PLR2004 - the sentence above
    return arithmetic.to_decimal(factor, places)
