"""What holds for every packing, on small random problems and against brute force."""

from decimal import Decimal
from functools import cache
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sizing.packing import Effort, Machine, NoFitError, Pods, Problem, Workload, pack, pack_tolerant, survives
from sizing.packing import solve as ladder
from sizing.packing.check import violations

QUICK = Effort(ruins=200, ruins_alone=200, rounds=40, dives=4, columns=2_000, nodes=50)
BARE = Effort(ruins=200, ruins_alone=200, solver=False)
ZONES = ("a", "b", "c")


@st.composite
def machine_lists(draw, *, spot=True):
    return tuple(
        Machine(
            name=f"m{index}",
            type=f"m{index}",
            cpu_m=draw(st.integers(10, 80)) * 50,
            memory_mib=draw(st.integers(16, 200)) * 64,
            pods=draw(st.integers(2, 30)),
            price=Decimal(draw(st.integers(1, 400))) / 1000,
            zones=frozenset(draw(st.sets(st.sampled_from(ZONES), min_size=1)) if index else ZONES),
            spot=draw(st.booleans()) if spot and index else False,
        )
        for index in range(draw(st.integers(1, 4)))
    )


SMALL = st.tuples(st.integers(1, 10), st.integers(1, 16), st.integers(1, 3), st.integers(1, 3))
"""CPU and memory in steps, pods, and the most on one node."""


