"""What decided, what is left, what a smaller choice breaks, and the load at which the plan stops holding."""

import copy
from fractions import Fraction

import pytest
from conftest import ROOT, dev_object, plan_of

from config.loader import load_stack_file
from sizing.__main__ import main
from sizing.explain.explain import explain
from sizing.explain.layout import CONTROL_PLANE, layout
from sizing.explain.limits import after_loss, busy_m, pool_limit, service_limits
from sizing.explain.words import holds, pool_reasons
from sizing.plan import make_plan


@pytest.fixture(scope="module")
def dev(dev_plan):
    return explain(dev_plan)


@pytest.fixture(scope="module")
def ha(ha_plan):
    return explain(ha_plan)


@pytest.mark.parametrize("name", ["dev", "ha"])
def test_every_pod_of_every_service_stands_on_a_machine_of_its_pool(plans, name):
    plan, places = plans[name], layout(plans[name])
    for key, service in plan.services.items():
        assert sum(place.count(key) for place in places) == service.max_replicas
        assert {place.pool for place in places if place.count(key)} == {service.pool}
    assert len(places) == plan.worker_count + len(plan.control_plane.slots)


@pytest.mark.parametrize("name", ["dev", "ha"])
def test_no_machine_is_asked_for_more_than_it_has(plans, name):
    for place in layout(plans[name]):
        assert place.requested.cpu_m <= place.allocatable.cpu_m, place.key
        assert place.requested.memory_mib <= place.allocatable.memory_mib, place.key


def test_brokers_stand_on_different_machines(dev_plan):
    brokers = [sum(box.count for box in place.boxes if box.name == "kafka") for place in layout(dev_plan)]
    assert sorted(brokers, reverse=True)[:3] == [1, 1, 1]
    assert sum(brokers) == 3


def test_the_same_plan_has_the_same_layout_and_explanation(dev_plan):
    assert layout(dev_plan) == layout(dev_plan)
    assert explain(dev_plan) == explain(dev_plan)


def test_busy_cpu_is_the_rate_times_the_measured_cost(dev_plan):
    """Planner under stress: 900 requests/s x 1.4935 ms = 1,344.15 thousandths of a vCPU."""
    assert busy_m(dev_plan, "stress")["planner"] == Fraction("1344.15")
    assert set(busy_m(dev_plan, "arrival")) == {"planner", "accommodation"}


@pytest.mark.row("S0-14")
def test_a_pools_share_is_the_plans_utilisation_over_its_target(dev_plan):
    """Accommodation at 2,100 requests/s: 78.4 % of 4 vCPU, so 131 % of the comfortable 60 %."""
    limit = pool_limit(dev_plan, "accommodation", "stress")
    assert float(limit.share) * 0.6 == pytest.approx(0.784, abs=0.001)
    assert pool_limit(dev_plan, "payment", "stress") is None


def test_the_plan_holds_up_to_the_load_of_its_first_limit(dev_plan, dev):
    """Accommodation, 2 pods: 60 % of their requests over 11.574 requests/s x 1.4935 ms."""
    stop = dev.stops["arrival"]
    pods = dev_plan.services["accommodation"]
    expected = Fraction(6, 10) * 2 * pods.requests.cpu_m / busy_m(dev_plan, "arrival")["accommodation"]
    assert stop.where == "service accommodation"
    assert stop.factor == expected
    assert stop.users == int(25000 * expected)


def test_at_the_load_where_it_stops_the_limit_is_exactly_met(dev_plan, dev):
    stop = dev.stops["arrival"]
    assert stop.limit.used * stop.factor == stop.limit.of
    others = [limit for service in dev_plan.services.values() for limit in service_limits(dev_plan, service, "arrival")]
    assert all(limit.used * stop.factor <= limit.of for limit in others)


def test_a_limit_that_is_broken_now_is_said_so(dev):
    said = [line for line in holds(dev) if line.text.startswith("Basis stress")]
    assert [line.tone for line in said] == ["bad"]
    assert "the plan does not hold" in said[0].text
    assert dev.stops["stress"].factor < 1


