"""The one generated settings file of a node: everything that the static programs need to know about it."""

import shlex
from collections.abc import Mapping
from typing import Final

from sizing.model import Plan, SlotPlan
from userdata.parameters import ParameterTree

METADATA_ENDPOINT: Final = "http://169.254.169.254"
FIRST_SLOT: Final = "a"
"""The only slot that may initialise a cluster."""

GIVE_UP_AFTER: Final = 10
"""Failed tries, at least half a minute apart, after which a worker asks to be replaced."""

CONTROL_PLANE_STEPS: Final = (
    "preflight", "packages", "artefacts", "containerd", "volume", "programs", "control-plane", "publish", "maintenance",
)  # fmt: skip
"""In this order. The step `programs` brings the programs of those after it."""
WORKER_STEPS: Final = ("preflight", "packages", "artefacts", "containerd", "worker")


def steps(plan: Plan, of_role: tuple[str, ...]) -> tuple[str, ...]:
    """The steps of a role on the machines of a plan: images are imported only where a mirror holds some."""
    mirror = plan.config.machine.mirror
    if mirror is not None and (mirror.images or mirror.archives):
        after = of_role.index("containerd") + 1
        return (*of_role[:after], "images", *of_role[after:])
    return of_role


def environment_file(settings: Mapping[str, str]) -> str:
    """Settings as shell assignments, sorted by name, every value quoted as the shell needs it."""
    return "".join(f"{name}={shlex.quote(value)}\n" for name, value in sorted(settings.items()))


def control_plane_settings(plan: Plan, slot: SlotPlan) -> dict[str, str]:
    """Settings of one control-plane slot."""
    tree = ParameterTree(cluster=plan.name)
    peers = [str(other.address) for other in plan.control_plane.slots.values() if other.slot != slot.slot]
    return {
        **_common(plan, "control-plane", CONTROL_PLANE_STEPS),
        "ADDRESS": str(slot.address),
        "CONTROL_PLANE_KEY": tree.control_plane_key_alias,
        "MAY_INITIALISE": "yes" if slot.slot == FIRST_SLOT else "no",
        "PARAMETER_CREDENTIAL": tree.credential,
        "PARAMETER_INITIALISED": tree.initialised,
        "PARAMETER_KEYS": tree.keys,
        "PEERS": " ".join(peers),
        "SLOT": slot.slot,
        "WORKER_KEY": tree.worker_key_alias,
    }


def worker_settings(plan: Plan) -> dict[str, str]:
    """Settings of every worker; pools differ in their kubeadm documents only."""
    return {
        **_common(plan, "worker", WORKER_STEPS),
        "AUTOSCALING_ENDPOINT": aws_endpoint("autoscaling", plan.config.region),
        "GIVE_UP_AFTER": str(GIVE_UP_AFTER),
    }


def aws_endpoint(service: str, region: str) -> str:
    """Address of a regional AWS API; China's regions have a domain of their own."""
    domain = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
    return f"https://{service}.{region}.{domain}"


def _common(plan: Plan, role: str, of_role: tuple[str, ...]) -> dict[str, str]:
    tree, mirror = ParameterTree(cluster=plan.name), plan.config.machine.mirror
    in_s3 = mirror is not None and mirror.address.startswith("s3://")
    return {
        **({"S3_ENDPOINT": aws_endpoint("s3", plan.config.region)} if in_s3 else {}),
        "API_NAME": plan.network.api_name,
        "CLUSTER_NAME": plan.name,
        "IMDS_ENDPOINT": METADATA_ENDPOINT,
        "PARAMETER_CLUSTER": tree.cluster_info,
        "PARAMETER_JOIN": tree.join,
        "PARAMETER_STATUS": f"{tree.statuses}/{role}",
        "REGION": plan.config.region,
        "ROLE": role,
        "SSM_ENDPOINT": aws_endpoint("ssm", plan.config.region),
        "STEPS": " ".join(steps(plan, of_role)),
    }