@st.composite
def problems(draw, most=5):
    machines = draw(machine_lists())
    pods = []
    for index in range(draw(st.integers(1, most))):
        zones = None
        if draw(st.booleans()):
            zones = {zone: draw(st.integers(0, 3)) for zone in ZONES}
        pods.append(
            Pods(
                name=f"p{index}",
                cpu_m=draw(st.integers(0, machines[0].cpu_m // 50)) * 50,
                memory_mib=draw(st.integers(1, machines[0].memory_mib)),
                count=sum(zones.values()) if zones else draw(st.integers(0, 8)),
                per_node=draw(st.none() | st.integers(1, 4)),
                zones=zones,
                group=draw(st.sampled_from(["", "", "kafka"])),
                spot=draw(st.booleans()),
            )
        )
    return Problem(pods=tuple(pods), machines=machines, zones=ZONES)


@settings(max_examples=60, deadline=None)
@given(problems(), st.sampled_from([QUICK, BARE]))
def test_every_pod_is_placed_and_no_rule_is_broken_and_the_bound_holds(problem, effort):
    best = pack(problem, effort=effort)
    assert violations(problem, best) == ()
    assert best.gap >= 0


@settings(max_examples=20, deadline=None)
@given(problems(most=3))
def test_all_rungs_together_are_never_dearer_and_prove_no_less(problem):
    full, bare = pack(problem, effort=QUICK), pack(problem, effort=BARE)
    assert full.cost <= bare.cost
    assert full.bound >= bare.bound
    assert bare.bound <= full.cost


@settings(max_examples=40, deadline=None)
@given(
    machine_lists(spot=False),
    st.lists(
        st.tuples(st.integers(1, 10), st.integers(1, 16), st.integers(1, 3), st.integers(1, 3)), min_size=1, max_size=3
    ),
)
def test_small_problems_are_solved_as_brute_force_solves_them(machines, drawn):
    pods = tuple(
        Pods(name=f"p{i}", cpu_m=cpu * 50, memory_mib=memory * 64, count=count, per_node=cap)
        for i, (cpu, memory, count, cap) in enumerate(drawn)
    )
    problem = Problem(pods=pods, machines=machines, zones=ZONES)
    best = pack(problem, effort=Effort(ruins=200))
    assert best.cost == cheapest_by_brute_force(pods, machines)
    assert best.proved


def cheapest_by_brute_force(pods, machines):
    """Least cost over all multisets of nodes: every pattern that fits a machine, taken off until no pod is left."""
    patterns = {}
    for counts in product(*(range(min(each.count, each.per_node) + 1) for each in pods)):
        cpu = sum(each.cpu_m * count for each, count in zip(pods, counts, strict=True))
        memory = sum(each.memory_mib * count for each, count in zip(pods, counts, strict=True))
        prices = [m.price for m in machines if m.cpu_m >= cpu and m.memory_mib >= memory and m.pods >= sum(counts)]
        if any(counts) and prices:
            patterns[counts] = min(prices)

    @cache
    def least(left):
        if not any(left):
            return Decimal(0)
        first = next(i for i, count in enumerate(left) if count)
        return min(
            price + least(tuple(a - b for a, b in zip(left, counts, strict=True)))
            for counts, price in patterns.items()
            if counts[first] and all(a >= b for a, b in zip(left, counts, strict=True))
        )

    return least(tuple(each.count for each in pods))


@settings(max_examples=25, deadline=None)
@given(
    st.sampled_from(["none", "node", "zone"]),
    st.lists(st.tuples(st.integers(0, 4000), st.integers(2, 20), st.sampled_from(["", "own"])), min_size=1, max_size=4),
)
def test_any_failure_that_is_tolerated_leaves_at_most_85_percent_in_use(tolerance, drawn):
    services = [
        Workload(name=f"s{i}", cpu_m=cpu * 50, memory_mib=512, demand_m=demand, group=group)
        for i, (demand, cpu, group) in enumerate(drawn)
    ]
    large = Machine(
        name="l", type="l", cpu_m=4000, memory_mib=8000, pods=50, price=Decimal("0.2"), zones=frozenset(ZONES)
    )
    small = Machine(
        name="s", type="s", cpu_m=1500, memory_mib=3000, pods=50, price=Decimal("0.09"), zones=frozenset(ZONES)
    )
    best = pack_tolerant(services, (), (large, small), ZONES, tolerance, effort=BARE)
    cases = survives(services, best.packing.nodes)
    assert cases[0].worst * 100 <= 60
    for case in cases:
        if case.kind == tolerance and case.kind != "none":
            assert case.down == ()
            assert case.worst * 100 <= 85


def test_pods_that_fit_nowhere_are_all_named_with_the_reason():
    machine = Machine(
        name="m", type="m", cpu_m=1000, memory_mib=1000, pods=9, price=Decimal("0.1"), zones=frozenset("a"), spot=True
    )
    pods = (
        Pods(name="huge", cpu_m=2000, memory_mib=1, count=1),
        Pods(name="far", cpu_m=10, memory_mib=1, count=1, zones={"b": 1}, group="far"),
        Pods(name="steady", cpu_m=10, memory_mib=1, count=1, spot=False),
        Pods(name="fine", cpu_m=10, memory_mib=1, count=1),
    )
    with pytest.raises(NoFitError) as caught:
        pack(Problem(pods=pods, machines=(machine,), zones=("a", "b")))
    assert [line.split(" ", 1)[0] for line in caught.value.pods] == ["huge", "steady", "far"]
    assert "the largest machine has 1000m, 1000 MiB free" in caught.value.pods[0]
    assert "on-demand" in caught.value.pods[1] or "none is offered" in caught.value.pods[1]


def test_no_pods_need_no_machine():
    best = pack(Problem(pods=(), machines=(), zones=ZONES))
    assert (best.cost, best.bound, best.nodes) == (0, 0, ())


def test_a_problem_that_makes_no_sense_is_refused_where_it_is_stated():
    with pytest.raises(ValueError, match="must not be negative"):
        Pods(name="x", cpu_m=-1, memory_mib=1, count=1)
    with pytest.raises(ValueError, match="do not sum"):
        Pods(name="x", cpu_m=1, memory_mib=1, count=2, zones={"a": 1})
    with pytest.raises(ValueError, match="must be unique"):
        Problem(pods=(Pods(name="x", cpu_m=1, memory_mib=1, count=1),) * 2, machines=(), zones=())
    with pytest.raises(ValueError, match="not among"):
        Problem(pods=(Pods(name="x", cpu_m=1, memory_mib=1, count=1, zones={"z": 1}),), machines=(), zones=("a",))


def test_without_the_solver_a_plan_is_still_made_and_says_so(monkeypatch):
    monkeypatch.setattr(ladder, "solver_installed", lambda: False)
    machine = Machine(
        name="m", type="m", cpu_m=1000, memory_mib=1000, pods=9, price=Decimal("0.1"), zones=frozenset("a")
    )
    best = pack(Problem(pods=(Pods(name="p", cpu_m=400, memory_mib=10, count=5),), machines=(machine,), zones=("a",)))
    assert best.cost == Decimal("0.3")
    assert "highspy is not installed" in best.notes[0]
