"""Rules of the whole program: providers, parents, names, order, outputs."""

import asyncio
import re
from pathlib import Path

import pulumi
import pytest
from conftest import PASSWORD, ROOT

GATE = "command:local:Command"
STACKS = pytest.mark.parametrize("stack", ["dev", "ha"])


@STACKS
def test_every_resource_has_an_explicit_provider(recordings, stack):
    providers = {each.urn for each in recordings[stack].resources if each.type.startswith("pulumi:providers:")}
    assert len(providers) == 3
    for resource in recordings[stack].resources:
        if resource.custom and resource.urn not in providers:
            assert resource.provider.rpartition("::")[0] in providers, resource.urn


@STACKS
def test_every_resource_stands_in_a_component(recordings, stack):
    for resource in recordings[stack].resources:
        if resource.custom and not resource.type.startswith("pulumi:providers:"):
            assert resource.parent_type.startswith("groundswell:"), resource.urn


@STACKS
def test_no_two_resources_share_a_urn(recordings, stack):
    urns = [resource.urn for resource in recordings[stack].resources]
    assert len(urns) == len(set(urns))


@STACKS
def test_names_that_aws_limits_leave_room_for_pulumis_suffix(recordings, stack):
    for resource in recordings[stack].resources:
        if resource.type.startswith("aws:lb/"):
            assert len(resource.name) + 8 <= 32


@STACKS
def test_no_resource_carries_a_list_position_in_its_name(recordings, stack):
    for resource in recordings[stack].resources:
        if resource.package == "aws" and "securityGroup" not in resource.type:
            assert not re.search(r"-\d+$", resource.name), resource.urn


@pytest.mark.row("S0-16")
@STACKS
def test_every_kubernetes_resource_waits_for_the_api_gate(recordings, stack):
    recording = recordings[stack]
    (gate,) = [each for each in recording.of(GATE) if " gate api " in each.inputs["create"]]
    inside = [each for each in recording.resources if each.package == "kubernetes"]
    assert len(inside) > 50
    for resource in inside:
        assert recording.depends_on(resource, gate), resource.urn


@pytest.mark.row("S0-16")
def test_the_order_of_work_is_machines_api_pod_network_nodes_operators_services(dev):
    api, nodes = (
        next(each for each in dev.of(GATE) if f" gate {kind} " in each.inputs["create"]) for kind in ("api", "nodes")
    )
    machine = dev.one("aws:ec2/instance:Instance", "travel-control-plane-a")
    network = next(each for each in dev.resources if each.type == "kubernetes:operator.tigera.io/v1:Installation")
    kafka = next(each for each in dev.resources if each.type == "kubernetes:kafka.strimzi.io/v1:Kafka")
    deployments = dev.of("kubernetes:apps/v1:Deployment")
    assert dev.depends_on(api, machine)
    assert dev.depends_on(network, api)
    assert dev.depends_on(nodes, network)
    assert dev.depends_on(kafka, nodes)
    assert deployments
    for deployment in deployments:
        assert dev.depends_on(deployment, nodes), deployment.name


@STACKS
def test_parameters_are_forgotten_only_after_the_machines_that_write_them(recordings, stack):
    recording = recordings[stack]
    (leftovers,) = [each for each in recording.of(GATE) if " forget " in each.inputs.get("delete", "")]
    for machine in [*recording.of("aws:ec2/instance:Instance"), *recording.of("aws:autoscaling/group:Group")]:
        assert recording.depends_on(machine, leftovers), machine.name


@STACKS
def test_machines_wait_for_their_way_out(recordings, stack):
    """A node that boots before its route exists fails its downloads."""
    recording = recordings[stack]
    routes = recording.of("aws:ec2/route:Route")
    for machine in [*recording.of("aws:ec2/instance:Instance"), *recording.of("aws:autoscaling/group:Group")]:
        for route in routes:
            assert recording.depends_on(machine, route), (machine.name, route.name)


@pytest.mark.row("S0-29", "S3-19", "S4-07")
def test_outputs_hold_no_secret_and_no_admin_key(dev):
    assert set(dev.outputs) >= {"kubeconfig", "api", "entry", "nodes"}
    text = repr(dev.outputs)
    assert PASSWORD not in text
    assert "client-key" not in text
    assert "exec" in dev.outputs["kubeconfig"]


@STACKS
def test_the_secret_values_appear_nowhere_in_what_was_registered(recordings, stack):
    assert PASSWORD not in repr(recordings[stack].resources)


def test_the_program_reads_like_a_table_of_contents():
    source = Path(ROOT, "__main__.py").read_text(encoding="utf-8")
    assert ".apply(" not in source
    assert "ComponentResource" not in source
    assert len(source.splitlines()) <= 140


@pytest.mark.usefixtures("recordings")
def test_an_output_used_as_a_boolean_or_as_text_is_an_error():
    async def misuse():
        output = pulumi.Output.from_input("x")
        with pytest.raises(AssertionError, match="boolean"):
            bool(output)
        with pytest.raises(Exception, match="str"):
            str(output)

    asyncio.run(misuse())


def test_components_stay_small():
    for path in Path(ROOT, "components").rglob("*.py"):
        if path.name != "policies.py":
            assert len(path.read_text(encoding="utf-8").splitlines()) <= 220, path
