"""What limits a plan under a growing load: every limit is linear in it, so each gives the factor at which it is met."""

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


def busy_m(plan: Plan, basis: Basis) -> Mapping[str, Fraction]:
    """Thousandths of a vCPU that each measured service keeps busy at its rate on this basis."""
    busy: dict[str, Fraction] = {}
    for name, service in plan.services.items():
        demand = plan.config.services[name].demand
        if demand is not None and service.traffic is not None:
            busy[name] = pods.rate(service.traffic, basis) * arithmetic.exact(demand.cpu_ms_per_request)
    return busy


def service_limits(plan: Plan, service: ServicePlan, basis: Basis) -> Iterator[Limit]:
    """Limits of all the pods that a service may have."""
    demand = plan.config.services[service.name].demand
    if demand is None or service.traffic is None:
        return
    target = arithmetic.exact(plan.config.headroom.utilisation_target)
    yield Limit(
        what=f"CPU of {_pods(service.max_replicas)} at {float(target):.0%} of their requests",
        used=busy_m(plan, basis)[service.name],
        of=service.max_replicas * service.requests.cpu_m * target,
        unit="m",
        basis=basis,
    )
    if demand.threads is not None and demand.hold_ms is not None:
        yield Limit(
            what=f"{demand.threads} threads in each of {_pods(service.max_replicas)}",
            used=pods.rate(service.traffic, basis) * arithmetic.exact(demand.hold_ms) / 1000,
            of=Fraction(demand.threads * service.max_replicas),
            unit="threads",
            basis=basis,
        )


def pool_limit(plan: Plan, name: str, basis: Basis) -> Limit | None:
    """CPU of all machines of a part's pool at the comfortable share; None where no service of it is measured."""
    pool = plan.pools[name]
    parts = plan.parts_of(pool.pool)
    shares = [
        arithmetic.exact(plan.services[service].utilisation[basis])
        for service in pool.services
        if basis in plan.services[service].utilisation
    ]
    if not shares:
        return None
    target = arithmetic.exact(plan.config.headroom.utilisation_target)
    capacity = sustained_ms(parts)
    return Limit(
        what=f"CPU of {machines(parts)} at {float(target):.0%}",
        used=sum(shares, Fraction(0)) * capacity,
        of=capacity * target,
        unit="m",
        basis=basis,
    )


def first(limits: Iterator[Limit]) -> Limit | None:
    """The limit that a growing load meets first."""
    return max(limits, key=lambda limit: limit.share, default=None)


def _pods(count: int) -> str:
    return "1 pod" if count == 1 else f"{count} pods"
