"""ApiEndpoint: the stable name of the Kubernetes API, and the load balancers behind and before it."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi_aws as aws
from pulumi import ComponentResource, Input, Output, ResourceOptions

from components import naming
from components.firewall import Firewall
from components.network import Network
from sizing.firewall import API, API_PORT, API_PUBLIC
from sizing.model import Plan

RECORD_TTL_SECONDS = 60


@dataclass(frozen=True, kw_only=True)
class ApiEndpointArgs:
    """Where the endpoint stands."""

    plan: Plan
    network: Network
    firewall: Firewall


class ApiEndpoint(ComponentResource):
    """The API's way in.

    * a private DNS name that every certificate and kubeconfig carries, so that nothing depends on an AWS-made name;
    * behind it the one slot's fixed address, or an internal network load balancer with all slots;
    * for operators outside, a second load balancer that admits the configured networks only.

    Targets are the slots' fixed addresses: replacing a machine changes nothing here.
    """

    server: Output[str]
    """Host that operators connect to: the public load balancer's name, or the private one."""

    def __init__(self, name: str, args: ApiEndpointArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__(naming.token("api", "ApiEndpoint"), name, {}, opts)
        self._args, self._child = args, ResourceOptions(parent=self)
        plan = args.plan
        zone = aws.route53.Zone(
            name,
            name=plan.network.dns_zone,
            comment=f"private names of {plan.name}",
            vpcs=[{"vpc_id": args.network.vpc_id}],
            force_destroy=not plan.protected,
            tags=naming.tags(name),
            opts=self._child,
        )
        if plan.network.api_load_balancer:
            internal = self._balancer(API, args.network.private_subnet_ids, internal=True)
            self._record(zone, "A", alias=internal)
        else:
            internal = None
            self._record(zone, "A")
        public = (
            self._balancer(API_PUBLIC, args.network.public_subnet_ids, internal=False)
            if API_PUBLIC in args.firewall.groups
            else None
        )
        self.server = public.dns_name if public else Output.from_input(plan.network.api_name)
        self.register_outputs({"server": self.server})

    def _record(self, zone: aws.route53.Zone, kind: str, *, alias: aws.lb.LoadBalancer | None = None) -> None:
        plan = self._args.plan
        name = naming.name(plan, "api")
        if alias is None:
            addresses = [str(slot.address) for slot in plan.control_plane.slots.values()]
            aws.route53.Record(
                name,
                zone_id=zone.zone_id,
                name=plan.network.api_name,
                type=kind,
                ttl=RECORD_TTL_SECONDS,
                records=addresses,
                opts=self._child,
            )
            return
        aws.route53.Record(
            name,
            zone_id=zone.zone_id,
            name=plan.network.api_name,
            type=kind,
            aliases=[{"name": alias.dns_name, "zone_id": alias.zone_id, "evaluate_target_health": False}],
            opts=self._child,
        )

    def _balancer(self, role: str, subnets: Mapping[str, Input[str]], *, internal: bool) -> aws.lb.LoadBalancer:
        plan, child = self._args.plan, self._child
        name = naming.balancer_name(plan, role)
        balancer = aws.lb.LoadBalancer(
            name,
            load_balancer_type="network",
            internal=internal,
            subnets=list(subnets.values()),
            # A network load balancer made without a group can never be given one.
            security_groups=[self._args.firewall.groups[role]],
            enable_cross_zone_load_balancing=True,
            tags=naming.tags(name),
            opts=child,
        )
        group = aws.lb.TargetGroup(
            name,
            vpc_id=self._args.network.vpc_id,
            target_type="ip",
            protocol="TCP",
            port=API_PORT,
            # With the client's address kept, a control plane that is sent back to itself times out.
            preserve_client_ip="false",
            # Shorter than the API server's own shutdown delay, so that no request meets a closed port.
            deregistration_delay=10,
            health_check={
                "protocol": "HTTPS",
                "path": "/readyz",
                "port": str(API_PORT),
                "interval": 10,
                "healthy_threshold": 2,
                "unhealthy_threshold": 2,
            },
            tags=naming.tags(name),
            opts=child,
        )
        for slot in plan.control_plane.slots.values():
            aws.lb.TargetGroupAttachment(
                naming.name(plan, role, slot.slot),
                target_group_arn=group.arn,
                target_id=str(slot.address),
                port=API_PORT,
                opts=child,
            )
        aws.lb.Listener(
            name,
            load_balancer_arn=balancer.arn,
            protocol="TCP",
            port=API_PORT,
            default_actions=[{"type": "forward", "target_group_arn": group.arn}],
            tags=naming.tags(name),
            opts=child,
        )
        return balancer
