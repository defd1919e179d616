import json
from decimal import Decimal

import pytest
from bench_fakes import LARGE, SPOT, problem, web
from pydantic import ValidationError

from benchmarks import karpenter
from benchmarks.cases import cases
from sizing.catalogue import load


def asked(*pods, **changes):
    return json.loads(karpenter.question(problem(*pods, **changes)))


def test_capacity_less_overhead_is_exactly_what_the_packer_may_use():
    for case in cases():
        given = case.build(case.seeds[0])
        types = {entry["name"]: entry for entry in json.loads(karpenter.question(given))["types"]}
        assert set(types) == {machine.name for machine in given.machines}
        for machine in given.machines:
            capacity, overhead = types[machine.name]["capacity"], types[machine.name]["overhead"]
            left = {what: capacity[what] - overhead[what] for what in capacity}
            assert left == {"cpu_m": machine.cpu_m, "memory_mib": machine.memory_mib, "pods": machine.pods}
            assert capacity["cpu_m"] == load()[machine.type].vcpu * 1000
            assert min(overhead.values()) >= 0
        if case.services == 10:
            break


def test_prices_zones_and_purchase_options_are_those_of_the_machines():
    large, spot = asked(web())["types"]
    assert (large["price"], large["zones"], large["spot"]) == (0.086, ["a", "b", "c"], False)
    assert (spot["price"], spot["zones"], spot["spot"]) == (0.06, ["a", "c"], True)


def test_pods_keep_their_size_number_cap_and_purchase_option():
    (entry,) = asked(web(per_node=2, spot=False, group="web"))["pods"]
    assert (entry["cpu_m"], entry["memory_mib"], entry["count"], entry["per_node"]) == (500, 512, 4, 2)
    assert (entry["on_demand"], entry["group"]) == (True, "web")
    assert "zone_skew" not in entry
    (free,) = asked(web())["pods"]
    assert (free["per_node"], free["on_demand"]) == (0, False)


@pytest.mark.parametrize("zones", [{"a": 2, "b": 2, "c": 2}, {"a": 3, "b": 2, "c": 2}])
def test_pods_even_over_all_zones_become_a_spread_with_skew_one(zones):
    (entry,) = asked(web(count=sum(zones.values()), zones=zones))["pods"]
    assert (entry["zone_skew"], entry["count"]) == (1, sum(zones.values()))
    assert "zone" not in entry


@pytest.mark.parametrize("zones", [{"a": 4, "b": 1}, {"a": 5, "b": 1, "c": 1}])
def test_any_other_split_is_given_zone_by_zone_under_one_cap(zones):
    entries = asked(web(count=sum(zones.values()), zones=zones, per_node=3))["pods"]
    assert {entry["zone"]: entry["count"] for entry in entries} == zones
    assert len({entry["name"] for entry in entries}) == len(zones)
    assert {(entry["selection"], entry["per_node"]) for entry in entries} == {("pods-0", 3)}


def test_names_that_kubernetes_would_refuse_do_not_reach_it():
    entries = asked(web(name="Web & shop / " + "x" * 80), web(name="other"))["pods"]
    assert [entry["name"] for entry in entries] == ["pods-0", "pods-1"]


def test_pods_without_a_pod_are_left_out():
    assert [entry["name"] for entry in asked(web(count=0), web(name="other"))["pods"]] == ["pods-1"]


def test_an_answer_becomes_nodes_with_the_packers_names_and_the_exact_price():
    given = problem(web(count=5, zones={"a": 4, "b": 1}, group="web"), web(name="other", group="web"))
    said = {
        "version": "v1.14.1",
        "cost": 0.145999,
        "seconds": 0.25,
        "nodes": [
            {"type": "c5a.large", "zone": "b", "pods": {"pods-0-b": 1, "pods-1": 2}},
            {"type": "c5a.xlarge:spot", "zone": "a", "pods": {"pods-0-a": 4, "pods-1": 2}},
        ],
        "unscheduled": {},
    }
    answer = karpenter.answer(given, json.dumps(said))
    assert answer.cost == LARGE.price + SPOT.price == Decimal("0.146")
    assert (answer.seconds, answer.version) == (0.25, "v1.14.1")
    assert [(node.machine, node.zone, node.group, node.pods) for node in answer.nodes] == [
        ("c5a.large", "b", "web", {"web": 1, "other": 2}),
        ("c5a.xlarge:spot", "a", "web", {"web": 4, "other": 2}),
    ]


def test_what_is_no_answer_is_refused():
    with pytest.raises(ValidationError):
        karpenter.answer(problem(web()), '{"nodes": "none"}')
