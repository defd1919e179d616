"""What a person should know about a plan, each with a stable code. Figures carry their basis."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from ipaddress import IPv4Network
from typing import Final

from config.schema import ClusterConfig, Stated
from config.types import Basis
from sizing.catalogue import load
from sizing.model import (
    ControlPlanePlan,
    InstanceType,
    Notice,
    PoolPlan,
    PricePlan,
    ServicePlan,
    TrafficPlan,
)
from sizing.pricing.notices import price_notices

SAFE_IN_SYNC: Final = 2
"""Copies that must confirm a write, so that no single broker holds the only one."""
EXAMPLE_NETWORKS: Final = tuple(map(IPv4Network, ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24")))
"""RFC 5737: addresses for documentation, never anybody's own."""
EXAMPLE_ACCOUNTS: Final = ("111122223333", "123456789012", "000000000000")
"""Account ids that AWS's documentation uses."""


def notices(
    config: ClusterConfig,
    services: Mapping[str, ServicePlan],
    pools: Mapping[str, PoolPlan],
    control_plane: ControlPlanePlan,
    price: PricePlan,
) -> tuple[Notice, ...]:
    """All notices of a plan in a stable order."""
    found = [
        *_stated(config, pools, control_plane),
        *price_notices(config, pools, control_plane, price),
        *_services(config, services, pools),
        *_reliability(config, pools, control_plane),
        *_examples(config),
    ]
    return tuple(found)


def _stated(config: ClusterConfig, pools: Mapping[str, PoolPlan], control_plane: ControlPlanePlan) -> Iterator[Notice]:
    given = {f"pool {name}": (pool.stated, pools[name].instance) for name, pool in config.pools.items()}
    given["control plane"] = (config.control_plane.stated, control_plane.instance)
    for where, (stated, instance) in given.items():
        if stated is not None:
            yield from _compare(where, stated, instance, config.region)


def _compare(where: str, stated: Stated, instance: InstanceType, region: str) -> Iterator[Notice]:
    differences = [
        f"{label} {said} is {known}"
        for label, said, known in _figures(stated, instance, region)
        if said is not None and Decimal(str(said)) != Decimal(str(known))
    ]
    if not differences:
        return
    owner = next((other.name for other in load().values() if _matches(stated, other, region)), None)
    hint = f"; the figures stated are those of {owner}" if owner else ""
    yield Notice(
        code="catalogue-mismatch",
        text=f"{where}: {instance.name} in the catalogue: {', '.join(differences)}{hint}; the catalogue is used",
    )


def _figures(stated: Stated, instance: InstanceType, region: str) -> Iterator[tuple[str, object, object]]:
    price = instance.prices.get(region)
    yield "vCPU", stated.vcpu, instance.vcpu
    yield "memory GiB", stated.memory_gib, instance.memory_gib
    if price is not None:
        yield "USD/h", stated.price_usd_hour, price.hour


def _matches(stated: Stated, instance: InstanceType, region: str) -> bool:
    pairs = [(said, known) for _, said, known in _figures(stated, instance, region) if said is not None]
    return region in instance.prices and all(Decimal(str(said)) == Decimal(str(known)) for said, known in pairs)


def _services(
    config: ClusterConfig, services: Mapping[str, ServicePlan], pools: Mapping[str, PoolPlan]
) -> Iterator[Notice]:
    target = Decimal(str(config.headroom.utilisation_target))
    for name, service in services.items():
        if service.traffic is None:
            yield Notice(code="no-traffic", text=f"service {name} has no traffic figures: floors are used")
        else:
            yield from _stress(name, service.traffic)
    bases: tuple[Basis, ...] = ("arrival", "stress")
    for name, pool in pools.items():
        for basis in bases:
            shares = {key: services[key].utilisation.get(basis, Decimal(0)) for key in pool.services}
            total = sum(shares.values(), Decimal(0))
            if total > target:
                busy = ", ".join(key for key, share in shares.items() if share)
                yield Notice(
                    code="utilisation-above-target",
                    text=f"pool {name}: {busy} would keep {pool.count} x {pool.instance.name} {total:.1%} busy"
                    f" (basis {basis}); the target is {target:.0%}",
                )


def _stress(name: str, traffic: TrafficPlan) -> Iterator[Notice]:
    peak = traffic.rps_peak or traffic.rps_peak_exact
    ratio = traffic.tps_target.high / peak if peak else Decimal(0)
    if ratio > 1 and not traffic.derived_from:
        yield Notice(
            code="stress-above-arrival",
            text=f"service {name}: the load-test target {traffic.tps_target.high:,.0f} TPS (basis stress) is"
            f" {ratio:.1f} times the peak of {peak} requests/s (basis arrival): it has no think time",
        )


def _reliability(
    config: ClusterConfig, pools: Mapping[str, PoolPlan], control_plane: ControlPlanePlan
) -> Iterator[Notice]:
    if len(control_plane.slots) == 1:
        yield Notice(
            code="single-control-plane",
            text="one control plane: its loss stops changes until it is replaced (its volume keeps the cluster)",
        )
    single = [name for name, pool in pools.items() if pool.count == 1 and pool.services]
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


def _examples(config: ClusterConfig) -> Iterator[Notice]:
    networks = {"api_access.allowed_cidrs": config.api_access.allowed_cidrs}
    if config.entry is not None:
        networks["entry.allowed_cidrs"] = config.entry.allowed_cidrs
    for name, service in config.services.items():
        if service.node_port is not None:
            networks[f"services.{name}.node_port.allowed_cidrs"] = service.node_port.allowed_cidrs
    for key, cidrs in networks.items():
        for cidr in cidrs:
            if any(cidr.subnet_of(example) for example in EXAMPLE_NETWORKS):
                yield Notice(
                    code="example-value",
                    text=f"{key}: {cidr} is a documentation network: put your own before `pulumi up`",
                )
    if config.registry is not None and config.registry.startswith(EXAMPLE_ACCOUNTS):
        yield Notice(
            code="example-value",
            text=f"registry: {config.registry} names a documentation account: put your own before `pulumi up`",
        )
    if config.purpose == "production" and not config.machine.ami:
        yield Notice(
            code="ami-not-pinned",
            text="machine.ami is empty: machines launched later may run a newer image; pin one per architecture",
        )
