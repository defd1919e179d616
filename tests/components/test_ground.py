"""Network, endpoint, entry and data stores."""

import hashlib

import pytest

SUBNET = "aws:ec2/subnet:Subnet"
BALANCER = "aws:lb/loadBalancer:LoadBalancer"
TARGETS = "aws:lb/targetGroup:TargetGroup"
MEMBER = "aws:lb/targetGroupAttachment:TargetGroupAttachment"


@pytest.mark.row("S3-36")
@pytest.mark.parametrize("stack", ["dev", "ha"])
def test_every_zone_has_a_public_a_private_and_a_data_subnet_from_the_plan(recordings, plans, stack):
    recording, plan = recordings[stack], plans[stack]
    for letter, zone in plan.network.zones.items():
        for kind in ("public", "private", "data"):
            subnet = recording.one(SUBNET, f"{plan.name}-{kind}-{letter}").inputs
            assert subnet["cidrBlock"] == str(getattr(zone, kind))
            assert subnet["availabilityZone"] == zone.name
    assert len(recording.of(SUBNET)) == 3 * len(plan.network.zones)


def test_data_subnets_have_no_way_out(dev):
    tables = {route.name for route in dev.of("aws:ec2/route:Route")}
    assert tables == {"travel-public", "travel-private-a", "travel-private-c"}


def test_nat_gateways_follow_the_mode(dev, ha):
    assert [nat.name for nat in dev.of("aws:ec2/natGateway:NatGateway")] == ["travel-nat-a"]
    assert {nat.name for nat in ha.of("aws:ec2/natGateway:NatGateway")} == {"ha-nat-a", "ha-nat-b", "ha-nat-c"}


def test_s3_has_its_free_gateway_endpoint_and_private_endpoints_come_by_option(dev, ha):
    kinds = {
        resource.name: resource.inputs["vpcEndpointType"] for resource in dev.of("aws:ec2/vpcEndpoint:VpcEndpoint")
    }
    assert kinds == {"travel-s3": "Gateway"}
    services = {resource.inputs["serviceName"] for resource in ha.of("aws:ec2/vpcEndpoint:VpcEndpoint")}
    assert {f"com.amazonaws.ap-northeast-2.{name}" for name in ("s3", "ssm", "ecr.api", "kms", "sts")} <= services


@pytest.mark.row("S3-16", "S2-07")
def test_three_control_planes_stand_behind_an_internal_balancer(ha, ha_plan):
    balancer, group = ha.one(BALANCER, "ha-api").inputs, ha.one(TARGETS, "ha-api").inputs
    assert balancer["internal"] is True
    assert balancer["loadBalancerType"] == "network"
    assert len(balancer["subnets"]) == 3
    assert balancer["securityGroups"] == [f"ha-api-{_digest('ha-api')}"]
    assert group["preserveClientIp"] == "false"
    assert group["port"] == 6443
    assert (group["healthCheck"]["protocol"], group["healthCheck"]["path"]) == ("HTTPS", "/readyz")
    members = {member.inputs["targetId"] for member in ha.of(MEMBER)}
    assert members == {str(slot.address) for slot in ha_plan.control_plane.slots.values()}
    (listener,) = [each for each in ha.of("aws:lb/listener:Listener") if each.name == "ha-api"]
    assert listener.inputs["port"] == 6443


def _digest(name):
    return hashlib.sha256(f"aws:ec2/securityGroup:SecurityGroup:{name}".encode()).hexdigest()[:8]


@pytest.mark.row("S0-28")
def test_the_name_of_one_control_plane_is_its_fixed_private_address(dev, dev_plan):
    (record,) = dev.of("aws:route53/record:Record")
    assert record.inputs["name"] == "api.travel.groundswell.internal"
    assert record.inputs["records"] == [str(dev_plan.control_plane.slots["a"].address)]
    assert {eip.name for eip in dev.of("aws:ec2/eip:Eip")} == {"travel-nat-a"}, "no machine has a public address"


def test_every_balancer_has_a_security_group_from_its_first_day(dev, ha):
    for recording in (dev, ha):
        for balancer in recording.of(BALANCER):
            assert balancer.inputs["securityGroups"], balancer.name


@pytest.mark.row("S0-74")
def test_only_the_gateways_pool_stands_behind_the_entry(dev):
    arns = {group.name: group.inputs.get("targetGroupArns", []) for group in dev.of("aws:autoscaling/group:Group")}
    assert {name for name, targets in arns.items() if targets} == {"travel-gateway-a"}
    assert dev.one(TARGETS, "travel-entry").inputs["port"] == 30080


@pytest.mark.row("S0-49")
def test_databases_stand_encrypted_in_the_data_subnets(dev):
    databases = dev.of("aws:rds/instance:Instance")
    assert {database.name for database in databases} == {"travel-database-member", "travel-database-travel"}
    (group,) = dev.of("aws:rds/subnetGroup:SubnetGroup")
    assert {urn.rpartition("::")[2] for urn in group.dependencies} == {"travel-data-a", "travel-data-c"}
    for database in databases:
        assert database.inputs["storageEncrypted"] is True
        assert database.inputs["publiclyAccessible"] is False
        assert database.inputs["password"] == "[secret]"


@pytest.mark.row("S0-46")
def test_passwords_and_tokens_are_secrets_wherever_they_go(dev):
    carriers = {resource.name for resource in dev.resources if resource.secrets}
    assert {"travel-database-member", "travel-database-travel", "travel-cache-sessions"} <= carriers
    assert "planted-canary" not in repr(dev)


def test_given_databases_are_not_made(ha):
    assert not ha.of("aws:rds/instance:Instance")
    assert not ha.of("aws:elasticache/replicationGroup:ReplicationGroup")


def test_caches_are_encrypted_at_rest_and_in_transit(dev):
    (cache,) = dev.of("aws:elasticache/replicationGroup:ReplicationGroup")
    assert cache.inputs["atRestEncryptionEnabled"] is True
    assert cache.inputs["transitEncryptionEnabled"] is True
    assert cache.inputs["authToken"] == "[secret]"
