"""A small stack in the shape of a cluster: a network, chained control-plane slots, a gate, and objects behind it.

It uses type tokens without the providers' SDKs, so that a run of it takes about as long as the engine itself.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
from pulumi import ComponentResource, CustomResource, Output, ProviderResource, ResourceOptions

config = pulumi.Config()


class Resource(CustomResource):
    """Any resource of any package: its inputs, and the computed properties that are read later."""

    def __init__(
        self, token: str, name: str, inputs: Mapping[str, Any], opts: ResourceOptions, reads: Sequence[str] = ()
    ) -> None:
        super().__init__(token, name, {**inputs, **dict.fromkeys(reads)}, opts)

    def read(self, key: str) -> Output[Any]:
        """One of the computed properties."""
        return pulumi.get(self, key)


aws = ProviderResource("aws", "aws", {"region": "ap-northeast-2"})
command = ProviderResource("command", "command", {})


def resource(token: str, name: str, inputs: Mapping[str, Any], reads: Sequence[str] = (), **options: Any) -> Resource:
    return Resource(token, name, inputs, ResourceOptions(**options), reads)


class Slot(ComponentResource):
    """A slot owns a network interface and a volume; its instance may be replaced between them."""

    def __init__(self, letter: str, subnet: Resource, before: "Slot | None") -> None:
        super().__init__("slots:index:Slot", letter)
        interface = resource(
            "aws:ec2/networkInterface:NetworkInterface",
            letter,
            {"subnetId": subnet.id, "privateIps": [f"10.0.0.1{ord(letter) - ord('a')}"]},
            parent=self,
            provider=aws,
        )
        volume = resource(
            "aws:ebs/volume:Volume", letter, {"availabilityZone": f"ap-northeast-2{letter}"}, parent=self, provider=aws
        )
        instance = resource(
            "aws:ec2/instance:Instance",
            letter,
            {
                "ami": "ami-0123456789abcdef0",
                "networkInterfaces": [{"deviceIndex": 0, "networkInterfaceId": interface.id}],
                "userData": config.get("userData") or "first",
                "userDataReplaceOnChange": True,
            },
            parent=self,
            provider=aws,
            delete_before_replace=True,
            depends_on=[before.attachment] if before else [],
        )
        self.attachment = resource(
            "aws:ec2/volumeAttachment:VolumeAttachment",
            letter,
            {"instanceId": instance.id, "volumeId": volume.id, "deviceName": "/dev/sdf"},
            parent=self,
            provider=aws,
            delete_before_replace=True,
        )
        self.register_outputs({})


vpc = resource("aws:ec2/vpc:Vpc", "vpc", {"cidrBlock": "10.0.0.0/16"}, provider=aws)
subnet = resource("aws:ec2/subnet:Subnet", "subnet", {"vpcId": vpc.id, "cidrBlock": "10.0.0.0/24"}, provider=aws)
balancer = resource(
    "aws:lb/loadBalancer:LoadBalancer",
    "api",
    {"loadBalancerType": "network", "subnets": [subnet.id]},
    ["dnsName"],
    provider=aws,
)
last: Slot | None = None
for slot in (config.get("slots") or "a").split(","):
    last = Slot(slot, subnet, last)
assert last

password = config.require_secret("password")
gate = resource(
    "command:local:Command",
    "gate",
    {"create": "true", "environment": {"PASSWORD": password}, "triggers": [last.attachment.id]},
    ["stdout"],
    provider=command,
)
kubernetes = ProviderResource(
    "kubernetes",
    "kubernetes",
    {
        "kubeconfig": Output.secret(Output.concat("server: https://", balancer.read("dnsName"), ":6443")),
        "clusterIdentifier": "slots",
    },
    ResourceOptions(depends_on=[gate]),
)
namespace = resource(
    "kubernetes:core/v1:Namespace",
    "app",
    {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "app"}},
    provider=kubernetes,
)
resource(
    "kubernetes:core/v1:Secret",
    "database",
    {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "database", "namespace": "app"},
        "stringData": {"password": password},
    },
    provider=kubernetes,
    depends_on=[namespace],
)
pulumi.export("endpoint", balancer.read("dnsName"))
pulumi.export("said", gate.read("stdout"))
