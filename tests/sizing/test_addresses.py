"""The address plan: nothing overlaps, and a zone's addresses depend on its letter alone."""

from dataclasses import replace
from ipaddress import IPv4Network
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sizing.addresses import SLOT_LETTERS, ZONE_LETTERS, network_plan, slot_address, zone_plan

PREFIXES = st.integers(16, 20)


@st.composite
def vpcs(draw):
    return IPv4Network((draw(st.integers(0, 2**32 - 1)), draw(PREFIXES)), strict=False)


@given(vpcs())
def test_subnets_of_all_zones_lie_in_the_vpc_and_never_overlap(vpc):
    zones = [zone_plan(vpc, "ap-northeast-2", letter) for letter in ZONE_LETTERS]
    subnets = [subnet for zone in zones for subnet in (zone.public, zone.private, zone.data)]
    assert all(subnet.subnet_of(vpc) for subnet in subnets)
    assert not any(one.overlaps(other) for one, other in combinations(subnets, 2))


@given(vpcs())
def test_every_subnet_is_one_that_aws_accepts(vpc):
    zone = zone_plan(vpc, "ap-northeast-2", "h")
    assert all(16 <= subnet.prefixlen <= 28 for subnet in (zone.public, zone.private, zone.data))


@given(vpcs(), st.sampled_from(ZONE_LETTERS))
def test_slot_addresses_are_distinct_even_in_one_zone_and_not_reserved_by_aws(vpc, letter):
    private = zone_plan(vpc, "ap-northeast-2", letter).private
    addresses = [slot_address(private, slot) for slot in SLOT_LETTERS]
    assert len(set(addresses)) == len(SLOT_LETTERS)
    reserved = {*list(private)[:4], private[-1]}
    assert not reserved & set(addresses)


@pytest.mark.row("S3-36", "S1-28")
def test_removing_the_middle_zone_moves_nothing_in_the_others(ha_plan):
    config = ha_plan.config
    fewer = replace(config, network=replace(config.network, zones=("a", "c")))
    before, after = ha_plan.network.zones, network_plan(fewer).zones
    assert {letter: before[letter] for letter in "ac"} == dict(after)


def test_the_dev_stack_has_the_addresses_that_its_plan_shows(dev_plan):
    zones = dev_plan.network.zones
    assert {letter: str(zone.private) for letter, zone in zones.items()} == {
        "a": "10.0.0.0/20",
        "c": "10.0.64.0/20",
    }
    assert str(dev_plan.control_plane.slots["a"].address) == "10.0.0.10"
    assert str(dev_plan.network.dns_service_ip) == "10.96.0.10"


@pytest.mark.row("S3-35", "S0-28")
def test_going_from_one_to_three_control_planes_keeps_the_name(dev_plan, ha_plan):
    """Both plans differ in the cluster's name only, never in the shape of the endpoint's name."""
    for plan in (dev_plan, ha_plan):
        assert plan.network.api_name == f"api.{plan.name}.groundswell.internal"
    assert not dev_plan.network.api_load_balancer
    assert ha_plan.network.api_load_balancer
