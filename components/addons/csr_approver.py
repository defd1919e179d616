"""CsrApprover: signs kubelets' serving certificates, so that nothing has to skip verifying them."""

import re
from dataclasses import dataclass
from typing import Any

from pulumi import ComponentResource, Resource, ResourceOptions

from components import naming
from components.addons.charts import CSR_APPROVER
from components.addons.release import helm_release
from components.manifests.parts import CONTROL_PLANE_LABEL, platform_resources, platform_tolerations
from sizing.model import Plan


@dataclass(frozen=True, kw_only=True)
class CsrApproverArgs:
    """The plan."""

    plan: Plan


class CsrApprover(ComponentResource):
    """Approves a request only if its name, its address and the VPC's resolver agree."""

    ready: Resource

    def __init__(self, name: str, args: CsrApproverArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__(naming.token("addons", "CsrApprover"), name, {}, opts)
        self.ready = helm_release(
            CSR_APPROVER,
            namespace="kube-system",
            values=values(args.plan),
            opts=ResourceOptions(parent=self),
        )
        self.register_outputs({})


def node_names(region: str) -> str:
    """Regular expression of the private names that EC2 gives to machines of a region."""
    domain = "ec2.internal" if region == "us-east-1" else f"{region}.compute.internal"
    return rf"^ip(-\d{{1,3}}){{4}}\.{re.escape(domain)}$"


def values(plan: Plan) -> dict[str, Any]:
    """Chart values. The VPC's own resolver is asked for names: it knows the machines and needs no CoreDNS."""
    return {
        "replicas": 1,
        "providerRegex": node_names(plan.config.region),
        "providerIpPrefixes": [str(plan.network.vpc)],
        "bypassDnsResolution": False,
        "dnsPolicy": "Default",
        "nodeSelector": {CONTROL_PLANE_LABEL: ""},
        "tolerations": platform_tolerations(plan.config),
        "resources": platform_resources(plan.config, "kubelet-csr-approver"),
        "metrics": {"enable": False},
    }
