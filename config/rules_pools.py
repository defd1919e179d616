"""Rules about node pools: who runs there, where they are, what their nodes are called."""

import re
from collections.abc import Iterator
from typing import Final

from config.presets import families_for
from config.problems import Problem, Said
from config.rules_common import ALL, Rule, at, duplicates
from config.schema import ClusterConfig, Pool

PLATFORM_POOL: Final = "platform"
"""A dedicated pool of this name may be without services: it is there for Kafka, operators and add-ons."""

MOST_NODES: Final = 5000
"""Kubernetes is tested up to this number of nodes."""

_LABEL_NAME: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?")
_DNS_LABEL: Final = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_LABEL_PREFIX: Final = re.compile(rf"(?=.{{1,253}}$){_DNS_LABEL}(?:\.{_DNS_LABEL})*")
_OPEN_PREFIXES: Final = ("node.kubernetes.io", "kubelet.kubernetes.io")
_OWN_PREFIX: Final = "groundswell.io"
_SET_ELSEWHERE: Final = (
    "node.kubernetes.io/instance-type",
    "node.kubernetes.io/exclude-from-external-load-balancers",
)


def used(config: ClusterConfig) -> Iterator[Problem]:
    """A dedicated pool has a service; other pools and the platform's may stand ready for the platform's pods."""
    busy = {service.pool for service in config.services.values()}
    if not busy <= set(config.pools):
        # A name that does not exist is most likely one of these, misspelt, and is reported where it stands.
        return
    for name, pool in config.pools.items():
        if pool.dedicated and name not in busy and name != PLATFORM_POOL:
            yield Problem(
                path=at("pools", name),
                value=Said("no service"),
                rule="a dedicated pool keeps its machines for its services, and no service names it",
                fix=f"name it in a service's pool, remove it, set dedicated: false, or call it {PLATFORM_POOL}",
                also=(at("services", ALL), f"{at('pools', name)}.dedicated"),
            )


def bias(config: ClusterConfig) -> Iterator[Problem]:
    """A pool's resource bias stands where it chooses the families."""
    for name, pool in config.pools.items():
        if pool.resource_bias is None:
            continue
        given = "instance_type" if pool.instance_type is not None else "families"
        if given == "instance_type" or pool.families != families_for(pool.resource_bias):
            yield Problem(
                path=at("pools", name, "resource_bias"),
                value=pool.resource_bias,
                rule=f"chooses nothing beside the pool's {given}",
                fix="leave one of the two out",
                also=(at("pools", name, given),),
            )


def zones(config: ClusterConfig) -> Iterator[Problem]:
    """Pools use zones of the network, each once."""
    for name, pool in config.pools.items():
        path = at("pools", name, "zones")
        for zone in duplicates(pool.zones):
            yield Problem(path=path, value=zone, rule="stands in the list twice", fix="remove one")
        for zone in dict.fromkeys(pool.zones):
            if zone not in config.network.zones:
                yield Problem(
                    path=path,
                    value=zone,
                    rule=f"is none of network.zones ({', '.join(config.network.zones)})",
                    fix="add it there, or choose another zone",
                    also=(at("network", "zones"),),
                )


def counts(config: ClusterConfig) -> Iterator[Problem]:
    """Bounds are in order, and the cluster stays within what Kubernetes is tested with."""
    for name, pool in config.pools.items():
        path = at("pools", name)
        if pool.count is not None and pool.max_count is not None and pool.max_count < pool.count:
            yield Problem(
                path=f"{path}.max_count",
                value=pool.max_count,
                rule=f"must not be below count ({pool.count})",
                fix="raise max_count, or lower count",
                also=(f"{path}.count",),
            )
    nodes = most_nodes(config)
    if nodes > MOST_NODES:
        yield Problem(
            path=at("pools"),
            value=nodes,
            rule=f"is more nodes, with every pool at its largest, than Kubernetes is tested with ({MOST_NODES})",
            fix="lower count or max_count",
            also=(at("control_plane", "slots"), *_count_paths(config)),
        )


def most_nodes(config: ClusterConfig) -> int:
    """Nodes with every pool at its upper bound; where sizing decides the count, one machine and a spare."""
    return len(config.control_plane.slots) + sum(largest(pool) for pool in config.pools.values())


def largest(pool: Pool) -> int:
    """Upper bound of one pool: `max_count`, or one machine more than `count`."""
    return pool.max_count or (pool.count or 1) + 1


def _count_paths(config: ClusterConfig) -> Iterator[str]:
    yield at("pools", ALL)
    for name in config.pools:
        yield at("pools", name, "count")
        yield at("pools", name, "max_count")


def spot(config: ClusterConfig) -> Iterator[Problem]:
    """Brokers may run on every pool, so with Kafka none is spot; without it, one pool is left on demand."""
    on_demand = [name for name, pool in config.pools.items() if not pool.spot]
    for name, pool in config.pools.items():
        if pool.spot and (config.kafka is not None or not on_demand):
            brokers = "Kafka brokers may run on every pool, and a spot machine can go within two minutes"
            yield Problem(
                path=at("pools", name, "spot"),
                value=True,
                rule=brokers if config.kafka else "no pool is left on demand for the platform's own pods",
                fix="set spot: false",
                also=(at("kafka"), at("pools", ALL)),
            )


def labels(config: ClusterConfig) -> Iterator[Problem]:
    """Labels are well formed and such as a kubelet may give itself."""
    for name, pool in config.pools.items():
        for key, value in pool.labels.items():
            path = at("pools", name, "labels", key)
            prefix, slash, label = key.rpartition("/")
            if not _LABEL_NAME.fullmatch(label) or (slash and not _LABEL_PREFIX.fullmatch(prefix)):
                yield Problem(
                    path=path,
                    value=value,
                    rule="the key is no Kubernetes label: [prefix/]name, the name at most 63 characters",
                    fix="use letters, digits, - _ and ., with a letter or digit at both ends",
                )
            elif value and not _LABEL_NAME.fullmatch(value):
                yield Problem(
                    path=path,
                    value=value,
                    rule="is no value of a Kubernetes label: at most 63 letters, digits, - _ and .",
                    fix="shorten or rewrite it",
                )
            elif reason := _forbidden(prefix, key):
                yield Problem(path=path, value=value, rule=reason, fix="use a prefix of your own")


def _forbidden(prefix: str, key: str) -> str | None:
    if prefix == _OWN_PREFIX or prefix.endswith(f".{_OWN_PREFIX}") or key in _SET_ELSEWHERE:
        return "is a label that the program or the cloud controller sets"
    if any(prefix == known or prefix.endswith(f".{known}") for known in _OPEN_PREFIXES):
        return None
    if any(prefix == known or prefix.endswith(f".{known}") for known in ("kubernetes.io", "k8s.io")):
        return "a kubelet may not give itself this label: of kubernetes.io only node. and kubelet. are open to it"
    return None


RULES: tuple[Rule, ...] = (used, bias, zones, counts, spot, labels)
