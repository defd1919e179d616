"""What does not fit, each with its arithmetic."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Final

from config.problems import Problem, Said
from config.rules_capacity import packed
from config.rules_network import NODE_PREFIX, free_addresses, node_blocks
from config.rules_pools import MOST_NODES
from config.schema import ClusterConfig
from sizing import nodes, pods
from sizing.connections import too_many
from sizing.model import PodResources, PoolPlan, QuotaPlan
from sizing.packed import platform_pool
from sizing.platform import place, platform_pods

ROOT: Final = "cluster"


def unfit(
    config: ClusterConfig,
    requests: Mapping[str, PodResources],
    quotas: Mapping[str, QuotaPlan],
    pools: Mapping[str, PoolPlan],
    replicas: Mapping[str, int],
) -> Iterator[Problem]:
    """Everything that does not fit: pods, quotas, the pools that were given, the platform, database connections.

    Args:
        config: the configuration.
        requests: size of one pod by service.
        quotas: quotas by service.
        pools: parts of pools; of a pool that no machine can hold there is none.
        replicas: pods at most by service.
    """
    yield from _unfit_pods(config, requests, quotas, replicas)
    yield from _unfit_pools(config, pools, quotas)
    yield from _unfit_ranges(config, pools)
    yield from _unfit_platform(config, pools)
    yield from too_many(config, replicas)


def _unfit_pods(
    config: ClusterConfig,
    requests: Mapping[str, PodResources],
    quotas: Mapping[str, QuotaPlan],
    replicas: Mapping[str, int],
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
        needed = pods.needed(config, service, pod, replicas[name])
        if quota.requests.cpu_m < needed.cpu_m or quota.requests.memory_mib < needed.memory_mib:
            yield Problem(
                path=f"{path}.quota",
                value=Said(f"{quota.requests.cpu_m}m, {quota.requests.memory_mib} MiB"),
                rule=f"below the requests of {replicas[name]} pods, one surge pod and the Jobs beside them"
                f" ({needed.cpu_m}m, {needed.memory_mib} MiB)",
                fix="raise the quota, or leave it out to have it computed",
            )


def _unfit_pools(
    config: ClusterConfig, pools: Mapping[str, PoolPlan], quotas: Mapping[str, QuotaPlan]
) -> Iterator[Problem]:
    for name, pool in pools.items():
        if packed(config.pools[pool.pool]):
            continue
        free, wanted = nodes.free_for_services(config, pool.instance), pods.wanted(config, quotas, name)
        if wanted.cpu_m > pool.count * free.cpu_m or wanted.memory_mib > pool.count * free.memory_mib:
            yield Problem(
                path=f"{ROOT}.pools.{name}",
                value=Said(f"{pool.count} x {pool.instance.name}"),
                rule=f"quotas of its services ({wanted.cpu_m}m, {wanted.memory_mib} MiB) exceed what the machines"
                f" leave for services ({pool.count * free.cpu_m}m, {pool.count * free.memory_mib} MiB)",
                fix="add machines, use a larger type, or ask for less per pod",
            )


def _unfit_ranges(config: ClusterConfig, pools: Mapping[str, PoolPlan]) -> Iterator[Problem]:
    """The number of machines that sizing chose, against Kubernetes and the address ranges; given ones are checked."""
    if not any(packed(pool) for pool in config.pools.values()):
        return
    count = len(config.control_plane.slots) + sum(pool.maximum for pool in pools.values())
    fix = "use a wider range, larger families, or less traffic"
    if count > MOST_NODES:
        rule = f"is more nodes than Kubernetes is tested with ({MOST_NODES})"
        yield Problem(path=f"{ROOT}.pools", value=count, rule=rule, fix="use larger families, or several clusters")
    blocks = node_blocks(config.network)
    if count > blocks:
        rule = f"has {blocks} blocks of /{NODE_PREFIX}, one for each node, and there may be {count} nodes"
        yield Problem(path=f"{ROOT}.network.pod_cidr", value=str(config.network.pod_cidr), rule=rule, fix=fix)
    zones: Counter[str] = Counter()
    for pool in pools.values():
        for group in pool.groups.values():
            zones += Counter(dict.fromkeys(group.zones, group.maximum))
    zone, most = max(sorted(zones.items()), key=lambda item: item[1], default=("", 0))
    free = free_addresses(config)
    if most > free:
        rule = f"leaves {free} addresses for nodes in zone {zone}, and there may be {most} machines"
        yield Problem(path=f"{ROOT}.network.vpc_cidr", value=str(config.network.vpc_cidr), rule=rule, fix=fix)


def _unfit_platform(config: ClusterConfig, pools: Mapping[str, PoolPlan]) -> Iterator[Problem]:
    if platform_pool(config) is not None or {pool.pool for pool in pools.values()} < set(config.pools):
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
