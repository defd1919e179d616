"""What the peak asks of one service: in pods' worth of its scarcest resource, in replicas, bytes and milliseconds.

Utilisation law, U = X x D / capacity, for every resource that a request holds: CPU, threads, database connections. The
scarcest one sets the number of pods; the CPU request and the autoscaler's target are two sides of the same equation.
"""

import math
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Final

from config.schema import ClusterConfig, Service
from config.types import Basis, Tolerance
from sizing import arithmetic, pods, queueing
from sizing.model import CapacityPlan, PodResources, TrafficPlan

SYNC_SECONDS: Final = 15
"""How often the autoscaler looks (kube-controller-manager --horizontal-pod-autoscaler-sync-period)."""
METRICS_SECONDS: Final = 15
"""How old the figures are that it sees (metrics-server --metric-resolution)."""
CPU_MOST_M: Final = 1000
"""CPU request of a pod that sizing cuts: one vCPU, so that the autoscaler has steps to take and a loss is small."""
STACK_MIB: Final = 1
"""Stack of one thread (the JVM's -Xss on 64-bit Linux)."""
BITS: Final = 8


def pool_tolerance(config: ClusterConfig, pool: str) -> Tolerance:
    """What a pool's services must survive: its own word, or the cluster's."""
    return config.pools[pool].tolerance or config.tolerance


def scale_target(config: ClusterConfig, service: Service) -> int:
    """Target of the autoscaler, % of the CPU request, at least 1.

    Traffic that grows by g a minute is (1 + g L) times as high when help arrives L minutes later; the target leaves
    that much below what is borne: U <= U_fail / (1 + g L), and never more than what counts as comfortable.
    """
    if service.autoscale_cpu_percent is not None:
        return service.autoscale_cpu_percent
    headroom = config.headroom
    lag = (SYNC_SECONDS + METRICS_SECONDS + arithmetic.exact(service.ready_seconds)) / 60
    left = arithmetic.exact(headroom.failed_utilisation) / (1 + arithmetic.exact(headroom.growth_per_minute) * lag)
    return max(1, math.floor(100 * min(arithmetic.exact(headroom.utilisation_target), left)))


def memory_request(service: Service) -> int | None:
    """MiB of one pod by the service's heap rule and measurement, the greater, in steps of 64; None without either.

    Heap rule: heap + what stands beside it + one stack a thread.
    """
    given = service.memory
    if given is None:
        return None
    threads = service.demand.threads if service.demand is not None else None
    by_heap = (
        Fraction(given.heap_mib + given.beside_heap_mib + STACK_MIB * (threads or 0)) if given.heap_mib else Fraction(0)
    )
    by_measure = given.rss_mib * (1 + arithmetic.exact(given.margin)) if given.rss_mib else Fraction(0)
    return math.ceil(max(by_heap, by_measure) / pods.MEMORY_STEP_MIB) * pods.MEMORY_STEP_MIB


@dataclass(frozen=True, kw_only=True)
class Load:
    """What the peak asks of a service, before it is known how many pods carry it.

    Attributes:
        basis: what the rate rests on.
        rate: requests per second at the peak.
        burst: requests in the busiest single seconds of the peak; the rate itself under the basis `stress`.
        cpu_m: thousandths of a vCPU that the rate keeps busy; None without a measured demand.
        worth: pods of which the rate uses up the scarcest resource wholly; 0 without a measured demand.
        scarce: that resource.
        network_mbps: megabits per second in and out.
        disk_mbps: megabits per second to and from volumes.
    """

    basis: Basis
    rate: Fraction
    burst: Fraction
    cpu_m: Fraction | None
    worth: Fraction
    scarce: str
    network_mbps: Fraction
    disk_mbps: Fraction

    @property
    def burst_worth(self) -> Fraction:
        """`worth` in the busiest seconds."""
        return self.worth * self.burst / self.rate if self.rate else Fraction(0)


def load_of(config: ClusterConfig, service: Service, traffic: TrafficPlan | None, pod: PodResources) -> Load:
    """What the peak asks of a service whose pods have this size."""
    basis = config.traffic.basis
    rate = pods.rate(traffic, basis) if traffic is not None else Fraction(0)
    burst = Fraction(traffic.rps_burst) if traffic is not None and basis == "arrival" else rate
    held = dict(_worths(service, pod, rate))
    scarce = max(held, key=lambda name: held[name]) if held else "floor"
    moved = service.transfer
    return Load(
        basis=basis,
        rate=rate,
        burst=max(rate, burst),
        cpu_m=rate * arithmetic.exact(service.demand.cpu_ms_per_request) if service.demand and traffic else None,
        worth=held.get(scarce, Fraction(0)),
        scarce=scarce,
        network_mbps=rate * (moved.request_bytes + moved.response_bytes) * BITS / 10**6 if moved else Fraction(0),
        disk_mbps=rate * moved.disk_bytes * BITS / 10**6 if moved else Fraction(0),
    )


