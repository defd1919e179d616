"""Machines: the type and count of every pool, given or chosen, and the control plane."""

import math
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from config.schema import ClusterConfig, Pool
from sizing import pods
from sizing.addresses import slot_plans
from sizing.catalogue import load
from sizing.model import (
    ControlPlanePlan,
    InstanceType,
    NetworkPlan,
    NodeGroup,
    PodResources,
    PoolPlan,
    TrafficPlan,
)
from sizing.pricing.book import machine_price
from sizing.reserves import DAEMONSET, allocatable, memory_seen, reserves, sustained_cpu_m

POOL_LABEL = "groundswell.io/pool"
"""Node label and, for dedicated pools, taint key: the pool's name is the value."""


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
    """Requests of one pod of every service: given, an equal share of a given machine, or from measured demand."""
    return {name: _requests(config, name, traffic[name]) for name in config.services}


def _requests(config: ClusterConfig, name: str, traffic: TrafficPlan | None) -> PodResources:
    service = config.services[name]
    if service.resources is not None:
        return PodResources(cpu_m=service.resources.cpu_m, memory_mib=service.resources.memory_mib)
    pool = config.pools[service.pool]
    if pool.instance_type is None:
        return pods.demanded(service, traffic, config.traffic.basis, config.headroom.utilisation_target)
    sharing = [other for other in config.services.values() if other.pool == service.pool]
    machines = pool.count or 1
    return pods.share_of_node(
        free_for_services(config, load()[pool.instance_type]),
        math.ceil(sum(pods.room(other) for other in sharing) / machines),
        sum(pods.needs_job(config, other) for other in sharing),
    )


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
    max_pods = config.kubernetes.max_pods
    return PoolPlan(
        name=name,
        instance=instance,
        price=machine_price(config, instance, spot=pool.spot, zones=zones),
        count=count,
        maximum=maximum,
        zones=zones,
        groups=MappingProxyType(_groups(zones, count, maximum, zonal=pool.zonal)),
        services=services,
        memory=memory_seen(instance, config.headroom.memory),
        allocatable=allocatable(instance, max_pods, config.headroom.memory),
        reserves=reserves(instance, max_pods),
        root_disk_gib=pool.root_disk_gib,
        dedicated=pool.dedicated,
        spot=pool.spot,
        labels=MappingProxyType(dict(sorted({**pool.labels, POOL_LABEL: name}.items()))),
        taints=(f"{POOL_LABEL}={name}:NoSchedule",) if pool.dedicated else (),
        reason=pool.reason or reason,
    )


def _pods_of(
    config: ClusterConfig, services: Sequence[str], requests: Mapping[str, PodResources]
) -> list[PodResources]:
    jobs = [pods.JOB for name in services if pods.needs_job(config, config.services[name])]
    return [requests[name] for name in services for _ in range(pods.room(config.services[name]))] + jobs


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
            desired=_part(count, index, len(zones)),
            maximum=max(math.ceil(maximum / len(zones)), _part(count, index, len(zones))),
        )
        for index, zone in enumerate(zones)
    }


def _part(count: int, index: int, parts: int) -> int:
    """Even split; what is left over goes to the first zones of the alphabet."""
    return count // parts + (1 if index < count % parts else 0)


def control_plane_plan(config: ClusterConfig, network: NetworkPlan) -> ControlPlanePlan:
    """The control-plane machines of a validated configuration."""
    given = config.control_plane
    instance = load()[given.instance_type]
    return ControlPlanePlan(
        instance=instance,
        price=machine_price(config, instance),
        slots=slot_plans(config, network),
        memory=memory_seen(instance, config.headroom.memory),
        reserves=reserves(instance, config.kubernetes.max_pods),
        root_disk_gib=given.root_disk_gib,
        etcd_disk_gib=given.etcd_disk_gib,
        schedulable=given.schedulable,
        reason=given.reason or "type given",
    )
