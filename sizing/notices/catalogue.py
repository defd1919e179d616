"""What the sheet says of a machine, and what the catalogue says."""

from collections.abc import Iterator, Mapping
from decimal import Decimal

from config.schema import ClusterConfig, Stated
from sizing.catalogue import load
from sizing.model import ControlPlanePlan, InstanceType, Notice, PoolPlan


def stated(config: ClusterConfig, pools: Mapping[str, PoolPlan], control_plane: ControlPlanePlan) -> Iterator[Notice]:
    """Yield where a stated figure of a type differs from the catalogue."""
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
