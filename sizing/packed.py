"""Pools whose machines sizing chooses: pods and platform in, the cheapest proved mix of machines over zones out."""

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from types import MappingProxyType
from typing import Final

from config.rules_capacity import packed
from config.schema import ClusterConfig
from sizing import arithmetic, capacity, pods
from sizing.capacity import Load
from sizing.catalogue import load as catalogue
from sizing.model import (
    HOURS_PER_MONTH,
    InstanceType,
    NodeGroup,
    PackedNode,
    PackingPlan,
    PodResources,
    PoolPlan,
    Replication,
    TrafficPlan,
)
from sizing.packing.problem import Machine, Pods
from sizing.packing.solve import NORMAL, Effort
from sizing.packing.tolerance import TolerantPacking, Workload, pack_tolerant
from sizing.platform import platform_pods
from sizing.pools import pool_part
from sizing.pricing.book import machine_price, price_book
from sizing.rehearsal import PLATFORM_PREFIX
from sizing.reserves import DAEMONSET, DAEMONSET_PODS, allocatable, sustained_cpu_m
from sizing.spares import Spares, spares_for

CEILING: Final = Fraction(7, 10)
"""Share of a machine's baseline network and volume throughput that pods are given."""
SURGE_NAME: Final = "surge"
PACKED_TWICE: Final = 50
"""Services up to which a pool is packed again where the scheduler needs room: more take too long for what it saves."""
MOST_COLUMNS: Final = 32_000
"""Columns of the last rung's MIP for so few services: a platform's pods that may stand in any zone make as many."""
MOST_NODES: Final = 80
"""Branch-and-bound nodes of it. A plan has more time than a comparison of many."""
TOLERANT_LEAST: Final = {"none": 1, "node": 2}
"""Pods of a service at least; for `zone` one in each zone."""


@dataclass(frozen=True, kw_only=True)
class PackedPool:
    """One pool, packed: its parts by instance type, what was proved, and how many pods of each service it holds."""

    parts: tuple[PoolPlan, ...]
    packing: PackingPlan
    replication: Mapping[str, Replication]


def platform_pool(config: ClusterConfig) -> str | None:
    """The packed pool that holds the platform's pods: an open one first, never a spot pool; None: no packed pool."""
    able = [name for name, pool in config.pools.items() if packed(pool) and not pool.spot]
    return min(able, key=lambda name: (name != "platform", config.pools[name].dedicated, name), default=None)


def zones_of(config: ClusterConfig, pool: str) -> tuple[str, ...]:
    """Zone letters of a pool, in order."""
    return tuple(sorted(config.pools[pool].zones or config.network.zones))


def least_pods(config: ClusterConfig, pool: str) -> int:
    """Pods that every service of a pool has at least, so that one is left when something fails."""
    return TOLERANT_LEAST.get(capacity.pool_tolerance(config, pool), len(zones_of(config, pool)))


def packed_pool(
    config: ClusterConfig,
    name: str,
    traffic: Mapping[str, TrafficPlan | None],
    requests: Mapping[str, PodResources],
    effort: Effort,
) -> PackedPool:
    """Choose the machines of one pool.

    Args:
        config: the configuration.
        name: the pool.
        traffic: traffic by service.
        requests: size of one pod by service.
        effort: how far to search.

    Raises:
        NoFitError: pods that no machine of the families holds.
    """
    services = tuple(sorted(key for key, service in config.services.items() if service.pool == name))
    loads = {key: capacity.load_of(config, config.services[key], traffic[key], requests[key]) for key in services}
    offered = list(_offered(config, name))
    machines = tuple(_machine(config, name, instance) for instance in offered)
    workloads = tuple(_workload(config, key, loads[key], requests[key], offered) for key in services)
    own = {key: requests[key] for key in services}
    tried: list[tuple[TolerantPacking, dict[str, Replication], Spares]] = []
    few = len(services) <= PACKED_TWICE
    thorough = replace(effort, columns=MOST_COLUMNS, nodes=MOST_NODES) if few and effort == NORMAL else effort
    slacks = (pods.SURGE, len(zones_of(config, name))) if few else (pods.SURGE,)
    for slack in dict.fromkeys(slacks):
        found = pack_tolerant(
            workloads,
            tuple(_fixed(config, name, own, slack)),
            machines,
            zones_of(config, name),
            capacity.pool_tolerance(config, name),
            peak=arithmetic.exact(config.headroom.utilisation_target),
            failed=arithmetic.exact(config.headroom.failed_utilisation),
            effort=thorough,
        )
        replication = {key: _replication(config, key, loads[key], found) for key in services}
        tried.append((found, replication, spares_for(config, found, machines, own, replication)))
        if not tried[-1][2].machines and not tried[-1][2].unplaced:
            break
    found, replication, spare = min(tried, key=lambda one: (bool(one[2].unplaced), one[0].packing.cost + one[2].cost))
    packing = _summary(config, name, found, spare, tried[0][0].packing.cost)
    return PackedPool(
        parts=tuple(_parts(config, name, services, packing)),
        packing=packing,
        replication=MappingProxyType(replication),
    )


