"""Monthly price of a plan: what has a sourced price, part by part, and by name what has none."""

from collections.abc import Iterator, Mapping
from decimal import ROUND_HALF_UP, Decimal
from types import MappingProxyType

from config.schema import ClusterConfig
from sizing.model import ControlPlanePlan, NetworkPlan, PoolPlan, PricePlan

CENT = Decimal("0.01")


def cents(amount: Decimal) -> Decimal:
    """USD to the cent, half-up."""
    return amount.quantize(CENT, rounding=ROUND_HALF_UP)


def price_plan(
    config: ClusterConfig, network: NetworkPlan, control_plane: ControlPlanePlan, pools: Mapping[str, PoolPlan]
) -> PricePlan:
    """Machines per month of 730 hours, each at its own price. Parts are rounded to the cent, the total is exact."""
    exact = {"control_plane": control_plane.price.month * len(control_plane.slots)} | {
        f"pool:{name}": pool.price.month * pool.count for name, pool in pools.items()
    }
    return PricePlan(
        parts=MappingProxyType({name: cents(amount) for name, amount in exact.items()}),
        month=cents(sum(exact.values(), Decimal(0))),
        unpriced=tuple(_unpriced(config, network)),
    )


def _unpriced(config: ClusterConfig, network: NetworkPlan) -> Iterator[str]:
    yield "EBS volumes"
    yield "data transfer"
    if network.nat_zones:
        yield f"NAT gateways x {len(network.nat_zones)}"
    balancers = sum((network.api_load_balancer, bool(config.api_access.allowed_cidrs), config.entry is not None))
    if balancers:
        yield f"network load balancers x {balancers}"
    databases = sum(1 for database in config.databases.values() if database.create)
    if databases:
        yield f"RDS instances x {databases}"
    caches = sum(1 for cache in config.caches.values() if cache.create)
    if caches:
        yield f"ElastiCache groups x {caches}"
    if config.network.interface_endpoints:
        yield "interface endpoints"
