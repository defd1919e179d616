"""All rules across fields, and the one function that checks them."""

from collections.abc import Iterator, Mapping
from itertools import chain
from types import MappingProxyType
from typing import Final

from config import (
    rules_access,
    rules_capacity,
    rules_control_plane,
    rules_data,
    rules_kafka,
    rules_machines,
    rules_mirror,
    rules_names,
    rules_network,
    rules_pools,
    rules_prices,
    rules_routes,
    rules_services,
    rules_stated,
    rules_systems,
    rules_traffic,
)
from config.problems import Problem
from config.rules_common import Rule
from config.schema import ClusterConfig

GROUPS: Final[Mapping[str, tuple[Rule, ...]]] = MappingProxyType(
    {
        "Names and tags": rules_names.RULES,
        "Traffic": rules_traffic.RULES,
        "Routes and replicas": rules_routes.RULES,
        "Services": rules_services.RULES,
        "Pods and tolerance": rules_capacity.RULES,
        "Pools": rules_pools.RULES,
        "Machines": rules_machines.RULES,
        "Systems": rules_systems.RULES,
        "Mirror": rules_mirror.RULES,
        "Control planes": rules_control_plane.RULES,
        "Addresses": rules_network.RULES,
        "Ways out and in": rules_access.RULES,
        "Databases and caches": rules_data.RULES,
        "Kafka": rules_kafka.RULES,
        "What a sheet states": rules_stated.RULES,
        "Prices": rules_prices.RULES,
    }
)
"""Every rule under the heading that the reference page gives it."""


def check(config: ClusterConfig) -> Iterator[Problem]:
    """Find every contradiction in a configuration whose single values are valid."""
    return chain.from_iterable(rule(config) for rules in GROUPS.values() for rule in rules)
