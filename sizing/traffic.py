"""Traffic of every service: its own figures, or the sum of the services whose requests pass through it."""

import math
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction

from config.schema import ClusterConfig, ServiceTraffic, Traffic
from sizing import arithmetic
from sizing.model import Span, TrafficPlan

EXACT_PLACES = 6


def traffic_plans(config: ClusterConfig) -> Mapping[str, TrafficPlan | None]:
    """Traffic by service name; None for a service without figures of its own or of services behind it."""
    own = {
        name: _own(config.traffic, service.traffic) if service.traffic else None
        for name, service in config.services.items()
    }
    plans: dict[str, TrafficPlan | None] = {}
    for name in config.services:
        _resolve(name, config, own, plans)
    return {name: plans[name] for name in config.services}


def _resolve(
    name: str,
    config: ClusterConfig,
    own: Mapping[str, TrafficPlan | None],
    plans: dict[str, TrafficPlan | None],
) -> TrafficPlan | None:
    """Depth first; the loader has refused cycles."""
    if name not in plans:
        routed = {route: _resolve(route, config, own, plans) for route in config.services[name].routes}
        behind = {route: plan for route, plan in routed.items() if plan is not None}
        plans[name] = own[name] or (_sum(behind, config.traffic.daily_active_users) if behind else None)
    return plans[name]


def users_of(traffic: Traffic, service: ServiceTraffic) -> tuple[int, int]:
    """Low and high daily active users; a share is rounded up to whole users."""
    if service.users is not None:
        return service.users.low, service.users.high
    if service.share_of_users is None:
        raise ValueError("a service's traffic needs users or share_of_users")
    total = traffic.daily_active_users
    low, high = service.share_of_users.low, service.share_of_users.high
    return math.ceil(total * arithmetic.exact(low)), math.ceil(total * arithmetic.exact(high))


def _own(traffic: Traffic, service: ServiceTraffic) -> TrafficPlan:
    users = users_of(traffic, service)
    daily = [arithmetic.requests_per_day(count, service.requests_per_user) for count in users]
    low_mean, high_mean = (arithmetic.mean_rps(requests) for requests in daily)
    peak = arithmetic.peak_rps(high_mean, traffic.peak_factor, traffic.safety_factor)
    # The low end carries no factors and the high end all of them: that is the width of the sheet's range.
    low_users, high_users = (
        arithmetic.vusers(rps, service.scenario_seconds, service.requests_per_user) for rps in (low_mean, peak)
    )
    return TrafficPlan(
        users=_span(Fraction(users[0]), Fraction(users[1]), 0),
        requests_per_day=_span(daily[0], daily[1], 0),
        rps_mean=_span(low_mean, high_mean, 1),
        rps_mean_exact=_span(low_mean, high_mean, EXACT_PLACES),
        rps_peak=arithmetic.printed_rps(peak),
        rps_peak_exact=arithmetic.to_decimal(peak, EXACT_PLACES),
        vusers=_span(Fraction(low_users), Fraction(high_users), 0),
        tps_target=_span(
            arithmetic.target_tps(low_users, traffic.response_time_target_ms),
            arithmetic.target_tps(high_users, traffic.response_time_target_ms),
            1,
        ),
        derived_from=(),
    )


def _span(low: Fraction, high: Fraction, places: int) -> Span:
    return Span(low=arithmetic.to_decimal(low, places), high=arithmetic.to_decimal(high, places))


def _sum(behind: Mapping[str, TrafficPlan], total_users: int) -> TrafficPlan:
    plans = tuple(behind.values())
    return TrafficPlan(
        users=_users_behind([plan.users for plan in plans if plan.users], total_users),
        requests_per_day=_add([plan.requests_per_day for plan in plans if plan.requests_per_day]),
        rps_mean=_add([plan.rps_mean for plan in plans]),
        rps_mean_exact=_add([plan.rps_mean_exact for plan in plans]),
        rps_peak=sum((plan.rps_peak for plan in plans), Decimal(0)),
        rps_peak_exact=sum((plan.rps_peak_exact for plan in plans), Decimal(0)),
        vusers=_add([plan.vusers for plan in plans if plan.vusers]),
        tps_target=_add([plan.tps_target for plan in plans]),
        derived_from=tuple(behind),
    )


def _users_behind(spans: list[Span], total: int) -> Span:
    """The same person uses several services: at least the largest group, at most everybody."""
    return Span(
        low=max(span.low for span in spans), high=min(Decimal(total), sum((span.high for span in spans), Decimal(0)))
    )


def _add(spans: list[Span]) -> Span:
    return Span(low=sum((span.low for span in spans), Decimal(0)), high=sum((span.high for span in spans), Decimal(0)))
