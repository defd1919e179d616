"""MetricsServer: CPU and memory of pods and nodes, for `kubectl top` and the autoscalers."""

from dataclasses import dataclass
from typing import Any

from pulumi import ComponentResource, Resource, ResourceOptions

from components import naming
from components.addons.charts import METRICS_SERVER
from components.addons.release import helm_release
from components.manifests.parts import platform_resources, platform_tolerations
from sizing.model import Plan


@dataclass(frozen=True, kw_only=True)
class MetricsServerArgs:
    """The plan."""

    plan: Plan


class MetricsServer(ComponentResource):
    """Reads every kubelet over verified TLS."""

    ready: Resource

    def __init__(self, name: str, args: MetricsServerArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__(naming.token("addons", "MetricsServer"), name, {}, opts)
        self.ready = helm_release(
            METRICS_SERVER,
            namespace="kube-system",
            values=values(args.plan),
            opts=ResourceOptions(parent=self),
        )
        self.register_outputs({})


def values(plan: Plan) -> dict[str, Any]:
    """Chart values. The chart's arguments stay: kubelets' certificates are signed by the cluster's own CA."""
    return {
        "tolerations": platform_tolerations(plan.config),
        "resources": platform_resources(plan.config, "metrics-server"),
    }
