"""`make_plan`: one validated configuration in, one complete Plan out. Same input, same plan."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from types import MappingProxyType

from config.problems import ConfigError, Problem
from config.rules_capacity import packed
from config.schema import ClusterConfig
from config.types import Basis
from sizing import arithmetic, capacity, nodes, pods
from sizing.addresses import network_plan
from sizing.control_plane import NoControlPlaneFitsError, control_plane_plan
from sizing.firewall import firewall_plan
from sizing.fit import ROOT, unfit
from sizing.model import (
    ControlPlanePlan,
    NetworkPlan,
    PackingPlan,
    Plan,
    PodResources,
    PoolPlan,
    Replication,
    ServicePlan,
    TrafficPlan,
)
from sizing.notices.every import notices
from sizing.packed import SURGE_NAME, packed_pool
from sizing.packing.problem import NoFitError
from sizing.packing.solve import NORMAL, Effort
from sizing.pools import parts_of, sustained_ms
from sizing.price import price_plan
from sizing.traffic import traffic_plans


def make_plan(config: ClusterConfig, stack: str, effort: Effort = NORMAL) -> Plan:
    """Decide everything.

    Args:
        config: a configuration that the loader has accepted.
        stack: the stack's name, for titles.
        effort: how far to search for cheaper machines where sizing chooses them.

    Raises:
        ConfigError: the pods, quotas or platform do not fit the machines; all such problems together.
    """
    traffic = traffic_plans(config)
    requests = nodes.pod_requests(config, traffic)
    machines = _machines(config, traffic, requests, effort)
    most = {name: replication.maximum for name, replication in machines.replication.items()}
    quotas = {
        name: pods.quota(config, service, requests[name], most[name]) for name, service in config.services.items()
    }
    problems = [*machines.problems, *unfit(config, requests, quotas, machines.pools, most)]
    if problems:
        raise ConfigError(tuple(problems), source=stack)
    network = network_plan(config)
    control_plane = _control_plane(config, network, machines.pools, stack)
    services = {name: _service(config, name, traffic[name], requests[name], machines) for name in config.services}
    price = price_plan(config, network, control_plane, machines.pools)
    return Plan(
        stack=stack,
        config=config,
        basis=config.traffic.basis,
        services=MappingProxyType(services),
        quotas=MappingProxyType(quotas),
        pools=MappingProxyType(machines.pools),
        packings=MappingProxyType(machines.packings),
        control_plane=control_plane,
        network=network,
        firewall=firewall_plan(config, network),
        price=price,
        warnings=notices(config, services, machines.pools, control_plane, price),
    )


def _control_plane(
    config: ClusterConfig, network: NetworkPlan, pools: Mapping[str, PoolPlan], stack: str
) -> ControlPlanePlan:
    try:
        return control_plane_plan(config, network, sum(pool.count for pool in pools.values()))
    except NoControlPlaneFitsError as error:
        problem = Problem(
            path=f"{ROOT}.control_plane.families",
            value=list(config.control_plane.families),
            rule=str(error),
            fix="name another family, other zones for the slots, or an instance_type",
        )
        raise ConfigError((problem,), source=stack) from error


@dataclass(kw_only=True)
class _Machines:
    """Pools and the pods on them, as far as decided."""

    pools: dict[str, PoolPlan] = field(default_factory=dict[str, PoolPlan])
    packings: dict[str, PackingPlan] = field(default_factory=dict[str, PackingPlan])
    replication: dict[str, Replication] = field(default_factory=dict[str, Replication])
    problems: list[Problem] = field(default_factory=list[Problem])


def _machines(
    config: ClusterConfig,
    traffic: Mapping[str, TrafficPlan | None],
    requests: Mapping[str, PodResources],
    effort: Effort,
) -> _Machines:
    found = _Machines()
    for name, service in config.services.items():
        found.replication[name] = Replication(minimum=service.replicas.min, maximum=service.replicas.most)
    for name, pool in config.pools.items():
        try:
            if packed(pool):
                chosen = packed_pool(config, name, traffic, requests, effort)
                found.pools |= {part.name: part for part in chosen.parts}
                found.packings[name] = chosen.packing
                found.replication |= chosen.replication
            else:
                found.pools[name] = nodes.pool_plan(config, name, requests)
        except (nodes.NoNodeFitsError, NoFitError) as error:
            found.problems.append(
                Problem(
                    path=f"{ROOT}.pools.{name}",
                    value=pool.instance_type or list(pool.families),
                    rule=_held_by_none(error),
                    fix="name a larger type or family, or ask for less per pod",
                )
            )
    return found


def _held_by_none(error: Exception) -> str:
    """The error's words; the surge pod is as large as a service's and would only say the same again."""
    if not isinstance(error, NoFitError):
        return str(error)
    named = [pod for pod in error.pods if not pod.startswith(f"{SURGE_NAME} ")] or list(error.pods)
    return f"no machine holds {', '.join(named)}"


def _service(
    config: ClusterConfig,
    name: str,
    traffic: TrafficPlan | None,
    requests: PodResources,
    machines: _Machines,
) -> ServicePlan:
    service = config.services[name]
    notes: list[str] = []
    if traffic is None:
        notes.append("no traffic figures: floors")
    elif traffic.derived_from:
        notes.append(f"sum of {traffic.sum_of}")
    replication = machines.replication[name]
    load = capacity.load_of(config, service, traffic, requests)
    parts = parts_of(machines.pools, service.pool)
    return ServicePlan(
        name=name,
        pool=service.pool,
        traffic=traffic,
        replication=replication,
        capacity=capacity.capacity_plan(config, service, load, requests, replication.maximum),
        requests=requests,
        limits=pods.limits(requests),
        utilisation=MappingProxyType(_utilisation(config, name, traffic, parts)),
        notes=tuple(notes),
    )


def _utilisation(
    config: ClusterConfig, name: str, traffic: TrafficPlan | None, parts: Sequence[PoolPlan]
) -> dict[str, Decimal]:
    """Utilisation law, U = X x D / capacity, with all machines of the service's pool."""
    demand = config.services[name].demand
    if demand is None or traffic is None:
        return {}
    capacity_ms = sustained_ms(parts)
    bases: tuple[Basis, ...] = ("arrival", "stress")
    return {
        basis: arithmetic.to_decimal(
            pods.rate(traffic, basis) * arithmetic.exact(demand.cpu_ms_per_request) / capacity_ms, 6
        )
        for basis in bases
    }
