"""The same stack with more or fewer users: every figure of traffic grows with the platform's daily active users."""

import math
from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Final

from config.problems import MISSING, ConfigError, Problem
from config.schema import ClusterConfig
from config.schema_traffic import Rate, ServiceTraffic, UserRange
from sizing import arithmetic

MOST_RPS: Final = 1e9
"""The highest rate that a stack may state."""


def base_users(config: ClusterConfig, source: str) -> int:
    """Daily active users that the stack states.

    Raises:
        ConfigError: it states none, so there is nothing to scale.
    """
    users = config.traffic.daily_active_users
    if users is None:
        problem = Problem(
            path="cluster.traffic.daily_active_users",
            value=MISSING,
            rule="is what a sweep scales",
            fix="give the platform's daily active users that the other figures belong to",
        )
        raise ConfigError([problem], source)
    return users


def at_users(config: ClusterConfig, users: int) -> ClusterConfig:
    """The stack at another number of daily active users; users of a service are rounded up to whole ones.

    Args:
        config: a configuration with `traffic.daily_active_users`.
        users: daily active users, 1 or more.
    """
    base = config.traffic.daily_active_users
    if base is None:
        raise ValueError("a configuration without daily active users cannot be scaled")
    ratio = Fraction(users, base)
    services = {
        name: replace(service, traffic=_traffic(service.traffic, ratio)) if service.traffic else service
        for name, service in config.services.items()
    }
    return replace(config, traffic=replace(config.traffic, daily_active_users=users), services=services)


def _traffic(traffic: ServiceTraffic, ratio: Fraction) -> ServiceTraffic:
    changes: Mapping[str, object] = {
        "users": _users(traffic.users, ratio),
        "requests_per_second": _rate(traffic.requests_per_second, ratio),
    }
    return replace(traffic, **{key: value for key, value in changes.items() if value is not None})


def _users(users: UserRange | None, ratio: Fraction) -> UserRange | None:
    if users is None:
        return None
    return UserRange(low=math.ceil(users.low * ratio), high=math.ceil(users.high * ratio))


def _rate(rate: Rate | None, ratio: Fraction) -> Rate | None:
    if rate is None:
        return None
    return Rate(mean=_times(rate.mean, ratio), peak=_times(rate.peak, ratio))


def _times(value: float | None, ratio: Fraction) -> float | None:
    return None if value is None else min(float(arithmetic.exact(value) * ratio), MOST_RPS)