def _offered(config: ClusterConfig, name: str) -> Iterator[InstanceType]:
    """Types of the pool's families with a price, offered in at least one of its zones."""
    pool, zones, book = config.pools[name], set(zones_of(config, name)), price_book(config)
    for instance in catalogue().values():
        known = instance.family in pool.families and book.price(instance) is not None
        if known and zones & set(instance.zones.get(config.region, "")):
            max_pods = config.kubernetes.max_pods
            free = sustained_cpu_m(instance, max_pods) - DAEMONSET.cpu_m
            memory = allocatable(instance, max_pods, config.headroom.memory).memory_mib - DAEMONSET.memory_mib
            if free > 0 and memory > 0:
                yield instance


def _machine(config: ClusterConfig, name: str, instance: InstanceType) -> Machine:
    pool, max_pods = config.pools[name], config.kubernetes.max_pods
    zones = frozenset(zones_of(config, name)) & frozenset(instance.zones.get(config.region, ""))
    return Machine(
        name=instance.name,
        type=instance.name,
        cpu_m=sustained_cpu_m(instance, max_pods) - DAEMONSET.cpu_m,
        memory_mib=allocatable(instance, max_pods, config.headroom.memory).memory_mib - DAEMONSET.memory_mib,
        pods=max_pods - DAEMONSET_PODS,
        price=machine_price(config, instance, spot=pool.spot, zones=sorted(zones)).hour,
        zones=zones,
        spot=pool.spot,
    )


def _workload(config: ClusterConfig, name: str, load: Load, pod: PodResources, offered: list[InstanceType]) -> Workload:
    service = config.services[name]
    peak = capacity.at_peak(config, service, load)
    cpu_m = max(pod.cpu_m, _throughput_m(config, load, peak, offered))
    return Workload(
        name=name,
        cpu_m=cpu_m,
        memory_mib=pod.memory_mib,
        demand_m=load.worth * cpu_m,
        minimum=max(peak, service.replicas.min, service.replicas.max or 0, least_pods(config, service.pool)),
    )


def _throughput_m(config: ClusterConfig, load: Load, peak: int, offered: list[InstanceType]) -> int:
    """CPU that a pod must keep to itself so that no machine's network or volume is asked for more than its ceiling.

    A machine with so little network for each vCPU as the scantest one on offer then never holds too many such pods.
    """
    needed = [0]
    for each, baselines in (
        (load.network_mbps / peak, [Fraction(one.network_gbps_baseline) * 1000 for one in offered]),
        (load.disk_mbps / peak, [Fraction(one.ebs_mbps) for one in offered]),
    ):
        if each and offered:
            free = [sustained_cpu_m(one, config.kubernetes.max_pods) - DAEMONSET.cpu_m for one in offered]
            scantest = min(CEILING * baseline / cpu_m for baseline, cpu_m in zip(baselines, free, strict=True))
            needed.append(math.ceil(each / scantest))
    return max(needed)


