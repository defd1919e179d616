"""ControlPlane: one machine per slot, each with an address and a volume that outlive it."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi_aws as aws
from pulumi import ComponentResource, Input, Output, Resource, ResourceOptions

from components import machine, naming
from components.gate import Gate, machine_gate
from sizing.model import Plan, SlotPlan
from userdata import render

DATA_DEVICE = "/dev/sdf"
"""Where the etcd volume is attached; the node finds it by its volume id, whatever the kernel calls it."""


@dataclass(frozen=True, kw_only=True)
class ControlPlaneArgs:
    """Where the control planes stand and what they may do."""

    plan: Plan
    private_subnet_ids: Mapping[str, Input[str]]
    security_group_id: Input[str]
    instance_profile: Input[str]


class ControlPlane(ComponentResource):
    """The control-plane machines of one cluster.

    A slot owns its zone, a network interface with a fixed address, and an encrypted volume with etcd's data and the
    keys. Replacing its machine re-attaches both: the etcd member, the certificates and the node name stay. Each slot
    waits until the one before it has finished its bootstrap, so that etcd never misses more than one member.
    """

    instance_ids: dict[str, Output[str]]

    def __init__(self, name: str, args: ControlPlaneArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__(naming.token("controlplane", "ControlPlane"), name, {}, opts)
        self._args, self._child = args, ResourceOptions(parent=self)
        self._image = self._launch_template()
        self.instance_ids = {}
        previous: list[Resource] = []
        for slot in args.plan.control_plane.slots.values():
            instance, attachment = self._slot(slot, previous)
            self.instance_ids[slot.slot] = instance.id
            previous = [self._finished(slot, instance, attachment)]
        self.register_outputs({"instance_ids": self.instance_ids})

    def _finished(self, slot: SlotPlan, instance: aws.ec2.Instance, attachment: aws.ec2.VolumeAttachment) -> Resource:
        """What the next slot and the workers wait for: this machine has finished its bootstrap."""
        plan = self._args.plan
        return Gate(
            naming.name(plan, "control-plane", slot.slot),
            machine_gate(plan, slot.node, instance.id),
            ResourceOptions(parent=self, depends_on=[attachment]),
        ).command

    def _launch_template(self) -> aws.ec2.LaunchTemplate:
        """The image and the disk that comes with it; everything else stands on the machine itself.

        Only a launch template understands `resolve:ssm:`, and with a root disk on the machine the provider would ask
        AWS about the image by that text.
        """
        plan = self._args.plan
        name = naming.name(plan, "control-plane")
        return aws.ec2.LaunchTemplate(
            name,
            image_id=machine.image(plan, plan.control_plane.instance),
            block_device_mappings=[machine.root_disk(plan, plan.control_plane.root_disk_gib)],
            tag_specifications=[{"resource_type": "volume", "tags": naming.machine_tags(plan, name)}],
            tags=naming.tags(name),
            opts=self._child,
        )

    def _slot(self, slot: SlotPlan, previous: list[Resource]) -> tuple[aws.ec2.Instance, aws.ec2.VolumeAttachment]:
        plan, child = self._args.plan, self._child
        name = naming.name(plan, "control-plane", slot.slot)
        interface = aws.ec2.NetworkInterface(
            name,
            subnet_id=self._args.private_subnet_ids[slot.zone],
            private_ips=[str(slot.address)],
            security_groups=[self._args.security_group_id],
            tags=naming.machine_tags(plan, name),
            opts=child,
        )
        volume = aws.ebs.Volume(
            name,
            availability_zone=plan.network.zones[slot.zone].name,
            size=plan.control_plane.etcd_disk_gib,
            type="gp3",
            encrypted=True,
            tags=naming.machine_tags(plan, name),
            opts=ResourceOptions(parent=self, protect=plan.protected),
        )
        instance = aws.ec2.Instance(
            name,
            instance_type=plan.control_plane.instance.name,
            launch_template={"id": self._image.id, "version": self._image.latest_version.apply(str)},
            iam_instance_profile=self._args.instance_profile,
            primary_network_interface={"network_interface_id": interface.id},
            metadata_options=machine.INSTANCE_METADATA,
            user_data_base64=render.control_plane(plan, slot.slot).base64,
            # A changed boot program takes effect on a new machine only; the volume and the address move over.
            user_data_replace_on_change=True,
            maintenance_options={"auto_recovery": "default"},
            tags=naming.machine_tags(plan, name, **{"groundswell:slot": slot.slot}),
            opts=ResourceOptions(parent=self, depends_on=previous, delete_before_replace=True),
        )
        attachment = aws.ec2.VolumeAttachment(
            name,
            device_name=DATA_DEVICE,
            volume_id=volume.id,
            instance_id=instance.id,
            stop_instance_before_detaching=True,
            opts=ResourceOptions(parent=self, delete_before_replace=True),
        )
        return instance, attachment
