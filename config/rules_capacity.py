"""Rules about what pods need and what may fail: memory, connections, utilisations, tolerance."""

from collections.abc import Iterator
from typing import Final

from config.problems import MISSING, Problem
from config.rules_common import Rule, at
from config.schema import ClusterConfig, Pool

ZONES_TO_LOSE_ONE: Final = 2


def memory(config: ClusterConfig) -> Iterator[Problem]:
    """Memory is said once, by a figure for the heap or a measured one."""
    for name, service in config.services.items():
        path = at("services", name, "memory")
        if service.memory is None:
            continue
        if service.resources is not None:
            yield Problem(
                path=path,
                value=["memory", "resources"],
                rule="resources already says how much memory a pod has",
                fix="remove one of them",
                also=(at("services", name, "resources"),),
            )
        if service.memory.heap_mib is None and service.memory.rss_mib is None:
            yield Problem(
                path=path,
                value=MISSING,
                rule="one of heap_mib and rss_mib must be given",
                fix="give the largest heap, or the resident memory that was measured",
                also=(f"{path}.heap_mib", f"{path}.rss_mib"),
            )


def connections(config: ClusterConfig) -> Iterator[Problem]:
    """Connections lead to a database."""
    for name, service in config.services.items():
        if service.connections is not None and service.database is None:
            yield Problem(
                path=at("services", name, "connections"),
                value=service.connections.count,
                rule="the service names no database",
                fix="name one in database, or remove this section",
                also=(at("services", name, "database"),),
            )


def utilisations(config: ClusterConfig) -> Iterator[Problem]:
    """What is borne after a loss is not below what counts as comfortable."""
    given = config.headroom
    if given.failed_utilisation < given.utilisation_target:
        path = at("headroom", "failed_utilisation")
        yield Problem(
            path=path,
            value=given.failed_utilisation,
            rule=f"must not be below utilisation_target ({given.utilisation_target}): the rest carries more then",
            fix="raise it, or lower utilisation_target",
            also=(at("headroom", "utilisation_target"),),
        )


def tolerances(config: ClusterConfig) -> Iterator[Problem]:
    """Machines that sizing chooses can only survive the loss of a zone in two zones or more, with groups per zone."""
    for name, pool in config.pools.items():
        if not packed(pool):
            continue
        path = at("pools", name)
        source = f"{path}.tolerance" if pool.tolerance is not None else at("tolerance")
        zones = pool.zones or config.network.zones
        if (pool.tolerance or config.tolerance) != "zone":
            continue
        if len(set(zones)) < ZONES_TO_LOSE_ONE:
            yield Problem(
                path=source,
                value="zone",
                rule=f"pool {name} stands in one zone ({', '.join(zones)}), and its loss takes everything",
                fix="give the pool more zones, or ask for less tolerance",
                also=(f"{path}.zones", at("network", "zones"), f"{path}.instance_type"),
            )
        if not pool.zonal:
            yield Problem(
                path=f"{path}.zonal",
                value=False,
                rule="one group over all zones does not keep the machines where the tolerance of a zone needs them",
                fix="set zonal: true, or ask for less tolerance",
                also=(source,),
            )


def statements(config: ClusterConfig) -> Iterator[Problem]:
    """What is believed of a type needs the type."""
    for name, pool in config.pools.items():
        if pool.stated is not None and pool.instance_type is None:
            yield Problem(
                path=at("pools", name, "stated"),
                value=MISSING,
                rule="there is no instance_type that the figures could be compared with",
                fix="name the type, or remove stated",
                also=(at("pools", name, "instance_type"),),
            )


def packed(pool: Pool) -> bool:
    """Whether sizing chooses both types and number of the pool's machines."""
    return pool.instance_type is None and pool.count is None


RULES: tuple[Rule, ...] = (memory, connections, utilisations, tolerances, statements)
