"""The scheduler's rehearsal: greedy placing on full machines, and the room that mends it."""

from decimal import Decimal

import pytest
from conftest import LIGHT, plan_of, production_object

from sizing.model import PodResources, Replication
from sizing.packing import Machine
from sizing.rehearsal import Guest, guests, rehearse, spares

FREE = Replication(minimum=1, maximum=9)


def machine(name, cpu, memory, price="1"):
    return Machine(
        name=name,
        type=name,
        cpu_m=cpu,
        memory_mib=memory,
        pods=100,
        price=Decimal(price),
        zones=frozenset("ab"),
    )


def guest(name, cpu, memory, count, spread=FREE):
    return Guest(name=name, pod=PodResources(cpu_m=cpu, memory_mib=memory), count=count, spread=spread)


BOX = machine("box", 1000, 1000)


def test_what_fits_with_room_to_spare_is_placed():
    assert not rehearse([(BOX, "a")] * 2, [guest("one", 300, 300, 4)])


def test_small_pods_that_spread_take_the_place_of_a_large_one():
    """Two boxes hold two small pods and a large one, if the small ones share a box; the scheduler parts them."""
    arriving = [guest("a-small", 400, 400, 1), guest("b-small", 400, 400, 1), guest("c-large", 900, 900, 1)]
    assert rehearse([(BOX, "a")] * 2, arriving) == {"c-large": 1}
    assert [(extra.name, zone) for extra, zone in spares([(BOX, "a")] * 2, [BOX], arriving)] == [("box", "a")]


def test_the_cheapest_machine_that_helps_is_the_spare():
    offered = [machine("dear", 4000, 4000, "4"), machine("small", 500, 500, "0.1"), BOX]
    arriving = [guest("a-small", 400, 400, 1), guest("b-small", 400, 400, 1), guest("c-large", 900, 900, 1)]
    ((extra, _),) = spares([(BOX, "a")] * 2, offered, arriving)
    assert extra.name == "box"


def test_enforced_evenness_over_zones_keeps_pods_waiting():
    even = Replication(minimum=1, maximum=9, zones=True)
    nodes = [(BOX, "a"), (machine("tiny", 100, 100), "b")]
    assert rehearse(nodes, [guest("web", 400, 400, 2, even)]) == {"web": 1}
    assert not rehearse(nodes, [guest("web", 400, 400, 2)])


@pytest.mark.parametrize(
    ("spread", "waiting"),
    [
        (Replication(minimum=1, maximum=9, node_skew=1, per_node=2), 1),  # the third node cannot hold one
        (Replication(minimum=1, maximum=9, node_skew=2, per_node=2), 0),
        (Replication(minimum=1, maximum=9, per_node=1), 1),
    ],
)
def test_enforced_evenness_over_nodes_counts_from_the_emptiest(spread, waiting):
    nodes = [(BOX, "a"), (BOX, "a"), (machine("tiny", 100, 100), "b")]
    assert rehearse(nodes, [guest("web", 300, 300, 3, spread)]).total() == waiting


def test_what_no_number_of_spares_mends_gets_none():
    assert spares([(BOX, "a")], [BOX], [guest("huge", 5000, 5000, 1)]) == ()


def test_the_production_stacks_pods_are_placed_by_a_scheduler_that_knows_nothing_of_the_packing():
    plan = plan_of(production_object(), "production", LIGHT)
    packing = plan.packings["shared"]
    rooms = {part.instance.name: part.allocatable for part in plan.parts_of("shared")}
    nodes = [
        (machine(node.type, rooms[node.type].cpu_m - 350, rooms[node.type].memory_mib - 320), node.zone)
        for node in packing.nodes
    ]
    placed = {}
    for node in packing.nodes:
        for name, count in node.pods.items():
            placed[name] = placed.get(name, 0) + count
    arriving = guests(
        plan.config,
        placed,
        {name: service.requests for name, service in plan.services.items()},
        {name: service.replication for name, service in plan.services.items()},
    )
    assert sum(each.count for each in arriving) == sum(placed.values()) - placed["surge"] - placed["job"]
    assert not rehearse(nodes, arriving)
