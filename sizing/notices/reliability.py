"""What the loss of one machine or broker costs."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Final

from config.schema import ClusterConfig
from sizing.model import ControlPlanePlan, Notice, PoolPlan

SAFE_IN_SYNC: Final = 2
"""Copies that must confirm a write, so that no single broker holds the only one."""


def reliability(
    config: ClusterConfig, pools: Mapping[str, PoolPlan], control_plane: ControlPlanePlan
) -> Iterator[Notice]:
    """Yield what stops when one machine or broker is lost."""
    if len(control_plane.slots) == 1:
        yield Notice(
            code="single-control-plane",
            text="one control plane: its loss stops changes until it is replaced (its volume keeps the cluster)",
        )
    counts = Counter({pool.pool: 0 for pool in pools.values() if pool.services})
    for pool in pools.values():
        counts[pool.pool] += pool.count if pool.services else 0
    single = [name for name, count in counts.items() if count == 1]
    if single:
        yield Notice(
            code="no-node-tolerance",
            text=f"one machine each for {', '.join(single)}: its loss stops its services until it is replaced",
        )
    burstable = [name for name, pool in pools.items() if pool.instance.cpu_baseline_fraction is not None]
    if burstable:
        yield Notice(
            code="burstable-worker",
            text=f"pools {', '.join(burstable)} use burstable machines: they count with their baseline CPU only",
        )
    if config.kafka is not None and config.kafka.min_in_sync_replicas < SAFE_IN_SYNC:
        yield Notice(
            code="kafka-low-replication",
            text=f"Kafka confirms writes that {config.kafka.min_in_sync_replicas} of"
            f" {config.kafka.replication_factor} copies hold: losing that broker loses them; 3 and 2 are safe",
        )
