"""The control-plane machines: given, or as large as the number of nodes asks for; what burst credits are good for."""

from decimal import Decimal
from fractions import Fraction
from typing import Final

from config.schema import ClusterConfig
from sizing import arithmetic
from sizing.addresses import slot_plans
from sizing.catalogue import load
from sizing.model import ControlPlanePlan, Credits, InstanceType, NetworkPlan
from sizing.pricing.book import machine_price
from sizing.reserves import memory_seen, reserves

STEPS: Final = (
    (5, 2, 4, "m3.medium"),
    (10, 2, 8, "m3.large"),
    (100, 4, 15, "m3.xlarge"),
    (250, 8, 30, "m3.2xlarge"),
    (500, 16, 30, "c4.4xlarge"),
    (5000, 36, 60, "c4.8xlarge"),
)
"""Nodes at most, vCPU and GiB at least, and the type of that size which Kubernetes' own scripts for AWS chose ("Size of
master and master components", kubernetes.io, up to v1.21). The first two are raised to kubeadm's floor of 2 vCPU."""
CREDIT_MINUTES: Final = 60
"""One credit is one vCPU at 100 % for a minute (EC2 user guide, CPU credits)."""
BALANCE_HOURS: Final = 24
"""Hours of earning that a full balance holds."""
SURPLUS_USD: Final = Decimal("0.05")
"""Per vCPU-hour above the baseline under `unlimited`, the default of T3, T3a and T4g (EC2 user guide, Linux)."""


class NoControlPlaneFitsError(Exception):
    """No type of the families is large enough, priced and offered in every slot's zone."""


def size(workers: int) -> tuple[int, int, str]:
    """VCPU and GiB that the control plane of so many workers needs, and the type that the table names for it.

    Raises:
        ValueError: more nodes than Kubernetes is tested with.
    """
    for most, vcpu, memory, named in STEPS:
        if workers <= most:
            return vcpu, memory, named
    raise ValueError(f"{workers} nodes are more than Kubernetes is tested with")


def credits_of(instance: InstanceType) -> Credits | None:
    """What a burstable type earns; None for one that does not burst."""
    share = instance.cpu_baseline_fraction
    if share is None:
        return None
    hourly = Fraction(share) * instance.vcpu * CREDIT_MINUTES
    spent = instance.vcpu * CREDIT_MINUTES - hourly
    return Credits(
        baseline_m=int(Fraction(share) * instance.vcpu * 1000),
        per_hour=int(hourly),
        most=int(hourly * BALANCE_HOURS),
        full_hours=arithmetic.to_decimal(hourly * BALANCE_HOURS / spent, 1),
        surplus_usd_hour=(SURPLUS_USD * instance.vcpu * (1 - share)).normalize(),
    )


def control_plane_plan(config: ClusterConfig, network: NetworkPlan, workers: int) -> ControlPlanePlan:
    """The control-plane machines of a validated configuration.

    Args:
        config: the configuration.
        network: its addresses.
        workers: worker machines.

    Raises:
        NoControlPlaneFitsError: no type was given and none of the families will do.
    """
    given = config.control_plane
    instance, reason = (load()[given.instance_type], "type given") if given.instance_type else chosen(config, workers)
    return ControlPlanePlan(
        instance=instance,
        price=machine_price(config, instance),
        slots=slot_plans(config, network),
        memory=memory_seen(instance, config.headroom.memory),
        reserves=reserves(instance, config.kubernetes.max_pods),
        credits=credits_of(instance),
        workers=workers,
        root_disk_gib=given.root_disk_gib,
        etcd_disk_gib=given.etcd_disk_gib,
        schedulable=given.schedulable,
        reason=given.reason or reason,
    )


def chosen(config: ClusterConfig, workers: int) -> tuple[InstanceType, str]:
    """The cheapest type of the control plane's families that is large enough, and why.

    Raises:
        NoControlPlaneFitsError: there is none.
    """
    vcpu, memory, _ = size(workers)
    given, zones = config.control_plane, set(config.control_plane.slots.values())
    options = [
        (instance.prices[config.region].hour, instance.name, instance)
        for instance in load().values()
        if instance.family in given.families
        and config.region in instance.prices
        and zones <= set(instance.zones.get(config.region, ""))
        and instance.vcpu >= vcpu
        and instance.memory_gib >= memory
        and (given.mean_cpu_m or 0) < instance.vcpu * 1000 * (instance.cpu_baseline_fraction or 1)
    ]
    families = ", ".join(given.families)
    if not options:
        raise NoControlPlaneFitsError(
            f"{workers} workers need {vcpu} vCPU and {memory} GiB in zones {', '.join(sorted(zones))}, and no type of"
            f" {families} has them there"
        )
    _, _, instance = min(options, key=lambda option: option[:2])
    return instance, f"cheapest of {families} with {vcpu} vCPU and {memory} GiB, for {workers} workers"
