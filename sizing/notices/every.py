"""All notices of a plan, in a stable order."""

from collections.abc import Mapping

from config.schema import ClusterConfig
from sizing.model import ControlPlanePlan, Notice, PoolPlan, PricePlan, ServicePlan
from sizing.notices.capacity import capacities
from sizing.notices.catalogue import stated
from sizing.notices.examples import examples
from sizing.notices.figures import figures
from sizing.notices.reliability import reliability
from sizing.notices.services import services
from sizing.notices.sheet import sheet
from sizing.pricing.notices import price_notices


def notices(
    config: ClusterConfig,
    plans: Mapping[str, ServicePlan],
    pools: Mapping[str, PoolPlan],
    control_plane: ControlPlanePlan,
    price: PricePlan,
) -> tuple[Notice, ...]:
    """All notices of a plan in a stable order."""
    return (
        *stated(config, pools, control_plane),
        *price_notices(config, pools, control_plane, price),
        *services(config, plans, pools),
        *figures(config, plans, pools),
        *sheet(config, pools),
        *reliability(config, pools, control_plane),
        *capacities(config, plans, pools, control_plane),
        *examples(config),
    )
