"""Machines of pools whose type or number is given: what is left open is the cheapest uniform choice that fits."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from config.schema import ClusterConfig, Pool
from sizing import capacity, pods
from sizing.catalogue import load
from sizing.model import InstanceType, NodeGroup, PodResources, PoolPlan, TrafficPlan
from sizing.packed import least_pods
from sizing.pools import pool_part
from sizing.pricing.book import machine_price
from sizing.reserves import DAEMONSET, allocatable, sustained_cpu_m


class NoNodeFitsError(Exception):
    """No instance type of the pool's families holds the pool's pods."""


def free_for_services(config: ClusterConfig, instance: InstanceType) -> PodResources:
    """What services may use of one worker: allocatable less DaemonSets less the platform's share."""
    max_pods = config.kubernetes.max_pods
    share = config.headroom.platform_share
    return PodResources(
        cpu_m=sustained_cpu_m(instance, max_pods) - DAEMONSET.cpu_m - share.cpu_m,
        memory_mib=allocatable(instance, max_pods, config.headroom.memory).memory_mib
        - DAEMONSET.memory_mib
        - share.memory_mib,
    )


def pod_requests(config: ClusterConfig, traffic: Mapping[str, TrafficPlan | None]) -> Mapping[str, PodResources]:
    """Requests of one pod of every service: given, an equal share of a given machine, or cut from the demand."""
    return {name: _requests(config, name, traffic[name]) for name in config.services}


def _requests(config: ClusterConfig, name: str, traffic: TrafficPlan | None) -> PodResources:
    service = config.services[name]
    if service.resources is not None:
        return PodResources(cpu_m=service.resources.cpu_m, memory_mib=service.resources.memory_mib)
    pool = config.pools[service.pool]
    if pool.instance_type is None:
        return capacity.cut_pod(config, service, traffic, max(least_pods(config, service.pool), service.replicas.min))
    sharing = [other for other in config.services.values() if other.pool == service.pool]
    machines = pool.count or 1
    share = pods.share_of_node(
        free_for_services(config, load()[pool.instance_type]),
        math.ceil(sum(pods.room(other.replicas.most) for other in sharing) / machines),
        sum(pods.needs_job(config, other) for other in sharing),
    )
    return PodResources(cpu_m=share.cpu_m, memory_mib=capacity.memory_request(service) or share.memory_mib)


def pool_plan(config: ClusterConfig, name: str, requests: Mapping[str, PodResources]) -> PoolPlan:
    """Type, count and groups of one pool.

    Raises:
        NoNodeFitsError: no type was given and none of the families holds the largest pod.
    """
    pool = config.pools[name]
    services = tuple(sorted(key for key, service in config.services.items() if service.pool == name))
    instance, count, reason = _machines(config, pool, _pods_of(config, services, requests))
    zones = tuple(sorted(pool.zones or config.network.zones))
    maximum = max(pool.max_count or count + 1, count)
    return replace(
        pool_part(
            config,
            name,
            key=name,
            instance=instance,
            zones=zones,
            groups=_groups(zones, count, maximum, zonal=pool.zonal),
            services=services,
            reason=reason,
        ),
        maximum=maximum,
    )


def _pods_of(
    config: ClusterConfig, services: Sequence[str], requests: Mapping[str, PodResources]
) -> list[PodResources]:
    jobs = [pods.JOB for name in services if pods.needs_job(config, config.services[name])]
    return [requests[name] for name in services for _ in range(pods.room(config.services[name].replicas.most))] + jobs


def _machines(config: ClusterConfig, pool: Pool, wanted: Sequence[PodResources]) -> tuple[InstanceType, int, str]:
    if pool.instance_type is not None:
        instance = load()[pool.instance_type]
        if pool.count is not None:
            return instance, pool.count, "type and count given"
        count = machines_needed(wanted, free_for_services(config, instance))
        if count is None:
            raise NoNodeFitsError(f"{instance.name} does not hold the pool's largest pod")
        return instance, count, "type given; count holds all pods and their surge"
    options = sorted(_options(config, pool, wanted), key=lambda option: (option[0], option[1], option[2].name))
    if not options:
        raise NoNodeFitsError(f"no type of {', '.join(pool.families)} holds the pool's pods")
    _, count, instance = options[0]
    return instance, count, f"cheapest of {', '.join(pool.families)} that holds all pods and their surge"


def _options(
    config: ClusterConfig, pool: Pool, wanted: Sequence[PodResources]
) -> Iterator[tuple[object, int, InstanceType]]:
    zones = set(pool.zones or config.network.zones)
    for instance in load().values():
        if instance.family not in pool.families or config.region not in instance.prices:
            continue
        if not zones <= set(instance.zones.get(config.region, "")):
            continue
        count = machines_needed(wanted, free_for_services(config, instance))
        if count is not None and (pool.count is None or count <= pool.count):
            count = pool.count or count
            price = machine_price(config, instance, spot=pool.spot, zones=zones)
            yield price.hour * count, count, instance


def machines_needed(wanted: Sequence[PodResources], free: PodResources) -> int | None:
    """Machines that hold all pods, by first-fit decreasing; None when one pod is larger than a machine."""
    machines: list[list[int]] = []
    for pod in sorted(wanted, key=lambda pod: (-pod.memory_mib, -pod.cpu_m)):
        if pod.cpu_m > free.cpu_m or pod.memory_mib > free.memory_mib:
            return None
        for machine in machines:
            if machine[0] >= pod.cpu_m and machine[1] >= pod.memory_mib:
                machine[0] -= pod.cpu_m
                machine[1] -= pod.memory_mib
                break
        else:
            machines.append([free.cpu_m - pod.cpu_m, free.memory_mib - pod.memory_mib])
    return max(len(machines), 1)


def _groups(zones: Sequence[str], count: int, maximum: int, *, zonal: bool) -> dict[str, NodeGroup]:
    if not zonal:
        return {"all": NodeGroup(key="all", zones=tuple(zones), desired=count, maximum=maximum)}
    return {
        zone: NodeGroup(
            key=zone,
            zones=(zone,),
            desired=pods.part(count, index, len(zones)),
            maximum=max(math.ceil(maximum / len(zones)), pods.part(count, index, len(zones))),
        )
        for index, zone in enumerate(zones)
    }
