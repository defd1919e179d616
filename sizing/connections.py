"""Database connections: what the pods may open, and what the database accepts."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from config.problems import Problem
from config.schema import ClusterConfig, Database
from sizing import pods
from sizing.catalogue import load

MYSQL_BYTES: Final = 12_582_880
"""RDS for MySQL: max_connections = DBInstanceClassMemory / this (RDS user guide, quotas)."""
POSTGRES_BYTES: Final = 9_531_392
POSTGRES_MOST: Final = 5000
"""RDS for PostgreSQL: LEAST(DBInstanceClassMemory / 9531392, 5000)."""


@dataclass(frozen=True, kw_only=True)
class Demanded:
    """Connections of one database: of all pods that may run at once, surge pods included, and what it accepts.

    Attributes:
        database: its key.
        most: connections that its services may open together.
        limit: what it accepts; None where nobody knows.
        stated: whether the configuration says so; else it is RDS's default for the class, an upper estimate, since RDS
            keeps some of the memory to itself.
        services: connections by service.
    """

    database: str
    most: int
    limit: int | None
    stated: bool
    services: Mapping[str, int]

    @property
    def above(self) -> bool:
        """Whether more may be opened than is accepted."""
        return self.limit is not None and self.most > self.limit


def demanded(config: ClusterConfig, replicas: Mapping[str, int]) -> tuple[Demanded, ...]:
    """Every database whose services say how many connections a pod opens.

    Args:
        config: the configuration.
        replicas: pods at most by service.
    """
    found: list[Demanded] = []
    for name, database in config.databases.items():
        each = {
            key: (replicas[key] + pods.SURGE) * service.connections.count
            for key, service in config.services.items()
            if service.connections is not None and service.database == name
        }
        if each:
            found.append(
                Demanded(
                    database=name,
                    most=sum(each.values()),
                    limit=database.max_connections or default_limit(database),
                    stated=database.max_connections is not None,
                    services=each,
                )
            )
    return tuple(found)


def default_limit(database: Database) -> int | None:
    """What RDS sets for the class that the stack makes; None for other databases and for classes of unknown size."""
    if database.create is None:
        return None
    machine = load().get(database.create.instance_class.removeprefix("db."))
    if machine is None:
        return None
    memory = int(machine.memory_gib * 2**30)
    return memory // MYSQL_BYTES if database.engine == "mysql" else min(memory // POSTGRES_BYTES, POSTGRES_MOST)


def too_many(config: ClusterConfig, replicas: Mapping[str, int]) -> Iterator[Problem]:
    """Databases whose stated limit the pods together exceed."""
    for one in demanded(config, replicas):
        if one.above and one.stated:
            parts = ", ".join(f"{name} {count}" for name, count in one.services.items())
            yield Problem(
                path=f"cluster.databases.{one.database}.max_connections",
                value=one.limit,
                rule=f"is below the {one.most} connections of all pods at their most, surge pods included ({parts})",
                fix="open fewer per pod, allow fewer pods, or let the database accept more",
            )
