"""Pools that sizing packs: nothing over a machine's room, promises kept when a node or zone goes."""

import copy
import json
from collections import Counter
from decimal import Decimal
from fractions import Fraction

import pytest
from conftest import LIGHT, dev_object, production_object
from conftest import plan_of as plan_with_effort
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from config.problems import ConfigError
from sizing import pods
from sizing.catalogue import SEOUL, load
from sizing.document import document
from sizing.packed import platform_pool, zones_of
from sizing.packing import Node, Workload, survives
from sizing.platform import platform_pods
from sizing.reserves import DAEMONSET, DAEMONSET_PODS, sustained_cpu_m

FAILED = Fraction("0.85")
ROUNDED = Fraction(1, 1000)
"""The plan's utilisation has four decimals."""


def plan_of(raw, stack):
    return plan_with_effort(raw, stack, LIGHT)


def shared(tolerance="none", basis="stress", families=("c5a",), **changes):
    """The travel platform with one packed pool in three zones."""
    raw = dev_object()
    raw["traffic"]["basis"] = basis
    raw["network"]["zones"] = ["a", "b", "c"]
    raw["tolerance"] = tolerance
    raw["pools"] = {"shared": {"families": list(families), "dedicated": False, **changes}}
    for service in raw["services"].values():
        service["pool"] = "shared"
        service.pop("replicas", None)
    return raw


def placed(plan, pool):
    """Pods by name over all nodes of a pool's packing."""
    total = Counter()
    for node in plan.packings[pool].nodes:
        total.update(node.pods)
    return total


def sizes(plan, pool):
    """CPU and memory of everything that the packing holds."""
    members = [service for service in plan.services.values() if service.pool == pool]
    found = {service.name: service.requests for service in members}
    found["surge"] = type(members[0].requests)(
        cpu_m=max(each.requests.cpu_m for each in members), memory_mib=max(each.requests.memory_mib for each in members)
    )
    found["job"] = pods.JOB
    found |= {f"platform:{pod.name}": pod.requests for pod in platform_pods(plan.config)}
    return found


def check(plan, pool):
    """Everything that must hold of a packed pool, whatever the input."""
    packing, max_pods = plan.packings[pool], plan.config.kubernetes.max_pods
    size = sizes(plan, pool)
    for node in packing.nodes:
        instance = load()[node.type]
        (part,) = [each for each in plan.parts_of(pool) if each.instance.name == node.type]
        assert node.zone in instance.zones[SEOUL]
        assert node.zone in part.zones
        room = part.allocatable
        cpu = sum(count * size[name].cpu_m for name, count in node.pods.items())
        assert cpu <= sustained_cpu_m(instance, max_pods) - DAEMONSET.cpu_m
        assert cpu <= room.cpu_m - DAEMONSET.cpu_m
        assert sum(count * size[name].memory_mib for name, count in node.pods.items()) <= (
            room.memory_mib - DAEMONSET.memory_mib
        )
        assert sum(node.pods.values()) <= max_pods - DAEMONSET_PODS
    total = placed(plan, pool)
    assert total["surge"] in {1, len(zones_of(plan.config, pool))}
    bought = Counter((node.type, node.zone) for node in packing.nodes)
    groups = {
        (part.instance.name, zone): group.desired for part in plan.parts_of(pool) for zone, group in part.groups.items()
    }
    assert groups == dict(bought)
    assert packing.bound <= packing.cost
    assert packing.cost == sum(part.count * part.price.hour for part in plan.parts_of(pool))
    cases = losses(plan, pool)
    assert (
        len(cases)
        == 1
        + {
            "none": 0,
            "node": len(packing.nodes),
            "zone": len({node.zone for node in packing.nodes}),
        }[packing.tolerance]
    )
    for case in cases:
        assert case.down == ()
        assert case.worst <= FAILED + ROUNDED, case
    for service in plan.services.values():
        if service.pool != pool:
            continue
        assert total[service.name] == service.max_replicas >= service.min_replicas
        quota = plan.quotas[service.name]
        assert quota.requests.cpu_m >= (service.max_replicas + 1) * service.requests.cpu_m
        assert quota.requests.memory_mib >= (service.max_replicas + 1) * service.requests.memory_mib
        assert quota.pods > service.max_replicas
        if service.replication.per_node is not None:
            assert max(node.pods.get(service.name, 0) for node in packing.nodes) <= service.replication.per_node


