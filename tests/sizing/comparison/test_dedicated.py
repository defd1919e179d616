"""Counting one service's machines, against every possible count tried in turn."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sizing.comparison.dedicated import own_machines
from sizing.comparison.load import ServiceLoad
from sizing.model import PodResources
from sizing.packing import Machine, NoFitError

SMALL = Machine(
    name="small", type="small", cpu_m=1900, memory_mib=3000, pods=110, price=Decimal("0.09"), zones=frozenset("abc")
)
LARGE = Machine(
    name="large", type="large", cpu_m=7900, memory_mib=14000, pods=110, price=Decimal("0.34"), zones=frozenset("ac")
)


def _load(busy, cpu=1000, memory=2048, floor=1):
    return ServiceLoad(
        name="s", pool="p", pod=PodResources(cpu_m=cpu, memory_mib=memory), busy_m=Fraction(busy), floor=floor
    )


def _one(load, tolerance, machines=(SMALL, LARGE), zones="abc"):
    return own_machines({"s": load}, machines, zones, tolerance, peak=0.6, failed=0.85)["s"]


def test_the_cheaper_type_is_bought_as_often_as_pods_need():
    assert (_one(_load(1000), "none").machine, _one(_load(1000), "none").count) == ("small", 2)
    many = _one(_load(8000), "none")
    assert (many.machine, many.count, many.pods, many.cost) == ("large", 3, 14, Decimal("1.02"))


def test_a_type_that_is_not_in_every_zone_cannot_be_spread_over_them():
    assert _one(_load(8000), "zone").machine == "small"
    assert _one(_load(8000), "zone", zones="ac").machine == "large"


def test_a_pod_that_fits_nowhere_is_named():
    with pytest.raises(NoFitError, match=r"s \(9000m, 2048 MiB\)"):
        _one(_load(1000, cpu=9000), "none")


@given(
    busy=st.integers(0, 20_000),
    cpu=st.integers(100, 1900),
    memory=st.integers(64, 3000),
    floor=st.integers(1, 4),
    tolerance=st.sampled_from(["none", "node", "zone"]),
)
def test_what_is_left_after_a_loss_carries_the_peak(busy, cpu, memory, floor, tolerance):
    load = _load(busy, cpu, memory, floor)
    found = _one(load, tolerance, zones="ac")
    machine = {"small": SMALL, "large": LARGE}[found.machine]
    each = -(-found.pods // found.count)
    assert found.pods >= floor
    assert each * cpu <= machine.cpu_m
    assert each * memory <= machine.memory_mib
    assert Fraction(busy, cpu * found.pods) <= Fraction("0.6")
    left = found.pods - {"none": 0, "node": each, "zone": found.pods // 2}[tolerance]
    assert 1 <= found.left <= left
    assert Fraction(busy, cpu * found.left) <= Fraction("0.85")


@given(busy=st.integers(0, 12_000), cpu=st.integers(200, 1900), memory=st.integers(64, 3000))
def test_no_smaller_count_of_any_type_withstands_a_machine(busy, cpu, memory):
    load = _load(busy, cpu, memory)
    found = _one(load, "node")
    for machine in (SMALL, LARGE):
        fit = min(machine.cpu_m // cpu, machine.memory_mib // memory)
        count = 1
        while machine.price * count < found.cost:
            assert not _withstands(load, fit, count)
            count += 1


def _withstands(load, fit, count):
    """Whether some number of pods, spread evenly, carries the peak before and after the loss of one machine."""
    for pods in range(1, fit * count + 1):
        left = pods - -(-pods // count)
        if left < 1:
            continue
        peak = load.busy_m / (load.pod.cpu_m * pods) <= Fraction("0.6")
        if peak and load.busy_m / (load.pod.cpu_m * left) <= Fraction("0.85"):
            return True
    return False
