"""What every machine has in common: its image, its metadata service, its disks."""

from typing import Final

from pulumi_aws.ec2 import (
    InstanceMetadataOptionsArgsDict,
    LaunchTemplateBlockDeviceMappingArgsDict,
    LaunchTemplateMetadataOptionsArgsDict,
)

from sizing.model import InstanceType, Plan

HOP_LIMIT: Final = 1
"""One hop: pods on the pod network cannot reach the role's credentials."""
INSTANCE_METADATA: Final[InstanceMetadataOptionsArgsDict] = {
    "http_endpoint": "enabled",
    "http_tokens": "required",
    "http_put_response_hop_limit": HOP_LIMIT,
    "instance_metadata_tags": "disabled",
}
TEMPLATE_METADATA: Final[LaunchTemplateMetadataOptionsArgsDict] = {
    "http_endpoint": "enabled",
    "http_tokens": "required",
    "http_put_response_hop_limit": HOP_LIMIT,
    "instance_metadata_tags": "disabled",
}
ROOT_DEVICES: Final = {
    "ubuntu-24.04": "/dev/sda1",
    "debian-12": "/dev/xvda",
    "amazon-linux-2023": "/dev/xvda",
}
_DEBIAN_ARCHITECTURE: Final = {"x86_64": "amd64", "arm64": "arm64"}


def image(plan: Plan, instance: InstanceType) -> str:
    """AMI id from the configuration, or the publisher's current image, which EC2 resolves when it launches.

    Public parameters: Canonical's and Debian's trees, and AWS's for Amazon Linux. The text never changes, so a newer
    image upstream never replaces a running machine.
    """
    pinned = plan.config.machine.ami.get(instance.architecture)
    if pinned is not None:
        return pinned
    debian = _DEBIAN_ARCHITECTURE[instance.architecture]
    parameters = {
        "ubuntu-24.04": f"canonical/ubuntu/server/24.04/stable/current/{debian}/hvm/ebs-gp3/ami-id",
        "debian-12": f"debian/release/12/latest/{debian}",
        "amazon-linux-2023": f"ami-amazon-linux-latest/al2023-ami-kernel-6.12-{instance.architecture}",
    }
    prefix = "/aws/service/"
    return f"resolve:ssm:{prefix}{parameters[plan.config.machine.os]}"


def root_disk(plan: Plan, size_gib: int) -> LaunchTemplateBlockDeviceMappingArgsDict:
    """The root disk, encrypted gp3. A mapping must repeat the device name that the image uses."""
    return {
        "device_name": ROOT_DEVICES[plan.config.machine.os],
        "ebs": {
            "volume_size": size_gib,
            "volume_type": "gp3",
            "encrypted": "true",
            "delete_on_termination": "true",
        },
    }
