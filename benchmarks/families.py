"""Packing problems of stated size from a seed: random services on the catalogue's machines in Seoul.

Services have 2-12 replicas of 0.1-2 vCPU and 1-6 GiB per vCPU, at most a third of them on one node. Machines lose the
kubelet's reserves at 110 pods and one set of DaemonSets. Burstable types are left out: as workers they count at their
baseline and never pay.
"""

import random
from decimal import Decimal
from typing import Final

from sizing import catalogue
from sizing.model import InstanceType
from sizing.packing import Machine, Pods, Problem
from sizing.reserves import DAEMONSET, HYPERVISOR_SHARE, reserves

MAX_PODS: Final = 110
ZONES: Final = ("a", "b", "c", "d")
X86: Final = ("c5a", "c6i", "c7i", "m5a", "r5a")
"""Families of x86 machines with a price in Seoul, without burstable ones and the retired c4."""
LARGEST_VCPU: Final = 16
"""4xlarge."""
CPU_GRID_M: Final = 50
MEMORY_GRID_MIB: Final = 64
FIVE_SERVICES: Final = (
    ("gateway", 4, 1000, 2048),
    ("planner", 3, 1000, 2048),
    ("accommodation", 6, 1000, 2048),
    ("member", 1, 500, 1536),
    ("payment", 1, 500, 1536),
)
"""The travel platform at its stress targets without tolerance: pods, thousandths of a vCPU and MiB each."""


def machine(instance: InstanceType, *, unseen: Decimal = HYPERVISOR_SHARE) -> Machine:
    """What one on-demand machine in Seoul leaves for services.

    Args:
        instance: a type with a price in Seoul.
        unseen: share of the catalogue's memory that the operating system never sees.
    """
    kept = reserves(instance, MAX_PODS)
    memory = round(instance.memory_gib * 1024 * (1 - unseen)) - kept.kube_memory_mib - kept.eviction_memory_mib
    return Machine(
        name=instance.name,
        type=instance.name,
        cpu_m=instance.vcpu * 1000 - kept.kube_cpu_m - DAEMONSET.cpu_m,
        memory_mib=memory - DAEMONSET.memory_mib,
        pods=MAX_PODS,
        price=instance.prices[catalogue.SEOUL].hour,
        zones=frozenset(instance.zones[catalogue.SEOUL]),
    )


def machines(
    families: tuple[str, ...] = X86, *, largest_vcpu: int = LARGEST_VCPU, unseen: Decimal = HYPERVISOR_SHARE
) -> tuple[Machine, ...]:
    """All machines of some families that have a price in Seoul."""
    return tuple(
        machine(instance, unseen=unseen)
        for instance in catalogue.load().values()
        if instance.family in families and instance.vcpu <= largest_vcpu and catalogue.SEOUL in instance.prices
    )


def services(count: int, seed: int, *, sizes: int | None = None) -> tuple[Pods, ...]:
    """Random services; equal arguments give equal services, and more sizes never change the replicas.

    Args:
        count: how many.
        seed: names the instance.
        sizes: how many different pod sizes they share; None: each service draws its own.
    """
    draw = random.Random(f"sizes {seed}")  # noqa: S311 - instances must repeat, not be secret
    drawn = [_size(draw) for _ in range(sizes or count)]
    deal = random.Random(f"services {seed}")  # noqa: S311 - as above
    pods: list[Pods] = []
    for index in range(count):
        replicas = deal.randint(2, 12)
        cpu, memory = deal.choice(drawn) if sizes else drawn[index]
        name = f"service-{index:03}"
        pods.append(Pods(name=name, cpu_m=cpu, memory_mib=memory, count=replicas, per_node=-(-replicas // 3)))
    return tuple(pods)


def _size(draw: random.Random) -> tuple[int, int]:
    cpu = draw.randint(100 // CPU_GRID_M, 2000 // CPU_GRID_M) * CPU_GRID_M
    memory = round(cpu / 1000 * draw.uniform(1, 6) * 1024 / MEMORY_GRID_MIB) * MEMORY_GRID_MIB
    return cpu, memory


def family(
    count: int,
    seed: int,
    *,
    sizes: int | None = None,
    families: tuple[str, ...] = X86,
    largest_vcpu: int = LARGEST_VCPU,
) -> Problem:
    """One instance of a family, without zones."""
    offered = machines(families, largest_vcpu=largest_vcpu)
    return Problem(pods=services(count, seed, sizes=sizes), machines=offered, zones=ZONES)


def five_services(
    families: tuple[str, ...] = X86, *, unseen: Decimal = HYPERVISOR_SHARE, across: tuple[str, ...] = ()
) -> Problem:
    """The travel platform at its stress targets (15 pods), or spread over three zones (21 pods).

    Args:
        families: what may be bought.
        unseen: share of memory lost to the hypervisor; 0 gives the figures that leave it out.
        across: zones to spread over evenly; each service then has at least one pod in each.
    """
    pods: list[Pods] = []
    for name, count, cpu, memory in FIVE_SERVICES:
        each = -(-count // len(across)) if across else 0
        zones = dict.fromkeys(across, each) if across else None
        pods.append(
            Pods(name=name, cpu_m=cpu, memory_mib=memory, count=each * len(across) if across else count, zones=zones)
        )
    return Problem(pods=tuple(pods), machines=machines(families, unseen=unseen), zones=across or ZONES)
