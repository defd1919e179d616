"""What the traffic of services means for their machines."""

from collections.abc import Iterator, Mapping
from decimal import Decimal

from config.schema import ClusterConfig
from config.types import Basis
from sizing.model import Notice, PoolPlan, ServicePlan, TrafficPlan


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
    bases: tuple[Basis, ...] = ("arrival", "stress")
    for name, pool in pools.items():
        for basis in bases:
            shares = {key: plans[key].utilisation.get(basis, Decimal(0)) for key in pool.services}
            total = sum(shares.values(), Decimal(0))
            if total > target:
                busy = ", ".join(key for key, share in shares.items() if share)
                yield Notice(
                    code="utilisation-above-target",
                    text=f"pool {name}: {busy} would keep {pool.count} x {pool.instance.name} {total:.1%} busy"
                    f" (basis {basis}); the target is {target:.0%}",
                )


def _stress(name: str, traffic: TrafficPlan) -> Iterator[Notice]:
    peak = traffic.rps_peak or traffic.rps_peak_exact
    ratio = traffic.tps_target.high / peak if peak else Decimal(0)
    if ratio > 1 and not traffic.derived_from:
        yield Notice(
            code="stress-above-arrival",
            text=f"service {name}: the load-test target {traffic.tps_target.high:,.0f} TPS (basis stress) is"
            f" {ratio:.1f} times the peak of {peak} requests/s (basis arrival): it has no think time",
        )
