from decimal import Decimal

from benchmarks.cases import by_key, cases, workloads
from sizing.packing import pack, pack_tolerant


def test_keys_are_unique_and_find_their_case():
    keys = [case.key for case in cases()]
    assert len(keys) == len(set(keys)) == 18 + 4 * 5
    assert by_key("services/50/102/x86").title == "50 services, 102 pod sizes, x86"


def test_a_seed_always_gives_the_same_problem_and_another_seed_another():
    for key in ("platform/zone/c5a/flat", "services/50/52/x86", "services/20/all/c5a"):
        assert by_key(key).build(1) == by_key(key).build(1)
    assert by_key("services/20/all/x86").build(1) != by_key("services/20/all/x86").build(2)


def test_the_number_of_pod_sizes_is_that_of_the_title():
    def sizes(key):
        return len({(pods.cpu_m, pods.memory_mib) for pods in by_key(key).build(1).pods})

    assert sizes("services/500/52/x86") <= 52
    assert 52 < sizes("services/500/102/x86") <= 102
    assert sizes("services/500/all/x86") > 350


def test_the_travel_platform_has_15_pods_or_21_over_three_zones():
    none, zone = by_key("platform/none/c5a/whole").build(1), by_key("platform/zone/x86/flat").build(1)
    assert sum(pods.count for pods in none.pods) == 15
    assert {pods.name: pods.count for pods in zone.pods} == {
        "gateway": 6,
        "planner": 3,
        "accommodation": 6,
        "member": 3,
        "payment": 3,
    }
    assert all(set(pods.zones.values()) == {pods.count // 3} for pods in zone.pods)
    assert {machine.type.split(".")[0] for machine in none.machines} == {"c5a"}


def test_machines_have_the_memory_that_the_case_says():
    def memory(assumption):
        given = by_key(f"platform/none/c5a/{assumption}").build(1)
        return {machine.name: machine.memory_mib for machine in given.machines}["c5a.4xlarge"]

    assert memory("whole") - memory("flat") == round(32768 * 0.075)
    assert memory("flat") < memory("known") < memory("whole")


def test_goals_are_those_that_were_set():
    goals = {key: by_key(key).goal for key in ("services/5/all/x86", "services/20/all/c5a", "services/500/52/x86")}
    assert [(goal.gap, goal.seconds, goal.saving) for goal in goals.values()] == [
        (Decimal(0), 3, Decimal(0)),
        (Decimal("0.035"), 5, Decimal(0)),
        (Decimal("0.01"), 30, Decimal("0.10")),
    ]


def test_the_known_optimum_of_the_one_machine_case_is_what_the_packer_finds():
    assert pack(by_key("platform/none/c5a/whole").build(1)).month == Decimal("502.24")


def test_pods_that_survive_a_node_are_those_that_the_packer_chooses():
    for types in ("c5a", "x86"):
        case = by_key(f"platform/node/{types}/known").build(1)
        best = pack_tolerant(workloads(), (), case.machines, case.zones, "node")
        assert dict(best.pods) == {pods.name: pods for pods in case.pods}
