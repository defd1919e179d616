"""Network: VPC, subnets by zone letter, routes, NAT, and the free gateway endpoint for S3."""

from dataclasses import dataclass

import pulumi_aws as aws
from pulumi import ComponentResource, Output, ResourceOptions

from components import naming
from sizing.model import Plan, ZonePlan


@dataclass(frozen=True, kw_only=True)
class NetworkArgs:
    """What the network is made from."""

    plan: Plan


class Network(ComponentResource):
    """The VPC of one cluster.

    * a public, a private and a data subnet in every zone, with addresses that depend on the zone's letter alone;
    * data subnets without any way out; private subnets through NAT where the plan has it;
    * the VPC's default security group emptied, so that nothing can use it by accident.
    """

    vpc_id: Output[str]
    public_subnet_ids: dict[str, Output[str]]
    private_subnet_ids: dict[str, Output[str]]
    """Known only when the subnet's way out stands, so that no machine boots before it can download."""
    data_subnet_ids: dict[str, Output[str]]

    def __init__(self, name: str, args: NetworkArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__(naming.token("network", "Network"), name, {}, opts)
        self._plan, self._child = args.plan, ResourceOptions(parent=self)
        plan, child = self._plan, self._child
        vpc = aws.ec2.Vpc(
            name,
            cidr_block=str(plan.network.vpc),
            enable_dns_support=True,
            enable_dns_hostnames=True,
            tags=naming.owned_tags(plan, name),
            opts=child,
        )
        self.vpc_id = vpc.id
        aws.ec2.DefaultSecurityGroup(
            f"{name}-default",
            vpc_id=vpc.id,
            ingress=[],
            egress=[],
            tags=naming.tags(f"{name}-default"),
            opts=child,
        )
        zones = plan.network.zones.values()
        self._public = {zone.letter: self._subnet(zone, "public", **{"kubernetes.io/role/elb": "1"}) for zone in zones}
        self._private = {
            zone.letter: self._subnet(zone, "private", **{"kubernetes.io/role/internal-elb": "1"}) for zone in zones
        }
        self._data = {zone.letter: self._subnet(zone, "data") for zone in zones}
        ways_out = self._routes()
        self.public_subnet_ids = {letter: subnet.id for letter, subnet in self._public.items()}
        self.private_subnet_ids = {
            letter: Output.all(subnet.id, *ways_out).apply(lambda ids: str(ids[0]))
            for letter, subnet in self._private.items()
        }
        self.data_subnet_ids = {letter: subnet.id for letter, subnet in self._data.items()}
        self.register_outputs({"vpc_id": self.vpc_id})

    def _named(self, *keys: str) -> str:
        return naming.name(self._plan, *keys)

    def _subnet(self, zone: ZonePlan, kind: str, **extra: str) -> aws.ec2.Subnet:
        name = self._named(kind, zone.letter)
        ranges = {"public": zone.public, "private": zone.private, "data": zone.data}
        return aws.ec2.Subnet(
            name,
            vpc_id=self.vpc_id,
            availability_zone=zone.name,
            cidr_block=str(ranges[kind]),
            map_public_ip_on_launch=False,
            tags=naming.owned_tags(self._plan, name, **extra),
            opts=self._child,
        )

    def _table(self, kind: str, subnets: dict[str, aws.ec2.Subnet], key: str = "") -> aws.ec2.RouteTable:
        name = self._named(kind, key) if key else self._named(kind)
        table = aws.ec2.RouteTable(name, vpc_id=self.vpc_id, tags=naming.tags(name), opts=self._child)
        for letter, subnet in subnets.items():
            aws.ec2.RouteTableAssociation(
                self._named(kind, letter), route_table_id=table.id, subnet_id=subnet.id, opts=self._child
            )
        return table

    def _routes(self) -> list[Output[str]]:
        """Ids of everything that a private subnet needs to reach the internet and S3."""
        plan, child = self._plan, self._child
        gateway = aws.ec2.InternetGateway(
            self._named("internet"),
            vpc_id=self.vpc_id,
            tags=naming.tags(self._named("internet")),
            opts=child,
        )
        public = self._table("public", self._public)
        out = aws.ec2.Route(
            self._named("public"),
            route_table_id=public.id,
            destination_cidr_block="0.0.0.0/0",
            gateway_id=gateway.id,
            opts=child,
        )
        nats = {letter: self._nat(letter, out) for letter in plan.network.nat_zones}
        tables = {letter: self._table("private", {letter: subnet}, letter) for letter, subnet in self._private.items()}
        ways_out = [out.id] + [
            aws.ec2.Route(
                self._named("private", letter),
                route_table_id=tables[letter].id,
                destination_cidr_block="0.0.0.0/0",
                nat_gateway_id=nats[nat_letter].id,
                opts=child,
            ).id
            for letter, nat_letter in plan.network.nat_for.items()
        ]
        data = self._table("data", self._data)
        s3 = aws.ec2.VpcEndpoint(
            self._named("s3"),
            vpc_id=self.vpc_id,
            service_name=f"com.amazonaws.{plan.config.region}.s3",
            vpc_endpoint_type="Gateway",
            route_table_ids=[*(table.id for table in tables.values()), data.id],
            tags=naming.tags(self._named("s3")),
            opts=child,
        )
        return [*ways_out, s3.id]

    def _nat(self, letter: str, out: aws.ec2.Route) -> aws.ec2.NatGateway:
        name = self._named("nat", letter)
        address = aws.ec2.Eip(name, domain="vpc", tags=naming.tags(name), opts=self._child)
        return aws.ec2.NatGateway(
            name,
            allocation_id=address.id,
            subnet_id=self._public[letter].id,
            tags=naming.tags(name),
            # A NAT gateway made before its subnet has a way out never becomes available.
            opts=ResourceOptions(parent=self, depends_on=[out]),
        )