def losses(plan, pool):
    """Every failure that the pool's tolerance speaks of, at the peak."""
    packing = plan.packings[pool]
    workloads = [
        Workload(
            name=service.name,
            cpu_m=service.requests.cpu_m,
            memory_mib=service.requests.memory_mib,
            demand_m=Fraction(service.capacity.utilisation or 0) * service.max_replicas * service.requests.cpu_m,
        )
        for service in plan.services.values()
        if service.pool == pool
    ]
    nodes = [Node(machine=node.type, zone=node.zone, group="", pods=node.pods) for node in packing.nodes]
    return [case for case in survives(workloads, nodes) if case.kind in {"none", packing.tolerance}]


@pytest.mark.row("S0-17", "S4-53", "S2-35")
@pytest.mark.parametrize("basis", ["arrival", "stress"])
@pytest.mark.parametrize("tolerance", ["none", "node", "zone"])
@pytest.mark.parametrize("families", [("c5a",), ("c5a", "m5a", "t3a")])
def test_the_travel_platform_is_packed_so_that_everything_holds(tolerance, basis, families):
    plan = plan_of(shared(tolerance, basis, families), "packed")
    check(plan, "shared")
    total = placed(plan, "shared")
    for pod in platform_pods(plan.config):
        assert total[f"platform:{pod.name}"] == pod.count
    brokers = [node for node in plan.packings["shared"].nodes if "platform:kafka" in node.pods]
    assert {node.zone for node in brokers} == {"a", "b", "c"}
    assert all(node.pods["platform:kafka"] == 1 for node in brokers)


SERVICES = st.lists(
    st.tuples(st.integers(1, 20_000), st.sampled_from([0.5, 1.5, 4.0]), st.integers(128, 6000)),
    min_size=1,
    max_size=4,
)


