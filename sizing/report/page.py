"""Everything that stands on the page, decided; the template only writes it down."""

from collections.abc import Sequence
from dataclasses import dataclass

from sizing.arithmetic import exact
from sizing.explain.explain import Explanation, times
from sizing.explain.words import Line, Reason, Tone, holds, listed, money, pool_reasons, service_reasons, share
from sizing.model import Notice, Plan
from sizing.report import rows
from sizing.report.cells import Table
from sizing.report.chart import Chart, Step, chart, steps_table
from sizing.report.nodes import Key, NodeCard, cards, keys


@dataclass(frozen=True, kw_only=True)
class Tile:
    """One headline figure."""

    value: str
    label: str
    figure: str
    tone: Tone = ""


@dataclass(frozen=True, kw_only=True)
class Page:
    """The whole page, in reading order."""

    title: str
    subtitle: str
    tiles: tuple[Tile, ...]
    sections: tuple[tuple[str, str], ...]
    holds: tuple[Line, ...]
    chart: Chart | None
    steps: Table | None
    traffic_caption: str
    traffic: Table
    placing: str
    key: tuple[Key, ...]
    keeps_room: bool
    nodes: tuple[NodeCard, ...]
    services: tuple[Reason, ...]
    pools: tuple[Reason, ...]
    failing: str
    failures: Table
    pricing: str
    prices: Table
    unpriced: str
    warnings: tuple[Notice, ...]


def page_of(plan: Plan, explanation: Explanation, steps: Sequence[Step]) -> Page:
    """Decide the page.

    Args:
        plan: the plan.
        explanation: its explanation.
        steps: cost against daily users, from the sweep; empty leaves the chart out.
    """
    config = plan.config
    users = config.traffic.daily_active_users
    most = exact(config.headroom.failed_utilisation)
    drawn = chart(steps, users, plan.price.month) if steps and users is not None else None
    used = {plan.control_plane.price, *(pool.price for pool in plan.pools.values())}
    return Page(
        title=f"{plan.name}: sizing of stack {plan.stack}",
        subtitle=f"Region {config.region}; machines are judged by basis {plan.basis}; response time target"
        f" {config.traffic.response_time_target_ms:g} ms; comfortable CPU {config.headroom.utilisation_target:.0%}.",
        tiles=_tiles(plan, explanation),
        sections=tuple(section for section in _SECTIONS if section[0] != "cost" or drawn is not None),
        holds=tuple(holds(explanation)),
        chart=drawn,
        steps=steps_table(steps) if drawn is not None else None,
        traffic_caption="Arrival: requests that really come at the peak. Stress: the target of a load test without"
        " think time. The two are never mixed. CPU: share of all vCPU of the service's machines.",
        traffic=rows.traffic(plan),
        placing=_placing(plan),
        key=keys(plan),
        keeps_room=bool(plan.packings),
        nodes=tuple(cards(plan, explanation.places)),
        services=tuple(service_reasons(plan, explanation)),
        pools=tuple(pool_reasons(explanation)),
        failing=f"Each machine and each zone lost alone, at the peak on basis {plan.basis}, before anything is started"
        f" again. It holds when no service is without a pod and none needs more than {share(most)} of its"
        " remaining requests.",
        failures=rows.failing(explanation, most),
        pricing=f"{listed(sorted({price.option for price in used})).capitalize()} Linux machines in {config.region}, a"
        " month of 730 hours.",
        prices=rows.prices(plan),
        unpriced=f"Not in the total, for want of a sourced price: {listed(plan.price.unpriced)}.",
        warnings=plan.warnings,
    )


def _placing(plan: Plan) -> str:
    packed = "packed as sizing found it" if plan.packings else ""
    given = (
        ""
        if set(plan.packings) == set(plan.config.pools)
        else ("where machines were given Kubernetes decides, and this is one placement that its rules allow")
    )
    how = "; ".join(part for part in (packed, given) if part)
    return (
        f"Every service with its most pods, {how}. Bars show requests of what pods may use; the tick marks comfortable"
        " CPU."
    )


_SECTIONS = (
    ("holds", "How far it holds"),
    ("cost", "Cost"),
    ("traffic", "Traffic"),
    ("nodes", "Machines"),
    ("services", "Services"),
    ("pools", "Pools"),
    ("failures", "Failures"),
    ("prices", "Prices"),
    ("warnings", "Warnings"),
)


def _tiles(plan: Plan, explanation: Explanation) -> tuple[Tile, ...]:
    machines = plan.worker_count + len(plan.control_plane.slots)
    pods = sum(service.max_replicas for service in plan.services.values())
    broken = [failure for failure in explanation.failures if failure.down]
    tiles = [
        Tile(value=money(plan.price.month), label="USD a month, machines", figure="price.month"),
        Tile(value=str(machines), label=f"machines, {plan.worker_count} of them workers", figure="machines"),
        Tile(value=str(pods), label="service pods at most", figure="pods"),
    ]
    if plan.config.traffic.daily_active_users is not None:
        users = f"{plan.config.traffic.daily_active_users:,}"
        tiles.insert(2, Tile(value=users, label="daily active users", figure="daily_active_users"))
    stop = explanation.stops.get(plan.basis)
    if stop is not None:
        tiles.append(
            Tile(
                value=f"{times(stop.factor)} x",
                label=f"the load it holds ({plan.basis})",
                figure="stop.factor",
                tone="bad" if stop.factor < 1 else "",
            )
        )
    tiles += [
        Tile(
            value=f"{len(explanation.failures) - len(broken)} of {len(explanation.failures)}",
            label="losses that leave every service a pod",
            figure="failures",
            tone="warn" if broken else "good",
        ),
        Tile(
            value=str(len(plan.warnings)), label="warnings", figure="warnings", tone="warn" if plan.warnings else "good"
        ),
    ]
    return tuple(tiles)
