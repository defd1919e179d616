"""The travel platform's five services at their stress targets: optima that are known exactly, USD a month."""

from decimal import Decimal
from fractions import Fraction

import pytest

from benchmarks.families import X86, five_services, machines
from sizing.packing import Workload, pack, pack_tolerant, survives
from sizing.packing.check import violations

ALL_SEEN = Decimal(0)
LOST = Decimal("0.075")
ZONES = ("a", "b", "c")
DEMAND_MS = Fraction(3, 2)
RATES = {"gateway": 3000, "planner": 900, "accommodation": 2100, "member": 180, "payment": 60}
"""Requests a second; a gateway's request costs half."""


def workloads(*, gateway_mib=2048, dedicated=False):
    sizes = {"gateway": (1000, gateway_mib), "member": (500, 1536), "payment": (500, 1536)}
    for name, rate in RATES.items():
        cpu, memory = sizes.get(name, (1000, 2048))
        cost = DEMAND_MS / 2 if name == "gateway" else DEMAND_MS
        yield Workload(name=name, cpu_m=cpu, memory_mib=memory, demand_m=rate * cost, group=name if dedicated else "")


def month(tolerance, families, unseen, **how):
    best = pack_tolerant(tuple(workloads(**how)), (), machines(families, unseen=unseen), ZONES, tolerance).packing
    assert best.proved
    return best.month


@pytest.mark.parametrize("families", [("c5a",), X86])
@pytest.mark.parametrize(
    ("unseen", "across", "optimum"),
    [
        (ALL_SEEN, (), "502.24"),
        (ALL_SEEN, ZONES, "753.36"),
        (LOST, (), "565.02"),
    ],
)
def test_fifteen_pods_or_twenty_one_over_three_zones_are_packed_and_proved(families, unseen, across, optimum):
    problem = five_services(families, unseen=unseen, across=across)
    best = pack(problem)
    assert best.month == Decimal(optimum)
    assert best.proved
    assert violations(problem, best) == ()


@pytest.mark.parametrize(("families", "optimum"), [(("c5a",), "941.70"), (X86, "874.54")])
def test_three_zones_cost_less_than_where_a_scheduler_packs_each_pod_as_it_comes(families, optimum):
    best = pack(five_services(families, unseen=LOST, across=ZONES))
    assert best.month == Decimal(optimum)
    assert best.proved
    assert best.month < {"941.70": Decimal("1506.72"), "874.54": Decimal("1121.28")}[optimum]


@pytest.mark.parametrize(
    ("tolerance", "families", "optimum"),
    [
        ("none", X86, "502.24"),
        ("node", ("c5a",), "753.36"),
        ("node", X86, "657.00"),
        ("zone", X86, "753.36"),
    ],
)
def test_with_a_gateway_of_one_gib_each_tolerance_has_its_known_optimum(tolerance, families, optimum):
    assert month(tolerance, families, LOST, gateway_mib=1024) == Decimal(optimum)


@pytest.mark.parametrize(
    ("tolerance", "shared", "dedicated"),
    [("none", "565.02", "878.92"), ("node", "753.36", "1255.60"), ("zone", "941.70", "1506.72")],
)
def test_sharing_saves_more_than_a_third_at_equal_tolerance(tolerance, shared, dedicated):
    assert month(tolerance, ("c5a",), LOST) == Decimal(shared)
    assert month(tolerance, ("c5a",), LOST, dedicated=True) == Decimal(dedicated)


@pytest.mark.parametrize("tolerance", ["node", "zone"])
@pytest.mark.parametrize("dedicated", [False, True])
def test_every_failure_leaves_the_services_at_most_85_percent_busy(tolerance, dedicated):
    services = tuple(workloads(dedicated=dedicated))
    best = pack_tolerant(services, (), machines(("c5a",)), ZONES, tolerance)
    cases = [case for case in survives(services, best.packing.nodes) if case.kind == tolerance]
    assert len(cases) == (3 if tolerance == "zone" else len(best.packing.nodes))
    assert all(case.worst is not None and case.worst <= Fraction(85, 100) for case in cases)
    assert all(pods.count >= 2 for pods in best.pods.values())


def test_without_tolerance_a_single_machine_takes_everything_down():
    services = tuple(workloads())
    best = pack_tolerant(services, (), machines(("c5a",), unseen=ALL_SEEN), ZONES, "none")
    assert {name: pods.count for name, pods in best.pods.items()} == {
        "gateway": 4,
        "planner": 3,
        "accommodation": 6,
        "member": 1,
        "payment": 1,
    }
    up, lost, zone = survives(services, best.packing.nodes)
    assert up.worst == Fraction(3150, 6000) or up.worst <= Fraction(60, 100)
    assert lost.down == zone.down == tuple(RATES)
    assert lost.worst is None
