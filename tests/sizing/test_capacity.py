"""What the peak asks of a service: pods, targets, memory, connections, and the control plane's size."""

from decimal import Decimal
from fractions import Fraction

import pytest
from conftest import dev_object, plan_of

from config.loader import load_cluster
from config.problems import ConfigError
from sizing import capacity, connections, control_plane
from sizing.catalogue import load
from sizing.model import PodResources
from sizing.traffic import traffic_plans


def with_service(name="planner", basis="stress", **changes):
    raw = dev_object()
    raw["traffic"]["basis"] = basis
    raw["services"][name] |= changes
    return raw


def load_for(raw, name="planner", cpu_m=1000):
    config = load_cluster(raw)
    service = config.services[name]
    pod = PodResources(cpu_m=cpu_m, memory_mib=2048)
    return config, service, capacity.load_of(config, service, traffic_plans(config)[name], pod)


@pytest.mark.row("S0-14")
def test_replicas_follow_from_the_measured_demand_at_sixty_percent():
    """900 x 1.4935 ms = 1.344 vCPU: three pods of one vCPU at 60 %, two after a loss at 85 %."""
    config, service, load_ = load_for(with_service())
    assert load_.cpu_m == Fraction("1344.15")
    assert capacity.at_peak(config, service, load_) == 3
    assert capacity.after_loss(config, load_) == 2


def test_threads_set_the_number_of_pods_when_they_run_out_first():
    """900 requests a second that hold a thread for 100 ms hold 90 threads: 7.5 pods of 20 at 60 %."""
    demand = {"cpu_ms_per_request": 1.4935, "source": "measured", "threads": 20, "hold_ms": 100}
    config, service, load_ = load_for(with_service(demand=demand))
    assert load_.scarce == "threads"
    assert load_.worth == Fraction("4.5")
    assert capacity.at_peak(config, service, load_) == 8


def test_database_connections_set_the_number_of_pods_when_they_run_out_first():
    config, service, load_ = load_for(with_service(connections={"count": 5, "hold_ms": 50}))
    assert load_.scarce == "database connections"
    assert load_.worth == 9
    assert capacity.at_peak(config, service, load_) == 15


def test_bursts_of_a_small_service_need_pods_that_its_mean_does_not():
    """11.57 requests/s at 60 ms keep 0.7 pods busy; the busiest seconds bring 23 requests and 1.4 pods."""
    demand = {"cpu_ms_per_request": 60, "source": "made up"}
    config, service, load_ = load_for(with_service(basis="arrival", demand=demand))
    assert load_.burst > load_.rate
    assert capacity.at_peak(config, service, load_) == 2
    steady = load_.__class__(**{**load_.__dict__, "burst": load_.rate, "worth": Fraction(1, 2)})
    assert capacity.at_peak(config, service, steady) == 1


@pytest.mark.row("S0-18")
@pytest.mark.parametrize(
    ("growth", "ready", "percent"), [(0.2, 90, 60), (0.5, 90, 42), (0.0, 90, 60), (0.2, 330, 38), (100.0, 3600, 1)]
)
def test_the_autoscalers_target_leaves_room_for_growth_until_help_arrives(growth, ready, percent):
    """0.85 / (1 + g L): .607 at 20 % a minute and two minutes, .425 at 50 %; never above 60 %."""
    raw = with_service(ready_seconds=ready)
    raw["headroom"]["growth_per_minute"] = growth
    config = load_cluster(raw)
    assert capacity.scale_target(config, config.services["planner"]) == percent


def test_a_given_target_is_taken_and_sizes_the_pods():
    config, service, load_ = load_for(with_service(autoscale_cpu_percent=30))
    assert capacity.scale_target(config, service) == 30
    assert capacity.at_peak(config, service, load_) == 5


@pytest.mark.parametrize(
    ("memory", "mib"),
    [
        ({"heap_mib": 1536}, 1792),  # 1536 + 256
        ({"heap_mib": 1536, "beside_heap_mib": 400}, 1984),  # 1936 rounded up to 64
        ({"rss_mib": 1000}, 1152),  # 1150 rounded up
        ({"rss_mib": 2000, "heap_mib": 512, "margin": 0.5}, 3008),  # the measurement is the greater
        ({"rss_mib": 100, "heap_mib": 512}, 768),  # the heap rule is
    ],
)
def test_memory_follows_from_the_heap_and_from_what_was_measured(memory, mib):
    config = load_cluster(with_service(memory=memory))
    assert capacity.memory_request(config.services["planner"]) == mib


def test_every_thread_has_a_stack():
    demand = {"cpu_ms_per_request": 1, "source": "x", "threads": 200, "hold_ms": 1}
    config = load_cluster(with_service(memory={"heap_mib": 1024}, demand=demand))
    assert capacity.memory_request(config.services["planner"]) == 1536  # 1024 + 256 + 200, rounded up


def test_memory_by_rule_reaches_requests_limits_and_quota():
    plan = plan_of(with_service(memory={"rss_mib": 900}), "rule")
    planner, quota = plan.services["planner"], plan.quotas["planner"]
    assert planner.requests.memory_mib == planner.limits.memory_mib == 1088
    assert quota.default_request.memory_mib == quota.default_limit.memory_mib == 1088
    assert quota.requests.memory_mib == (planner.max_replicas + 1) * 1088 + 128


@pytest.mark.row("S4-34")
def test_given_requests_and_limits_reach_the_plan_unchanged():
    raw = with_service(resources={"cpu_m": 100, "memory_mib": 128})
    planner = plan_of(raw, "given").services["planner"]
    assert (planner.requests.cpu_m, planner.requests.memory_mib) == (100, 128)
    assert (planner.limits.cpu_m, planner.limits.memory_mib) == (200, 128)


