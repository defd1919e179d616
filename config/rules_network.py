"""Rules about addresses: zones, sizes, room, overlaps."""

from collections.abc import Iterator
from ipaddress import IPv4Network
from itertools import combinations
from typing import Final

from config.problems import Problem
from config.rules_common import ALL, Rule, at, duplicates
from config.rules_pools import largest, most_nodes
from config.schema import ClusterConfig, Network
from config.types import Cidr
from sizing.addresses import FIRST_SLOT_HOST, SLOT_LETTERS, zone_plan
from sizing.catalogue import REGION_ZONES

PRIVATE: Final = tuple(map(Cidr, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")))
"""RFC 1918 and RFC 6598: addresses that the internet does not route."""

VPC_PREFIXES: Final = (16, 20)
"""AWS allows /16 to /28; below /20 a zone's subnets are too small for a load balancer and its nodes."""

SERVICE_PREFIXES: Final = (12, 24)
"""kube-apiserver takes at most 20 bits; a /24 holds CoreDNS's tenth address and room for services."""

NODE_PREFIX: Final = 24
"""kube-controller-manager gives each node one /24 of the pod range (its --node-cidr-mask-size)."""

POD_PREFIXES: Final = (8, NODE_PREFIX)
"""kubeadm allows 16 bits between the pod range and the node mask."""

CIDRS: Final = ("vpc_cidr", "pod_cidr", "service_cidr")


def zones(config: ClusterConfig) -> Iterator[Problem]:
    """The network's zones exist in the region, each once."""
    path = at("network", "zones")
    known = REGION_ZONES.get(config.region)
    for zone in duplicates(config.network.zones):
        yield Problem(path=path, value=zone, rule="stands in the list twice", fix="remove one")
    for zone in dict.fromkeys(config.network.zones):
        if known is not None and zone not in known:
            yield Problem(
                path=path,
                value=zone,
                rule=f"{config.region} has no zone of that letter",
                fix=f"use some of {', '.join(known)}",
                also=(at("region"),),
            )


def sizes(config: ClusterConfig) -> Iterator[Problem]:
    """Ranges are private and as large as AWS, kubeadm and the nodes need them."""
    network = config.network
    bounds = {"vpc_cidr": VPC_PREFIXES, "pod_cidr": POD_PREFIXES, "service_cidr": SERVICE_PREFIXES}
    for key, (widest, narrowest) in bounds.items():
        path, given = at("network", key), getattr(network, key)
        if not _private(given):
            yield Problem(
                path=path,
                value=str(given),
                rule="is no private range, so its real owners could not be reached",
                fix=f"use a range inside {', '.join(map(str, PRIVATE))}",
            )
        if not widest <= given.prefixlen <= narrowest:
            yield Problem(
                path=path,
                value=str(given),
                rule=f"must be from /{widest} to /{narrowest}",
                fix="change the number behind the slash",
            )


def _private(network: IPv4Network) -> bool:
    return any(network.subnet_of(private) for private in PRIVATE)


def room(config: ClusterConfig) -> Iterator[Problem]:
    """The pod range has a block for every node, and every zone's subnet an address."""
    network = config.network
    nodes = most_nodes(config)
    counted = (at("pools", ALL), at("control_plane", "slots"))
    blocks = node_blocks(network)
    if network.pod_cidr.prefixlen <= NODE_PREFIX and blocks < nodes:
        yield Problem(
            path=at("network", "pod_cidr"),
            value=str(network.pod_cidr),
            rule=f"has {blocks} blocks of /{NODE_PREFIX}, one for each node, and there may be {nodes} nodes",
            fix="use a wider range, or lower count and max_count of the pools",
            also=counted,
        )
    if not VPC_PREFIXES[0] <= network.vpc_cidr.prefixlen <= VPC_PREFIXES[1]:
        return
    free = free_addresses(config)
    machines, zone = max((_machines_in(config, zone), zone) for zone in config.network.zones)
    if machines > free:
        yield Problem(
            path=at("network", "vpc_cidr"),
            value=str(network.vpc_cidr),
            rule=f"leaves {free} addresses for nodes in zone {zone}, and there may be {machines} machines",
            fix="use a wider range, more zones, or lower count and max_count",
            also=(*counted, at("network", "zones")),
        )


def node_blocks(network: Network) -> int:
    """Nodes that the pod range has a block for."""
    return 2 ** max(NODE_PREFIX - network.pod_cidr.prefixlen, 0)


def free_addresses(config: ClusterConfig) -> int:
    """Addresses of a zone's private subnet that nodes may have: all but AWS's own and those of the slots."""
    private = zone_plan(config.network.vpc_cidr, config.region, "a").private
    return private.num_addresses - FIRST_SLOT_HOST - len(SLOT_LETTERS) - 1


def _machines_in(config: ClusterConfig, zone: str) -> int:
    total = 0
    for pool in config.pools.values():
        places = set(pool.zones or config.network.zones)
        if zone in places:
            total += -(-largest(pool) // len(places)) if pool.zonal else largest(pool)
    return total


def overlaps(config: ClusterConfig) -> Iterator[Problem]:
    """No two ranges that must be told apart share an address."""
    network = config.network
    own = {at("network", key): getattr(network, key) for key in CIDRS}
    peered = {at("network", "peered_cidrs", key): cidr for key, cidr in network.peered_cidrs.items()}
    outside = {
        at(kind, name, "cidr"): store.cidr
        for kind, stores in (("databases", config.databases), ("caches", config.caches))
        for name, store in stores.items()
        if store.cidr is not None
    }
    pairs = list(combinations((own | peered).items(), 2))
    # A database may well stand in a peered network, or beside another one.
    pairs += [(mine, theirs) for mine in own.items() for theirs in outside.items()]
    for (first, ours), (second, theirs) in pairs:
        if ours.overlaps(theirs):
            yield Problem(
                path=second,
                value=str(theirs),
                rule=f"overlaps {first.removeprefix('cluster.')} ({ours})",
                fix="choose ranges that share no address",
                also=(first,),
            )


RULES: tuple[Rule, ...] = (zones, sizes, room, overlaps)
