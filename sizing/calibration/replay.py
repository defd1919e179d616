"""What the fitted model says of a run: the measure of how far it may be believed."""

from dataclasses import dataclass

from sizing.calibration.fit import CpuFit, OccupancyFit
from sizing.calibration.steady import Steady


@dataclass(frozen=True, kw_only=True)
class Closed:
    """Rate (requests/s) and response time (ms) of a closed test by its asymptotic bounds."""

    rps: float
    response_ms: float


def cpu_share(rps: float, cpu: CpuFit) -> float:
    """CPU share at a rate: U = (idle + X D) / base."""
    return (cpu.idle_vcpu + rps * cpu.ms_per_request / 1000) / cpu.base_vcpu


def closed(part: Steady, ceiling: OccupancyFit) -> Closed:
    """A closed test of N users against m threads that each hold a request for S (Denning and Buzen 1978).

    X = min(m / S, N / (S + Z)) and R = N / X - Z: up to m users find a free thread, more of them queue.
    """
    free = part.users * 1000 / (ceiling.per_request + part.think_ms)
    rps = min(ceiling.rps_max, free)
    return Closed(rps=rps, response_ms=part.users * 1000 / rps - part.think_ms)
