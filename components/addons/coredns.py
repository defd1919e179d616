"""CoreDns: the times of the configuration in the Corefile that kubeadm made."""

from dataclasses import dataclass

from pulumi import ComponentResource, Resource, ResourceOptions

from components import naming
from components.manifests.coredns import coredns_config_map
from components.objects import kubernetes_patch
from sizing.model import Plan


@dataclass(frozen=True, kw_only=True)
class CoreDnsArgs:
    """The plan."""

    plan: Plan


class CoreDns(ComponentResource):
    """Takes the Corefile over from kubeadm; CoreDNS reloads it by itself, kubeadm keeps it in upgrades."""

    ready: Resource

    def __init__(self, name: str, args: CoreDnsArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__(naming.token("addons", "CoreDns"), name, {}, opts)
        self.ready = kubernetes_patch(coredns_config_map(args.plan.config.network.dns), ResourceOptions(parent=self))
        self.register_outputs({})
