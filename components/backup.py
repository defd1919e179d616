"""Backup: the bucket of one cluster, with etcd's snapshots and the programs that make them."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import pulumi_aws as aws
from pulumi import ComponentResource, Input, Output, ResourceOptions

from components import naming, policies
from sizing.model import Plan
from userdata.bundle import Bundle, bundle
from userdata.parameters import ParameterTree

RECENT_DAYS: Final = 2
"""Snapshots of every quarter of an hour: long enough to notice a mistake."""
NONCURRENT_DAYS: Final = 7
"""How long what was overwritten or expired can still be had."""


@dataclass(frozen=True, kw_only=True)
class BackupArgs:
    """Whose backups, and who makes them.

    Attributes:
        plan: the plan.
        control_plane_role: name of the role that saves and reads.
        control_plane_key: ARN of the KMS key that objects are encrypted with.
    """

    plan: Plan
    control_plane_role: Input[str]
    control_plane_key: Input[str]


class Backup(ComponentResource):
    """The backup bucket of one cluster.

    Versioned, encrypted with the control planes' key, closed to the public and to connections without TLS. Control
    planes read their programs and read and write snapshots; nobody but an administrator deletes. A protected stack
    keeps the bucket; object lock is an option of the stack.
    """

    bucket: Output[str]

    def __init__(self, name: str, args: BackupArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__(naming.token("backup", "Backup"), name, {}, opts)
        self._args, self._name, self._child = args, name, ResourceOptions(parent=self)
        plan = args.plan
        days = plan.config.backup.object_lock_days
        made = aws.s3.Bucket(
            name,
            force_destroy=not plan.protected,
            object_lock_enabled=days > 0,
            tags=naming.tags(name),
            opts=ResourceOptions(parent=self, protect=plan.protected),
        )
        self.bucket = made.id
        versioning = self._close(made)
        if days:
            aws.s3.BucketObjectLockConfiguration(
                name,
                bucket=made.id,
                rule={"default_retention": {"mode": "GOVERNANCE", "days": days}},
                opts=ResourceOptions(parent=self, depends_on=[versioning]),
            )
        self._expire(made, versioning)
        self._programs(made, bundle(plan), locked=days > 0)
        aws.iam.RolePolicy(
            name,
            role=args.control_plane_role,
            policy=made.arn.apply(lambda arn: json.dumps(policies.backup(arn))),
            opts=self._child,
        )
        aws.ssm.Parameter(
            name,
            name=ParameterTree(cluster=plan.name).backup,
            type="String",
            insecure_value=Output.json_dumps(
                {"bucket": made.id, "url": Output.concat("https://", made.bucket_regional_domain_name)}
            ),
            tags=naming.tags(name),
            opts=self._child,
        )
        self.register_outputs({"bucket": self.bucket})

    def _close(self, made: aws.s3.Bucket) -> aws.s3.BucketVersioning:
        """Everything that keeps objects where they are and away from others."""
        name = self._name
        aws.s3.BucketServerSideEncryptionConfiguration(
            name,
            bucket=made.id,
            rules=[
                {
                    "apply_server_side_encryption_by_default": {
                        "sse_algorithm": "aws:kms",
                        "kms_master_key_id": self._args.control_plane_key,
                    },
                    "bucket_key_enabled": True,
                }
            ],
            opts=self._child,
        )
        closed = aws.s3.BucketPublicAccessBlock(
            name,
            bucket=made.id,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=self._child,
        )
        aws.s3.BucketOwnershipControls(
            name, bucket=made.id, rule={"object_ownership": "BucketOwnerEnforced"}, opts=self._child
        )
        aws.s3.BucketPolicy(
            name,
            bucket=made.id,
            policy=made.arn.apply(lambda arn: json.dumps(policies.only_by_tls(arn))),
            # AWS changes one of the two at a time.
            opts=ResourceOptions(parent=self, depends_on=[closed]),
        )
        return aws.s3.BucketVersioning(
            name, bucket=made.id, versioning_configuration={"status": "Enabled"}, opts=self._child
        )

    def _expire(self, made: aws.s3.Bucket, versioning: aws.s3.BucketVersioning) -> None:
        backup = self._args.plan.config.backup
        kept: Mapping[str, int] = {"recent": RECENT_DAYS, "hourly": backup.hourly_days, "daily": backup.daily_days}
        aws.s3.BucketLifecycleConfiguration(
            self._name,
            bucket=made.id,
            rules=[
                *(
                    {
                        "id": prefix,
                        "status": "Enabled",
                        "filter": {"prefix": f"snapshots/{prefix}/"},
                        "expiration": {"days": days},
                    }
                    for prefix, days in kept.items()
                ),
                {
                    "id": "former",
                    "status": "Enabled",
                    "filter": {"prefix": ""},
                    "noncurrent_version_expiration": {"noncurrent_days": NONCURRENT_DAYS},
                    "abort_incomplete_multipart_upload": {"days_after_initiation": 1},
                },
            ],
            opts=ResourceOptions(parent=self, depends_on=[versioning]),
        )

    def _programs(self, made: aws.s3.Bucket, programs: Bundle, *, locked: bool) -> None:
        """The key has the sum of its content: machines of an older plan find theirs until they are replaced."""
        aws.s3.BucketObjectv2(
            self._name,
            bucket=made.id,
            key=programs.key,
            content_base64=base64.b64encode(programs.data).decode("ascii"),
            content_type="application/gzip",
            # A lock must not keep a stack from replacing its own programs.
            force_destroy=locked,
            opts=self._child,
        )
