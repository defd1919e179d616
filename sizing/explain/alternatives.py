"""What the next smaller or cheaper machines of a pool would break: the whole plan is made again with them."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from types import MappingProxyType
from typing import Final

from config.problems import ConfigError
from config.types import Basis
from sizing.catalogue import load
from sizing.explain.limits import BASES, pool_limit
from sizing.model import InstanceType, Plan, PodResources
from sizing.plan import make_plan
from sizing.price import cents

TOLERANCE: Final = "no-node-tolerance"


@dataclass(frozen=True, kw_only=True)
class Alternative:
    """Other machines for one pool.

    Attributes:
        what: the machines, such as `1 x c5a.large`.
        saves: USD a month less than the plan's.
        breaks: what no longer holds, in words; empty when nothing does.
    """

    what: str
    saves: Decimal
    breaks: tuple[str, ...]


def alternatives(plan: Plan, name: str) -> tuple[Alternative, ...]:
    """The next smaller size of the family, the next cheaper type of all, and one machine fewer, where there are any.

    None for a packed pool.
    """
    pool = plan.pools[name]
    if pool.pool in plan.packings:
        return ()  # its cost stands against a proved bound over all types
    found = [_judged(plan, name, instance, pool.count) for instance in _cheaper(plan, name)]
    if pool.count > 1:
        found.append(_judged(plan, name, pool.instance, pool.count - 1))
    return tuple(found)


def _cheaper(plan: Plan, name: str) -> Iterator[InstanceType]:
    """The dearest of the cheaper ones of the same family, and of all families of the architecture."""
    pool, region = plan.pools[name], plan.config.region
    offered = [
        instance
        for instance in load().values()
        if region in instance.prices
        and instance.prices[region].hour < pool.instance.prices[region].hour
        and instance.architecture == pool.instance.architecture
        and instance.current_generation
        and set(pool.zones) <= set(instance.zones.get(region, ""))
    ]
    ordered = sorted(offered, key=lambda instance: (-instance.prices[region].hour, instance.name))
    family = next((instance for instance in ordered if instance.family == pool.instance.family), None)
    lasting = next((instance for instance in ordered if instance.cpu_baseline_fraction is None), None)
    yield from {instance.name: instance for instance in (family, lasting) if instance is not None}.values()


def _judged(plan: Plan, name: str, instance: InstanceType, count: int) -> Alternative:
    pool = plan.pools[name]
    given = replace(
        plan.config.pools[name], instance_type=instance.name, count=count, max_count=None, stated=None, reason=""
    )
    config = replace(plan.config, pools=MappingProxyType({**plan.config.pools, name: given}))
    price = instance.prices[plan.config.region]
    saves = cents(pool.price.month * pool.count - price.month * count)
    try:
        other = make_plan(config, plan.stack)
    except ConfigError as error:
        breaks = tuple(problem.rule for problem in error.problems)
    else:
        breaks = tuple(_breaks(plan, other, name))
    return Alternative(what=f"{count} x {instance.name}", saves=saves, breaks=breaks)


def _breaks(plan: Plan, other: Plan, name: str) -> Iterator[str]:
    for basis in BASES:
        yield from _too_busy(plan, other, name, basis)
    if _tolerated(plan, name) and not _tolerated(other, name):
        yield "the loss of its one machine stops its services"
    for service in other.pools[name].services:
        before, after = plan.services[service].requests, other.services[service].requests
        if after.memory_mib < before.memory_mib or after.cpu_m < before.cpu_m:
            yield f"a pod of {service} gets {_size(after)} instead of {_size(before)}"


def _too_busy(plan: Plan, other: Plan, name: str, basis: Basis) -> Iterator[str]:
    before, after = pool_limit(plan, name, basis), pool_limit(other, name, basis)
    if after is not None and after.share > 1:
        target = plan.config.headroom.utilisation_target
        busy, was = float(after.share) * target, float(before.share) * target if before is not None else 0.0
        already = f", {was:.0%} already now" if was > target else ""
        yield f"CPU {busy:.0%} busy on basis {basis}, above the target of {target:.0%}{already}"


def _size(pod: PodResources) -> str:
    return f"{pod.cpu_m}m and {pod.memory_mib} MiB"


def _tolerated(plan: Plan, name: str) -> bool:
    return plan.pools[name].count > 1
