"""Traffic of every service: of its own users, at a known rate, carried for other services, or sent by them."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from config.rules_routes import carried
from config.schema import ClusterConfig
from config.schema_traffic import DEFAULT_PEAK_FACTOR, ServiceTraffic, Traffic
from sizing import arithmetic
from sizing.burst import poisson_percentile
from sizing.model import Span, TrafficPlan

EXACT_PLACES = 6
WEIGHT_PLACES = 6


def traffic_plans(config: ClusterConfig) -> Mapping[str, TrafficPlan | None]:
    """Traffic by service name; None for a service without figures of its own or of services around it."""
    plans: dict[str, TrafficPlan | None] = {}
    for name in config.services:
        _resolve(name, config, plans)
    return {name: plans[name] for name in config.services}


def _resolve(name: str, config: ClusterConfig, plans: dict[str, TrafficPlan | None]) -> TrafficPlan | None:
    """Depth first; the loader has refused circles."""
    if name not in plans:
        service = config.services[name].traffic
        if service is not None and not service.sent_by:
            plans[name] = _own(config.traffic, service)
        else:
            weights = service.sent_by if service else carried(config, name)
            known = {other: _resolve(other, config, plans) for other in weights}
            parts = {other: (plan, arithmetic.exact(weights[other])) for other, plan in known.items() if plan}
            plans[name] = _sum(parts, config.traffic, sent=service is not None) if parts else None
    return plans[name]


def peak_factor(traffic: Traffic) -> Fraction:
    """Peak requests per second over the daily mean, before the safety factor."""
    if traffic.peak_hour_share is not None:
        return arithmetic.peak_factor(traffic.peak_hour_share)
    return arithmetic.exact(DEFAULT_PEAK_FACTOR if traffic.peak_factor is None else traffic.peak_factor)


def users_of(traffic: Traffic, service: ServiceTraffic) -> tuple[int, int] | None:
    """Low and high daily active users, a share rounded up to whole users; None where users are not the source."""
    if service.users is not None:
        return service.users.low, service.users.high
    if service.share_of_users is None or traffic.daily_active_users is None:
        return None
    total = traffic.daily_active_users
    low, high = service.share_of_users.low, service.share_of_users.high
    return math.ceil(total * arithmetic.exact(low)), math.ceil(total * arithmetic.exact(high))


@dataclass(frozen=True, kw_only=True)
class Session:
    """The mean session: its requests and its seconds, weighted over scenarios by the share of sessions."""

    requests: Fraction
    seconds: Fraction
    described: bool
    """False where only a rate is known: a user then counts for one request and one response time."""


def session_of(traffic: Traffic, service: ServiceTraffic) -> Session:
    """The mean session of one service.

    With it Little's law gives the sum over scenarios exactly: sum of s_i T_i = s x (sum of share_i T_i). A mean of
    the scenarios' simultaneous users would not.
    """
    if service.scenarios:
        shares = {name: arithmetic.exact(item.share) for name, item in service.scenarios.items()}
        total = sum(shares.values())
        parts = [(shares[name] / total, item) for name, item in service.scenarios.items()]
        requests = sum((part * arithmetic.exact(item.requests_per_session) for part, item in parts), Fraction(0))
        seconds = sum((part * arithmetic.exact(item.session_seconds) for part, item in parts), Fraction(0))
        return Session(requests=requests, seconds=seconds, described=True)
    requests_given = service.requests_per_session or service.requests_per_user
    if requests_given is None or service.scenario_seconds is None:
        response = arithmetic.exact(traffic.response_time_target_ms) / 1000
        return Session(requests=Fraction(1), seconds=response, described=False)
    requests, seconds = arithmetic.exact(requests_given), arithmetic.exact(service.scenario_seconds)
    return Session(requests=requests, seconds=seconds, described=True)


@dataclass(frozen=True, kw_only=True)
class _Rates:
    """Requests per second: low and high mean of the day, and the peak with all factors."""

    low: Fraction
    high: Fraction
    peak: Fraction


def _rates(traffic: Traffic, service: ServiceTraffic, users: tuple[int, int] | None, session: Session) -> _Rates:
    factor, safety = peak_factor(traffic), arithmetic.exact(traffic.safety_factor)
    rate = service.requests_per_second
    if rate is not None:
        known = arithmetic.exact(rate.mean or 0), arithmetic.exact(rate.peak or 0)
        mean, peak = known[0] or known[1] / factor, known[1] or known[0] * factor
        return _Rates(low=mean, high=mean, peak=peak * safety)
    if users is None:
        raise ValueError("a service's traffic needs users, share_of_users, requests_per_second or sent_by")
    each = arithmetic.exact(service.sessions_per_day or 1.0) * session.requests
    low, high = (arithmetic.mean_rps(arithmetic.requests_per_day(count, each)) for count in users)
    return _Rates(low=low, high=high, peak=arithmetic.peak_rps(high, factor, safety))


def _own(traffic: Traffic, service: ServiceTraffic) -> TrafficPlan:
    session, users = session_of(traffic, service), users_of(traffic, service)
    rates = _rates(traffic, service, users, session)
    # The low end carries no factors and the high end all of them: that is the width of the sheet's range.
    low_users, high_users = (
        arithmetic.vusers(rps, session.seconds, session.requests) for rps in (rates.low, rates.peak)
    )
    response_ms = traffic.response_time_target_ms
    think = arithmetic.think_seconds(session.seconds, session.requests, arithmetic.exact(response_ms) / 1000)
    daily = [rate * arithmetic.SECONDS_PER_DAY for rate in (rates.low, rates.high)]
    return TrafficPlan(
        users=_span(Fraction(users[0]), Fraction(users[1]), 0) if users else None,
        sessions_per_day=(
            _span(daily[0] / session.requests, daily[1] / session.requests, 1) if session.described else None
        ),
        requests_per_day=_span(daily[0], daily[1], 0),
        rps_mean=_span(rates.low, rates.high, 1),
        rps_mean_exact=_span(rates.low, rates.high, EXACT_PLACES),
        rps_peak=arithmetic.printed_rps(rates.peak),
        rps_peak_exact=arithmetic.to_decimal(rates.peak, EXACT_PLACES),
        rps_burst=poisson_percentile(rates.peak, traffic.burst_percentile),
        think_seconds=arithmetic.to_decimal(think, 3) if session.described else None,
        vusers=_span(Fraction(low_users), Fraction(high_users), 0),
        tps_target=_span(
            arithmetic.target_tps(low_users, response_ms), arithmetic.target_tps(high_users, response_ms), 1
        ),
        derived_from=(),
        weights={},
    )


def _span(low: Fraction, high: Fraction, places: int) -> Span:
    return Span(low=arithmetic.to_decimal(low, places), high=arithmetic.to_decimal(high, places))


def _sum(parts: Mapping[str, tuple[TrafficPlan, Fraction]], traffic: Traffic, *, sent: bool) -> TrafficPlan:
    """Weighted sum of other services' traffic. Who it comes from is known only where requests pass through."""
    plans = [plan for plan, _ in parts.values()]
    exact_peak = sum((weight * Fraction(plan.rps_peak_exact) for plan, weight in parts.values()), Fraction(0))
    printed = sum((weight * Fraction(plan.rps_peak) for plan, weight in parts.values()), Fraction(0))
    return TrafficPlan(
        users=None if sent else _users_behind([plan.users for plan in plans], traffic.daily_active_users),
        sessions_per_day=None,
        requests_per_day=_add([(plan.requests_per_day, weight) for plan, weight in parts.values()], 0),
        rps_mean=_add([(plan.rps_mean, weight) for plan, weight in parts.values()], 1),
        rps_mean_exact=_add([(plan.rps_mean_exact, weight) for plan, weight in parts.values()], EXACT_PLACES),
        rps_peak=arithmetic.printed_rps(printed),
        rps_peak_exact=arithmetic.to_decimal(exact_peak, EXACT_PLACES),
        rps_burst=poisson_percentile(exact_peak, traffic.burst_percentile),
        think_seconds=None,
        vusers=None if sent else _whole(_add([(plan.vusers, weight) for plan, weight in parts.values()], 1)),
        tps_target=_add([(plan.tps_target, weight) for plan, weight in parts.values()], 1),
        derived_from=tuple(parts),
        weights={name: arithmetic.to_decimal(weight, WEIGHT_PLACES) for name, (_, weight) in parts.items()},
    )


def _users_behind(spans: list[Span | None], total: int | None) -> Span | None:
    """The same person uses several services: at least the largest group, at most everybody.

    Unknown where the users of one service are: nothing bounds the sum then.
    """
    known = [span for span in spans if span is not None]
    if len(known) < len(spans):
        return None
    high = sum((span.high for span in known), Decimal(0))
    return Span(low=max(span.low for span in known), high=high if total is None else min(Decimal(total), high))


def _add(spans: list[tuple[Span | None, Fraction]], places: int) -> Span:
    known = [(span, weight) for span, weight in spans if span is not None]
    low = sum((weight * Fraction(span.low) for span, weight in known), Fraction(0))
    high = sum((weight * Fraction(span.high) for span, weight in known), Fraction(0))
    return _span(low, high, places)


def _whole(span: Span) -> Span:
    return Span(low=Decimal(math.ceil(span.low)), high=Decimal(math.ceil(span.high)))
