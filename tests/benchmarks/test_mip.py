from decimal import Decimal

import pytest
from bench_fakes import LARGE, SPOT, problem, web

from benchmarks.cases import by_key
from benchmarks.judge import faults
from benchmarks.mip import solve


@pytest.mark.parametrize("key", ["platform/none/c5a/flat", "platform/none/x86/flat", "platform/zone/c5a/flat"])
def test_the_travel_platforms_known_optimum_is_found_and_proved(key):
    case = by_key(key)
    given = case.build(1)
    found = solve(given, 60)
    assert found.status == "Optimal"
    assert found.cost * 730 == case.goal.month
    assert abs(found.cost - found.bound) < Decimal("0.000001")
    assert faults(given, found.nodes) == ()


def test_caps_groups_and_purchase_options_are_kept():
    given = problem(
        web(per_node=2, spot=False), web(name="shop", group="shop", count=2), web(name="free", count=3, per_node=1)
    )
    found = solve(given, 60)
    assert faults(given, found.nodes) == ()
    # web needs two on-demand machines with two pods each, which take a free pod each; the third and shop go on spot.
    assert found.cost == 2 * LARGE.price + 2 * SPOT.price


def test_no_packing_is_no_cost():
    found = solve(problem(web(cpu_m=9000)), 60)
    assert (found.cost, found.nodes, found.status) == (None, (), "Infeasible")