def _fixed(config: ClusterConfig, name: str, requests: Mapping[str, PodResources], slack: int) -> Iterator[Pods]:
    """Pods beside the services' own: surge pods, as large as any, the Jobs, and the platform where it lives here."""
    services = tuple(requests)
    if services:
        zones = zones_of(config, name)
        yield Pods(
            name=SURGE_NAME,
            cpu_m=max(pod.cpu_m for pod in requests.values()),
            memory_mib=max(pod.memory_mib for pod in requests.values()),
            count=slack,
            zones=dict.fromkeys(zones, 1) if slack == len(zones) > 1 else None,
        )
    jobs = sum(pods.needs_job(config, config.services[key]) for key in services)
    if jobs:
        yield Pods(name="job", cpu_m=pods.JOB.cpu_m, memory_mib=pods.JOB.memory_mib, count=jobs)
    if name != platform_pool(config):
        return
    zones = zones_of(config, name)
    for pod in platform_pods(config):
        even = {zone: pods.part(pod.count, index, len(zones)) for index, zone in enumerate(zones)}
        yield Pods(
            name=f"{PLATFORM_PREFIX}{pod.name}",
            cpu_m=pod.requests.cpu_m,
            memory_mib=pod.requests.memory_mib,
            count=pod.count,
            per_node=1 if pod.one_per_node else None,
            # Brokers must be spread evenly over the zones that have nodes: their manifest enforces it.
            zones=even if pod.one_per_node else None,
            spot=False,
        )


def _parts(config: ClusterConfig, name: str, services: tuple[str, ...], packing: PackingPlan) -> Iterator[PoolPlan]:
    """One part of the pool for each type that was chosen, by type."""
    bought = Counter((node.type, node.zone) for node in packing.nodes)
    for kind in sorted({machine for machine, _ in bought}):
        counts = {zone: bought[kind, zone] for zone in zones_of(config, name) if bought[kind, zone]}
        groups = {
            zone: NodeGroup(key=zone, zones=(zone,), desired=count, maximum=count + 1) for zone, count in counts.items()
        }
        if not config.pools[name].zonal:
            total = sum(counts.values())
            groups = {"all": NodeGroup(key="all", zones=tuple(counts), desired=total, maximum=total + 1)}
        yield pool_part(
            config,
            name,
            key=f"{name}-{kind.replace('.', '-')}",
            instance=catalogue()[kind],
            zones=tuple(counts),
            groups=groups,
            services=services,
            reason=f"packed: {', '.join(config.pools[name].families)}",
        )


def _summary(config: ClusterConfig, name: str, found: TolerantPacking, spare: Spares, tight: Decimal) -> PackingPlan:
    """What was bought and proved. The bound is of the pods as they were packed at last, with a scheduler's room."""
    packing = found.packing
    more = (packing.cost - tight) * HOURS_PER_MONTH
    room = f"a surge pod's room in every zone, for a scheduler that places pods one by one: {more:,.2f} USD/month more"
    nodes = [(node.machine, node.zone, dict(node.pods)) for node in packing.nodes]
    nodes += [(machine.type, zone, dict[str, int]()) for machine, zone in spare.machines]
    return PackingPlan(
        pool=name,
        tolerance=capacity.pool_tolerance(config, name),
        method=packing.method,
        cost=packing.cost + spare.cost,
        bound=packing.bound,
        notes=(*packing.notes, *([room] if more > 0 else []), *spare.notes()),
        nodes=tuple(PackedNode(type=kind, zone=zone, pods=MappingProxyType(pods)) for kind, zone, pods in nodes),
    )


def _replication(config: ClusterConfig, name: str, load: Load, found: TolerantPacking) -> Replication:
    """Bounds of the autoscaler and how the pods must spread, so that the packing's promise holds."""
    service, most = config.services[name], found.pods[name].count
    tolerance, cap = capacity.pool_tolerance(config, service.pool), found.pods[name].per_node
    needed = capacity.after_loss(config, load)
    zones = len(zones_of(config, service.pool))
    match tolerance:
        case "none":
            least = 1
        case "node":
            least = needed + (cap or 1)
        case "zone":
            least = zones * math.ceil(needed / (zones - 1))
    held = [node.pods.get(name, 0) for node in found.packing.nodes]
    return Replication(
        minimum=min(most, max(service.replicas.min, least)),
        maximum=most,
        per_node=cap if tolerance == "node" else None,
        node_skew=max(1, max(held) - min(held)) if tolerance == "node" else None,
        zones=tolerance == "zone",
    )
