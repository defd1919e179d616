"""What one service's namespace may use."""

from components.manifests.parts import Manifest, metadata, quantities
from sizing.model import Plan


def limit_range(plan: Plan, name: str) -> Manifest:
    """What a container gets that asks for nothing, and the bounds of what one may ask for."""
    quota = plan.quotas[name]
    return {
        "apiVersion": "v1",
        "kind": "LimitRange",
        "metadata": metadata(name, name),
        "spec": {
            "limits": [
                {
                    "type": "Container",
                    "default": quantities(quota.default_limit),
                    "defaultRequest": quantities(quota.default_request),
                    "min": quantities(quota.minimum),
                    "max": quantities(quota.maximum),
                }
            ]
        },
    }


def resource_quota(plan: Plan, name: str) -> Manifest:
    """What the namespace may use together."""
    quota = plan.quotas[name]
    hard = {"pods": str(quota.pods)}
    hard |= {f"requests.{key}": value for key, value in quantities(quota.requests).items()}
    hard |= {f"limits.{key}": value for key, value in quantities(quota.limits).items()}
    return {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": metadata(name, name),
        "spec": {"hard": hard},
    }
