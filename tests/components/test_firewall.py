"""The firewall table and the security groups say the same, for every pair, in every Calico mode."""

import hashlib
from collections import defaultdict
from ipaddress import IPv4Network

import pytest
from conftest import dev_object, plan_of

from sizing.firewall import NODES

INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
EGRESS = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
GROUP = "aws:ec2/securityGroup:SecurityGroup"
MODES = ("vxlan", "bgp", "vxlan-cross-subnet", "bgp-cross-subnet")


def ends_of(rule, names):
    """Group the rule stands on, and the other end."""
    own = names[rule.inputs["securityGroupId"]]
    other = rule.inputs.get("referencedSecurityGroupId")
    return own, names[other] if other else rule.inputs["cidrIpv4"]


def ports_of(rule):
    span = rule.inputs.get("fromPort"), rule.inputs.get("toPort")
    return rule.inputs["ipProtocol"], *(None if port is None else int(port) for port in span)


def reachable(recording, plan):
    """(from, to, protocol, ports) that both ends allow; a network's own end allows everything."""
    prefix = f"{plan.name}-"
    ids = {f"{group.name}-{_digest(group)}": group.name.removeprefix(prefix) for group in recording.of(GROUP)}
    into, out = set(), set()
    for rule in recording.of(INGRESS):
        target, source = ends_of(rule, ids)
        into.add((source, target, *ports_of(rule)))
    for rule in recording.of(EGRESS):
        source, target = ends_of(rule, ids)
        out.add((source, target, *ports_of(rule)))
    groups = set(ids.values())
    return {row for row in into | out if (row[1] not in groups or row in into) and (row[0] not in groups or row in out)}


def _digest(resource):
    return hashlib.sha256(f"{resource.type}:{resource.name}".encode()).hexdigest()[:8]


def table_of(plan):
    return {(rule.source, rule.target, rule.protocol, rule.from_port, rule.to_port) for rule in plan.firewall.rules}


@pytest.mark.row("S0-40", "S0-41", "S3-06", "S0-54", "S3-28", "S3-30", "S1-11")
@pytest.mark.parametrize("stack", ["dev", "ha"])
def test_every_pair_reaches_exactly_what_the_table_allows(recordings, plans, stack):
    """`dev` runs in bgp mode, `ha` in vxlan mode: a missing row and an extra row both fail."""
    assert reachable(recordings[stack], plans[stack]) == table_of(plans[stack])


@pytest.mark.parametrize("stack", ["dev", "ha"])
def test_no_rule_stands_alone_at_one_end(recordings, plans, stack):
    """A row between two groups needs ingress at one and egress at the other."""
    groups = set(plans[stack].firewall.groups)
    between = [rule for rule in plans[stack].firewall.rules if {rule.source, rule.target} <= groups]
    inward = [rule for rule in plans[stack].firewall.rules if rule.target in groups]
    outward = [rule for rule in plans[stack].firewall.rules if rule.source in groups]
    assert between
    assert len(recordings[stack].of(INGRESS)) == len(inward)
    assert len(recordings[stack].of(EGRESS)) == len(outward)


def rows_of(mode, **changes):
    raw = dev_object()
    raw["calico"] = {"mode": mode, "disable_source_destination_check": "cross" in mode}
    raw |= changes
    plan = plan_of(raw, mode)
    rows = defaultdict(set)
    for rule in plan.firewall.rules:
        rows[rule.protocol, rule.from_port].add((rule.source, rule.target))
    return rows


EVERY_PAIR = {(source, target) for source in NODES for target in NODES}


@pytest.mark.row("S0-69", "S1-07", "S3-31")
@pytest.mark.parametrize("mode", MODES)
def test_each_calico_mode_opens_its_own_ports_both_ways_and_no_other_modes(mode):
    rows = rows_of(mode)
    bgp = mode.startswith("bgp")
    assert rows["tcp", 179] == (EVERY_PAIR if bgp else set())
    assert rows["4", None] == (EVERY_PAIR if bgp else set())
    assert rows["udp", 4789] == (set() if bgp else EVERY_PAIR)
    assert rows["tcp", 5473] == EVERY_PAIR


@pytest.mark.row("S0-51", "S0-73", "S2-25")
@pytest.mark.parametrize("mode", MODES)
def test_pods_on_any_two_nodes_reach_each_other_on_every_port(mode):
    """DNS (53, tcp and udp) between pods needs no row of its own: it travels inside the encapsulation."""
    rows = rows_of(mode)
    carrier = ("udp", 4789) if mode.startswith("vxlan") else ("4", None)
    assert rows[carrier] == EVERY_PAIR


@pytest.mark.row("S0-54")
def test_databases_and_caches_are_open_to_workers_only(dev_plan):
    rows = {(rule.source, rule.target, rule.from_port) for rule in dev_plan.firewall.rules}
    assert {row for row in rows if row[1] in {"database", "cache"}} == {
        ("worker", "database", 3306),
        ("worker", "cache", 6379),
    }
    assert not any(row[0] in {"database", "cache"} for row in rows)


@pytest.mark.row("S0-40")
def test_the_api_is_open_to_nodes_and_operators_only(dev_plan):
    into = {
        rule.source for rule in dev_plan.firewall.rules if rule.target == "control-plane" and rule.from_port == 6443
    }
    assert into == {"control-plane", "worker", "api-public"}
    assert {rule.source for rule in dev_plan.firewall.rules if rule.target == "api-public"} == {"203.0.113.0/24"}


@pytest.mark.row("S0-50", "S0-74", "S1-20")
def test_node_ports_are_open_only_where_they_are_wanted(dev_plan):
    node_ports = {
        (rule.source, rule.from_port, rule.to_port)
        for rule in dev_plan.firewall.rules
        if rule.target == "worker" and rule.to_port is not None and rule.to_port >= 30000
    }
    assert node_ports == {("entry", 30080, 30080), ("10.20.0.0/16", 30081, 30081)}


@pytest.mark.row("S0-67")
def test_kafka_ui_is_reached_from_the_named_network_only():
    raw = dev_object()
    raw["kafka"]["ui_node_port"] = {"port": 30090, "allowed_cidrs": ["10.20.0.0/16"]}
    rules = plan_of(raw, "ui").firewall.rules
    assert [(rule.source, rule.target) for rule in rules if rule.from_port == 30090] == [("10.20.0.0/16", "worker")]


@pytest.mark.parametrize("stack", ["dev", "ha"])
def test_nothing_comes_in_from_the_whole_world(recordings, stack):
    for rule in recordings[stack].of(INGRESS):
        cidr = rule.inputs.get("cidrIpv4")
        assert cidr is None or IPv4Network(cidr).prefixlen > 0, rule.name


@pytest.mark.row("S4-06")
@pytest.mark.parametrize("stack", ["dev", "ha"])
def test_no_row_opens_ssh(plans, stack):
    assert not any(
        rule.from_port is not None and rule.from_port <= 22 <= (rule.to_port or 0)
        for rule in plans[stack].firewall.rules
    )


def test_exactly_one_group_of_every_machine_carries_the_clusters_tag(dev, dev_plan):
    """The cloud controller refuses a machine with two tagged groups."""
    tagged = {group.name for group in dev.of(GROUP) if f"kubernetes.io/cluster/{dev_plan.name}" in group.inputs["tags"]}
    assert tagged == {f"{dev_plan.name}-{group}" for group in NODES}


def test_the_vpcs_default_group_is_emptied(dev):
    (default,) = dev.of("aws:ec2/defaultSecurityGroup:DefaultSecurityGroup")
    assert default.inputs["ingress"] == []
    assert default.inputs["egress"] == []
