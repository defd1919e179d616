"""EbsCsi: EBS volumes for pods, and the StorageClasses that describe them."""

from dataclasses import dataclass
from typing import Any, Final

from pulumi import ComponentResource, Resource, ResourceOptions

from components import naming
from components.addons.charts import EBS_CSI
from components.addons.release import helm_release
from components.manifests.parts import CONTROL_PLANE_LABEL, Manifest, control_plane_toleration, metadata
from components.manifests.storage import ebs_classes
from components.objects import kubernetes_object, kubernetes_patch
from sizing.model import Plan

NAMESPACE: Final = "kube-system"
CONTROLLER: Final = "ebs-csi-controller"
"""Name that the chart gives to the controller's Deployment."""
MOST_REPLICAS: Final = 2


@dataclass(frozen=True, kw_only=True)
class EbsCsiArgs:
    """The plan."""

    plan: Plan


class EbsCsi(ComponentResource):
    """The EBS driver with its controller on the control planes, under the machines' own role.

    Instance metadata answers one hop far, so the controller reaches the role only on the host's network. The
    driver allows that, its chart has no value for it: the Deployment is patched after the release. Until then
    the controller's probe fails for want of credentials: the patch waits for the pods, the release does not.
    """

    ready: Resource
    """The controller, able to make volumes."""

    storage_classes: list[Resource]

    def __init__(self, name: str, args: EbsCsiArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__(naming.token("addons", "EbsCsi"), name, {}, opts)
        release = helm_release(
            EBS_CSI,
            namespace=NAMESPACE,
            values=values(args.plan),
            opts=ResourceOptions(parent=self),
            wait=False,
        )
        self.ready = kubernetes_patch(controller_patch(), ResourceOptions(parent=self, depends_on=[release]))
        after = ResourceOptions(parent=self, depends_on=[self.ready])
        self.storage_classes = [kubernetes_object(each, after) for each in ebs_classes()]
        self.register_outputs({})


def controller_patch() -> Manifest:
    """The one field of the controller that the chart leaves out."""
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": metadata(CONTROLLER, NAMESPACE),
        "spec": {"template": {"spec": {"hostNetwork": True}}},
    }


def values(plan: Plan) -> dict[str, Any]:
    """Chart values.

    Node plugins stay on the pod network and learn what they need from the Kubernetes API, out of reach of the
    metadata service. Controllers share ports on the host, so there is at most one per control plane.
    """
    return {
        "controller": {
            "region": plan.config.region,
            "k8sTagClusterId": plan.name,
            "extraVolumeTags": naming.default_tags(plan),
            "replicaCount": min(MOST_REPLICAS, len(plan.control_plane.slots)),
            "nodeSelector": {CONTROL_PLANE_LABEL: ""},
            "tolerations": [
                control_plane_toleration(),
                {"key": "CriticalAddonsOnly", "operator": "Exists"},
                {"operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300},
            ],
        },
        "node": {"metadataSources": "kubernetes", "enableWindows": False},
        "helmTester": {"enabled": False},
    }