def _worths(service: Service, pod: PodResources, rate: Fraction) -> list[tuple[str, Fraction]]:
    found: list[tuple[str, Fraction]] = []
    demand, connections = service.demand, service.connections
    if demand is not None:
        found.append(("CPU", rate * arithmetic.exact(demand.cpu_ms_per_request) / pod.cpu_m))
        if demand.threads is not None and demand.hold_ms is not None:
            found.append(("threads", rate * arithmetic.exact(demand.hold_ms) / 1000 / demand.threads))
    if connections is not None and connections.hold_ms is not None:
        found.append(("database connections", rate * arithmetic.exact(connections.hold_ms) / 1000 / connections.count))
    return found


def at_peak(config: ClusterConfig, service: Service, load: Load) -> int:
    """Pods that carry the peak comfortably, with room for the autoscaler's lag, and bear its busiest seconds."""
    headroom = config.headroom
    comfortable = min(arithmetic.exact(headroom.utilisation_target), Fraction(scale_target(config, service), 100))
    return max(
        1,
        math.ceil(load.worth / comfortable),
        math.ceil(load.burst_worth / arithmetic.exact(headroom.failed_utilisation)),
    )


def after_loss(config: ClusterConfig, load: Load) -> int:
    """Pods that must be left when a node or zone is lost at the peak."""
    return max(1, math.ceil(load.worth / arithmetic.exact(config.headroom.failed_utilisation)))


def cut_pod(config: ClusterConfig, service: Service, traffic: TrafficPlan | None, least_pods: int) -> PodResources:
    """Size of a pod that nobody gave: its share of the peak's CPU, from 250m to one vCPU; memory by rule or 1 GiB.

    Args:
        config: the configuration.
        service: the service.
        traffic: its traffic.
        least_pods: pods that there are in any case.
    """
    memory = memory_request(service) or pods.FLOOR.memory_mib
    if service.demand is None or traffic is None:
        return PodResources(cpu_m=pods.FLOOR.cpu_m, memory_mib=memory)
    busy_m = pods.rate(traffic, config.traffic.basis) * arithmetic.exact(service.demand.cpu_ms_per_request)
    each = busy_m / arithmetic.exact(config.headroom.utilisation_target) / least_pods
    stepped = math.ceil(each / pods.CPU_STEP_M) * pods.CPU_STEP_M
    return PodResources(cpu_m=min(CPU_MOST_M, max(pods.FLOOR.cpu_m, stepped)), memory_mib=memory)


def capacity_plan(config: ClusterConfig, service: Service, load: Load, pod: PodResources, running: int) -> CapacityPlan:
    """The figures of one service for people and programs.

    Args:
        config: the configuration.
        service: the service.
        load: what the peak asks.
        pod: size of a pod.
        running: pods at the peak.
    """
    return CapacityPlan(
        basis=load.basis,
        rate=arithmetic.to_decimal(load.rate, 3),
        cpu_m=None if load.cpu_m is None else math.ceil(load.cpu_m),
        scarce=load.scarce,
        at_peak=at_peak(config, service, load),
        after_loss=after_loss(config, load),
        ceiling_rps=arithmetic.to_decimal(load.rate / load.worth * running, 1) if load.worth else None,
        utilisation=arithmetic.to_decimal(load.worth / running, 4) if load.worth else None,
        response_ms=_response(service, load, pod, running),
        scale_percent=scale_target(config, service),
        network_mbps=arithmetic.to_decimal(load.network_mbps, 1),
        disk_mbps=arithmetic.to_decimal(load.disk_mbps, 1),
    )


def _response(service: Service, load: Load, pod: PodResources, running: int) -> Decimal | None:
    """Mean response time at the peak, ms: M/M/c over the pod's whole vCPUs, and what a request waits for elsewhere."""
    if service.demand is None or load.cpu_m is None or not load.cpu_m:
        return None
    servers = max(1, pod.cpu_m // 1000)
    busy = load.cpu_m / running / (1000 * servers)
    cost = arithmetic.exact(service.demand.cpu_ms_per_request)
    elsewhere = max(Fraction(0), arithmetic.exact(service.demand.hold_ms or 0) - cost)
    try:
        found = queueing.mmc_response(servers, float(busy), float(cost))
    except queueing.UnstableError:
        return None
    return arithmetic.to_decimal(Fraction(found) + elsewhere, 3)
