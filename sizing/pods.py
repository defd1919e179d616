"""What one pod of each service asks for, and the quota of its namespace."""

from collections.abc import Mapping
from fractions import Fraction
from typing import Final

from config.schema import ClusterConfig, Service
from config.types import Basis
from sizing.model import PodResources, QuotaPlan, TrafficPlan

CPU_STEP_M: Final = 50
MEMORY_STEP_MIB: Final = 64
MINIMUM: Final = PodResources(cpu_m=50, memory_mib=64)
"""Smallest pod that a namespace's LimitRange admits."""
FLOOR: Final = PodResources(cpu_m=250, memory_mib=1024)
"""A pod of a service that names no resources and has no node to share: room for a small JVM."""
SURGE: Final = 1
"""Pods that a rolling update adds: maxSurge of every Deployment."""
JOB: Final = PodResources(cpu_m=100, memory_mib=128)
"""Room for one Job, such as the one that seeds a database."""
CPU_LIMIT_FACTOR: Final = 2


def room(most: int) -> int:
    """Pods that may run at once: the autoscaler's maximum and one surge pod."""
    return most + SURGE


def part(count: int, index: int, parts: int) -> int:
    """Even split; what is left over goes to the first parts."""
    return count // parts + (1 if index < count % parts else 0)


def share_of_node(free: PodResources, pods: int, jobs: int) -> PodResources:
    """An equal share of a node's free CPU and memory, rounded down to steps of 50m and 64 MiB.

    Args:
        free: what services may use of one node.
        pods: pods that share the node at most, surge included.
        jobs: Jobs that may run beside them.
    """
    cpu = (free.cpu_m - jobs * JOB.cpu_m) // pods // CPU_STEP_M * CPU_STEP_M
    memory = (free.memory_mib - jobs * JOB.memory_mib) // pods // MEMORY_STEP_MIB * MEMORY_STEP_MIB
    return PodResources(cpu_m=max(cpu, 0), memory_mib=max(memory, 0))


def rate(traffic: TrafficPlan, basis: Basis) -> Fraction:
    """Requests per second that nodes are judged by."""
    return Fraction(traffic.rps_peak_exact if basis == "arrival" else traffic.tps_target.high)


def limits(requests: PodResources) -> PodResources:
    """Twice the CPU, so that a pod may burst; the same memory, so that a node never runs out of it."""
    return PodResources(cpu_m=CPU_LIMIT_FACTOR * requests.cpu_m, memory_mib=requests.memory_mib)


def needs_job(config: ClusterConfig, service: Service) -> bool:
    """A service with a database that the stack makes may run the Job that seeds it."""
    return service.database is not None and config.databases[service.database].create is not None


def needed(config: ClusterConfig, service: Service, requests: PodResources, most: int) -> PodResources:
    """Requests of all pods that may run at once: the autoscaler's maximum, one surge pod and, where needed, one Job."""
    pods, jobs = room(most), int(needs_job(config, service))
    return PodResources(
        cpu_m=pods * requests.cpu_m + jobs * JOB.cpu_m,
        memory_mib=pods * requests.memory_mib + jobs * JOB.memory_mib,
    )


def quota(config: ClusterConfig, service: Service, requests: PodResources, replicas: int) -> QuotaPlan:
    """LimitRange and ResourceQuota: the autoscaler's maximum plus one surge pod plus, where needed, one Job.

    Args:
        config: the configuration.
        service: the service.
        requests: requests of one pod.
        replicas: pods at most.
    """
    given, least = service.quota, needed(config, service, requests, replicas)
    total = PodResources(cpu_m=given.cpu_m, memory_mib=given.memory_mib) if given else least
    most = limits(requests)
    return QuotaPlan(
        default_request=requests,
        default_limit=most,
        minimum=MINIMUM,
        maximum=PodResources(
            cpu_m=max(most.cpu_m, CPU_LIMIT_FACTOR * JOB.cpu_m), memory_mib=max(most.memory_mib, JOB.memory_mib)
        ),
        pods=room(replicas) + needs_job(config, service),
        requests=total,
        limits=PodResources(cpu_m=CPU_LIMIT_FACTOR * total.cpu_m, memory_mib=total.memory_mib),
    )


def wanted(config: ClusterConfig, quotas: Mapping[str, QuotaPlan], pool: str) -> PodResources:
    """Sum of the quotas of all services of one pool."""
    names = [name for name, service in config.services.items() if service.pool == pool]
    return PodResources(
        cpu_m=sum(quotas[name].requests.cpu_m for name in names),
        memory_mib=sum(quotas[name].requests.memory_mib for name in names),
    )
