"""Machines, reserves and quotas."""

import copy
from decimal import Decimal

import pytest
from conftest import dev_object, plan_of
from hypothesis import given
from hypothesis import strategies as st

from config.problems import ConfigError
from sizing import pods
from sizing.catalogue import REGION_ZONES, SEOUL, load
from sizing.model import PodResources
from sizing.nodes import free_for_services, machines_needed
from sizing.platform import PlatformPod, place, platform_pods
from sizing.reserves import allocatable, reserves, sustained_cpu_m


@pytest.mark.parametrize(
    ("kind", "cpu", "memory"),
    [
        ("t3a.medium", 1930, (2224, 2796, 3104)),
        ("c5a.large", 1930, (2224, 2796, 3104)),
        ("c5a.xlarge", 3920, (6013, 6585, 6893)),
        ("c5a.2xlarge", 7910, (13590, 14162, 14470)),
    ],
)
def test_allocatable_follows_the_published_reserve_formulas(kind, cpu, memory):
    """Values computed by hand from the formulas at 110, 58 and 30 pods and 7.5 % of memory unseen."""
    for max_pods, expected in zip((110, 58, 30), memory, strict=True):
        assert allocatable(load()[kind], max_pods, "flat").cpu_m == cpu
        assert allocatable(load()[kind], max_pods, "flat").memory_mib == expected


@pytest.mark.parametrize(
    ("kind", "kept"), [("t3a.medium", 70), ("c5a.xlarge", 80), ("c5a.2xlarge", 90), ("c5a.4xlarge", 110)]
)
def test_cpu_reserves_shrink_with_every_further_core(kind, kept):
    assert reserves(load()[kind], 110).kube_cpu_m == kept


@pytest.mark.row("S2-35")
def test_a_burstable_worker_counts_with_the_cpu_it_earns_back():
    assert sustained_cpu_m(load()["t3a.medium"], 110) == 2 * 200 - 70
    assert sustained_cpu_m(load()["c5a.xlarge"], 110) == 3920


@pytest.mark.row("S0-13")
def test_the_catalogue_is_whole_and_every_price_has_source_and_date():
    catalogue = load()
    assert len(catalogue) == 92
    assert {
        name: catalogue[name].prices[SEOUL].hour for name in ("t3a.medium", "c5a.xlarge", "c5a.2xlarge", "c4.2xlarge")
    } == {
        "t3a.medium": Decimal("0.0468"),
        "c5a.xlarge": Decimal("0.172"),
        "c5a.2xlarge": Decimal("0.344"),
        "c4.2xlarge": Decimal("0.454"),
    }
    for instance in catalogue.values():
        for price in instance.prices.values():
            assert price.hour > 0
            assert price.source
            assert price.date


@pytest.mark.row("S3-37")
def test_a_type_that_seoul_does_not_offer_has_no_price_there():
    for instance in load().values():
        assert bool(instance.zones[SEOUL]) == (SEOUL in instance.prices), instance.name
        assert set(instance.zones[SEOUL]) <= set(REGION_ZONES[SEOUL])
    assert "c6a.large" in load()
    assert SEOUL not in load()["c6a.large"].prices
    assert load()["t3a.medium"].zones[SEOUL] == "ac"


@pytest.mark.row("S0-05", "S0-07", "S0-08", "S0-09", "S0-10", "S0-11", "S0-12", "S4-57")
def test_the_dev_stack_gets_the_sheets_machines_and_pods(dev_plan):
    assert dev_plan.control_plane.instance.name == "t3a.medium"
    assert list(dev_plan.control_plane.slots) == ["a"]
    rows = {
        name: (
            pool.instance.name,
            pool.count,
            dev_plan.services[name].min_replicas,
            dev_plan.services[name].max_replicas,
        )
        for name, pool in dev_plan.pools.items()
    }
    assert rows == {
        "gateway": ("c5a.xlarge", 1, 1, 2),
        "member": ("c5a.xlarge", 1, 1, 2),
        "planner": ("c5a.2xlarge", 1, 1, 3),
        "accommodation": ("c5a.xlarge", 1, 1, 2),
        "payment": ("c5a.xlarge", 1, 1, 2),
    }
    for name, pool in dev_plan.pools.items():
        assert pool.services == (name,)
        assert pool.labels["groundswell.io/pool"] == name
        assert pool.taints == (f"groundswell.io/pool={name}:NoSchedule",)


@pytest.mark.row("S0-13")
def test_the_dev_stacks_machines_cost_787_52_a_month(dev_plan):
    assert dev_plan.price.parts == {
        "control_plane": Decimal("34.16"),
        "pool:gateway": Decimal("125.56"),
        "pool:member": Decimal("125.56"),
        "pool:planner": Decimal("251.12"),
        "pool:accommodation": Decimal("125.56"),
        "pool:payment": Decimal("125.56"),
    }
    assert dev_plan.price.month == Decimal("787.52")


