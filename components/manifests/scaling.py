"""How many pods a service has, and how many may go at once."""

from typing import Final

from components.manifests.parts import Manifest, metadata
from components.manifests.service import selector
from sizing.model import Plan

SCALE_DOWN_SECONDS: Final = 300
"""How long the load must stay low before pods go."""


def autoscaler(plan: Plan, name: str) -> Manifest:
    """The HorizontalPodAutoscaler with the plan's bounds; it waits before it takes pods away."""
    decided = plan.services[name]
    target = {"type": "Utilization", "averageUtilization": decided.capacity.scale_percent}
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": metadata(name, name),
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": name},
            "minReplicas": decided.min_replicas,
            "maxReplicas": decided.max_replicas,
            "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": target}}],
            "behavior": {"scaleDown": {"stabilizationWindowSeconds": SCALE_DOWN_SECONDS}},
        },
    }


def disruption_budget(plan: Plan, name: str) -> Manifest | None:
    """One pod at a time may be evicted; None for a service that rests at one pod, where no drain could pass."""
    if plan.services[name].min_replicas < 2:  # noqa: PLR2004 - the second pod is what makes an eviction harmless
        return None
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": metadata(name, name),
        "spec": {
            "maxUnavailable": 1,
            "unhealthyPodEvictionPolicy": "AlwaysAllow",
            "selector": {"matchLabels": selector(name)},
        },
    }
