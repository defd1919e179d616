"""What limits a plan under a growing load: every limit is linear in it, so each gives the factor at which it is met."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from config.types import Basis
from sizing import arithmetic, pods
from sizing.model import Plan, ServicePlan
from sizing.pools import machines, sustained_ms

BASES: Final[tuple[Basis, ...]] = ("arrival", "stress")


@dataclass(frozen=True, kw_only=True)
class Limit:
    """One limit of one service or pool on one basis.

    Attributes:
        what: what is limited, for people.
        used: how much the planned load takes, in `unit`.
        of: how much there may be.
        unit: of both.
    """

    what: str
    used: Fraction
    of: Fraction
    unit: str
    basis: Basis

    @property
    def share(self) -> Fraction:
        """Used part of what there may be; above 1 the limit is broken now."""
        return self.used / self.of

    @property
    def factor(self) -> Fraction | None:
        """How many times the planned load meets the limit; None without load."""
        return self.of / self.used if self.used else None


def busy_of(plan: Plan, service: ServicePlan, basis: Basis) -> Fraction | None:
    """Thousandths of a vCPU that a service keeps busy at its rate on this basis; None without a measured demand."""
    demand = plan.config.services[service.name].demand
    if demand is None or service.traffic is None:
        return None
    return pods.rate(service.traffic, basis) * arithmetic.exact(demand.cpu_ms_per_request)


def busy_m(plan: Plan, basis: Basis) -> Mapping[str, Fraction]:
    """The same for every measured service."""
    found = {name: busy_of(plan, service, basis) for name, service in plan.services.items()}
    return {name: busy for name, busy in found.items() if busy is not None}


def service_limits(plan: Plan, service: ServicePlan, basis: Basis) -> Iterator[Limit]:
    """Limits of all the pods that a service may have, and of those that the promised loss leaves."""
    if service.traffic is None:
        return
    count, headroom = service.max_replicas, plan.config.headroom
    target = arithmetic.exact(headroom.utilisation_target)
    busy = busy_of(plan, service, basis)
    if busy is not None:
        yield _cpu(service, busy, basis, _pods(count), count, target)
        left, lost = after_loss(plan, service)
        if left:
            bearable = arithmetic.exact(headroom.failed_utilisation)
            yield _cpu(service, busy, basis, f"the {_pods(left)} that {lost} leaves", left, bearable)
    for what, each, hold_ms in _held(plan, service):
        yield Limit(
            what=f"{each} {what} in each of {_pods(count)} at {float(target):.0%}",
            used=pods.rate(service.traffic, basis) * arithmetic.exact(hold_ms) / 1000,
            of=each * count * target,
            unit=what,
            basis=basis,
        )


def _cpu(  # noqa: PLR0917 - plain values
    service: ServicePlan, busy: Fraction, basis: Basis, whose: str, count: int, share: Fraction
) -> Limit:
    return Limit(
        what=f"CPU of {whose} at {float(share):.0%} of their requests",
        used=busy,
        of=count * service.requests.cpu_m * share,
        unit="m",
        basis=basis,
    )


def _held(plan: Plan, service: ServicePlan) -> Iterator[tuple[str, int, float]]:
    """What a request holds one of, how many a pod has, and for how many ms."""
    given = plan.config.services[service.name]
    if given.demand is not None and given.demand.threads is not None and given.demand.hold_ms is not None:
        yield "threads", given.demand.threads, given.demand.hold_ms
    if given.connections is not None and given.connections.hold_ms is not None:
        yield "database connections", given.connections.count, given.connections.hold_ms


def after_loss(plan: Plan, service: ServicePlan) -> tuple[int, str]:
    """Pods left by the loss that the pool's packing promises to bear, and what is lost; 0 where none is promised."""
    packing = plan.packings.get(service.pool)
    if packing is None or packing.tolerance == "none":
        return 0, ""
    if packing.tolerance == "node":
        held = max((node.pods.get(service.name, 0) for node in packing.nodes), default=0)
        return service.max_replicas - held, "the loss of a node"
    by_zone: Counter[str] = Counter()
    for node in packing.nodes:
        by_zone[node.zone] += node.pods.get(service.name, 0)
    return service.max_replicas - max(by_zone.values(), default=0), "the loss of a zone"


def pool_limit(plan: Plan, name: str, basis: Basis) -> Limit | None:
    """CPU of all machines of a pool at the comfortable share; None where none of its services is measured.

    A burstable machine counts with what it earns back.
    """
    parts = plan.parts_of(name)
    own = [busy_of(plan, service, basis) for service in plan.services.values() if service.pool == name]
    used = [busy for busy in own if busy is not None]
    if not used:
        return None
    target = arithmetic.exact(plan.config.headroom.utilisation_target)
    capacity = sustained_ms(parts)
    return Limit(
        what=f"CPU of {machines(parts)} at {float(target):.0%}",
        used=sum(used, Fraction(0)),
        of=capacity * target,
        unit="m",
        basis=basis,
    )


def first(limits: Iterator[Limit]) -> Limit | None:
    """The limit that a growing load meets first."""
    return max(limits, key=lambda limit: limit.share, default=None)


def _pods(count: int) -> str:
    return "1 pod" if count == 1 else f"{count} pods"
