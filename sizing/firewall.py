"""The firewall table: every allowed connection of the cluster, one row each, derived from the plan.

Security groups and their standalone rules are made from these rows and from nothing else; both directions (ingress
at the target, egress at the source) come from the same row. Addresses that security groups never filter need no row:
169.254.169.254 (metadata), 169.254.169.123 (time) and the VPC's resolver.
"""

from collections.abc import Iterator, Mapping
from ipaddress import AddressValueError, IPv4Network
from types import MappingProxyType
from typing import Final
from urllib.parse import urlsplit

from config.schema import ClusterConfig
from sizing.model import FirewallPlan, FirewallRule, NetworkPlan

CONTROL_PLANE: Final = "control-plane"
WORKER: Final = "worker"
API: Final = "api"
API_PUBLIC: Final = "api-public"
ENTRY: Final = "entry"
DATABASE: Final = "database"
CACHE: Final = "cache"
ENDPOINTS: Final = "endpoints"

NODES: Final = (CONTROL_PLANE, WORKER)
DATABASE_PORTS: Final[Mapping[str, int]] = MappingProxyType({"mysql": 3306, "postgres": 5432})

API_PORT: Final = 6443
_IPIP: Final = "4"


def firewall_plan(config: ClusterConfig, network: NetworkPlan) -> FirewallPlan:
    """All groups and rows of a validated configuration, in a stable order."""
    rules = tuple(_rules(config, network))
    return FirewallPlan(groups=MappingProxyType(_groups(config, network)), rules=rules)


def _groups(config: ClusterConfig, network: NetworkPlan) -> dict[str, str]:
    wanted = {
        CONTROL_PLANE: (True, "control-plane machines"),
        WORKER: (True, "worker machines"),
        API: (network.api_load_balancer, "internal load balancer of the Kubernetes API"),
        API_PUBLIC: (bool(config.api_access.allowed_cidrs), "operators' load balancer of the Kubernetes API"),
        ENTRY: (config.entry is not None, "users' load balancer"),
        DATABASE: (any(item.create for item in config.databases.values()), "databases made by the stack"),
        CACHE: (any(item.create for item in config.caches.values()), "caches made by the stack"),
        ENDPOINTS: (config.network.interface_endpoints, "private endpoints of AWS services"),
    }
    return {name: purpose for name, (present, purpose) in wanted.items() if present}


def _rules(config: ClusterConfig, network: NetworkPlan) -> Iterator[FirewallRule]:
    yield from _api(config, network)
    yield _tcp(CONTROL_PLANE, CONTROL_PLANE, 2379, "etcd client and peer traffic", to_port=2380)
    yield from _mesh("tcp", 10250, "kubelet: logs, exec, metrics")
    yield from _pod_network(config.calico.mode)
    yield from _mesh("tcp", 5473, "Calico Typha")
    yield from _entry(config)
    yield from _node_ports(config)
    yield from _data(config)
    if config.network.interface_endpoints:
        yield from (_tcp(group, ENDPOINTS, 443, "AWS services without the internet") for group in NODES)
    for group in NODES:
        for cidr in config.network.egress_cidrs:
            yield _tcp(group, str(cidr), 443, "images, releases, AWS services")
            yield _tcp(group, str(cidr), 80, "operating system packages")
    yield from _mirror(config)


def _mirror(config: ClusterConfig) -> Iterator[FirewallRule]:
    """The mirrors' ports, where they are not those that nodes may use anyway."""
    rows: dict[tuple[str, int], None] = {}
    mirror = config.machine.mirror
    for given in (*([mirror.address] if mirror else []), *config.machine.packages.values()):
        address = urlsplit(given)
        if address.port is None or address.port in {80, 443}:
            continue
        try:
            targets = [str(IPv4Network(address.hostname or ""))]
        except AddressValueError:
            targets = [str(cidr) for cidr in config.network.egress_cidrs]
        rows |= dict.fromkeys((target, address.port) for target in targets)
    for group in NODES:
        for target, port in rows:
            yield _tcp(group, target, port, "mirror of the node programs or packages")


def _tcp(source: str, target: str, port: int, why: str, *, to_port: int | None = None) -> FirewallRule:
    return FirewallRule(source=source, target=target, protocol="tcp", from_port=port, to_port=to_port or port, why=why)


def _mesh(protocol: str, port: int | None, why: str) -> Iterator[FirewallRule]:
    for source in NODES:
        for target in NODES:
            yield FirewallRule(source=source, target=target, protocol=protocol, from_port=port, to_port=port, why=why)


def _api(config: ClusterConfig, network: NetworkPlan) -> Iterator[FirewallRule]:
    for group in NODES:
        yield _tcp(group, CONTROL_PLANE, API_PORT, "Kubernetes API; the kubernetes Service points at the machines")
    if network.api_load_balancer:
        yield _tcp(API, CONTROL_PLANE, API_PORT, "Kubernetes API and its health check")
        yield from (_tcp(group, API, API_PORT, "Kubernetes API by its stable name") for group in NODES)
    if config.api_access.allowed_cidrs:
        yield _tcp(API_PUBLIC, CONTROL_PLANE, API_PORT, "Kubernetes API and its health check")
        for cidr in config.api_access.allowed_cidrs:
            yield _tcp(str(cidr), API_PUBLIC, API_PORT, "operators")


def _pod_network(mode: str) -> Iterator[FirewallRule]:
    if mode.startswith("vxlan"):
        yield from _mesh("udp", 4789, "Calico VXLAN")
    else:
        yield from _mesh("tcp", 179, "Calico BGP mesh")
        yield from _mesh(_IPIP, None, "Calico IPIP")


def _entry(config: ClusterConfig) -> Iterator[FirewallRule]:
    if config.entry is None:
        return
    for cidr in config.entry.allowed_cidrs:
        yield _tcp(str(cidr), ENTRY, config.entry.port, "users")
    yield _tcp(ENTRY, WORKER, config.entry.node_port, f"NodePort of {config.entry.service} and its health check")


def _node_ports(config: ClusterConfig) -> Iterator[FirewallRule]:
    ports = {name: service.node_port for name, service in config.services.items()}
    if config.kafka is not None and config.kafka.ui:
        ports["kafka-ui"] = config.kafka.ui_node_port
    for name, node_port in ports.items():
        if node_port is not None:
            for cidr in node_port.allowed_cidrs:
                yield _tcp(str(cidr), WORKER, node_port.port, f"NodePort of {name}")


def _data(config: ClusterConfig) -> Iterator[FirewallRule]:
    rows: dict[tuple[str, int], str] = {}
    for name, database in config.databases.items():
        target = DATABASE if database.create else str(database.cidr)
        rows.setdefault((target, database.port or DATABASE_PORTS[database.engine]), f"database {name}")
    for name, cache in config.caches.items():
        rows.setdefault((CACHE if cache.create else str(cache.cidr), cache.port), f"cache {name}")
    for (target, port), why in rows.items():
        yield _tcp(WORKER, target, port, why)
