"""Control planes and node pools: addresses, volumes, metadata, disks, groups."""

import base64
import gzip
import json

import pytest

INSTANCE = "aws:ec2/instance:Instance"
TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
GROUP = "aws:autoscaling/group:Group"
VOLUME = "aws:ebs/volume:Volume"
INTERFACE = "aws:ec2/networkInterface:NetworkInterface"
ATTACHMENT = "aws:ec2/volumeAttachment:VolumeAttachment"


def pools_of(recording, plan):
    return {name: recording.one(TEMPLATE, f"{plan.name}-{name}") for name in plan.pools}


@pytest.mark.row("S0-05", "S2-06", "S3-02", "S3-25")
@pytest.mark.parametrize("stack", ["dev", "ha"])
def test_every_slot_has_one_machine_one_fixed_address_and_one_encrypted_volume(recordings, plans, stack):
    recording, plan = recordings[stack], plans[stack]
    slots = plan.control_plane.slots
    names = {f"{plan.name}-control-plane-{slot}" for slot in slots}
    for kind in (INSTANCE, VOLUME, INTERFACE, ATTACHMENT):
        assert {resource.name for resource in recording.of(kind)} == names
    for slot in slots.values():
        name = f"{plan.name}-control-plane-{slot.slot}"
        assert recording.one(INTERFACE, name).inputs["privateIps"] == [str(slot.address)]
        assert recording.one(INSTANCE, name).inputs["instanceType"] == plan.control_plane.instance.name
        volume = recording.one(VOLUME, name).inputs
        assert volume["encrypted"] is True
        assert volume["availabilityZone"] == f"{plan.config.region}{slot.zone}"


def test_control_planes_are_replaced_one_after_the_other(ha):
    machines = [ha.one(INSTANCE, f"ha-control-plane-{slot}") for slot in "abc"]
    assert ha.depends_on(machines[1], machines[0])
    assert ha.depends_on(machines[2], machines[1])
    assert not ha.depends_on(machines[0], machines[1])


def test_a_slot_waits_until_the_machine_before_it_has_joined(ha):
    gates = {gate.name: gate for gate in ha.of("command:local:Command") if " gate machine " in gate.inputs["create"]}
    assert set(gates) == {f"ha-control-plane-{slot}" for slot in "abc"}
    assert ha.depends_on(ha.one(INSTANCE, "ha-control-plane-b"), gates["ha-control-plane-a"])
    assert ha.depends_on(ha.one(INSTANCE, "ha-control-plane-c"), gates["ha-control-plane-b"])


@pytest.mark.parametrize("stack", ["dev", "ha"])
def test_workers_change_after_the_control_planes_have(recordings, stack):
    """A kubelet must never be newer than the API server that it talks to."""
    recording = recordings[stack]
    gates = [gate for gate in recording.of("command:local:Command") if " gate machine " in gate.inputs["create"]]
    assert gates
    for group in recording.of(GROUP):
        for gate in gates:
            assert recording.depends_on(group, gate), (group.name, gate.name)


def test_a_machine_goes_before_its_successor_comes_because_address_and_volume_move(dev):
    (machine,), (attachment,) = dev.of(INSTANCE), dev.of(ATTACHMENT)
    assert machine.delete_before_replace
    assert attachment.delete_before_replace
    assert machine.inputs["userDataReplaceOnChange"] is True
    assert "ami" not in machine.inputs


def test_three_control_planes_stand_in_three_zones(ha):
    assert {volume.inputs["availabilityZone"] for volume in ha.of(VOLUME)} == {
        "ap-northeast-2a",
        "ap-northeast-2b",
        "ap-northeast-2c",
    }


@pytest.mark.parametrize("stack", ["dev", "ha"])
def test_every_machine_requires_imdsv2_with_one_hop(recordings, plans, stack):
    recording = recordings[stack]
    holders = [*recording.of(INSTANCE), *pools_of(recording, plans[stack]).values()]
    assert len(holders) == len(plans[stack].control_plane.slots) + len(plans[stack].pools)
    for holder in holders:
        options = holder.inputs["metadataOptions"]
        assert options["httpTokens"] == "required"
        assert options["httpPutResponseHopLimit"] == 1


@pytest.mark.row("S0-06")
@pytest.mark.parametrize("stack", ["dev", "ha"])
def test_every_root_disk_is_encrypted_and_has_at_least_20_gib(recordings, plans, stack):
    recording = recordings[stack]
    assert len(recording.of(TEMPLATE)) == 1 + len(plans[stack].pools)
    for template in recording.of(TEMPLATE):
        (disk,) = template.inputs["blockDeviceMappings"]
        assert disk["deviceName"] == "/dev/sda1"
        assert disk["ebs"]["volumeSize"] >= 20
        assert disk["ebs"]["encrypted"] == "true"


@pytest.mark.parametrize("stack", ["dev", "ha"])
def test_no_machine_names_its_root_disk_itself(recordings, stack):
    """The provider would look the image up by its text, and `resolve:ssm:` is no image id to that call."""
    for machine in recordings[stack].of(INSTANCE):
        assert "rootBlockDevice" not in machine.inputs
        assert "ebsBlockDevices" not in machine.inputs


@pytest.mark.row("S4-06")
@pytest.mark.parametrize("stack", ["dev", "ha"])
def test_no_machine_has_a_key_pair_or_a_public_address(recordings, stack):
    for resource in recordings[stack].resources:
        assert "keyName" not in resource.inputs
        assert resource.inputs.get("associatePublicIpAddress") is not True


