"""What machines, databases and pods can do against what is asked of them."""

import math
from collections.abc import Iterator, Mapping
from decimal import Decimal
from fractions import Fraction

from config.rules_capacity import packed
from config.schema import ClusterConfig
from sizing import capacity
from sizing.catalogue import load
from sizing.connections import demanded
from sizing.control_plane import size
from sizing.model import ControlPlanePlan, InstanceType, Notice, PoolPlan, ServicePlan
from sizing.packed import CEILING, zones_of
from sizing.pricing.book import price_book


def capacities(
    config: ClusterConfig,
    plans: Mapping[str, ServicePlan],
    pools: Mapping[str, PoolPlan],
    control_plane: ControlPlanePlan,
) -> Iterator[Notice]:
    """Yield every limit that is passed, every promise that is not kept, and every type that was left out."""
    yield from _control_plane(control_plane)
    yield from _left_out(config)
    yield from _tolerances(config, plans, pools)
    yield from _throughputs(config, plans, pools)
    yield from _connections(config, plans)
    target = config.traffic.response_time_target_ms
    for name, service in plans.items():
        response = service.capacity.response_ms
        if response is not None and response > target:
            yield Notice(
                code="response-above-target",
                text=f"service {name}: {response:,.1f} ms in the mean at the peak (basis {service.capacity.basis});"
                f" the target is {target:g} ms",
            )


def _control_plane(plan: ControlPlanePlan) -> Iterator[Notice]:
    vcpu, memory, _ = size(plan.workers)
    name = plan.instance.name
    if plan.instance.vcpu < vcpu or plan.instance.memory_gib < memory:
        yield Notice(
            code="control-plane-small",
            text=f"control plane {name} has {plan.instance.vcpu} vCPU and {plan.instance.memory_gib:g} GiB; for"
            f" {plan.workers} workers {vcpu} vCPU and {memory} GiB are usual",
        )
    held = plan.credits
    if held is not None:
        yield Notice(
            code="burstable-control-plane",
            text=f"control plane {name} earns {held.per_hour} CPU credits an hour: {held.baseline_m}m for ever, all of"
            f" its CPU for {held.full_hours} h from a full balance of {held.most}, and then at"
            f" {held.surplus_usd_hour} USD an hour more; keep it only while its mean stays below {held.baseline_m}m",
        )


def _left_out(config: ClusterConfig) -> Iterator[Notice]:
    book = price_book(config)
    for name, pool in config.pools.items():
        if not packed(pool):
            continue
        zones = set(zones_of(config, name))
        types = [instance for instance in load().values() if instance.family in pool.families]
        without = [instance.name for instance in types if book.price(instance) is None]
        if without:
            yield Notice(
                code="type-without-price",
                text=f"pool {name}: {', '.join(without)} left out: no known price in {config.region}",
            )
        partly = [
            instance.name
            for instance in types
            if instance.name not in without and not zones <= set(instance.zones.get(config.region, ""))
        ]
        if partly:
            yield Notice(
                code="type-not-everywhere",
                text=f"pool {name}: {', '.join(partly)} used only in the zones that offer them",
            )


def _tolerances(
    config: ClusterConfig, plans: Mapping[str, ServicePlan], pools: Mapping[str, PoolPlan]
) -> Iterator[Notice]:
    """Given machines are taken as they are; what they cannot survive is said."""
    for name, pool in pools.items():
        tolerance = capacity.pool_tolerance(config, pool.pool)
        if packed(config.pools[pool.pool]) or tolerance == "none" or not pool.services:
            continue
        parts = pool.count if tolerance == "node" else min(pool.count, len(pool.zones))
        weak = [
            service
            for service in pool.services
            if any(
                pods - math.ceil(Fraction(pods, parts)) < needed
                for pods, needed in (
                    (plans[service].min_replicas, 1),
                    (plans[service].max_replicas, plans[service].capacity.after_loss),
                )
            )
        ]
        if weak:
            yield Notice(
                code="tolerance-not-met",
                text=f"pool {name}: with {pool.count} x {pool.instance.name} and the pods of {', '.join(weak)} the loss"
                f" of one {tolerance} is not borne (tolerance {tolerance}): add machines and replicas, or let sizing"
                " choose them by leaving instance_type and count out",
            )


def _throughputs(
    config: ClusterConfig, plans: Mapping[str, ServicePlan], pools: Mapping[str, PoolPlan]
) -> Iterator[Notice]:
    """Given machines, all pods together; packed ones were chosen so that no single one is above its ceiling."""
    for name, pool in pools.items():
        if packed(config.pools[pool.pool]):
            continue
        network = sum((plans[service].capacity.network_mbps for service in pool.services), Decimal(0))
        disk = sum((plans[service].capacity.disk_mbps for service in pool.services), Decimal(0))
        for what, asked, each in (
            ("network", network, _network_mbps(pool.instance)),
            ("volumes", disk, Decimal(pool.instance.ebs_mbps)),
        ):
            ceiling = pool.count * each * CEILING.numerator / CEILING.denominator
            if asked > ceiling:
                yield Notice(
                    code="throughput-above-ceiling",
                    text=f"pool {name}: {asked:,.0f} Mb/s at the peak, and the {what} of {pool.count} x"
                    f" {pool.instance.name} should carry {ceiling:,.0f} Mb/s at most (70 % of the baseline)",
                )


def _network_mbps(instance: InstanceType) -> Decimal:
    return instance.network_gbps_baseline * 1000


def _connections(config: ClusterConfig, plans: Mapping[str, ServicePlan]) -> Iterator[Notice]:
    for one in demanded(config, {name: service.max_replicas for name, service in plans.items()}):
        if one.limit is None:
            yield Notice(
                code="connections-not-judged",
                text=f"database {one.database}: pods may open {one.most} connections, and nobody says how many it"
                " accepts: set max_connections",
            )
        elif one.above:
            yield Notice(
                code="connections-above-limit",
                text=f"database {one.database}: pods may open {one.most} connections, surge pods included; its class"
                f" accepts {one.limit} by default at most",
            )
