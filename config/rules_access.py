"""Rules about ways out and ways in: NAT, encapsulation, who may connect, NodePorts."""

from collections.abc import Iterator
from ipaddress import IPv4Network
from typing import Final

from config.problems import Problem
from config.rules_common import Rule, at
from config.schema import ClusterConfig, NodePort

WIDE: Final = 8
"""A network wider than /8 is the internet, however it is written."""


def way_out(config: ClusterConfig) -> Iterator[Problem]:
    """Without NAT, nodes reach AWS by private endpoints."""
    if config.network.nat == "none" and not config.network.interface_endpoints:
        yield Problem(
            path=at("network", "nat"),
            value="none",
            rule="leaves the nodes no way to AWS's own services",
            fix="set interface_endpoints: true, or nat: single",
            also=(at("network", "interface_endpoints"),),
        )


def encapsulation(config: ClusterConfig) -> Iterator[Problem]:
    """Packets without encapsulation pass only where EC2 does not check their source."""
    calico = config.calico
    if calico.mode.endswith("cross-subnet") and not calico.disable_source_destination_check:
        yield Problem(
            path=at("calico", "mode"),
            value=calico.mode,
            rule="sends pod packets without encapsulation inside a subnet, and EC2's source/destination check drops"
            " them",
            fix="set calico.disable_source_destination_check: true, or use vxlan or bgp",
            also=(at("calico", "disable_source_destination_check"),),
        )


def world(config: ClusterConfig) -> Iterator[Problem]:
    """What is open to everybody says so by name."""
    openings: dict[str, tuple[tuple[IPv4Network, ...], bool]] = {
        at("api_access"): (config.api_access.allowed_cidrs, config.api_access.allow_world)
    }
    if config.entry is not None:
        openings[at("entry")] = (config.entry.allowed_cidrs, config.entry.allow_world)
    for path, given in node_ports(config).items():
        openings[path] = (given.allowed_cidrs, given.allow_world)
    for path, (cidrs, allowed) in openings.items():
        wide = [cidr for cidr in cidrs if cidr.prefixlen < WIDE]
        if wide and not allowed:
            yield Problem(
                path=f"{path}.allowed_cidrs",
                value=[str(cidr) for cidr in wide],
                rule="opens this to the whole internet, and nothing says that it is meant",
                fix="name your own networks, or set allow_world: true beside it",
                also=(f"{path}.allow_world",),
            )


def node_ports(config: ClusterConfig) -> dict[str, NodePort]:
    """Every NodePort that is opened to networks, by key path."""
    found = {
        at("services", name, "node_port"): service.node_port
        for name, service in config.services.items()
        if service.node_port is not None
    }
    if config.kafka is not None and config.kafka.ui_node_port is not None:
        found[at("kafka", "ui_node_port")] = config.kafka.ui_node_port
    return found


def port_clashes(config: ClusterConfig) -> Iterator[Problem]:
    """A NodePort is taken on every node, so no two may have the same number."""
    taken: dict[int, str] = {}
    ports = {f"{path}.port": given.port for path, given in node_ports(config).items()}
    if config.entry is not None:
        ports = {at("entry", "node_port"): config.entry.node_port, **ports}
    for path, port in ports.items():
        other = taken.setdefault(port, path)
        if other != path:
            yield Problem(
                path=path,
                value=port,
                rule=f"is already taken by {other.removeprefix('cluster.')}",
                fix="choose another port from 30000 to 32767",
                also=(other,),
            )


RULES: tuple[Rule, ...] = (way_out, encapsulation, world, port_clashes)
