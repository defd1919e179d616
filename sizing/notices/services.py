"""What the traffic of services means for their machines."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction

from config.schema import ClusterConfig
from config.types import Basis
from sizing import arithmetic
from sizing.model import Notice, PoolPlan, ServicePlan, TrafficPlan
from sizing.pools import machines, parts_of, sustained_ms


def services(
    config: ClusterConfig, plans: Mapping[str, ServicePlan], pools: Mapping[str, PoolPlan]
) -> Iterator[Notice]:
    """Yield what is unknown or too large, each figure with its basis."""
    target = Decimal(str(config.headroom.utilisation_target))
    for name, service in plans.items():
        if service.traffic is None:
            yield Notice(code="no-traffic", text=f"service {name} has no traffic figures: floors are used")
        else:
            yield from _stress(name, service.traffic)
            yield from _one_session(config, name, service.traffic)
            yield from _unmeasured(config, service, parts_of(pools, service.pool))
    bases: tuple[Basis, ...] = ("arrival", "stress")
    for name in dict.fromkeys(pool.pool for pool in pools.values()):
        parts = parts_of(pools, name)
        for basis in bases:
            shares = {key: plans[key].utilisation.get(basis, Decimal(0)) for key in parts[0].services}
            total = sum(shares.values(), Decimal(0))
            if total > target:
                busy = ", ".join(key for key, share in shares.items() if share)
                yield Notice(
                    code="utilisation-above-target",
                    text=f"pool {name}: {busy} would keep {machines(parts)} {total:.1%} busy"
                    f" (basis {basis}); the target is {target:.0%}",
                )


def _one_session(config: ClusterConfig, name: str, traffic: TrafficPlan) -> Iterator[Notice]:
    given = config.services[name].traffic
    if given is not None and given.requests_per_user is not None and traffic.vusers is not None:
        yield Notice(
            code="one-session-assumed",
            text=f"service {name}: {given.requests_per_user:g} requests per user and day (basis input) are taken as one"
            f" session of {given.scenario_seconds:g} s; spread over two such sessions a day they would be twice the"
            f" {traffic.vusers.high:,f} VUsers (basis stress): give sessions_per_day and requests_per_session",
        )


def _unmeasured(config: ClusterConfig, service: ServicePlan, parts: Sequence[PoolPlan]) -> Iterator[Notice]:
    """What a request may cost at most, where nobody has measured what it costs."""
    if config.services[service.name].demand is not None or service.traffic is None:
        return
    most = arithmetic.exact(config.headroom.utilisation_target) * sustained_ms(parts)
    rates = {"arrival": service.traffic.rps_peak_exact, "stress": service.traffic.tps_target.high}
    costs = [f"{float(most / Fraction(rate)):.2f} ms (basis {basis})" for basis, rate in rates.items() if rate]
    if costs:
        yield Notice(
            code="demand-not-measured",
            text=f"service {service.name}: what a request costs is not measured; at"
            f" {config.headroom.utilisation_target:.0%} of {machines(parts)} it may take"
            f" {' or '.join(costs)} of a vCPU",
        )


def _stress(name: str, traffic: TrafficPlan) -> Iterator[Notice]:
    peak = traffic.rps_peak or traffic.rps_peak_exact
    ratio = traffic.tps_target.high / peak if peak else Decimal(0)
    if ratio > 1 and traffic.think_seconds:
        yield Notice(
            code="stress-above-arrival",
            text=f"service {name}: the load-test target {traffic.tps_target.high:,.0f} TPS (basis stress) is"
            f" {ratio:.1f} times the peak of {peak} requests/s (basis arrival): it has no think time",
        )
