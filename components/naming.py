"""Type tokens, logical names and tags. Names come from identities (zone, pool, slot), never from positions."""

from config.rules_names import BALANCER_NAME, RANDOM_SUFFIX
from sizing.model import Plan


def token(module: str, kind: str) -> str:
    """Type token of one of our components."""
    return f"groundswell:{module}:{kind}"


def name(plan: Plan, part: str, *keys: str) -> str:
    """Logical name `<cluster>-<part>[-<key>...]`."""
    return "-".join((plan.name, part, *keys))


def balancer_name(plan: Plan, part: str) -> str:
    """Logical name of a load balancer or target group.

    Raises:
        ValueError: with Pulumi's suffix it would be longer than AWS allows.
    """
    result = name(plan, part)
    if len(result) + RANDOM_SUFFIX > BALANCER_NAME:
        raise ValueError(f"{result} is too long: at most {BALANCER_NAME - RANDOM_SUFFIX} characters")
    return result


def cluster_tag(plan: Plan) -> str:
    """The tag key by which the AWS cloud controller knows its cluster's resources."""
    return f"kubernetes.io/cluster/{plan.name}"


def default_tags(plan: Plan) -> dict[str, str]:
    """Tags that the AWS provider puts on everything it makes."""
    return {**plan.config.tags, "groundswell:cluster": plan.name, "groundswell:stack": plan.stack}


def tags(resource: str, **extra: str) -> dict[str, str]:
    """The human name of one resource."""
    return {"Name": resource, **extra}


def owned_tags(plan: Plan, resource: str, **extra: str) -> dict[str, str]:
    """Tags of a resource that belongs to the cluster in the cloud controller's sense."""
    return tags(resource, **{cluster_tag(plan): "owned"}, **extra)


def machine_tags(plan: Plan, resource: str, **extra: str) -> dict[str, str]:
    """Tags of machines and their volumes: launch templates and groups do not hand on the provider's defaults."""
    return {**default_tags(plan), **owned_tags(plan, resource, **extra)}
