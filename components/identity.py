"""Identity: one role per kind of machine, and the KMS keys that separate what each may read."""

import json
from dataclasses import dataclass

import pulumi_aws as aws
from pulumi import ComponentResource, Output, ResourceOptions

from components import naming, policies
from sizing.model import Plan
from userdata.parameters import ParameterTree

KEY_DELETION_DAYS = 30
"""The longest wait AWS offers: a key deleted by mistake takes every parameter under it along."""


@dataclass(frozen=True, kw_only=True)
class IdentityArgs:
    """What the roles are made from."""

    plan: Plan


class Identity(ComponentResource):
    """Roles of one cluster.

    Control planes read and write the cluster's parameters under both keys; workers read the join parameter under
    theirs. No role carries AWS's managed Session Manager policy, which reads every parameter of the account.
    """

    control_plane_key: Output[str]
    control_plane_role: Output[str]
    control_plane_profile: Output[str]
    worker_profile: Output[str]

    def __init__(self, name: str, args: IdentityArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__(naming.token("identity", "Identity"), name, {}, opts)
        self._plan, self._child = args.plan, ResourceOptions(parent=self)
        tree = ParameterTree(cluster=args.plan.name)
        self.control_plane_key = self._key("control-plane", tree.control_plane_key_alias)
        worker_key = self._key("worker", tree.worker_key_alias)
        self.control_plane_role, self.control_plane_profile = self._profile(
            "control-plane",
            Output.all(self.control_plane_key, worker_key).apply(
                lambda keys: json.dumps(policies.control_plane(args.plan, keys[0], keys[1]))
            ),
        )
        _, self.worker_profile = self._profile(
            "worker", worker_key.apply(lambda key: json.dumps(policies.worker(args.plan, key)))
        )
        self.register_outputs({})

    def _key(self, role: str, alias: str) -> Output[str]:
        name = naming.name(self._plan, role)
        key = aws.kms.Key(
            name,
            description=f"parameters of {name}",
            enable_key_rotation=True,
            deletion_window_in_days=KEY_DELETION_DAYS,
            tags=naming.tags(name),
            opts=ResourceOptions(parent=self, protect=self._plan.protected),
        )
        aws.kms.Alias(name, name=alias, target_key_id=key.key_id, opts=self._child)
        return key.arn

    def _profile(self, role: str, policy: Output[str]) -> tuple[Output[str], Output[str]]:
        """Names of a role and of its instance profile."""
        name = naming.name(self._plan, role)
        made = aws.iam.Role(
            name,
            assume_role_policy=json.dumps(policies.trust()),
            tags=naming.tags(name),
            opts=self._child,
        )
        aws.iam.RolePolicy(name, role=made.id, policy=policy, opts=self._child)
        profile = aws.iam.InstanceProfile(name, role=made.name, tags=naming.tags(name), opts=self._child)
        return made.name, profile.name
