"""What a person should know about the prices of a plan."""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Final

from config.schema import ClusterConfig
from sizing.model import ControlPlanePlan, Notice, PoolPlan, Price, PricePlan

PRICE_AGE_DAYS: Final = 180


def price_notices(
    config: ClusterConfig, pools: Mapping[str, PoolPlan], control_plane: ControlPlanePlan, price: PricePlan
) -> Iterator[Notice]:
    """Old prices, spot pools without a spot price, and what the total leaves out."""
    used: dict[str, Price] = {control_plane.instance.name: control_plane.price}
    used |= {f"{pool.instance.name}{' spot' * pool.spot}": pool.price for pool in pools.values()}
    yield from age_notices(config.prices.as_of, used)
    unknown = {name: pool for name, pool in pools.items() if pool.spot and pool.price.option != "spot"}
    for name, pool in unknown.items():
        yield Notice(
            code="spot-not-priced",
            text=f"pool {name}: no spot price of {pool.instance.name} is known: counted on demand, the most it"
            " can cost; state one in prices.spot or name a prices.file",
        )
    yield Notice(
        code="not-priced",
        text=f"the total covers machines only; no sourced price for {', '.join(price.unpriced)}",
    )


def age_notices(as_of: str | None, used: Mapping[str, Price]) -> Iterator[Notice]:
    """Prices read more than 180 days before the day of planning, together in one line.

    Args:
        as_of: the day of planning; without one nothing is old.
        used: prices by what they are for.
    """
    if as_of is None:
        return
    limit = date.fromisoformat(as_of) - timedelta(days=PRICE_AGE_DAYS)
    old = sorted(name for name, known in used.items() if _older(known.date, limit))
    if old:
        dates = ", ".join(sorted({used[name].date for name in old}))
        yield Notice(
            code="price-old",
            text=f"prices of {', '.join(old)} are from {dates}, more than {PRICE_AGE_DAYS} days before"
            f" {as_of}: compare with the AWS price list (python -m sizing prices --live)",
        )


def _older(day: str, limit: date) -> bool:
    try:
        return date.fromisoformat(day) < limit
    except ValueError:
        return True
