"""Firewall: one security group per role, one standalone rule per direction of every row of the plan's table."""

from dataclasses import dataclass
from typing import TypedDict

import pulumi_aws as aws
from pulumi import ComponentResource, Input, Output, ResourceOptions

from components import naming
from sizing.firewall import NODES
from sizing.model import FirewallRule, Plan


class _Peer(TypedDict, total=False):
    """The other end of a rule: a group or a network, never both."""

    referenced_security_group_id: Input[str]
    cidr_ipv4: Input[str]


@dataclass(frozen=True, kw_only=True)
class FirewallArgs:
    """The table and where its groups live."""

    plan: Plan
    vpc_id: Input[str]


class Firewall(ComponentResource):
    """Security groups of one cluster.

    Rules are standalone resources, so that the cloud controller may add its own for load balancers without the two
    fighting over one list. Only node groups carry the cluster's tag: the controller wants exactly one per machine.
    """

    groups: dict[str, Output[str]]

    def __init__(self, name: str, args: FirewallArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__(naming.token("firewall", "Firewall"), name, {}, opts)
        self._plan, self._child = args.plan, ResourceOptions(parent=self)
        self.groups = {
            group: self._group(group, purpose, args.vpc_id) for group, purpose in args.plan.firewall.groups.items()
        }
        for rule in args.plan.firewall.rules:
            self._rule(rule)
        self.register_outputs({"groups": self.groups})

    def _group(self, group: str, purpose: str, vpc_id: Input[str]) -> Output[str]:
        name = naming.name(self._plan, group)
        tags = naming.owned_tags(self._plan, name) if group in NODES else naming.tags(name)
        return aws.ec2.SecurityGroup(name, vpc_id=vpc_id, description=purpose, tags=tags, opts=self._child).id

    def _peer(self, end: str) -> _Peer:
        return {"referenced_security_group_id": self.groups[end]} if end in self.groups else {"cidr_ipv4": end}

    def _rule(self, rule: FirewallRule) -> None:
        ports = f"{rule.from_port or 'all'}" if rule.from_port == rule.to_port else f"{rule.from_port}-{rule.to_port}"
        name = naming.name(self._plan, rule.source, "to", rule.target, rule.protocol, ports)
        ends = (
            (aws.vpc.SecurityGroupIngressRule, rule.target, rule.source),
            (aws.vpc.SecurityGroupEgressRule, rule.source, rule.target),
        )
        for kind, own, other in ends:
            if own in self.groups:
                kind(
                    name,
                    security_group_id=self.groups[own],
                    ip_protocol=rule.protocol,
                    from_port=rule.from_port,
                    to_port=rule.to_port,
                    description=rule.why,
                    opts=self._child,
                    **self._peer(other),
                )