def test_services_without_a_measured_cost_are_named_and_not_judged(dev):
    assert dev.unmeasured == ("gateway", "member", "payment")
    assert not dev.services["gateway"].limits
    assert dev.services["gateway"].fewer == "nothing that is known: its cost is not measured"


def test_threads_limit_a_service_before_its_cpu_where_they_are_scarcer():
    raw = copy.deepcopy(dev_object())
    raw["services"]["planner"]["demand"] = {"calibration": "examples/calibration/planner.yaml"}
    plan = plan_of(raw, "test")
    cpu, threads = service_limits(plan, plan.services["planner"], "stress")
    assert threads.of == 36  # 60 % of 3 pods x 20 threads
    assert float(threads.used) == pytest.approx(900 * 6.46696 / 1000)
    assert threads.share < cpu.share
    raw["services"]["planner"]["demand"] = {
        "cpu_ms_per_request": 1.4935,
        "threads": 2,
        "hold_ms": 6.47,
        "source": "a test",
    }
    plan = plan_of(raw, "test")
    cpu, threads = service_limits(plan, plan.services["planner"], "stress")
    assert threads.share > cpu.share
    assert explain(plan).services["planner"].limits["stress"] == threads


def test_one_pod_less_than_the_peak_needs_names_what_breaks():
    raw = copy.deepcopy(dev_object())
    raw["traffic"]["basis"] = "stress"
    plan = plan_of(raw, "test")
    item = explain(plan).services["planner"]
    assert item.needs[0].why == "CPU at the peak (basis stress)"
    assert item.needs[0].pods == 2  # 1,344m over 60 % of 1,600m
    accommodation = explain(plan).services["accommodation"]
    assert accommodation.needs[0].pods > plan.services["accommodation"].max_replicas
    assert "were asked for, CPU at the peak (basis stress) needs" in accommodation.decided
    assert accommodation.fewer.startswith("CPU at the peak")


def test_smaller_machines_are_judged_by_planning_with_them(dev):
    smaller = {alternative.what: alternative for alternative in dev.pools["accommodation"].alternatives}
    large = smaller["1 x c5a.large"]
    assert float(large.saves) == pytest.approx((0.172 - 0.086) * 730, abs=0.01)
    assert any("exceed what the machines leave for services" in reason for reason in large.breaks)
    other = next(alternative for what, alternative in smaller.items() if what != "1 x c5a.large")
    assert any("busy on basis stress, above the target of 60%, 78% already now" in reason for reason in other.breaks)


def test_every_alternative_is_cheaper_and_no_plan_is_changed(dev_plan, dev):
    before = dev_plan.price.month
    for pool in dev.pools.values():
        assert pool.alternatives
        assert all(alternative.saves > 0 for alternative in pool.alternatives)
    assert dev_plan.price.month == before


def test_one_machine_fewer_is_an_alternative_of_a_pool_with_several(ha):
    assert any(alternative.what == "2 x c5a.xlarge" for alternative in ha.pools["gateway"].alternatives)


def test_losing_the_only_machine_leaves_its_service_without_a_pod(dev):
    failures = {(failure.kind, failure.name): failure for failure in dev.failures}
    assert failures["node", "planner-a-1"].down == ("planner",)
    assert set(failures["zone", "a"].down) == {"gateway", "planner", "payment"}
    assert failures["zone", "a"].machines == 3


def test_losing_one_of_three_zones_leaves_two_pods_of_every_service(ha_plan, ha):
    zones = [failure for failure in ha.failures if failure.kind == "zone"]
    assert [failure.name for failure in zones] == ["a", "b", "c"]
    for failure in zones:
        assert not failure.down
        assert {left.pods for left in failure.left.values()} == {2}
    left = zones[0].left["planner"]
    used = busy_m(ha_plan, "arrival")["planner"]
    assert left.share == used / (2 * ha_plan.services["planner"].requests.cpu_m)


