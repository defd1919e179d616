import pytest
from bench_fakes import LARGE, SPOT, problem, web

from benchmarks.judge import faults
from sizing.packing import Node


def node(zone="a", machine="c5a.large", group="", **pods):
    return Node(machine=machine, zone=zone, group=group, pods=pods)


def test_a_packing_that_keeps_every_rule_has_no_faults():
    given = problem(web(per_node=2, zones={"a": 2, "b": 2}), zones=("a", "b"))
    assert faults(given, [node("a", web=2), node("b", web=2)]) == ()


@pytest.mark.parametrize(
    ("pods", "nodes", "expected"),
    [
        (web(cpu_m=400, memory_mib=100), [node(web=4)], "node 0: CPU 1600 of 1580"),
        (web(cpu_m=100), [node(web=4)], "node 0: memory 2048 of 1904"),
        (web(count=2, per_node=1), [node(web=2)], "node 0: 2 of web, at most 1 on a node"),
        (web(spot=False), [node(machine=SPOT.name, web=4)], "node 0: web must not run on spot"),
        (web(), [node("b", SPOT.name, web=4)], "node 0: c5a.xlarge:spot is not offered in zone b"),
        (web(group="web", count=1), [node(web=1)], "node 0: web of group 'web' on a node of group ''"),
        (web(), [node(web=3)], "web: 3 of 4 pods are placed"),
        (web(), [node(web=3), node(web=3)], "web: 6 of 4 pods are placed"),
        (web(count=1), [node(machine="m9.huge", web=1)], "node 0: m9.huge with known pods: not of the problem"),
        (web(count=0), [node(shop=1)], "node 0: c5a.large with shop: not of the problem"),
        (web(count=2, zones={"a": 1, "b": 1}), [node(web=2)], "web: in zones {'a': 2}, not {'a': 1, 'b': 1}"),
    ],
)
def test_every_broken_rule_is_named(pods, nodes, expected):
    assert faults(problem(pods), nodes) == (expected,)


def test_more_pods_than_slots_is_a_fault():
    given = problem(web(cpu_m=1, memory_mib=1, count=111), machines=(LARGE,))
    assert faults(given, [node(web=111)]) == ("node 0: pods 111 of 110",)


def test_another_even_spread_over_the_same_zones_will_do_for_kubernetes_but_not_for_us():
    given = problem(web(count=4, zones={"a": 2, "b": 1, "c": 1}))
    nodes = [node("a", web=1), node("b", web=2), node("c", web=1)]
    assert faults(given, nodes, exact_zones=False) == ()
    assert faults(given, nodes) == ("web: in zones {'a': 1, 'b': 2, 'c': 1}, not {'a': 2, 'b': 1, 'c': 1}",)
    uneven = [node("a", web=2), node("b", web=2)]
    assert len(faults(given, uneven, exact_zones=False)) == 1
