"""NodePool: one launch template, and an Auto Scaling group for each of the pool's groups."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi_aws as aws
from pulumi import ComponentResource, Input, ResourceOptions

from components import machine, naming
from sizing.model import NodeGroup, Plan
from userdata import render

MINIMUM_HEALTHY_PERCENT = 100
"""A replacement machine must be in service before the old one goes: pools may have one machine only."""
MAXIMUM_HEALTHY_PERCENT = 200
WARM_UP_SECONDS = 300


@dataclass(frozen=True, kw_only=True)
class NodePoolArgs:
    """One pool of the plan and where its machines stand."""

    plan: Plan
    pool: str
    private_subnet_ids: Mapping[str, Input[str]]
    security_group_id: Input[str]
    instance_profile: Input[str]
    target_group_arns: list[Input[str]]


class NodePool(ComponentResource):
    """The machines of one node pool.

    Machines are replaced by instance refresh when the launch template changes: the group follows the template's
    newest version by number. No SSH key and no public address.
    """

    groups: dict[str, aws.autoscaling.Group]

    def __init__(self, name: str, args: NodePoolArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__(naming.token("nodepool", "NodePool"), name, {}, opts)
        self._args, self._child = args, ResourceOptions(parent=self)
        template = self._template(name)
        self.groups = {group.key: self._group(group, template) for group in args.plan.pools[args.pool].groups.values()}
        self.register_outputs({"groups": {key: group.name for key, group in self.groups.items()}})

    def _template(self, name: str) -> aws.ec2.LaunchTemplate:
        plan = self._args.plan
        pool = plan.pools[self._args.pool]
        tags = naming.machine_tags(plan, name, **{"groundswell:pool": pool.pool})
        return aws.ec2.LaunchTemplate(
            name,
            image_id=machine.image(plan, pool.instance),
            instance_type=pool.instance.name,
            iam_instance_profile={"name": self._args.instance_profile},
            vpc_security_group_ids=[self._args.security_group_id],
            metadata_options=machine.TEMPLATE_METADATA,
            block_device_mappings=[machine.root_disk(plan, pool.root_disk_gib)],
            instance_market_options={"market_type": "spot"} if pool.spot else None,
            user_data=render.worker(plan, pool.name).base64,
            tag_specifications=[
                {"resource_type": kind, "tags": tags} for kind in ("instance", "network-interface", "volume")
            ],
            update_default_version=True,
            tags=naming.tags(name),
            opts=self._child,
        )

    def _group(self, group: NodeGroup, template: aws.ec2.LaunchTemplate) -> aws.autoscaling.Group:
        plan = self._args.plan
        name = naming.name(plan, self._args.pool, group.key)
        tags = naming.machine_tags(plan, name)
        return aws.autoscaling.Group(
            name,
            vpc_zone_identifiers=[self._args.private_subnet_ids[zone] for zone in group.zones],
            min_size=group.desired,
            max_size=group.maximum,
            desired_capacity=group.desired,
            launch_template={"id": template.id, "version": template.latest_version.apply(str)},
            target_group_arns=self._args.target_group_arns,
            health_check_type="EC2",
            # The gates judge readiness; waiting here as well would only blame the wrong part.
            wait_for_capacity_timeout="0",
            instance_refresh={
                "strategy": "Rolling",
                "preferences": {
                    "min_healthy_percentage": MINIMUM_HEALTHY_PERCENT,
                    "max_healthy_percentage": MAXIMUM_HEALTHY_PERCENT,
                    "instance_warmup": str(WARM_UP_SECONDS),
                    "auto_rollback": False,
                },
            },
            tags=[{"key": key, "value": value, "propagate_at_launch": False} for key, value in sorted(tags.items())],
            opts=self._child,
        )
