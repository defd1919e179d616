"""What each role may do, as plain documents. Every write is tied to the cluster by path, key or tag."""

from collections.abc import Mapping, Sequence

from components import naming
from sizing.model import Plan
from userdata.bundle import OBJECTS
from userdata.parameters import ParameterTree

Statement = Mapping[str, object]


def document(statements: Sequence[Statement]) -> dict[str, object]:
    """An IAM policy document."""
    return {"Version": "2012-10-17", "Statement": [dict(statement) for statement in statements]}


def trust(service: str = "ec2.amazonaws.com") -> dict[str, object]:
    """Lets one AWS service take the role."""
    return document([{"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}])


def _allow(sid: str, actions: Sequence[str], resources: Sequence[str], **conditions: object) -> Statement:
    statement: dict[str, object] = {
        "Sid": sid,
        "Effect": "Allow",
        "Action": list(actions),
        "Resource": list(resources),
    }
    return {**statement, "Condition": conditions} if conditions else statement


def partition(region: str) -> str:
    """ARN partition of a region."""
    return "aws-us-gov" if region.startswith("us-gov-") else "aws-cn" if region.startswith("cn-") else "aws"


def _arn(plan: Plan, service: str, resource: str) -> str:
    """ARN in the plan's region and in any account: the role's own account is the only one it can reach."""
    return f"arn:{partition(plan.config.region)}:{service}:{plan.config.region}:*:{resource}"


def _parameters(plan: Plan, *paths: str) -> list[str]:
    return [_arn(plan, "ssm", f"parameter{path}") for path in paths]


def session_manager() -> Statement:
    """Session Manager's message channels. AWS's managed policy also reads every parameter, so it is not used."""
    return _allow(
        "SessionManager",
        [
            "ssm:UpdateInstanceInformation",
            "ssmmessages:CreateControlChannel",
            "ssmmessages:CreateDataChannel",
            "ssmmessages:OpenControlChannel",
            "ssmmessages:OpenDataChannel",
        ],
        ["*"],
    )


def pull_images() -> list[Statement]:
    """Reading of the account's own registries; the login call knows no resource."""
    return [
        _allow("RegistryLogin", ["ecr:GetAuthorizationToken"], ["*"]),
        _allow(
            "PullImages",
            ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
            ["arn:*:ecr:*:*:repository/*"],
        ),
    ]


def _read_mirror(plan: Plan) -> list[Statement]:
    """Reading of the mirror's files, where they are in S3."""
    mirror = plan.config.machine.mirror
    if mirror is None or not mirror.address.startswith("s3://"):
        return []
    objects = f"arn:{partition(plan.config.region)}:s3:::{mirror.address.removeprefix('s3://')}/*"
    return [_allow("ReadMirror", ["s3:GetObject"], [objects])]


def worker(plan: Plan, worker_key: str) -> dict[str, object]:
    """A worker: its own parameters, its own status, images, and its own health.

    Args:
        plan: the plan.
        worker_key: ARN of the KMS key of the join parameter.
    """
    tree = ParameterTree(cluster=plan.name)
    return document(
        [
            session_manager(),
            *pull_images(),
            _allow(
                "ReadJoin",
                ["ssm:GetParameter"],
                _parameters(plan, tree.join, tree.cluster_info),
            ),
            _allow("ReportStatus", ["ssm:PutParameter"], _parameters(plan, tree.status("worker", "*"))),
            _allow("DecryptJoin", ["kms:Decrypt"], [worker_key]),
            _own_group_health(plan),
            *_source_destination_check(plan),
            *_read_mirror(plan),
        ]
    )


def _own_group_health(plan: Plan) -> Statement:
    return _allow(
        "GiveUp",
        ["autoscaling:SetInstanceHealth"],
        ["*"],
        StringEquals={f"autoscaling:ResourceTag/{naming.cluster_tag(plan)}": "owned"},
    )


def _source_destination_check(plan: Plan) -> list[Statement]:
    """Felix switches the check off itself in the CrossSubnet modes."""
    if not plan.config.calico.disable_source_destination_check:
        return []
    return [
        _allow("SeeInstances", ["ec2:DescribeInstances"], ["*"]),
        _allow(
            "SwitchSourceDestinationCheck",
            ["ec2:ModifyNetworkInterfaceAttribute"],
            [_arn(plan, "ec2", "network-interface/*")],
            StringEquals={f"aws:ResourceTag/{naming.cluster_tag(plan)}": "owned"},
        ),
    ]


def control_plane(plan: Plan, control_plane_key: str, worker_key: str) -> dict[str, object]:
    """A control plane: the cluster's parameters and keys, and the cloud controller's and volume driver's calls."""
    tree = ParameterTree(cluster=plan.name)
    return document(
        [
            session_manager(),
            *pull_images(),
            _allow(
                "ClusterParameters",
                ["ssm:GetParameter", "ssm:GetParametersByPath", "ssm:PutParameter"],
                _parameters(plan, f"{tree.root}/*"),
            ),
            _allow(
                "ClusterKeys",
                ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"],
                [control_plane_key, worker_key],
            ),
            *cloud_controller(plan),
            *volumes(plan),
            *_source_destination_check(plan),
            *_read_mirror(plan),
        ]
    )


def backup(bucket: str) -> dict[str, object]:
    """A control plane in its backup bucket: it reads its programs, and reads and adds snapshots. It deletes nothing.

    Args:
        bucket: ARN of the bucket.
    """
    return document(
        [
            _allow("ReadPrograms", ["s3:GetObject"], [f"{bucket}/{OBJECTS}/*"]),
            _allow("Snapshots", ["s3:GetObject", "s3:PutObject"], [f"{bucket}/snapshots/*"]),
        ]
    )


def only_by_tls(bucket: str) -> dict[str, object]:
    """A bucket's own policy: nobody speaks to it without TLS 1.2.

    Args:
        bucket: ARN of the bucket.
    """
    everything: Statement = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [bucket, f"{bucket}/*"],
    }
    return document(
        [
            {**everything, "Sid": "OnlyTls", "Condition": {"Bool": {"aws:SecureTransport": "false"}}},
            {**everything, "Sid": "OnlyTls12", "Condition": {"NumericLessThan": {"s3:TlsVersion": "1.2"}}},
        ]
    )


def cloud_controller(plan: Plan) -> list[Statement]:
    """What the AWS cloud controller needs for nodes and for load balancers that carry the cluster's tag."""
    tag = naming.cluster_tag(plan)
    return [
        _allow(
            "See",
            [
                "autoscaling:DescribeAutoScalingGroups",
                "autoscaling:DescribeTags",
                "ec2:DescribeAvailabilityZones",
                "ec2:DescribeInstances",
                "ec2:DescribeInstanceTopology",
                "ec2:DescribeRegions",
                "ec2:DescribeRouteTables",
                "ec2:DescribeSecurityGroups",
                "ec2:DescribeSubnets",
                "ec2:DescribeVolumes",
                "ec2:DescribeVpcs",
                "elasticloadbalancing:Describe*",
            ],
            ["*"],
        ),
        _allow(
            "CreateTagged",
            [
                "ec2:CreateSecurityGroup",
                "elasticloadbalancing:CreateListener",
                "elasticloadbalancing:CreateLoadBalancer",
                "elasticloadbalancing:CreateTargetGroup",
            ],
            ["*"],
            StringEquals={f"aws:RequestTag/{tag}": "owned"},
        ),
        _allow(
            "SecurityGroupInVpc",
            ["ec2:CreateSecurityGroup"],
            [_arn(plan, "ec2", "vpc/*")],
            StringEquals={f"aws:ResourceTag/{tag}": "owned"},
        ),
        _allow(
            "TagAtCreation",
            ["ec2:CreateTags"],
            [_arn(plan, "ec2", "security-group/*")],
            StringEquals={"ec2:CreateAction": "CreateSecurityGroup"},
        ),
        _allow(
            "TagBalancerAtCreation",
            ["elasticloadbalancing:AddTags"],
            [_arn(plan, "elasticloadbalancing", "*")],
            StringEquals={f"aws:RequestTag/{tag}": "owned"},
        ),
        _allow(
            "ChangeOwned",
            [
                "ec2:AuthorizeSecurityGroupIngress",
                "ec2:DeleteSecurityGroup",
                "ec2:RevokeSecurityGroupIngress",
                "elasticloadbalancing:DeleteListener",
                "elasticloadbalancing:DeleteLoadBalancer",
                "elasticloadbalancing:DeleteTargetGroup",
                "elasticloadbalancing:DeregisterTargets",
                "elasticloadbalancing:ModifyListener",
                "elasticloadbalancing:ModifyLoadBalancerAttributes",
                "elasticloadbalancing:ModifyTargetGroup",
                "elasticloadbalancing:ModifyTargetGroupAttributes",
                "elasticloadbalancing:RegisterTargets",
                "elasticloadbalancing:SetSecurityGroups",
            ],
            ["*"],
            StringEquals={f"aws:ResourceTag/{tag}": "owned"},
        ),
    ]


EBS_TAG = "ebs.csi.aws.com/cluster"
"""The tag that the EBS driver puts on every volume it makes."""


def volumes(plan: Plan) -> list[Statement]:
    """The EBS driver: volumes that carry its own tag, attached to machines of this cluster."""
    if not plan.config.addons.ebs_csi:
        return []
    volume, snapshot = _arn(plan, "ec2", "volume/*"), _arn(plan, "ec2", "snapshot/*")
    return [
        _allow(
            "SeeVolumes",
            [
                "ec2:DescribeSnapshots",
                "ec2:DescribeTags",
                "ec2:DescribeVolumeStatus",
                "ec2:DescribeVolumesModifications",
            ],
            ["*"],
        ),
        _allow("CreateVolume", ["ec2:CreateVolume"], [volume], StringLike={f"aws:RequestTag/{EBS_TAG}": "true"}),
        _allow(
            "TagVolume",
            ["ec2:CreateTags"],
            [volume, snapshot],
            StringEquals={"ec2:CreateAction": ["CreateVolume", "CreateSnapshot"]},
        ),
        _allow(
            "ChangeVolume",
            ["ec2:AttachVolume", "ec2:DeleteVolume", "ec2:DetachVolume", "ec2:ModifyVolume"],
            [volume],
            StringLike={f"aws:ResourceTag/{EBS_TAG}": "true"},
        ),
        _allow(
            "AttachToMachine",
            ["ec2:AttachVolume", "ec2:DetachVolume"],
            [_arn(plan, "ec2", "instance/*")],
            StringEquals={f"aws:ResourceTag/{naming.cluster_tag(plan)}": "owned"},
        ),
    ]
