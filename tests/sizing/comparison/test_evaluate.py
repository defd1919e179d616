"""The figures that the specification measured for the travel platform, under the assumptions that it names."""

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest

from sizing.compare import question_of
from sizing.comparison.choice import BOTH, Choice
from sizing.comparison.evaluate import evaluate, zones_for
from sizing.model import PodResources
from sizing.pricing.price_file import FORMAT, PriceFile, TypeRates


@pytest.mark.row("S0-13")
@pytest.mark.parametrize(
    ("memory", "tolerance", "month", "nodes"),
    [
        ("whole", "none", "502.24", {"c5a.4xlarge": 1}),
        ("whole", "zone", "753.36", {"c5a.2xlarge": 3}),
        ("flat", "none", "565.02", {"c5a.4xlarge": 1, "c5a.large": 1}),
        ("flat", "zone", "941.70", {"c5a.2xlarge": 3, "c5a.large": 3}),
    ],
)
def test_a_shared_pool_costs_what_was_measured_with_and_without_lost_memory(answer, memory, tolerance, month, nodes):
    found = answer("shared", tolerance, memory)
    assert found.workers == Decimal(month)
    assert found.nodes == nodes
    assert found.gap == 0


@pytest.mark.parametrize("pools", ["shared", "dedicated"])
@pytest.mark.parametrize(("tolerance", "most"), [("none", "0.6"), ("node", "0.85"), ("zone", "0.85")])
def test_what_is_left_after_the_worst_tolerated_loss_carries_the_peak(answer, pools, tolerance, most):
    assert Fraction("0.3") < answer(pools, tolerance).worst <= Fraction(most)


def test_withstanding_a_machine_costs_no_more_than_the_sheets_own_machines(answer):
    found = answer("shared", "node")
    assert found.gap == 0
    assert found.workers <= Decimal("753.36")


@pytest.mark.parametrize(
    ("tolerance", "pods"),
    [
        ("none", {"gateway": 4, "member": 1, "planner": 3, "accommodation": 6, "payment": 1}),
        ("zone", {"gateway": 6, "member": 3, "planner": 3, "accommodation": 6, "payment": 3}),
    ],
)
def test_pods_follow_from_demand_and_tolerance(answer, tolerance, pods):
    assert answer("shared", tolerance).pods == pods


@pytest.mark.parametrize(
    ("tolerance", "dedicated", "saved"),
    [("none", "816.14", "0.38"), ("node", "1130.04", "0.38"), ("zone", "1381.16", "0.45")],
)
def test_dedicated_pools_cost_more_at_equal_tolerance(answer, tolerance, dedicated, saved):
    own = answer("dedicated", tolerance)
    assert own.workers == Decimal(dedicated)
    assert own.gap == 0
    assert 1 - answer("shared", tolerance).workers / own.workers >= Decimal(saved)


def test_eks_has_the_same_workers_and_its_own_fee(answer):
    own, eks = answer("shared", "none"), answer("shared", "none", control="eks")
    assert eks.workers == own.workers
    assert (own.control_plane.what, own.month) == ("1 x t3a.medium", Decimal("536.404"))
    assert (eks.control_plane.month, eks.month) == (73, Decimal("575.24"))


def test_a_zone_may_fail_only_where_the_control_plane_has_three_of_them(stress, answer):
    assert zones_for(stress, "none") == zones_for(stress, "node") == ("a", "c")
    assert zones_for(stress, "zone") == ("a", "b", "c")
    plane = answer("shared", "zone").control_plane
    assert (plane.what, plane.month) == ("3 x t3.medium", Decimal("113.880"))
    assert plane.survives == "1 of 3 may be lost"


def test_arm64_machines_count_by_coremark_and_are_cheaper(stress):
    question = question_of(stress)
    found = evaluate(question, Choice(pools="dedicated", tolerance="none", architectures=BOTH))
    x86 = evaluate(question, Choice(pools="dedicated", tolerance="none"))
    assert any(name.startswith(("c6g", "c7g", "m7g")) for name in found.nodes)
    assert not any(name.startswith(("c6g", "c7g", "m7g", "t4g")) for name in x86.nodes)
    assert found.workers < x86.workers


def test_what_no_machine_holds_is_refused_by_name(stress):
    question = question_of(stress, families=("c5a",))
    huge = replace(question.services["gateway"], pod=PodResources(cpu_m=64_000, memory_mib=2048))
    for pools in ("dedicated", "shared"):
        asked = replace(question, services={**question.services, "gateway": huge})
        found = evaluate(asked, Choice(pools=pools, tolerance="none"))
        assert found.workers is None
        assert "gateway" in found.refused


def test_without_an_allowed_type_the_row_says_so(stress):
    found = evaluate(question_of(stress, families=("c7g",)), Choice(pools="dedicated", tolerance="none"))
    assert found.refused == "no type of the catalogue is allowed and offered in these zones"


@pytest.mark.parametrize("option", ["spot", "reserved", "savings-plan"])
def test_without_a_price_there_is_no_row_and_every_type_is_named(stress, option):
    found = evaluate(question_of(stress, families=("c5a",)), Choice(pools="shared", tolerance="none", option=option))
    assert found.refused == f"no {option} price of any type is known"
    assert found.unpriced == ("c5a.large", "c5a.xlarge", "c5a.2xlarge", "c5a.4xlarge", "c5a.8xlarge")


def _spot(**types):
    rates = {name.replace("_", "."): TypeRates(spot=dict.fromkeys("abc", price)) for name, price in types.items()}
    return PriceFile(format=FORMAT, region="ap-northeast-2", date="2026-11-20", source="test", types=rates)


def test_spot_machines_stand_beside_on_demand_ones_for_what_must_stay(stress):
    question = question_of(stress, prices=_spot(c5a_2xlarge=0.10), families=("c5a",))
    found = evaluate(question, Choice(pools="shared", tolerance="none", option="spot"))
    assert found.nodes["c5a.2xlarge:spot"] >= 1
    assert any(not name.endswith(":spot") for name in found.nodes), "the platform's pods are never on spot machines"
    assert found.prices["c5a.2xlarge:spot"].date == "2026-11-20"
    assert found.unpriced == ("c5a.large", "c5a.xlarge", "c5a.4xlarge", "c5a.8xlarge")
    assert found.workers < Decimal("502.24")


def test_equal_questions_have_equal_answers(stress, answer):
    again = evaluate(question_of(stress, families=("c5a",)), Choice(pools="shared", tolerance="none"))
    assert again == answer("shared", "none")


def test_slower_families_can_be_weighed(stress):
    equal, weighed = (
        evaluate(question_of(stress, families=("m5a",), speeds=speeds), Choice(pools="dedicated", tolerance="none"))
        for speeds in ("x86-equal", "coremark")
    )
    assert weighed.workers > equal.workers


def test_more_members_of_a_larger_control_plane_stay(stress):
    three = replace(stress, control_plane=replace(stress.control_plane, slots={"a": "a", "b": "c", "c": "a"}))
    question = question_of(three, families=("c5a",))
    found = evaluate(question, Choice(pools="dedicated", tolerance="none"))
    assert found.control_plane.what == "3 x t3a.medium"
