"""Values of the shipped example that must be replaced before anything is created."""

from collections.abc import Iterator
from ipaddress import IPv4Network
from typing import Final

from config.schema import ClusterConfig
from sizing.model import Notice

EXAMPLE_NETWORKS: Final = tuple(map(IPv4Network, ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24")))
"""RFC 5737: addresses for documentation, never anybody's own."""
EXAMPLE_ACCOUNTS: Final = ("111122223333", "123456789012", "000000000000")
"""Account ids that AWS's documentation uses."""


def examples(config: ClusterConfig) -> Iterator[Notice]:
    """Yield every key that still holds a value of the documentation."""
    networks = {"api_access.allowed_cidrs": config.api_access.allowed_cidrs}
    if config.entry is not None:
        networks["entry.allowed_cidrs"] = config.entry.allowed_cidrs
    for name, service in config.services.items():
        if service.node_port is not None:
            networks[f"services.{name}.node_port.allowed_cidrs"] = service.node_port.allowed_cidrs
    for key, cidrs in networks.items():
        for cidr in cidrs:
            if any(cidr.subnet_of(example) for example in EXAMPLE_NETWORKS):
                yield Notice(
                    code="example-value",
                    text=f"{key}: {cidr} is a documentation network: put your own before `pulumi up`",
                )
    if config.registry is not None and config.registry.startswith(EXAMPLE_ACCOUNTS):
        yield Notice(
            code="example-value",
            text=f"registry: {config.registry} names a documentation account: put your own before `pulumi up`",
        )
    if config.purpose == "production" and not config.machine.ami:
        yield Notice(
            code="ami-not-pinned",
            text="machine.ami is empty: machines launched later may run a newer image; pin one per architecture",
        )
