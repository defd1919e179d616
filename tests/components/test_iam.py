"""What the roles may really do, decided by an evaluator of policy documents: a worker sees its own and nothing else."""

import json

import iam
import pytest

from components import naming, policies
from userdata.parameters import ParameterTree

ACCOUNT = "arn:aws:ssm:ap-northeast-2:111122223333:parameter"
WORKER_KEY = "arn:aws:kms:ap-northeast-2:111122223333:key/worker"
CONTROL_KEY = "arn:aws:kms:ap-northeast-2:111122223333:key/control-plane"
TREE = ParameterTree(cluster="travel")


@pytest.fixture(scope="module")
def worker(dev_plan):
    return policies.worker(dev_plan, WORKER_KEY)


@pytest.fixture(scope="module")
def control_plane(dev_plan):
    return policies.control_plane(dev_plan, CONTROL_KEY, WORKER_KEY)


def parameter(name):
    return f"{ACCOUNT}{name}"


ALLOWED = {
    ("ssm:GetParameter", parameter(TREE.join)),
    ("ssm:GetParameter", parameter(TREE.cluster_info)),
    ("ssm:PutParameter", parameter(TREE.status("worker", "ip-10-0-0-10"))),
    ("kms:Decrypt", WORKER_KEY),
}
DENIED = (
    *(("ssm:GetParameter", parameter(f"{TREE.keys}/{name}")) for name in (
        "ca.crt", "ca.key", "sa.pub", "sa.key", "front-proxy-ca.crt", "front-proxy-ca.key", "etcd-ca.crt",
        "etcd-ca.key", "encryption.json",
    )),
    ("ssm:GetParameter", parameter(TREE.credential)),
    ("ssm:GetParameter", parameter(TREE.initialised)),
    ("ssm:GetParameter", parameter(TREE.status("worker", "ip-10-0-0-11"))),
    ("ssm:GetParameter", parameter(f"{TREE.root}/worker/other")),
    ("ssm:GetParameter", parameter("/groundswell/other/worker/join")),
    ("ssm:GetParameter", parameter("/groundswell/travelagency/worker/join")),
    ("ssm:GetParameter", parameter("/somebody/elses")),
    ("ssm:GetParameters", parameter(TREE.credential)),
    ("ssm:GetParameters", parameter(TREE.join)),
    ("ssm:GetParametersByPath", parameter(TREE.root)),
    ("ssm:GetParameterHistory", parameter(TREE.join)),
    ("ssm:DescribeParameters", "*"),
    ("ssm:PutParameter", parameter(TREE.join)),
    ("ssm:PutParameter", parameter(TREE.cluster_info)),
    ("ssm:PutParameter", parameter(TREE.initialised)),
    ("ssm:PutParameter", parameter(TREE.credential)),
    ("ssm:PutParameter", parameter(f"{TREE.keys}/ca.key")),
    ("ssm:PutParameter", parameter(TREE.status("control-plane", "ip-10-0-0-10"))),
    ("ssm:PutParameter", parameter("/groundswell/other/status/ip-10-0-0-10")),
    ("ssm:DeleteParameter", parameter(TREE.join)),
    ("ssm:DeleteParameter", parameter(TREE.status("worker", "ip-10-0-0-10"))),
    ("ssm:SendCommand", "*"),
    ("ssm:StartSession", "*"),
    ("kms:Decrypt", CONTROL_KEY),
    ("kms:Encrypt", WORKER_KEY),
    ("kms:GenerateDataKey", CONTROL_KEY),
    ("ec2:RunInstances", "*"),
    ("ec2:TerminateInstances", "*"),
    ("ec2:DescribeInstances", "*"),
    ("iam:PassRole", "arn:aws:iam::111122223333:role/travel-control-plane"),
    ("sts:AssumeRole", "arn:aws:iam::111122223333:role/travel-control-plane"),
    ("s3:GetObject", "arn:aws:s3:::any/thing"),
    ("autoscaling:TerminateInstanceInAutoScalingGroup", "*"),
    ("ecr:PutImage", "arn:aws:ecr:ap-northeast-2:111122223333:repository/travel"),
)  # fmt: skip


@pytest.mark.parametrize(("action", "resource"), DENIED)
def test_a_worker_is_denied(worker, dev_plan, action, resource):
    owned = {f"autoscaling:ResourceTag/{naming.cluster_tag(dev_plan)}": "owned"}
    assert not iam.allows(worker, action, resource, owned)


def test_the_list_of_what_a_worker_is_denied_is_long_and_without_repetition():
    assert len(DENIED) == len(set(DENIED)) >= 40


