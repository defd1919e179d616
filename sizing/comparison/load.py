"""The load of a stack in the packer's terms: steady CPU of each service at the peak, its pods, and the platform's.

Replicas are not part of it: they follow from the tolerance.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import ceil

from config.schema import ClusterConfig
from config.types import Basis, Tolerance
from sizing import arithmetic, pods
from sizing.model import PodResources
from sizing.platform import platform_pods
from sizing.traffic import traffic_plans

PLATFORM_GROUP = "platform"
"""Where the platform's pods run when every service has machines of its own."""


@dataclass(frozen=True, kw_only=True)
class ServiceLoad:
    """What one service needs, whatever machines it gets.

    Attributes:
        name: the service.
        pool: its pool in the stack.
        pod: requests of one pod.
        busy_m: steady CPU at the peak, thousandths of a vCPU; None without a measured demand or traffic.
        floor: pods that the stack wants at least.
    """

    name: str
    pool: str
    pod: PodResources
    busy_m: Fraction | None
    floor: int

    def pods_for(self, utilisation: float) -> int:
        """Pods that keep the CPU at or below a utilisation at the peak; 0 where the CPU is not known."""
        if self.busy_m is None:
            return 0
        return ceil(self.busy_m / (self.pod.cpu_m * arithmetic.exact(utilisation)))


def service_loads(
    config: ClusterConfig, requests: Mapping[str, PodResources], basis: Basis
) -> Mapping[str, ServiceLoad]:
    """The load of every service.

    Args:
        config: a configuration that the loader has accepted.
        requests: requests of one pod by service.
        basis: which figure the CPU follows from.
    """
    traffic = traffic_plans(config)
    loads: dict[str, ServiceLoad] = {}
    for name, service in config.services.items():
        known = traffic[name]
        busy = None
        if service.demand is not None and known is not None:
            busy = pods.rate(known, basis) * arithmetic.exact(service.demand.cpu_ms_per_request)
        loads[name] = ServiceLoad(
            name=name, pool=service.pool, pod=requests[name], busy_m=busy, floor=service.replicas.min
        )
    return loads


@dataclass(frozen=True, kw_only=True)
class PlatformLoad:
    """One kind of platform pod: never taken away, brokers never two on one machine."""

    name: str
    pod: PodResources
    count: int
    one_per_node: bool

    def over(self, zones: tuple[str, ...], tolerance: Tolerance) -> Mapping[str, int] | None:
        """Pods by zone where a zone may be lost and there are several of them; None: anywhere."""
        if tolerance != "zone" or self.count < len(zones):
            return None
        return {zone: self.count // len(zones) + (index < self.count % len(zones)) for index, zone in enumerate(zones)}


def platform_loads(config: ClusterConfig) -> tuple[PlatformLoad, ...]:
    """Every pod that the platform itself runs on workers, DaemonSets apart."""
    return tuple(
        PlatformLoad(name=each.name, pod=each.requests, count=each.count, one_per_node=each.one_per_node)
        for each in platform_pods(config)
    )