def test_control_planes_are_places_but_no_failures_of_services(ha):
    assert sum(place.pool == CONTROL_PLANE for place in ha.places) == 3
    assert not any(failure.name.startswith("control-plane") for failure in ha.failures)


def test_the_command_prints_reasons_losses_and_how_far_the_plan_holds(capsys):
    assert main(["explain", "--stack", "dev"]) == 0
    printed = " ".join(capsys.readouterr().out.split())
    for words in (
        "the plan holds up to 55.5 times the planned load (1,388,416 daily users)",
        "the plan does not hold",
        "1 x c5a.large would save 62.78 USD a month, but:",
        "node planner-a-1",
        "zone c",
    ):
        assert words in printed


@pytest.fixture(scope="module")
def packed_plan():
    return make_plan(load_stack_file(ROOT / "Pulumi.production.yaml"), "production")


@pytest.fixture(scope="module")
def packed(packed_plan):
    return explain(packed_plan)


def test_a_packed_pool_is_laid_out_as_it_was_packed(packed_plan, packed):
    (packing,) = packed_plan.packings.values()
    workers = [place for place in packed.places if place.pool == "shared"]
    assert [(place.instance.name, place.zone) for place in workers] == [
        (node.type, node.zone) for node in packing.nodes
    ]
    for place, node in zip(workers, packing.nodes, strict=True):
        assert place.pods == sum(node.pods.values())
        assert place.requested.cpu_m <= place.allocatable.cpu_m
        assert place.requested.memory_mib <= place.allocatable.memory_mib
    assert len({place.key for place in packed.places}) == len(packed.places)
    assert sum(place.price.hour for place in workers) == packing.cost


def test_every_machine_of_a_packing_is_held_by_pods_that_find_no_room_elsewhere(packed):
    alternatives = packed.pools["shared"].alternatives
    assert alternatives[0].what.startswith("no shared-")
    assert all(alternative.saves > 0 for alternative in alternatives)
    for alternative in alternatives[1:]:
        assert any("are there" in reason for reason in alternative.breaks), alternative


def test_a_packing_that_promises_a_zone_bears_every_zone_and_node(packed_plan, packed):
    bearable = Fraction(str(packed_plan.config.headroom.failed_utilisation))
    assert {failure.name for failure in packed.failures if failure.kind == "zone"} == {"a", "b", "c"}
    for failure in packed.failures:
        assert not failure.down
        assert all(left.share is None or left.share <= bearable for left in failure.left.values()), failure.name


def test_the_promised_loss_is_a_limit_and_stops_a_growing_load(packed_plan, packed):
    service = packed_plan.services["accommodation"]
    left, lost = after_loss(packed_plan, service)
    assert (left, lost) == (service.max_replicas * 2 // 3, "the loss of a zone")
    stop = packed.stops["stress"]
    assert "that the loss of a zone leaves at 85% of their requests" in stop.limit.what
    zone = next(failure for failure in packed.failures if failure.kind == "zone")
    assert stop.factor == Fraction(85, 100) / zone.left[stop.where.removeprefix("service ")].share


def test_what_a_pool_was_packed_for_and_what_is_proved_is_said(packed):
    reasons = {reason.name.split(":")[0]: reason for reason in pool_reasons(packed)}
    (proved,) = [entry for entry in reasons["shared"].entries if entry.name == "proved"]
    assert proved.lines[0].text.startswith("tolerance zone, found by ")
    assert "USD a month" in proved.lines[1].text


def test_a_service_of_a_packed_pool_names_the_loss_that_set_its_pods(packed_plan, packed):
    needs = {need.why.split(":")[0]: need.pods for need in packed.services["planner"].needs}
    assert needs["the loss of a zone"] == 3 * -(-packed_plan.services["planner"].capacity.after_loss // 2)
    for name, item in packed.services.items():
        assert item.needs[0].pods == packed_plan.services[name].max_replicas, name
