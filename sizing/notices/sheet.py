"""What the sheet says as a whole and of earlier load tests: changes, what is left out, means and targets."""

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Final

from config.schema import ClusterConfig
from config.schema_stated import StatedTest
from sizing import arithmetic
from sizing.catalogue import load
from sizing.model import InstanceType, Notice, PoolPlan
from sizing.platform import platform_pods
from sizing.pools import parts_of

HALF_PERCENT: Final = Fraction(1, 2)
"""A change printed in whole percent is right to half of one."""
DEMAND_TOLERANCE: Final = Fraction(1, 10)
MEAN_TOLERANCE: Final = Fraction(1, 100)


def sheet(config: ClusterConfig, pools: Mapping[str, PoolPlan]) -> Iterator[Notice]:
    """Yield where the sheet's changes, coverage and load tests do not say what they seem to."""
    yield from _changes(config)
    yield from _left_out(config)
    for name, service in config.services.items():
        test = service.stated.load_test if service.stated else None
        if test is not None:
            yield from _target(config, name, test, parts_of(pools, service.pool)[0].instance)
            yield from _mean(name, test)


def _changes(config: ClusterConfig) -> Iterator[Notice]:
    for name, change in config.stated.changes.items():
        before, after = arithmetic.exact(change.before), arithmetic.exact(change.after)
        real = (after - before) / before * 100
        if abs(real - arithmetic.exact(change.percent)) <= HALF_PERCENT:
            continue
        other = (after - before) / after * 100
        yield Notice(
            code="change-base-mismatch",
            text=f"change {name}: stated as {change.percent:+g} %; from {change.before:g} to {change.after:g} it is"
            f" {float(real):+.1f} % of {change.before:g} (the base of a change), {float(other):+.1f} % of"
            f" {change.after:g} (basis input)",
        )


def _left_out(config: ClusterConfig) -> Iterator[Notice]:
    if not config.stated.workloads:
        return
    parts = {**dict.fromkeys(config.services, 1), **{pod.name: pod.count for pod in platform_pods(config)}}
    missing = [f"{name} x {count}" if count > 1 else name for name, count in parts.items()]
    missing = [text for text in missing if text.partition(" x ")[0] not in config.stated.workloads]
    if missing:
        yield Notice(
            code="platform-not-counted",
            text=f"the sheet sizes {len(config.stated.workloads)} workloads and leaves out {', '.join(missing)};"
            " the plan keeps headroom.platform_share free for them on every worker",
        )


def _target(config: ClusterConfig, name: str, test: StatedTest, own: InstanceType) -> Iterator[Notice]:
    if test.cpu_share is None or test.tps is None:
        return
    tps = arithmetic.exact(test.tps)
    response = arithmetic.exact(config.traffic.response_time_target_ms) / 1000
    reasons: list[str] = []
    if test.vusers is not None and arithmetic.exact(test.vusers) / response == tps:
        reasons.append(f"is {test.vusers:g} VUsers / {float(response):g} s, a target and no measurement")
    instance = load()[test.instance_type] if test.instance_type else own
    implied = arithmetic.exact(test.cpu_share) * instance.vcpu * 1000 / tps
    demand = config.services[name].demand
    known = arithmetic.exact(demand.cpu_ms_per_request) if demand else None
    if known is not None and abs(implied - known) > DEMAND_TOLERANCE * known:
        reasons.append(
            f"would mean {float(implied):.3f} vCPU-ms a request, {float(implied / known):.1f} times the measured"
            f" {float(known):g}"
        )
    if reasons:
        yield Notice(
            code="target-as-measurement",
            text=f"service {name}: CPU use of {test.cpu_share:.0%} is stated at {test.tps:g} TPS (basis stress) on"
            f" {instance.name}, which {' and '.join(reasons)}",
        )


def _mean(name: str, test: StatedTest) -> Iterator[Notice]:
    counts = [arithmetic.exact(count) for count in test.scenario_vusers.values()]
    if test.vusers is None or not counts[1:]:
        return
    mean, said = sum(counts) / len(counts), arithmetic.exact(test.vusers)
    if abs(said - mean) <= max(MEAN_TOLERANCE * mean, Fraction(arithmetic.VUSER_STEP)) and said != sum(counts):
        listed = ", ".join(f"{scenario} {count:g}" for scenario, count in test.scenario_vusers.items())
        yield Notice(
            code="mean-of-vusers",
            text=f"service {name}: {test.vusers:g} VUsers (basis stress) is the mean of {listed} ({float(mean):.1f});"
            f" side by side these scenarios have {float(sum(counts)):g}, and as kinds of one service's sessions their"
            " sum weighted by share: give traffic.scenarios",
        )
