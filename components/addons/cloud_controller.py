"""CloudController: tells the cluster which EC2 instance each node is, and makes load balancers."""

from dataclasses import dataclass
from typing import Any

from pulumi import ComponentResource, Resource, ResourceOptions

from components import naming
from components.addons.charts import CLOUD_CONTROLLER
from components.addons.release import helm_release
from components.manifests.parts import CONTROL_PLANE_LABEL, control_plane_toleration
from sizing.model import Plan


@dataclass(frozen=True, kw_only=True)
class CloudControllerArgs:
    """The plan."""

    plan: Plan


class CloudController(ComponentResource):
    """The AWS cloud controller on the control planes, with the machines' own role."""

    ready: Resource

    def __init__(self, name: str, args: CloudControllerArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__(naming.token("addons", "CloudController"), name, {}, opts)
        self.ready = helm_release(
            CLOUD_CONTROLLER,
            namespace="kube-system",
            values=values(args.plan),
            opts=ResourceOptions(parent=self),
        )
        self.register_outputs({})


def values(plan: Plan) -> dict[str, Any]:
    """Chart values.

    The controller shares the host's network (the chart knows the key but does not list it): it has to run
    before there is a pod network, and instance metadata answers one hop far. It tolerates nodes that are not
    ready and not yet known to the cloud provider, because that is what it puts right.
    """
    return {
        "image": {"tag": CLOUD_CONTROLLER.image_tag},
        "hostNetworking": True,
        "dnsPolicy": "Default",
        "nodeSelector": {CONTROL_PLANE_LABEL: ""},
        "args": [
            "--v=2",
            "--cloud-provider=aws",
            f"--cluster-name={plan.name}",
            # Calico hands out pod addresses and routes.
            "--configure-cloud-routes=false",
            "--allocate-node-cidrs=false",
        ],
        "tolerations": [
            {
                "key": "node.cloudprovider.kubernetes.io/uninitialized",
                "operator": "Equal",
                "value": "true",
                "effect": "NoSchedule",
            },
            {"key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoSchedule"},
            control_plane_toleration(),
        ],
    }
