"""Entry: the users' network load balancer in front of one service's NodePort."""

from dataclasses import dataclass

import pulumi_aws as aws
from pulumi import ComponentResource, Input, Output, ResourceOptions

from components import naming
from components.firewall import Firewall
from components.network import Network
from config.schema import Entry as EntryConfig
from sizing.firewall import ENTRY
from sizing.model import Plan


@dataclass(frozen=True, kw_only=True)
class EntryArgs:
    """Where users come in."""

    plan: Plan
    network: Network
    firewall: Firewall


class Entry(ComponentResource):
    """One load balancer, one listener, one target group; nothing where the plan has no entry.

    The target group's members are the machines of the service's pool; their Auto Scaling groups register them.
    """

    address: Output[str]
    """The load balancer's name; empty without an entry."""

    def __init__(self, name: str, args: EntryArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__(naming.token("entry", "Entry"), name, {}, opts)
        self._args, self._child = args, ResourceOptions(parent=self)
        self._targets: dict[str, Output[str]] = {}
        self.address = Output.from_input("")
        entry = args.plan.config.entry
        if entry is not None:
            self._targets[args.plan.services[entry.service].pool], self.address = self._balancer(entry)
        self.register_outputs({"address": self.address})

    def targets_of(self, pool: str) -> list[Input[str]]:
        """Target groups that the machines of a pool belong to."""
        return [self._targets[pool]] if pool in self._targets else []

    def _balancer(self, entry: EntryConfig) -> tuple[Output[str], Output[str]]:
        """ARN of the target group and name of the load balancer."""
        plan, child = self._args.plan, self._child
        name = naming.balancer_name(plan, "entry")
        balancer = aws.lb.LoadBalancer(
            name,
            load_balancer_type="network",
            internal=False,
            subnets=list(self._args.network.public_subnet_ids.values()),
            security_groups=[self._args.firewall.groups[ENTRY]],
            enable_cross_zone_load_balancing=True,
            tags=naming.tags(name),
            opts=child,
        )
        group = aws.lb.TargetGroup(
            name,
            vpc_id=self._args.network.vpc_id,
            target_type="instance",
            protocol="TCP",
            port=entry.node_port,
            # The firewall names the load balancer's group as the only source.
            preserve_client_ip="false",
            health_check={"protocol": "TCP", "port": str(entry.node_port), "interval": 10},
            tags=naming.tags(name),
            opts=child,
        )
        aws.lb.Listener(
            name,
            load_balancer_arn=balancer.arn,
            port=entry.port,
            protocol="TLS" if entry.certificate_arn else "TCP",
            certificate_arn=entry.certificate_arn,
            ssl_policy="ELBSecurityPolicy-TLS13-1-2-2021-06" if entry.certificate_arn else None,
            default_actions=[{"type": "forward", "target_group_arn": group.arn}],
            tags=naming.tags(name),
            opts=child,
        )
        return group.arn, balancer.dns_name
