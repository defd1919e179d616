"""How far machines that were chosen by hand reach, pool by pool."""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from config.schema import ClusterConfig
from sizing import arithmetic
from sizing.catalogue import load
from sizing.compare import question_of
from sizing.comparison.choice import Choice
from sizing.comparison.scaling import base_users
from sizing.comparison.search import Search

MOST_USERS: Final = 10**10
"""The most that a stack may state."""


@dataclass(frozen=True, kw_only=True)
class Limit:
    """How far one pool reaches.

    Attributes:
        pool: its name.
        machines: count and type.
        services: those with a known load.
        busy: CPU share of all its machines at the stack's own users.
        comfortable_until: most daily active users with CPU at or below the target at the peak; 0: none.
        full_until: most daily active users with CPU at or below 100 %.
        survives_until: most daily active users that the pool bears with one machine lost; 0: none.
    """

    pool: str
    machines: str
    services: tuple[str, ...]
    busy: Fraction
    comfortable_until: int
    full_until: int
    survives_until: int


def limits(config: ClusterConfig, stack: str = "the stack") -> tuple[Limit, ...]:
    """At which load the choice of machines made by hand stops holding.

    Pools whose type or count is left to sizing, and pools without a service of known load, are not among them.

    Args:
        config: a configuration that the loader has accepted.
        stack: the stack's name, for problems.

    Raises:
        ConfigError: the stack states no daily active users.
    """
    base = base_users(config, stack)
    question = question_of(config)
    search = Search(question, Choice(pools="as given", tolerance="none"))
    found: list[Limit] = []
    for name, pool in config.pools.items():
        services = tuple(key for key, known in question.services.items() if known.pool == name and known.busy_m)
        if pool.instance_type is None or pool.count is None or not services:
            continue
        use = _Use(search, services, _capacity_m(pool.instance_type))
        found.append(
            Limit(
                pool=name,
                machines=f"{pool.count} x {pool.instance_type}",
                services=services,
                busy=use.share(base, pool.count),
                comfortable_until=use.until(question.peak, pool.count),
                full_until=use.until(1.0, pool.count),
                survives_until=use.until(question.failed, pool.count - 1),
            )
        )
    return tuple(found)


class _Use:
    """CPU use of some services on machines of one type."""

    def __init__(self, search: Search, services: tuple[str, ...], capacity_m: Fraction) -> None:
        self._search = search
        self._services = services
        self._capacity_m = capacity_m

    def share(self, users: int, machines: int) -> Fraction:
        loads = self._search.loads(users)
        busy = sum((loads[name].busy_m or Fraction(0) for name in self._services), Fraction(0))
        return busy / (self._capacity_m * machines)

    def until(self, limit: float, machines: int) -> int:
        """Most users at which so many machines stay at or below a share; 0 for no machines."""
        if not machines:
            return 0
        return _most(lambda users: self.share(users, machines) <= arithmetic.exact(limit))


def _capacity_m(name: str) -> Fraction:
    """What the utilisation law counts: all vCPUs, of burstable types what they earn back."""
    instance = load()[name]
    return instance.vcpu * 1000 * arithmetic.exact(instance.cpu_baseline_fraction or 1)


def _most(holds: Callable[[int], bool]) -> int:
    """The largest number of users that a falling condition holds for; 0 when it holds for none."""
    low, high = 0, MOST_USERS + 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if holds(middle) else (low, middle)
    return low
