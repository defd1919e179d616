"""`make_plan`: one validated configuration in, one complete Plan out. Same input, same plan."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from types import MappingProxyType

from config.problems import ConfigError, Problem, Said
from config.schema import ClusterConfig
from config.types import Basis
from sizing import arithmetic, nodes, pods
from sizing.addresses import network_plan
from sizing.firewall import firewall_plan
from sizing.model import (
    Plan,
    PodResources,
    PoolPlan,
    QuotaPlan,
    ServicePlan,
    TrafficPlan,
)
from sizing.notices.every import notices
from sizing.platform import place, platform_pods
from sizing.price import price_plan
from sizing.traffic import traffic_plans

ROOT = "cluster"


def make_plan(config: ClusterConfig, stack: str) -> Plan:
    """Decide everything.

    Args:
        config: a configuration that the loader has accepted.
        stack: the stack's name, for titles.

    Raises:
        ConfigError: the pods, quotas or platform do not fit the machines; all such problems together.
    """
    traffic = traffic_plans(config)
    requests = nodes.pod_requests(config, traffic)
    pools, problems = _pools(config, requests)
    quotas = {name: pods.quota(config, service, requests[name]) for name, service in config.services.items()}
    problems += [*_unfit_pods(config, requests, quotas), *_unfit_pools(config, pools, quotas)]
    problems += _unfit_platform(config, pools)
    if problems:
        raise ConfigError(tuple(problems), source=stack)
    network = network_plan(config)
    control_plane = nodes.control_plane_plan(config, network)
    services = {name: _service(config, name, traffic[name], requests[name], pools) for name in config.services}
    price = price_plan(config, network, control_plane, pools)
    return Plan(
        stack=stack,
        config=config,
        basis=config.traffic.basis,
        services=MappingProxyType(services),
        quotas=MappingProxyType(quotas),
        pools=MappingProxyType(pools),
        control_plane=control_plane,
        network=network,
        firewall=firewall_plan(config, network),
        price=price,
        warnings=notices(config, services, pools, control_plane, price),
    )


def _pools(config: ClusterConfig, requests: Mapping[str, PodResources]) -> tuple[dict[str, PoolPlan], list[Problem]]:
    pools: dict[str, PoolPlan] = {}
    problems: list[Problem] = []
    for name in config.pools:
        try:
            pools[name] = nodes.pool_plan(config, name, requests)
        except nodes.NoNodeFitsError as error:
            problems.append(
                Problem(
                    path=f"{ROOT}.pools.{name}",
                    value=config.pools[name].instance_type or list(config.pools[name].families),
                    rule=str(error),
                    fix="name a larger type or family, or ask for less per pod",
                )
            )
    return pools, problems


def _service(
    config: ClusterConfig,
    name: str,
    traffic: TrafficPlan | None,
    requests: PodResources,
    pools: Mapping[str, PoolPlan],
) -> ServicePlan:
    service = config.services[name]
    notes: list[str] = []
    if traffic is None:
        notes.append("no traffic figures: floors")
    elif traffic.derived_from:
        notes.append(f"sum of {traffic.sum_of}")
    return ServicePlan(
        name=name,
        pool=service.pool,
        traffic=traffic,
        min_replicas=service.replicas.min,
        max_replicas=service.replicas.max,
        requests=requests,
        limits=pods.limits(requests),
        utilisation=MappingProxyType(_utilisation(config, name, traffic, pools[service.pool])),
        notes=tuple(notes),
    )


def _utilisation(config: ClusterConfig, name: str, traffic: TrafficPlan | None, pool: PoolPlan) -> dict[str, Decimal]:
    """Utilisation law, U = X x D / capacity, with all machines of the service's pool."""
    demand = config.services[name].demand
    if demand is None or traffic is None:
        return {}
    sustained = arithmetic.exact(pool.instance.cpu_baseline_fraction or 1)  # a burstable type earns back no more
    capacity_ms = pool.count * pool.instance.vcpu * 1000 * sustained
    bases: tuple[Basis, ...] = ("arrival", "stress")
    return {
        basis: arithmetic.to_decimal(
            pods.rate(traffic, basis) * arithmetic.exact(demand.cpu_ms_per_request) / capacity_ms, 6
        )
        for basis in bases
    }


def _unfit_pods(
    config: ClusterConfig, requests: Mapping[str, PodResources], quotas: Mapping[str, QuotaPlan]
) -> Iterator[Problem]:
    for name, service in config.services.items():
        pod, quota = requests[name], quotas[name]
        path = f"{ROOT}.services.{name}"
        if pod.cpu_m < pods.MINIMUM.cpu_m or pod.memory_mib < pods.MINIMUM.memory_mib:
            yield Problem(
                path=path,
                value=Said(f"{pod.cpu_m}m, {pod.memory_mib} MiB"),
                rule=f"an equal share of its pool's machine must be at least {pods.MINIMUM.cpu_m}m and"
                f" {pods.MINIMUM.memory_mib} MiB a pod",
                fix="use a larger machine, fewer replicas or a smaller headroom.platform_share",
            )
        needed = pods.needed(config, service, pod)
        if quota.requests.cpu_m < needed.cpu_m or quota.requests.memory_mib < needed.memory_mib:
            yield Problem(
                path=f"{path}.quota",
                value=Said(f"{quota.requests.cpu_m}m, {quota.requests.memory_mib} MiB"),
                rule=f"below the requests of {service.replicas.max} pods, one surge pod and the Jobs beside them"
                f" ({needed.cpu_m}m, {needed.memory_mib} MiB)",
                fix="raise the quota, or leave it out to have it computed",
            )


def _unfit_pools(
    config: ClusterConfig, pools: Mapping[str, PoolPlan], quotas: Mapping[str, QuotaPlan]
) -> Iterator[Problem]:
    for name, pool in pools.items():
        free, wanted = nodes.free_for_services(config, pool.instance), pods.wanted(config, quotas, name)
        if wanted.cpu_m > pool.count * free.cpu_m or wanted.memory_mib > pool.count * free.memory_mib:
            yield Problem(
                path=f"{ROOT}.pools.{name}",
                value=Said(f"{pool.count} x {pool.instance.name}"),
                rule=f"quotas of its services ({wanted.cpu_m}m, {wanted.memory_mib} MiB) exceed what the machines"
                f" leave for services ({pool.count * free.cpu_m}m, {pool.count * free.memory_mib} MiB)",
                fix="add machines, use a larger type, or ask for less per pod",
            )


def _unfit_platform(config: ClusterConfig, pools: Mapping[str, PoolPlan]) -> Iterator[Problem]:
    if len(pools) < len(config.pools):
        return
    share = config.headroom.platform_share
    each = PodResources(cpu_m=share.cpu_m, memory_mib=share.memory_mib)
    shares = {f"{name}-{index}": each for name, pool in pools.items() if not pool.spot for index in range(pool.count)}
    unplaced = place(platform_pods(config), shares)
    if unplaced:
        yield Problem(
            path=f"{ROOT}.headroom.platform_share",
            value=Said(f"{share.cpu_m}m, {share.memory_mib} MiB on {len(shares)} machines"),
            rule=f"no room for platform pods {', '.join(sorted(set(unplaced)))}",
            fix="raise the share, add machines, or ask for less per broker",
        )
