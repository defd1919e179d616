"""What the kubelet keeps back, and what is left for pods. One function for the packer and the nodes' kubelets alike.

CPU: 6 % of the first core, 1 % of the second, 0.5 % of the third and fourth, 0.25 % of each further one; memory:
255 MiB + 11 MiB per pod slot; hard eviction at 100 MiB (the formulas of Amazon EKS's images and of Karpenter).
"""

from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from config.types import MemoryAssumption
from sizing.model import Allocatable, InstanceType, MemorySeen, PodResources, Reserves

EVICTION_MEMORY_MIB: Final = 100
HYPERVISOR_SHARE: Final = Decimal("0.075")
"""Share of the catalogue's memory that the operating system never sees: Karpenter's default, an upper estimate."""
ARM_MEMORY_MIB: Final = 64
"""Further MiB that arm64 machines lose (Karpenter)."""
FLAT_SOURCE: Final = "7.5 % less than the catalogue (Karpenter's default)"
WHOLE_SOURCE: Final = "the catalogue, with nothing lost"
DAEMONSET_PODS: Final = 6
"""calico-node, its CSI driver, kube-proxy, EBS node plugin, node exporter and log shipper."""
DAEMONSET: Final = PodResources(cpu_m=350, memory_mib=320)
"""calico-node (250m by its manifests), EBS node plugin, node exporter and log shipper together: an assumption."""

_TENTHS_PER_CORE: Final = ((1, 600), (1, 100), (2, 50))
_TENTHS_BEYOND: Final = 25
"""Reserve per core in tenths of a thousandth of a vCPU, so that 2.5 m stays a whole number."""


def reserves(instance: InstanceType, max_pods: int) -> Reserves:
    """KubeReserved and evictionHard of one node.

    Args:
        instance: the machine.
        max_pods: kubelet maxPods.
    """
    left, tenths = instance.vcpu, 0
    for cores, each in _TENTHS_PER_CORE:
        taken = min(left, cores)
        tenths += taken * each
        left -= taken
    return Reserves(
        kube_cpu_m=(tenths + left * _TENTHS_BEYOND) // 10,
        kube_memory_mib=255 + 11 * max_pods,
        eviction_memory_mib=EVICTION_MEMORY_MIB,
    )


def memory_seen(instance: InstanceType, assumption: MemoryAssumption = "known") -> MemorySeen:
    """Memory that the operating system is taken to have, with its source.

    Args:
        instance: the machine.
        assumption: `known`: what was read on such a machine, or as `flat` where nobody did; `flat`: 7.5 % less than
            the catalogue's, and 64 MiB on arm64; `whole`: the catalogue's.
    """
    whole = instance.memory_gib * 1024
    if assumption == "known" and instance.memory_seen is not None:
        return instance.memory_seen
    if assumption == "whole":
        return MemorySeen(mib=int(whole), source=WHOLE_SOURCE, date="")
    left = whole * (1 - HYPERVISOR_SHARE) - (ARM_MEMORY_MIB if instance.architecture == "arm64" else 0)
    return MemorySeen(mib=int(left.to_integral_value(ROUND_HALF_UP)), source=FLAT_SOURCE, date="")


def allocatable(instance: InstanceType, max_pods: int, assumption: MemoryAssumption = "known") -> Allocatable:
    """What the scheduler may hand out on one node, DaemonSets included: thousandths of a vCPU, MiB, pods."""
    kept = reserves(instance, max_pods)
    return Allocatable(
        cpu_m=instance.vcpu * 1000 - kept.kube_cpu_m,
        memory_mib=memory_seen(instance, assumption).mib - kept.kube_memory_mib - kept.eviction_memory_mib,
        pods=max_pods,
    )


def sustained_cpu_m(instance: InstanceType, max_pods: int) -> int:
    """CPU that services may count on: a burstable type gives what it earns back, not the vCPU it may borrow."""
    share = instance.cpu_baseline_fraction if instance.cpu_baseline_fraction is not None else 1
    return int(instance.vcpu * 1000 * share) - reserves(instance, max_pods).kube_cpu_m
