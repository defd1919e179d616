"""PrivateEndpoints: AWS services inside the VPC, for clusters without NAT."""

from dataclasses import dataclass
from typing import Final

import pulumi_aws as aws
from pulumi import ComponentResource, ResourceOptions

from components import naming
from components.firewall import Firewall
from components.network import Network
from sizing.firewall import ENDPOINTS
from sizing.model import Plan

SERVICES: Final = (
    "autoscaling",
    "ec2",
    "ec2messages",
    "ecr.api",
    "ecr.dkr",
    "elasticloadbalancing",
    "kms",
    "ssm",
    "ssmmessages",
    "sts",
)
"""What nodes, the cloud controller and the volume driver call; S3 has its free gateway endpoint in the network."""


@dataclass(frozen=True, kw_only=True)
class PrivateEndpointsArgs:
    """Where the endpoints stand."""

    plan: Plan
    network: Network
    firewall: Firewall


class PrivateEndpoints(ComponentResource):
    """One interface endpoint per AWS service that a node needs; none unless the plan asks for them."""

    def __init__(self, name: str, args: PrivateEndpointsArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__(naming.token("endpoints", "PrivateEndpoints"), name, {}, opts)
        for service in SERVICES if ENDPOINTS in args.firewall.groups else ():
            key = naming.name(args.plan, "endpoint", service.replace(".", "-"))
            aws.ec2.VpcEndpoint(
                key,
                vpc_id=args.network.vpc_id,
                service_name=f"com.amazonaws.{args.plan.config.region}.{service}",
                vpc_endpoint_type="Interface",
                private_dns_enabled=True,
                subnet_ids=list(args.network.private_subnet_ids.values()),
                security_group_ids=[args.firewall.groups[ENDPOINTS]],
                tags=naming.tags(key),
                opts=ResourceOptions(parent=self),
            )
        self.register_outputs({})
