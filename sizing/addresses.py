"""The address plan: every subnet and fixed address from the zone letter alone.

The VPC is cut into eight equal blocks, one per zone letter `a` .. `h`. Inside a block the first half is private
(nodes), the third quarter's first half public (load balancers, NAT), its second half data (databases); the last
quarter is spare. Dropping or adding a zone therefore never moves another zone's subnets.
"""

from collections.abc import Mapping
from ipaddress import IPv4Address, IPv4Network
from types import MappingProxyType
from typing import Final

from config.schema import ClusterConfig
from sizing.model import NetworkPlan, SlotPlan, ZonePlan

ZONE_LETTERS: Final = "abcdefgh"
SLOT_LETTERS: Final = "abcde"
FIRST_SLOT_HOST: Final = 10
"""AWS keeps the first four addresses and the last one of a subnet; control planes start at the tenth."""


def zone_plan(vpc: IPv4Network, region: str, letter: str) -> ZonePlan:
    """Subnets of one zone.

    Args:
        vpc: the VPC's range, /16 to /20.
        region: AWS region, for the zone's name.
        letter: `a` .. `h`.

    Raises:
        ValueError: a letter outside `a` .. `h`.
    """
    block = list(vpc.subnets(prefixlen_diff=3))[ZONE_LETTERS.index(letter)]
    quarters = list(block.subnets(prefixlen_diff=2))
    public, data = quarters[2].subnets()
    return ZonePlan(
        letter=letter,
        name=f"{region}{letter}",
        public=public,
        private=next(block.subnets()),
        data=data,
    )


def slot_address(private: IPv4Network, slot: str) -> IPv4Address:
    """Fixed address of a control-plane slot; it depends on the slot's letter and its zone's subnet only."""
    return private[FIRST_SLOT_HOST + SLOT_LETTERS.index(slot)]


def network_plan(config: ClusterConfig) -> NetworkPlan:
    """The whole address plan of a validated configuration."""
    network = config.network
    zones = {letter: zone_plan(network.vpc_cidr, config.region, letter) for letter in sorted(network.zones)}
    nat_for = _nat(network.nat, tuple(zones))
    dns_zone = f"{config.name}.groundswell.internal"
    return NetworkPlan(
        vpc=network.vpc_cidr,
        zones=MappingProxyType(zones),
        nat_zones=tuple(sorted(set(nat_for.values()))),
        nat_for=MappingProxyType(nat_for),
        dns_zone=dns_zone,
        api_name=f"api.{dns_zone}",
        api_load_balancer=len(config.control_plane.slots) > 1,
        dns_service_ip=network.service_cidr[10],
    )


def _nat(mode: str, zones: tuple[str, ...]) -> dict[str, str]:
    if mode == "none":
        return {}
    return {zone: zone if mode == "per-zone" else zones[0] for zone in zones}


def node_name(address: IPv4Address, region: str) -> str:
    """Private DNS name that EC2 gives a machine with this address (hostname type `ip-name`)."""
    domain = "ec2.internal" if region == "us-east-1" else f"{region}.compute.internal"
    return f"ip-{str(address).replace('.', '-')}.{domain}"


def _slot(region: str, slot: str, zone: str, network: NetworkPlan) -> SlotPlan:
    address = slot_address(network.zones[zone].private, slot)
    return SlotPlan(slot=slot, zone=zone, address=address, node=node_name(address, region))


def slot_plans(config: ClusterConfig, network: NetworkPlan) -> Mapping[str, SlotPlan]:
    """Zone and fixed address of every control-plane slot."""
    return MappingProxyType(
        {slot: _slot(config.region, slot, zone, network) for slot, zone in sorted(config.control_plane.slots.items())}
    )
