"""The backup bucket: closed, encrypted, kept, and written to by control planes alone."""

import base64
import copy
import hashlib
import io
import json
import tarfile
from dataclasses import replace
from fnmatch import fnmatchcase

import pytest
from conftest import PASSWORD, ROOT, dev_object, plan_of

from config.secret_keys import CLUSTER_KEY, secret_keys
from operations.recorder import record
from userdata.bundle import bundle

BUCKET = "aws:s3/bucket:Bucket"
OBJECT = "aws:s3/bucketObjectv2:BucketObjectv2"
STACKS = pytest.mark.parametrize("stack", ["dev", "ha"])
SOURCED = {
    "etcd.sh",
    "resume.sh",
    "slot.sh",
    "maintenance/maintenance.sh",
    "maintenance/expiry.sh",
    "maintenance/pods.sh",
}


def of(recording, kind):
    (found,) = recording.of(f"aws:s3/bucket{kind}:Bucket{kind[0].upper()}{kind[1:]}") if kind else recording.of(BUCKET)
    return found


@STACKS
def test_the_bucket_is_versioned_encrypted_with_the_control_planes_key_and_closed(recordings, plans, stack):
    recording, name = recordings[stack], f"{plans[stack].name}-backup"
    assert of(recording, "").name == name
    assert of(recording, "Versioning").inputs["versioningConfiguration"] == {"status": "Enabled"}
    (rule,) = of(recording, "ServerSideEncryptionConfiguration").inputs["rules"]
    assert rule["applyServerSideEncryptionByDefault"]["sseAlgorithm"] == "aws:kms"
    assert f"{plans[stack].name}-control-plane" in rule["applyServerSideEncryptionByDefault"]["kmsMasterKeyId"]
    closed = of(recording, "PublicAccessBlock").inputs
    switches = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
    assert all(closed[switch] is True for switch in switches)
    assert of(recording, "OwnershipControls").inputs["rule"] == {"objectOwnership": "BucketOwnerEnforced"}


@STACKS
def test_nobody_speaks_to_the_bucket_without_tls(recordings, stack):
    statements = json.loads(of(recordings[stack], "Policy").inputs["policy"])["Statement"]
    assert [(each["Effect"], each["Principal"], each["Action"]) for each in statements] == [("Deny", "*", "s3:*")] * 2
    assert [each["Condition"] for each in statements] == [
        {"Bool": {"aws:SecureTransport": "false"}}, {"NumericLessThan": {"s3:TlsVersion": "1.2"}},
    ]  # fmt: skip


def test_snapshots_of_hours_are_kept_a_week_and_those_of_days_ninety_days(dev):
    rules = {rule["id"]: rule for rule in of(dev, "LifecycleConfiguration").inputs["rules"]}
    kept = {rule["filter"]["prefix"]: rule["expiration"]["days"] for rule in rules.values() if "expiration" in rule}
    assert kept == {"snapshots/recent/": 2, "snapshots/hourly/": 7, "snapshots/daily/": 90}
    assert rules["former"]["noncurrentVersionExpiration"] == {"noncurrentDays": 7}


def test_a_production_stack_keeps_its_bucket_and_another_one_takes_it_down_with_everything(dev, ha):
    assert (of(ha, "").protect, of(ha, "").inputs.get("forceDestroy", False)) == (True, False)
    assert (of(dev, "").protect, of(dev, "").inputs["forceDestroy"]) == (False, True)


@STACKS
def test_the_object_is_the_bundle_whose_sum_the_machines_know(recordings, plans, stack):
    (made,) = recordings[stack].of(OBJECT)
    data = base64.b64decode(made.inputs["contentBase64"])
    assert data == bundle(plans[stack]).data
    assert made.inputs["key"] == f"programs/{hashlib.sha256(data).hexdigest()}.tar.gz"


