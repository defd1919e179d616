"""A pool that sizing packed: several launch templates, one label, and spread that keeps the promise."""

import pytest

from components.manifests import kafka, parts
from components.manifests import service as manifests
from components.manifests.scaling import autoscaler, disruption_budget

TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
GROUP = "aws:autoscaling/group:Group"


def test_every_type_of_the_packing_has_a_launch_template_and_a_group_in_each_of_its_zones(production, production_plan):
    templates = {item.inputs["instanceType"] for item in production.of(TEMPLATE) if "instanceType" in item.inputs}
    assert templates == {part.instance.name for part in production_plan.pools.values()}
    groups = {item.name: (item.inputs["desiredCapacity"], item.inputs["maxSize"]) for item in production.of(GROUP)}
    assert groups == {
        f"travel-{part.name}-{zone}": (group.desired, group.desired + 1)
        for part in production_plan.pools.values()
        for zone, group in part.groups.items()
    }


def test_the_machines_that_are_made_are_those_of_the_packing(production, production_plan):
    made = sum(item.inputs["desiredCapacity"] for item in production.of(GROUP))
    assert made == len(production_plan.packings["shared"].nodes) == production_plan.worker_count


def test_groups_of_the_entrys_pool_register_all_its_machines(production):
    assert all(item.inputs["targetGroupArns"] for item in production.of(GROUP))


@pytest.mark.parametrize("name", ["gateway", "member", "planner", "accommodation", "payment"])
def test_pods_ask_for_the_pool_and_not_for_a_part_of_it(production_plan, name):
    pod = manifests.deployment(production_plan, name)["spec"]["template"]["spec"]
    assert pod["nodeSelector"] == {"groundswell.io/pool": "shared"}
    assert pod["tolerations"] == []


@pytest.mark.row("S0-18")
def test_what_sizing_decides_reaches_the_autoscaler(production_plan):
    for name, service in production_plan.services.items():
        spec = autoscaler(production_plan, name)["spec"]
        assert (spec["minReplicas"], spec["maxReplicas"]) == (service.min_replicas, service.max_replicas)
        assert spec["metrics"][0]["resource"]["target"]["averageUtilization"] == service.capacity.scale_percent == 60
        assert disruption_budget(production_plan, name) is not None


def test_zones_are_kept_even_where_a_zone_must_not_be_missed(production_plan, dev_plan):
    def constraints(plan):
        spec = manifests.deployment(plan, "planner")["spec"]["template"]["spec"]
        return {item["topologyKey"]: item["whenUnsatisfiable"] for item in spec["topologySpreadConstraints"]}

    zone, host = "topology.kubernetes.io/zone", "kubernetes.io/hostname"
    assert constraints(production_plan) == {zone: "DoNotSchedule", host: "ScheduleAnyway"}
    assert constraints(dev_plan) == {zone: "ScheduleAnyway", host: "ScheduleAnyway"}


def test_platform_pods_stay_where_room_was_set_aside_for_them(production_plan, dev_plan):
    assert parts.pool_tolerations(production_plan.config) == []
    (everywhere,) = parts.pool_tolerations(dev_plan.config)
    assert everywhere["operator"] == "Exists"
    pod = kafka.node_pool(production_plan.config, production_plan.config.kafka)["spec"]["template"]["pod"]
    assert pod["tolerations"] == []