@settings(max_examples=6, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(SERVICES, st.sampled_from(["none", "node", "zone"]), st.sampled_from([("c5a",), ("c5a", "m5a", "t3a", "r5a")]))
def test_whatever_the_services_are_the_packing_holds(services, tolerance, families):
    raw = shared(tolerance, "stress", families)
    raw |= {
        "traffic": {"daily_active_users": 100_000, "basis": "stress"},
        "entry": None,
        "kafka": None,
        "databases": {},
        "caches": {},
    }
    raw["services"] = {
        f"s{index}": {
            "pool": "shared",
            "image": "some:1",
            "traffic": {"users": {"low": 1, "high": users}, "requests_per_user": 10, "scenario_seconds": 60},
            "demand": {"cpu_ms_per_request": cost, "source": "made up"},
            "memory": {"rss_mib": memory},
        }
        for index, (users, cost, memory) in enumerate(services)
    }
    check(plan_of(raw, "random"), "shared")


@pytest.mark.row("S2-35")
def test_a_burstable_type_is_packed_at_its_baseline():
    """A t3a.2xlarge has 8 vCPU and earns back 3.2: the pods of 14 vCPU need more of them than two."""
    plan = plan_of(shared("none", "stress", ("t3a",), zones=["a", "c"]), "burstable")
    check(plan, "shared")
    asked = sum(service.max_replicas * service.requests.cpu_m for service in plan.services.values())
    earned = sum(
        int(part.count * part.instance.vcpu * 1000 * part.instance.cpu_baseline_fraction)
        for part in plan.parts_of("shared")
    )
    assert earned > asked


def test_a_type_is_bought_only_where_it_is_offered():
    """m5a is not offered in Seoul's zone b."""
    plan = plan_of(shared("zone", "stress", ("c5a", "m5a")), "offers")
    for part in plan.parts_of("shared"):
        assert set(part.zones) <= set(load()[part.instance.name].zones[SEOUL])
    assert any(notice.code == "type-not-everywhere" and "m5a.large" in notice.text for notice in plan.warnings)


def test_a_type_without_a_price_is_left_out_and_named():
    plan = plan_of(shared("none", "stress", ("c5a", "c6a")), "no price")
    assert {part.instance.family for part in plan.parts_of("shared")} == {"c5a"}
    (text,) = [notice.text for notice in plan.warnings if notice.code == "type-without-price"]
    assert "c6a.large" in text


def test_tolerance_costs_and_never_saves():
    months = [plan_of(shared(tolerance), tolerance).packings["shared"].cost for tolerance in ("none", "node", "zone")]
    assert months[0] <= months[1]
    assert months[0] <= months[2]


def test_pods_at_rest_are_enough_to_lose_a_node_or_zone():
    for tolerance, least in (("none", 1), ("node", 2), ("zone", 3)):
        plan = plan_of(shared(tolerance, "arrival"), tolerance)
        assert {service.min_replicas for service in plan.services.values()} == {least}


def test_spread_is_enforced_where_the_tolerance_rests_on_it():
    plans = {tolerance: plan_of(shared(tolerance), tolerance) for tolerance in ("none", "node", "zone")}
    for name, service in plans["none"].services.items():
        assert (service.replication.per_node, service.replication.node_skew, service.replication.zones) == (
            None,
            None,
            False,
        ), name
    for service in plans["node"].services.values():
        assert service.replication.node_skew >= 1
        assert service.replication.per_node >= 1
    assert all(service.replication.zones for service in plans["zone"].services.values())


def test_parts_of_a_pool_share_its_label_and_are_named_by_type(production_plan):
    parts = production_plan.parts_of("shared")
    assert {part.name for part in parts} == set(production_plan.pools)
    for part in parts:
        assert part.name == f"shared-{part.instance.name.replace('.', '-')}"
        assert part.labels["groundswell.io/pool"] == "shared"
        assert part.taints == ()
        assert part.services == tuple(sorted(production_plan.services))


@pytest.mark.row("S4-05")
def test_the_same_input_packs_to_the_same_bytes():
    first, second = (json.dumps(document(plan_of(production_object(), "production"))) for _ in range(2))
    assert first == second


def test_the_order_of_services_and_families_changes_nothing():
    raw = shared("zone", "stress", ("c5a", "m5a"))
    turned = copy.deepcopy(raw)
    turned["services"] = dict(reversed(turned["services"].items()))
    turned["pools"]["shared"]["families"].reverse()
    first, second = plan_of(raw, "x"), plan_of(turned, "x")
    assert first.packings["shared"].nodes == second.packings["shared"].nodes


def test_production_survives_a_zone_and_prints_what_is_proved(production_plan):
    check(production_plan, "shared")
    packing = document(production_plan)["packings"]["shared"]
    assert packing["tolerance"] == "zone"
    assert packing["cost"] >= packing["bound"] > 0
    assert packing["gap"] == pytest.approx(packing["cost"] / packing["bound"] - 1, abs=1e-5)


def test_given_and_packed_pools_stand_side_by_side():
    raw = shared("node")
    raw["pools"]["gateway"] = {"instance_type": "c5a.xlarge", "count": 2, "zones": ["a", "c"]}
    raw["services"]["gateway"] |= {"pool": "gateway", "replicas": {"min": 2, "max": 2}}
    plan = plan_of(raw, "mixed")
    check(plan, "shared")
    assert plan.pools["gateway"].count == 2
    assert "gateway" not in placed(plan, "shared")
    assert not [notice for notice in plan.warnings if notice.code == "tolerance-not-met"]


def test_given_machines_that_cannot_survive_are_reported():
    raw = dev_object() | {"tolerance": "node"}
    reported = [notice.text for notice in plan_of(raw, "weak").warnings if notice.code == "tolerance-not-met"]
    assert len(reported) == len(raw["pools"])
    assert "the loss of one node is not borne" in reported[0]


def test_the_platform_lives_in_an_open_packed_pool_before_a_dedicated_one():
    raw = shared()
    raw["pools"]["apart"] = {"families": ["c5a"]}
    raw["services"]["payment"]["pool"] = "apart"
    plan = plan_of(raw, "two pools")
    assert platform_pool(plan.config) == "shared"
    assert not [name for name in placed(plan, "apart") if name.startswith("platform:")]
    assert platform_pool(plan_of(dev_object(), "dev").config) is None


@pytest.mark.row("S4-02")
def test_the_smallest_type_that_holds_the_pods_is_bought():
    """c5a.large: 3,836 MiB seen, less 255 + 11 x 110, 100 for eviction and 320 for DaemonSets, are 1,951 for pods."""
    raw = shared()
    raw["pools"]["small"] = {"families": ["c5a"], "zones": ["a"]}
    raw["services"]["payment"] |= {
        "pool": "small",
        "resources": {"cpu_m": 700, "memory_mib": 900},
        "replicas": {"min": 1, "max": 1},
    }
    plan = plan_of(raw, "small")
    (part,) = plan.parts_of("small")
    assert (part.instance.name, part.count) == ("c5a.large", 1)
    assert part.allocatable.memory_mib == 3836 - 255 - 1210 - 100 == 2271
    raw["services"]["payment"]["resources"]["memory_mib"] = 976  # two of them are 1,952
    larger = plan_of(raw, "larger").parts_of("small")
    assert sum(part.count * part.instance.vcpu for part in larger) == 4


@pytest.mark.row("S2-35")
def test_what_pods_ask_most_of_decides_the_family():
    """CPU goes to c5a, memory to r5a; what bursts is packed at what it earns back and loses to both."""
    chosen = {}
    for kind, (cpu, memory) in {"cpu": (3000, 2048), "memory": (500, 12_000)}.items():
        raw = shared("none", "stress", ("c5a", "r5a", "t3a"), zones=["a", "c"])
        raw["kafka"] = None
        for service in raw["services"].values():
            service |= {"resources": {"cpu_m": cpu, "memory_mib": memory}, "replicas": {"min": 2, "max": 4}}
            service.pop("kafka", None)
        parts = plan_of(raw, kind).parts_of("shared")
        worth = Counter()
        for part in parts:
            worth[part.instance.family] += part.count * part.instance.vcpu
        chosen[kind] = worth.most_common(1)[0][0]
    assert chosen == {"cpu": "c5a", "memory": "r5a"}


def test_a_million_users_of_fifty_services_are_packed():
    raw = shared("zone", "stress", ("c5a", "m5a", "c6i"))
    raw |= {"entry": None, "kafka": None, "databases": {}, "caches": {}}
    raw["network"]["pod_cidr"] = "100.64.0.0/10"
    raw["traffic"] = {"daily_active_users": 1_000_000, "basis": "arrival"}
    raw["services"] = {
        f"s{index:02}": {
            "pool": "shared",
            "image": "some:1",
            "traffic": {
                "users": {"low": 1000, "high": 20_000 * (1 + index)},
                "requests_per_user": 20,
                "scenario_seconds": 300,
            },
            "demand": {"cpu_ms_per_request": 1 + index % 7, "source": "made up"},
            "memory": {"rss_mib": 256 * (1 + index % 9)},
        }
        for index in range(50)
    }
    check(plan_of(raw, "million"), "shared")


def test_a_network_that_is_scarce_buys_machines_that_have_it():
    """2,100 responses of 1 MB a second are 16.8 Gb/s: more than the machines for the CPU alone would carry."""
    raw = shared("none", "stress")
    before = plan_of(raw, "before")
    raw["services"]["accommodation"]["transfer"] = {"response_bytes": 1_000_000}
    plan = plan_of(raw, "after")
    carried = sum(part.count * part.instance.network_gbps_baseline for part in plan.parts_of("shared"))
    assert plan.services["accommodation"].capacity.network_mbps == Decimal("16800.0")
    assert carried * Decimal("0.7") >= Decimal("16.8")
    assert plan.price.month > before.price.month


def test_a_pod_that_no_machine_holds_is_one_clear_line():
    raw = shared()
    raw["services"]["planner"]["resources"] = {"cpu_m": 90_000, "memory_mib": 9000}
    with pytest.raises(ConfigError) as caught:
        plan_of(raw, "too large")
    (line,) = [str(problem) for problem in caught.value.problems]
    assert line.startswith("cluster.pools.shared: ")
    assert "planner" in line
    assert line.count("; ") == 1


def test_memory_that_is_taken_to_be_lost_costs_machines():
    months = {}
    for assumption in ("known", "flat", "whole"):
        raw = shared("zone")
        raw["headroom"]["memory"] = assumption
        months[assumption] = plan_of(raw, assumption).packings["shared"].bound
    assert months["whole"] <= months["known"] <= months["flat"]


def test_a_pool_without_pods_gets_no_machines():
    raw = shared()
    raw["pools"]["spare"] = {"families": ["c5a"], "dedicated": False}
    raw["pools"]["shared"]["dedicated"] = True
    plan = plan_of(raw, "empty")
    assert platform_pool(plan.config) == "spare"
    assert {name.partition(":")[0] for name in placed(plan, "spare")} == {"platform"}
    raw["pools"]["platform"] = {"families": ["c5a"]}
    plan = plan_of(raw, "emptier")
    assert platform_pool(plan.config) == "platform"
    assert plan.parts_of("spare") == ()
    assert plan.packings["spare"].cost == 0