@STACKS
def test_machines_find_the_bucket_by_a_parameter_that_is_there_before_them(recordings, plans, stack):
    recording, name = recordings[stack], plans[stack].name
    (parameter,) = recording.of("aws:ssm/parameter:Parameter")
    assert parameter.inputs["name"] == f"/groundswell/{name}/control-plane/backup"
    assert set(json.loads(parameter.inputs["insecureValue"])) == {"bucket", "url"}
    (programs,) = recording.of(OBJECT)
    policy = recording.one("aws:iam/rolePolicy:RolePolicy", f"{name}-backup")
    for machine in recording.of("aws:ec2/instance:Instance"):
        for needed in (parameter, programs, policy):
            assert recording.depends_on(machine, needed), (machine.name, needed.name)


@STACKS
def test_the_parameter_goes_before_the_sweep_of_parameters(recordings, stack):
    recording = recordings[stack]
    (parameter,) = recording.of("aws:ssm/parameter:Parameter")
    (sweep,) = [each for each in recording.of("command:local:Command") if " forget " in each.inputs.get("delete", "")]
    assert recording.depends_on(parameter, sweep)


def allowed(policy, action, key):
    """Whether a statement names the action and a pattern, below the bucket, that the key fits."""
    return any(
        action in statement["Action"]
        and any(fnmatchcase(key, each.partition("/travel-backup/")[2]) for each in patterns)
        for statement in json.loads(policy)["Statement"]
        for patterns in [statement["Resource"]]
    )


def test_control_planes_read_programs_read_and_add_snapshots_and_delete_nothing(dev):
    policy = dev.one("aws:iam/rolePolicy:RolePolicy", "travel-backup").inputs["policy"]
    assert allowed(policy, "s3:GetObject", "programs/x.tar.gz")
    assert not allowed(policy, "s3:PutObject", "programs/x.tar.gz")
    assert allowed(policy, "s3:GetObject", "snapshots/daily/x.db")
    assert allowed(policy, "s3:PutObject", "snapshots/daily/x.db")
    assert {action for statement in json.loads(policy)["Statement"] for action in statement["Action"]} == {
        "s3:GetObject", "s3:PutObject",
    }  # fmt: skip
    assert "s3:" not in dev.one("aws:iam/rolePolicy:RolePolicy", "travel-worker").inputs["policy"]


def test_with_a_lock_nobody_deletes_for_a_while_but_the_stack_its_own_programs():
    cluster = copy.deepcopy(dev_object()) | {"backup": {"object_lock_days": 14}}
    config = plan_of(cluster, "dev").config
    secrets = {key.full_name: PASSWORD for key in secret_keys(config.databases, config.caches)}
    locked = record("dev", {CLUSTER_KEY: json.dumps(cluster)}, secrets, str(ROOT / "__main__.py"))
    assert of(locked, "").inputs["objectLockEnabled"] is True
    rule = of(locked, "ObjectLockConfiguration").inputs["rule"]
    assert rule == {"defaultRetention": {"mode": "GOVERNANCE", "days": 14}}
    assert locked.of(OBJECT)[0].inputs["forceDestroy"] is True


def test_the_bundle_depends_on_the_clusters_name_and_quota_alone(dev_plan, ha_plan):
    assert bundle(dev_plan).data == bundle(replace(dev_plan, stack="other")).data
    assert bundle(dev_plan).sha256 != bundle(ha_plan).sha256


def test_the_bundle_holds_no_time_owner_or_folder_and_only_programs_may_run(dev_plan):
    with tarfile.open(fileobj=io.BytesIO(bundle(dev_plan).data)) as archive:
        entries = archive.getmembers()
    assert [entry.name for entry in entries] == sorted(entry.name for entry in entries)
    for entry in entries:
        assert (entry.mtime, entry.uid, entry.gid, entry.uname, entry.isfile()) == (0, 0, 0, "", True)
        folder, _, name = entry.name.rpartition("/")
        programs = "usr/local/lib/groundswell"
        own = {programs, f"{programs}/steps", f"{programs}/maintenance"}
        assert folder in {*own, "etc/groundswell", "etc/systemd/system"}
        sourced = entry.name.removeprefix(f"{programs}/") in SOURCED
        assert (entry.mode == 0o755) == (name.endswith(".sh") and not sourced), name
