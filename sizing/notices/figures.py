"""What the sheet says of a service's traffic, and what is computed."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Final

from config.formula import names, value
from config.schema import ClusterConfig, Service
from config.schema_stated import StatedRange, StatedService
from sizing import arithmetic
from sizing.model import Notice, PoolPlan, ServicePlan, Span, TrafficPlan
from sizing.notices.words import figure
from sizing.pools import parts_of
from sizing.traffic import peak_factor

ROUNDED: Final = Decimal("0.05")
"""Half of the last digit that sheets print of a rate."""
MISSING_DIVISORS: Final = {86_400: "a day's seconds", 3600: "an hour's seconds", 60: "a minute's seconds"}
ABOUT: Final = Fraction(1, 100)


def figures(config: ClusterConfig, plans: Mapping[str, ServicePlan], pools: Mapping[str, PoolPlan]) -> Iterator[Notice]:
    """Yield where a stated figure is another than the computed one, and which one it is instead."""
    for name, service in config.services.items():
        stated, traffic = service.stated, plans[name].traffic
        if stated is None:
            continue
        if traffic is None:
            said = [key for key in _COMPARED if getattr(stated, key) is not None]
            if said:
                yield Notice(
                    code="stated-figure-mismatch",
                    text=f"service {name}: the sheet states {', '.join(said)}, and no traffic is given to check them:"
                    " give traffic.requests_per_second or users",
                )
            continue
        yield from _peak(name, service, stated, traffic)
        yield from _with_factors(name, stated, traffic)
        yield from _spans(name, stated, traffic)
        yield from _formula(config, name, stated, traffic)
        yield from _share(config, plans, name, stated, traffic)
        yield from _lighter(plans, pools, name, stated, traffic)


_COMPARED: Final = ("rps_peak", "rps_with_factors", "peak_formula", "vusers", "tps_target", "share_of_users")


def _peak(name: str, service: Service, stated: StatedService, traffic: TrafficPlan) -> Iterator[Notice]:
    if stated.rps_peak is None or _close(stated.rps_peak, traffic.rps_peak):
        return
    inputs = service.traffic
    known = {
        "requests per user and day (basis input)": inputs.requests_per_user if inputs else None,
        "requests per session (basis input)": inputs.requests_per_session if inputs else None,
        "high mean requests/s (basis arrival)": float(traffic.rps_mean.high),
    }
    meant = next((label for label, number in known.items() if number == stated.rps_peak), None)
    hint = f"; {stated.rps_peak:g} is its {meant}" if meant else ""
    yield Notice(
        code="stated-figure-mismatch",
        text=f"service {name}: a peak of {stated.rps_peak:g} requests/s is stated; {traffic.rps_peak} is computed"
        f" (basis arrival){hint}",
    )


def _close(said: float, known: Decimal) -> bool:
    return abs(Decimal(str(said)) - known) <= ROUNDED


def _with_factors(name: str, stated: StatedService, traffic: TrafficPlan) -> Iterator[Notice]:
    span, means = stated.rps_with_factors, traffic.rps_mean_exact
    if span is None or not means.high:
        return
    factors = Fraction(traffic.rps_peak_exact) / Fraction(means.high)
    low = arithmetic.printed_rps(Fraction(means.low) * factors)
    if not _close(span.low, low) and _close(span.low, traffic.rps_mean.low):
        yield Notice(
            code="range-mixes-bases",
            text=f"service {name}: {span.low:g}..{span.high:g} requests/s is stated as a range with factors; its low"
            f" end is the mean without them, with them it is {low} (basis arrival)",
        )
    elif not (_close(span.low, low) and _close(span.high, traffic.rps_peak)):
        yield _other(name, "requests/s with factors", span, f"{low}..{traffic.rps_peak}", "arrival")


def _spans(name: str, stated: StatedService, traffic: TrafficPlan) -> Iterator[Notice]:
    pairs: tuple[tuple[str, StatedRange | None, Span | None], ...] = (
        ("VUsers", stated.vusers, traffic.vusers),
        ("TPS", stated.tps_target, traffic.tps_target),
    )
    for label, said, known in pairs:
        if said is None or known is None or (_close(said.low, known.low) and _close(said.high, known.high)):
            continue
        yield _other(name, label, said, f"{figure(known.low)}..{figure(known.high)}", "stress")


def _other(name: str, label: str, said: StatedRange, known: str, basis: str) -> Notice:
    return Notice(
        code="stated-figure-mismatch",
        text=f"service {name}: {said.low:g}..{said.high:g} {label} is stated; {known} is computed (basis {basis})",
    )


def _formula(config: ClusterConfig, name: str, stated: StatedService, traffic: TrafficPlan) -> Iterator[Notice]:
    if stated.peak_formula is None:
        return
    inputs = config.services[name].traffic
    known = {
        "users": traffic.users.high if traffic.users else None,
        "requests_per_user": inputs.requests_per_user or inputs.requests_per_session if inputs else None,
        "requests_per_day": traffic.requests_per_day.high if traffic.requests_per_day else None,
        "rps_mean": traffic.rps_mean_exact.high,
        "peak_factor": peak_factor(config.traffic),
        "safety_factor": config.traffic.safety_factor,
    }
    given = {key: arithmetic.exact(number) for key, number in known.items() if number is not None}
    unknown = sorted(set(names(stated.peak_formula)) - set(given))
    if unknown:
        text = f"cannot be computed: this service has no {', '.join(unknown)} (basis input)"
        yield Notice(code="formula-mismatch", text=f"service {name}: {stated.peak_formula} {text}")
        return
    result, peak = value(stated.peak_formula, given), Fraction(traffic.rps_peak_exact)
    if not peak or abs(result - peak) <= ABOUT * peak:
        return
    missing = next(
        (
            f"; the division by {seconds:,} ({what}) is missing"
            for seconds, what in MISSING_DIVISORS.items()
            if abs(result / seconds - peak) <= ABOUT * peak
        ),
        "",
    )
    yield Notice(
        code="formula-mismatch",
        text=f"service {name}: {stated.peak_formula} gives {float(result):,.10g}, not the peak of {traffic.rps_peak}"
        f" requests/s (basis arrival){missing}",
    )


def _share(
    config: ClusterConfig, plans: Mapping[str, ServicePlan], name: str, stated: StatedService, traffic: TrafficPlan
) -> Iterator[Notice]:
    share, users = stated.share_of_users, traffic.users
    if share is None or users is None:
        return
    total = config.traffic.daily_active_users
    other = plans[share.of].traffic if share.of else None
    base = other.users if other else None
    if share.of is None and total is not None:
        base = Span(low=Decimal(total), high=Decimal(total))
    if base is None:
        return
    whose = f"service {share.of}'s" if share.of else "the platform's"
    ends = [
        arithmetic.to_decimal(Fraction(count) * arithmetic.exact(part), 0)
        for count, part in ((base.low, share.low), (base.high, share.high))
    ]
    if ends != [users.low, users.high]:
        yield Notice(
            code="share-base-mismatch",
            text=f"service {name}: stated as {share.low:.0%}..{share.high:.0%} of {whose} users"
            f" ({figure(base.low)}..{figure(base.high)} a day), which is {figure(ends[0])}..{figure(ends[1])}; planned"
            f" are {figure(users.low)}..{figure(users.high)} (basis input){_of_all(users, total)}",
        )


def _of_all(users: Span, total: int | None) -> str:
    if not total:
        return ""
    return f", {users.low / total:.0%}..{users.high / total:.0%} of the platform's {total:,}"


def _lighter(
    plans: Mapping[str, ServicePlan],
    pools: Mapping[str, PoolPlan],
    name: str,
    stated: StatedService,
    traffic: TrafficPlan,
) -> Iterator[Notice]:
    other = plans[stated.lighter_than] if stated.lighter_than else None
    if other is None or other.traffic is None:
        return
    stress, arrival = traffic.tps_target.high, traffic.rps_peak_exact
    if stress <= other.traffic.tps_target.high and arrival <= other.traffic.rps_peak_exact:
        return
    mine, its = (
        sum(part.count * part.instance.vcpu for part in parts_of(pools, pool))
        for pool in (plans[name].pool, other.pool)
    )
    yield Notice(
        code="lighter-but-busier",
        text=f"service {name}: said to be lighter than {other.name}, but it has {figure(stress)} TPS against"
        f" {figure(other.traffic.tps_target.high)} (basis stress) and {traffic.rps_peak} requests/s against"
        f" {other.traffic.rps_peak} (basis arrival), on {mine} vCPU against"
        f" {its}",
    )