@pytest.mark.row("S0-09", "S0-13")
def test_the_sheets_planner_row_is_reported_as_another_machines(dev_plan):
    """The sheet prints 15 GiB and 0.454 beside c5a.2xlarge; with that price the total would be 867.82."""
    mismatches = [notice.text for notice in dev_plan.warnings if notice.code == "catalogue-mismatch"]
    assert len(mismatches) == 1
    assert "c5a.2xlarge" in mismatches[0]
    assert "c4.2xlarge" in mismatches[0]
    literal = dev_plan.price.month + (Decimal("0.454") - Decimal("0.344")) * 730
    assert literal == Decimal("867.82")


@pytest.mark.row("S0-10")
def test_the_accommodation_target_on_half_a_machine_is_reported(dev_plan):
    share = dev_plan.services["accommodation"].utilisation
    assert share["stress"] == Decimal("0.784088")  # 2100 x 1.4935 ms / 4 vCPU
    assert share["arrival"] < Decimal("0.01")
    reported = [notice.text for notice in dev_plan.warnings if notice.code == "utilisation-above-target"]
    assert len(reported) == 1
    assert "accommodation" in reported[0]


@pytest.mark.row("S0-17", "S4-55")
@pytest.mark.parametrize("stack", ["dev", "ha"])
def test_quotas_cover_all_pods_and_a_surge_pod_and_fit_the_machines(plans, stack):
    plan = plans[stack]
    for name, service in plan.services.items():
        quota = plan.quotas[name]
        assert quota.pods >= service.max_replicas + 1
        assert quota.requests.cpu_m >= (service.max_replicas + 1) * service.requests.cpu_m
        assert quota.requests.memory_mib >= (service.max_replicas + 1) * service.requests.memory_mib
        assert quota.default_limit.cpu_m >= quota.default_request.cpu_m
        assert quota.default_limit.memory_mib >= quota.default_request.memory_mib
    for name, pool in plan.pools.items():
        wanted = pods.wanted(plan.config, plan.quotas, name)
        share = plan.config.headroom.platform_share
        assert wanted.cpu_m <= pool.count * (pool.allocatable.cpu_m - share.cpu_m)
        assert wanted.memory_mib <= pool.count * (pool.allocatable.memory_mib - share.memory_mib)


@pytest.mark.row("S0-11")
def test_a_service_without_traffic_still_gets_floors_and_a_note(dev_plan):
    payment = dev_plan.services["payment"]
    assert payment.traffic is None
    assert payment.requests.cpu_m >= pods.MINIMUM.cpu_m
    assert payment.notes == ("no traffic figures: floors",)
    assert ("no-traffic", "service payment has no traffic figures: floors are used") in {
        (notice.code, notice.text) for notice in dev_plan.warnings
    }


def _without(raw, *keys):
    for pool in raw["pools"].values():
        for key in (*keys, "stated", "reason"):
            pool.pop(key, None)
    return raw


@pytest.mark.parametrize("basis", ["arrival", "stress"])
def test_with_a_number_but_no_type_the_cheapest_type_that_holds_the_pods_is_chosen(basis):
    raw = _without(dev_object(), "instance_type")
    raw["traffic"]["basis"] = basis
    plan = plan_of(raw, "chosen")
    for name, pool in plan.pools.items():
        free = free_for_services(plan.config, pool.instance)
        wanted = pods.wanted(plan.config, plan.quotas, name)
        assert wanted.cpu_m <= pool.count * free.cpu_m
        assert wanted.memory_mib <= pool.count * free.memory_mib
        assert pool.instance.family == "c5a"
        zones = set(pool.zones)
        for other in load().values():
            if other.family != "c5a" or SEOUL not in other.prices or not zones <= set(other.zones[SEOUL]):
                continue
            service = plan.config.services[name]
            needed = machines_needed(
                [plan.services[name].requests] * pods.room(service.replicas.most)
                + [pods.JOB] * pods.needs_job(plan.config, service),
                free_for_services(plan.config, other),
            )
            assert needed is None or needed > pool.count or other.prices[SEOUL].hour >= pool.price.hour


def test_more_traffic_never_gives_cheaper_machines():
    costs = []
    for factor in (1, 2, 4, 8):
        raw = _without(dev_object(), "instance_type", "count")
        raw["traffic"] |= {"basis": "stress", "daily_active_users": 25_000 * factor}
        raw["services"]["planner"]["traffic"]["users"] = {"low": 12_500, "high": 20_000 * factor}
        raw["pools"]["planner"]["families"] = ["c5a"]
        costs.append(plan_of(raw, "grown").price.month)
    assert costs == sorted(costs)
    assert costs[-1] > costs[0]