def test_mean_response_time_is_that_of_the_queue_and_of_what_is_waited_for():
    demand = {"cpu_ms_per_request": 1.5, "source": "x", "threads": 200, "hold_ms": 6.5}
    raw = with_service(demand=demand, resources={"cpu_m": 1000, "memory_mib": 512})
    planner = plan_of(raw, "response").services["planner"].capacity
    busy = 0.9 * 1.5 / 3  # three pods of one vCPU
    assert float(planner.response_ms) == pytest.approx(1.5 / (1 - busy) + 5, abs=0.001)


def test_a_slow_service_is_reported():
    demand = {"cpu_ms_per_request": 1, "source": "x", "threads": 10_00, "hold_ms": 900}
    texts = [notice.text for notice in plan_of(with_service(demand=demand), "slow").warnings]
    assert any("planner" in text and "the target is 500 ms" in text for text in texts)


def test_connections_are_summed_over_pods_and_surge_pods():
    raw = with_service(connections={"count": 20})
    raw["services"]["payment"]["connections"] = {"count": 10}
    config = load_cluster(raw)
    (found,) = connections.demanded(config, dict.fromkeys(config.services, 3))
    assert found.services == {"planner": 80, "payment": 40}
    assert (found.most, found.stated) == (120, False)
    assert found.limit == 32 * 2**30 // 12_582_880  # db.t4g.2xlarge has 32 GiB
    assert not found.above


def test_more_connections_than_stated_is_refused_with_the_sum():
    raw = with_service(connections={"count": 50})
    raw["databases"]["travel"]["max_connections"] = 150
    with pytest.raises(ConfigError) as caught:
        plan_of(raw, "connections")
    (line,) = [str(problem) for problem in caught.value.problems]
    assert line.startswith("cluster.databases.travel.max_connections: 150: is below the 200 connections")


def test_more_connections_than_the_class_has_by_default_is_a_notice():
    raw = with_service("member", connections={"count": 200})
    (text,) = [
        notice.text for notice in plan_of(raw, "connections").warnings if notice.code == "connections-above-limit"
    ]
    assert "600 connections" in text
    assert "341" in text  # db.t4g.medium: 4 GiB / 12,582,880


def test_given_machines_with_too_little_network_are_reported():
    raw = with_service(transfer={"response_bytes": 500_000, "disk_bytes": 200_000})
    texts = [notice.text for notice in plan_of(raw, "net").warnings if notice.code == "throughput-above-ceiling"]
    assert ["3,600 Mb/s" in texts[0], "1,750 Mb/s" in texts[0]] == [True, True]  # 70 % of 2.5 Gb/s
    assert ["1,440 Mb/s" in texts[1], "560 Mb/s" in texts[1]] == [True, True]  # 70 % of 800 Mb/s


@pytest.mark.row("S2-04")
@pytest.mark.parametrize(
    ("workers", "vcpu", "memory"),
    [(1, 2, 4), (5, 2, 4), (6, 2, 8), (10, 2, 8), (11, 4, 15), (100, 4, 15), (101, 8, 30), (250, 8, 30),
     (251, 16, 30), (500, 16, 30), (501, 36, 60), (5000, 36, 60)],
)  # fmt: skip
def test_the_control_plane_grows_with_the_number_of_workers(workers, vcpu, memory):
    assert control_plane.size(workers)[:2] == (vcpu, memory)


def test_more_nodes_than_kubernetes_is_tested_with_have_no_size():
    with pytest.raises(ValueError, match="5001"):
        control_plane.size(5001)


@pytest.mark.row("S2-04")
def test_a_control_plane_without_a_type_gets_one_that_every_zone_offers():
    raw = dev_object()
    raw["network"]["zones"] = ["a", "b", "c"]
    raw["control_plane"] = {
        "instance_type": None, "families": ["t3a", "t3", "m5a"], "slots": {"a": "a", "b": "b", "c": "c"},
    }  # fmt: skip
    chosen = plan_of(raw, "chosen").control_plane
    assert chosen.instance.name == "t3.medium"  # t3a is cheaper and not offered in zone b
    assert "2 vCPU and 4 GiB, for 5 workers" in chosen.reason
    raw["control_plane"]["mean_cpu_m"] = 450
    assert plan_of(raw, "busy").control_plane.instance.name == "t3.large"  # earns back 600m


def test_families_that_no_common_zone_offers_large_enough_are_refused_in_one_line():
    raw = dev_object()
    raw["control_plane"] = {"instance_type": None, "families": ["t3a"], "slots": {"a": "a"}, "mean_cpu_m": 9000}
    with pytest.raises(ConfigError) as caught:
        plan_of(raw, "none")
    (line,) = [str(problem) for problem in caught.value.problems]
    assert line.startswith('cluster.control_plane.families: ["t3a"]: 5 workers need 2 vCPU and 4 GiB')


def test_a_small_control_plane_is_reported():
    raw = dev_object()
    raw["pools"]["payment"] |= {"count": 7}
    texts = [notice.text for notice in plan_of(raw, "small").warnings if notice.code == "control-plane-small"]
    assert len(texts) == 1
    assert "for 11 workers 4 vCPU and 15 GiB are usual" in texts[0]


@pytest.mark.row("S2-35")
def test_burst_credits_are_those_of_the_user_guide(dev_plan):
    held = dev_plan.control_plane.credits
    assert (held.baseline_m, held.per_hour, held.most) == (400, 24, 576)
    assert held.full_hours == Decimal("6.0")
    assert held.surplus_usd_hour == Decimal("0.08")
    assert control_plane.credits_of(load()["c5a.large"]) is None
    (text,) = [notice.text for notice in dev_plan.warnings if notice.code == "burstable-control-plane"]
    assert "400m for ever" in text