@pytest.mark.row("S0-12", "S0-07", "S0-08", "S0-09", "S0-10", "S0-11")
def test_every_pool_has_its_type_and_its_groups(dev, dev_plan):
    for name, template in pools_of(dev, dev_plan).items():
        pool = dev_plan.pools[name]
        assert template.inputs["instanceType"] == pool.instance.name
        groups = [group for group in dev.of(GROUP) if group.name.startswith(f"travel-{name}-")]
        assert {group.name.removeprefix(f"travel-{name}-") for group in groups} == set(pool.groups)
        assert sum(group.inputs["desiredCapacity"] for group in groups) == pool.count


@pytest.mark.parametrize("stack", ["dev", "ha"])
def test_a_group_follows_its_template_by_number_and_refreshes(recordings, stack):
    for group in recordings[stack].of(GROUP):
        assert group.inputs["launchTemplate"]["version"] == "1"
        assert group.inputs["instanceRefresh"]["strategy"] == "Rolling"
        assert group.inputs["instanceRefresh"]["preferences"]["minHealthyPercentage"] == 100


def user_data(recording):
    for machine in recording.of(INSTANCE):
        yield machine.name, machine.inputs["userDataBase64"]
    for template in recording.of(TEMPLATE):
        if "userData" in template.inputs:
            yield template.name, template.inputs["userData"]


@pytest.mark.parametrize("stack", ["dev", "ha"])
def test_user_data_is_gzipped_cloud_config_below_the_limit_and_without_secrets(recordings, plans, stack):
    found = dict(user_data(recordings[stack]))
    assert len(found) == len(plans[stack].control_plane.slots) + len(plans[stack].pools)
    for name, text in found.items():
        data = base64.b64decode(text)
        assert len(data) <= 16_384, name
        plain = gzip.decompress(data).decode()
        assert plain.startswith("#cloud-config\n")
        assert "planted-canary" not in plain


@pytest.mark.parametrize("stack", ["dev", "ha"])
def test_the_image_is_resolved_at_launch_and_never_by_the_program(recordings, stack):
    """A newer image upstream must not change the plan: the text is a parameter's name."""
    for template in recordings[stack].of(TEMPLATE):
        assert template.inputs["imageId"].startswith("resolve:ssm:/aws/service/canonical/ubuntu/server/24.04/stable/")


def test_production_data_is_protected_and_development_data_is_not(dev, ha):
    assert all(volume.protect for volume in ha.of(VOLUME))
    assert all(key.protect for key in ha.of("aws:kms/key:Key"))
    assert not any(resource.protect for resource in dev.resources)


def test_machines_and_their_disks_carry_the_clusters_tags(dev, dev_plan):
    """Launch templates and groups do not hand on the provider's default tags."""
    for template in pools_of(dev, dev_plan).values():
        for specification in template.inputs["tagSpecifications"]:
            assert specification["tags"][f"kubernetes.io/cluster/{dev_plan.name}"] == "owned"
            assert specification["tags"]["team"] == "travel-platform"


def test_roles_have_no_managed_policy_and_workers_cannot_write_join_data(dev):
    assert not dev.of("aws:iam/rolePolicyAttachment:RolePolicyAttachment")
    policies = {policy.name: json.loads(policy.inputs["policy"]) for policy in dev.of("aws:iam/rolePolicy:RolePolicy")}
    worker = policies["travel-worker"]["Statement"]
    readable = [statement for statement in worker if "ssm:GetParameter" in statement["Action"]]
    assert [statement["Resource"] for statement in readable] == [
        [
            "arn:aws:ssm:ap-northeast-2:*:parameter/groundswell/travel/worker/join",
            "arn:aws:ssm:ap-northeast-2:*:parameter/groundswell/travel/public/cluster",
        ]
    ]
    writable = [statement for statement in worker if "ssm:PutParameter" in statement["Action"]]
    assert all("/status/" in arn for statement in writable for arn in statement["Resource"])


WRITES_WITHOUT_RESOURCES = {
    # Session Manager's channels, the registry login and its own log-on know no resource.
    "ssm:UpdateInstanceInformation",
    "ssmmessages:CreateControlChannel",
    "ssmmessages:CreateDataChannel",
    "ssmmessages:OpenControlChannel",
    "ssmmessages:OpenDataChannel",
    "ecr:GetAuthorizationToken",
}


@pytest.mark.parametrize("stack", ["dev", "ha"])
def test_every_write_on_all_resources_is_bound_by_a_condition(recordings, stack):
    for policy in recordings[stack].of("aws:iam/rolePolicy:RolePolicy"):
        for statement in json.loads(policy.inputs["policy"])["Statement"]:
            writes = [
                action
                for action in statement["Action"]
                if not action.split(":")[1].startswith(("Describe", "Get", "List"))
                and action not in WRITES_WITHOUT_RESOURCES
            ]
            if "*" in statement["Resource"]:
                assert not writes or "Condition" in statement, (policy.name, statement["Sid"], writes)


@pytest.mark.row("S0-15")
def test_nodes_may_pull_from_the_accounts_registries(dev):
    for role in ("control-plane", "worker"):
        policy = dev.one("aws:iam/rolePolicy:RolePolicy", f"travel-{role}")
        actions = {
            action for statement in json.loads(policy.inputs["policy"])["Statement"] for action in statement["Action"]
        }
        assert {"ecr:GetAuthorizationToken", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"} <= actions