def test_a_worker_reads_its_two_parameters_and_reports_and_no_more_of_the_tree(worker):
    names = [TREE.join, TREE.cluster_info, TREE.credential, TREE.initialised, f"{TREE.keys}/ca.key", TREE.keys,
             TREE.status("worker", "ip-10-0-0-10"), TREE.status("control-plane", "ip-10-0-0-10"), TREE.root,
             f"{TREE.root}/public/other", f"{TREE.root}/worker"]  # fmt: skip
    actions = ("GetParameter", "GetParameters", "GetParametersByPath", "PutParameter", "DeleteParameter")
    seen = {
        (f"ssm:{action}", parameter(name))
        for action in actions
        for name in names
        if iam.allows(worker, f"ssm:{action}", parameter(name))
    }
    assert seen == {entry for entry in ALLOWED if entry[0].startswith("ssm:")}
    assert iam.allows(worker, "kms:Decrypt", WORKER_KEY)


def test_a_worker_may_overwrite_another_machines_status(worker):
    """Known and accepted: IAM has no variable for a node's name. A worker's status is shown and opens nothing."""
    assert iam.allows(worker, "ssm:PutParameter", parameter(TREE.status("worker", "ip-10-0-0-99")))
    assert not iam.allows(worker, "ssm:PutParameter", parameter(TREE.status("control-plane", "ip-10-0-0-99")))


def test_a_machine_of_another_group_cannot_be_declared_unhealthy(worker, dev_plan):
    tag = f"autoscaling:ResourceTag/{naming.cluster_tag(dev_plan)}"
    assert iam.allows(worker, "autoscaling:SetInstanceHealth", "*", {tag: "owned"})
    assert not iam.allows(worker, "autoscaling:SetInstanceHealth", "*", {tag: "shared"})
    assert not iam.allows(worker, "autoscaling:SetInstanceHealth", "*")


def test_a_control_plane_stays_inside_its_clusters_tree(control_plane):
    for name in (
        TREE.join,
        TREE.credential,
        f"{TREE.keys}/ca.key",
        TREE.initialised,
        TREE.status("control-plane", "ip-10-0-0-10"),
    ):
        assert iam.allows(control_plane, "ssm:GetParameter", parameter(name))
        assert iam.allows(control_plane, "ssm:PutParameter", parameter(name))
        assert not iam.allows(control_plane, "ssm:DeleteParameter", parameter(name))
    for name in ("/groundswell/other/worker/join", "/groundswell/travelagency/x", "/aws/reference/x"):
        assert not iam.allows(control_plane, "ssm:GetParameter", parameter(name))


@pytest.mark.parametrize("role", ["worker", "control_plane"])
def test_no_statement_writes_to_everything_without_a_condition(request, role):
    reading = ("Describe", "Get", "List", "BatchGet", "BatchCheck")
    channels = {"UpdateInstanceInformation", "CreateControlChannel", "CreateDataChannel", "OpenControlChannel",
                "OpenDataChannel"}  # fmt: skip
    for statement in request.getfixturevalue(role)["Statement"]:
        writes = [
            action for action in statement["Action"]
            if not action.partition(":")[2].startswith(reading) and action.partition(":")[2] not in channels
        ]  # fmt: skip
        assert not (writes and "*" in statement["Resource"] and "Condition" not in statement), statement["Sid"]


POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Action": ["s3:Get*"], "Resource": ["arn:aws:s3:::a/*"]},
        {"Effect": "Deny", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::a/secret/*"},
        {"Effect": "Allow", "Action": "x:Y", "Resource": "*", "Condition": {"StringLike": {"k": "v?"}}},
    ],
}


class TestEvaluator:
    def test_a_denial_wins_and_what_nobody_names_is_denied(self):
        assert iam.allows(POLICY, "S3:getobject", "arn:aws:s3:::a/b/c")
        assert not iam.allows(POLICY, "s3:GetObject", "arn:aws:s3:::a/secret/c")
        assert not iam.allows(POLICY, "s3:PutObject", "arn:aws:s3:::a/b")
        assert not iam.allows(POLICY, "s3:GetObject", "arn:aws:s3:::A/b")

    def test_conditions_need_their_key(self):
        assert iam.allows(POLICY, "x:Y", "any", {"K": "v1"})
        assert not iam.allows(POLICY, "x:Y", "any", {"k": "v12"})
        assert not iam.allows(POLICY, "x:Y", "any")

    @pytest.mark.parametrize("more", [{"NotAction": "a:B"}, {"Condition": {"IpAddress": {"k": "10.0.0.0/8"}}}])
    def test_what_it_does_not_know_it_does_not_judge(self, more):
        statement = {"Effect": "Allow", "Action": "a:B", "Resource": "*", **more}
        with pytest.raises(ValueError, match="not judged"):
            iam.allows({"Version": "2012-10-17", "Statement": [json.loads(json.dumps(statement))]}, "a:B", "x", {})