@pytest.mark.parametrize(
    ("change", "path", "rule"),
    [
        (
            lambda raw: raw["services"]["planner"].update(quota={"cpu_m": 100, "memory_mib": 100}),
            "cluster.services.planner.quota",
            "below the requests of 3 pods, one surge pod",
        ),
        (
            lambda raw: raw["services"]["planner"].update(resources={"cpu_m": 6000, "memory_mib": 9000}),
            "cluster.pools.planner",
            "exceed what the machines leave for services",
        ),
        (
            lambda raw: raw["headroom"].update(platform_share={"cpu_m": 100, "memory_mib": 256}),
            "cluster.headroom.platform_share",
            "no room for platform pods",
        ),
        (
            lambda raw: raw["headroom"].update(platform_share={"cpu_m": 3800, "memory_mib": 2560}),
            "cluster.services.gateway",
            "an equal share of its pool's machine must be at least",
        ),
        (
            lambda raw: raw["kafka"].update(brokers=7, replication_factor=3),
            "cluster.headroom.platform_share",
            "no room for platform pods kafka",
        ),
        (
            lambda raw: (
                raw["pools"]["planner"].update(instance_type=None, stated=None),
                raw["services"]["planner"].update(resources={"cpu_m": 90_000, "memory_mib": 9000}),
            ),
            "cluster.pools.planner",
            "holds the pool's pods",
        ),
    ],
    ids=[
        "quota below requests",
        "pods above the machine",
        "no platform room",
        "no service room",
        "seven brokers",
        "no type",
    ],
)
def test_what_does_not_fit_is_refused_with_the_arithmetic(change, path, rule):
    raw = copy.deepcopy(dev_object())
    change(raw)
    with pytest.raises(ConfigError) as caught:
        plan_of(raw, "wrong")
    lines = [str(problem) for problem in caught.value.problems]
    assert any(line.startswith(f"{path}: ") and rule in line for line in lines), lines


def test_brokers_never_share_a_node():
    broker = PlatformPod(name="kafka", count=3, requests=PodResources(cpu_m=1, memory_mib=1), one_per_node=True)
    roomy = PodResources(cpu_m=1000, memory_mib=1000)
    assert place([broker], {"one": roomy, "two": roomy}) == ("kafka",)
    assert place([broker], {"one": roomy, "two": roomy, "three": roomy}) == ()


@pytest.mark.row("S4-53")
def test_platform_pods_count_in_the_demand(dev_plan):
    names = {pod.name: pod.count for pod in platform_pods(dev_plan.config)}
    assert names["kafka"] == 3
    assert {"kafka-ui", "metrics-server", "headlamp", "strimzi-operator"} <= set(names)


SIZES = st.builds(PodResources, cpu_m=st.integers(50, 4000), memory_mib=st.integers(64, 8000))


@given(st.lists(SIZES, max_size=30))
def test_first_fit_never_needs_fewer_machines_than_the_sum_of_what_is_asked(wanted):
    free = PodResources(cpu_m=4000, memory_mib=8000)
    count = machines_needed(wanted, free)
    assert count is not None
    assert count * free.cpu_m >= sum(pod.cpu_m for pod in wanted)
    assert count * free.memory_mib >= sum(pod.memory_mib for pod in wanted)


@given(st.integers(1, 5000), st.integers(1, 8))
def test_an_even_split_loses_no_machine(count, zones):
    parts = [pods.part(count, index, zones) for index in range(zones)]
    assert sum(parts) == count
    assert max(parts) - min(parts) <= 1


def utilisation_notices(plan):
    return [notice.text for notice in plan.warnings if notice.code == "utilisation-above-target"]


def test_services_that_share_a_machine_are_judged_together():
    raw = dev_object()
    raw["services"]["accommodation"] |= {"pool": "planner", "resources": {"cpu_m": 500, "memory_mib": 512}}
    raw["services"]["planner"]["resources"] = {"cpu_m": 500, "memory_mib": 512}
    raw["pools"]["accommodation"]["dedicated"] = False
    raw["headroom"]["utilisation_target"] = 0.5
    plan = plan_of(raw, "shared")
    assert all(plan.services[name].utilisation["stress"] < Decimal("0.5") for name in ("planner", "accommodation"))
    (text,) = utilisation_notices(plan)
    assert "pool planner: accommodation, planner" in text
    assert "56.0%" in text  # 16.8 % + 39.2 %


def test_a_burstable_machines_utilisation_is_of_what_it_earns_back():
    raw = dev_object()
    raw["pools"]["planner"] |= {"instance_type": "t3a.2xlarge", "stated": None}
    raw["services"]["planner"]["resources"] = {"cpu_m": 250, "memory_mib": 512}
    plan = plan_of(raw, "burstable")
    baseline = load()["t3a.2xlarge"].cpu_baseline_fraction
    assert baseline == Decimal("0.4")
    assert plan.services["planner"].utilisation["stress"] == Decimal("0.420047")  # 900 x 1.4935 ms / (8 x 0.4)


@pytest.mark.parametrize("users", [1, 2])
def test_traffic_that_prints_as_nothing_still_gives_a_plan(users):
    raw = dev_object()
    raw["services"]["planner"]["traffic"] |= {"users": {"low": users, "high": users}, "requests_per_user": 1}
    assert plan_of(raw, "quiet").services["planner"].traffic.rps_peak == 0


def test_a_quota_must_hold_the_job_that_seeds_the_database_too():
    raw = dev_object()
    raw["services"]["member"] |= {
        "resources": {"cpu_m": 500, "memory_mib": 512},
        "quota": {"cpu_m": 1500, "memory_mib": 1536},
    }
    with pytest.raises(ConfigError, match=r"services\.member\.quota: 1500m"):
        plan_of(raw, "no room for the Job")
