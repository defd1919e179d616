"""What every part of a pool has in common, whoever chose its machines."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from types import MappingProxyType
from typing import Final

from config.schema import ClusterConfig
from sizing import arithmetic
from sizing.model import InstanceType, NodeGroup, PoolPlan
from sizing.pricing.book import machine_price
from sizing.reserves import allocatable, memory_seen, reserves

POOL_LABEL: Final = "groundswell.io/pool"
"""Node label and, for dedicated pools, taint key: the pool's name is the value."""


def parts_of(pools: Mapping[str, PoolPlan], name: str) -> tuple[PoolPlan, ...]:
    """Parts of one pool of the configuration."""
    return tuple(part for part in pools.values() if part.pool == name)


def machines(parts: Sequence[PoolPlan]) -> str:
    """The machines of a pool in words: 2 x c5a.xlarge and 1 x m5a.large."""
    return " and ".join(f"{part.count} x {part.instance.name}" for part in parts)


def sustained_ms(parts: Sequence[PoolPlan]) -> Fraction:
    """vCPU-milliseconds per second of all machines; a burstable type earns back no more than its baseline."""
    return sum(
        (
            part.count * part.instance.vcpu * 1000 * arithmetic.exact(part.instance.cpu_baseline_fraction or 1)
            for part in parts
        ),
        Fraction(0),
    )


def pool_taints(config: ClusterConfig, name: str) -> tuple[str, ...]:
    """Taints of a pool's nodes, in the kubelet's form."""
    return (f"{POOL_LABEL}={name}:NoSchedule",) if config.pools[name].dedicated else ()


def pool_part(
    config: ClusterConfig,
    name: str,
    *,
    key: str,
    instance: InstanceType,
    zones: tuple[str, ...],
    groups: Mapping[str, NodeGroup],
    services: tuple[str, ...],
    reason: str,
) -> PoolPlan:
    """Machines of one type of a pool.

    Args:
        config: the configuration.
        name: the pool's key there.
        key: name of the part; the pool's own where it is whole.
        instance: the type.
        zones: where the machines stand.
        groups: their Auto Scaling groups.
        services: services of the pool.
        reason: why these machines, unless the configuration says so itself.
    """
    pool, max_pods = config.pools[name], config.kubernetes.max_pods
    return PoolPlan(
        name=key,
        pool=name,
        instance=instance,
        price=machine_price(config, instance, spot=pool.spot, zones=zones),
        count=sum(group.desired for group in groups.values()),
        maximum=sum(group.maximum for group in groups.values()),
        zones=zones,
        groups=MappingProxyType(dict(groups)),
        services=services,
        memory=memory_seen(instance, config.headroom.memory),
        allocatable=allocatable(instance, max_pods, config.headroom.memory),
        reserves=reserves(instance, max_pods),
        root_disk_gib=pool.root_disk_gib,
        dedicated=pool.dedicated,
        spot=pool.spot,
        labels=MappingProxyType(dict(sorted({**pool.labels, POOL_LABEL: name}.items()))),
        taints=pool_taints(config, name),
        reason=pool.reason or reason,
    )
