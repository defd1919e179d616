"""What the next smaller or cheaper machines of a given pool would break: its pods are sized and fitted on them."""

from collections.abc import Iterator
from dataclasses import replace
from types import MappingProxyType

from config.schema import ClusterConfig
from config.types import Basis
from sizing import nodes, pods
from sizing.catalogue import load
from sizing.explain.alternative import Alternative
from sizing.explain.limits import BASES, pool_limit
from sizing.fit import unfit
from sizing.model import InstanceType, Plan, PodResources
from sizing.price import cents


def alternatives(plan: Plan, name: str) -> tuple[Alternative, ...]:
    """The next smaller size of the family, the next cheaper type of all, and one machine fewer, where there are any."""
    pool = plan.pools[name]
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
    other = _with(plan, replace(plan.config, pools=MappingProxyType({**plan.config.pools, name: given})), name)
    saves = cents(pool.price.month * pool.count - other.pools[name].price.month * count)
    problems = _unfit(other, name, alone=count == pool.count)
    return Alternative(
        what=f"{count} x {instance.name}", saves=saves, breaks=problems or tuple(_breaks(plan, other, name))
    )


def _unfit(plan: Plan, name: str, *, alone: bool) -> tuple[str, ...]:
    """What does not fit.

    Args:
        plan: the plan with the other machines.
        name: their pool.
        alone: whether only the pool and its services can be concerned. Fewer machines also leave the platform less.
    """
    config, services, pools = plan.config, plan.services, plan.pools
    if alone:
        services = {key: service for key, service in services.items() if service.pool == name}
        config = replace(config, services={key: config.services[key] for key in services})
        pools = {name: pools[name]}
    requests = {key: service.requests for key, service in services.items()}
    most = {key: service.max_replicas for key, service in services.items()}
    return tuple(problem.rule for problem in unfit(config, requests, plan.quotas, pools, most))


def _with(plan: Plan, config: ClusterConfig, name: str) -> Plan:
    """The plan with other machines in one given pool; what stands elsewhere stays as it is."""
    own = {key: service for key, service in plan.services.items() if service.pool == name}
    requests = nodes.pod_requests(
        replace(config, services={key: config.services[key] for key in own}),
        {key: service.traffic for key, service in own.items()},
    )
    services = {key: replace(service, requests=requests[key]) for key, service in own.items()}
    quotas = {
        key: pods.quota(config, config.services[key], requests[key], service.max_replicas)
        for key, service in own.items()
    }
    return replace(
        plan,
        config=config,
        pools=MappingProxyType({**plan.pools, name: nodes.pool_plan(config, name, requests)}),
        services=MappingProxyType({**plan.services, **services}),
        quotas=MappingProxyType({**plan.quotas, **quotas}),
    )


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
