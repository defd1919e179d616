"""Service demand by the utilisation law, D = U x capacity / X, over one or several runs (Lazowska et al. 1984, ch. 3).

With several loads that lie far enough apart, busy = idle + D x X is fitted by least squares, so that what runs without
requests is not charged to them. Otherwise D is the mean of the runs' own ratios, which is the least-squares line
through 0 with errors in proportion to the load.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Final

from config.calibration import Method, Resource, Series

LOADS_FOR_LINE: Final = 3
"""Different loads that a line needs; two always lie on one."""
SAME_LOAD: Final = 0.10
"""Loads closer together than this count as one."""
SPAN_FOR_LINE: Final = 2.0
"""Highest over lowest load from which an intercept can be told from noise."""
_MS: Final = 1000.0
_PER_REQUEST: Final[Mapping[Resource, float]] = {"threads": _MS, "connections": _MS, "network": 1.0, "ebs": 1.0}
"""Unit of `per_request`: ms of one thread or connection, megabits of network and EBS traffic."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """busy = idle + each x rate, in units of the capacity.

    Attributes:
        each: what one request per second keeps busy.
        idle: what is busy without requests.
        method: `line` with an intercept, `ratio` without.
        note: why there is no intercept, where one was tried; else empty.
    """

    each: float
    idle: float
    method: Method
    note: str = ""


def line(rates: Sequence[float], busy: Sequence[float]) -> Line:
    """Fit busy amounts over rates.

    Args:
        rates: requests per second of each run, above 0.
        busy: busy amount of each run, in units of the capacity: vCPU, threads, Mb/s.
    """
    ratio = Line(each=fmean(amount / rate for rate, amount in zip(rates, busy, strict=True)), idle=0.0, method="ratio")
    if len(_loads(rates)) < LOADS_FOR_LINE or max(rates) < SPAN_FOR_LINE * min(rates):
        return ratio
    middle, level = fmean(rates), fmean(busy)
    spread = sum((rate - middle) ** 2 for rate in rates)
    each = sum((rate - middle) * (amount - level) for rate, amount in zip(rates, busy, strict=True)) / spread
    idle = level - each * middle
    if each <= 0 or idle < 0:
        note = f"least squares gives {each:.4g} a request/s and {idle:.4g} idle, which cannot be: the ratio is used"
        return Line(each=ratio.each, idle=0.0, method="ratio", note=note)
    return Line(each=each, idle=idle, method="line")


def _loads(rates: Sequence[float]) -> list[float]:
    """Different loads, lowest of each group."""
    found: list[float] = []
    for rate in sorted(rates):
        if not found or rate > found[-1] * (1 + SAME_LOAD):
            found.append(rate)
    return found


@dataclass(frozen=True, kw_only=True)
class CpuFit:
    """CPU time of a request on one base: ms of one vCPU, and vCPU that are busy without requests."""

    base_vcpu: float
    ms_per_request: float
    idle_vcpu: float
    method: Method
    note: str


def cpu(rates: Sequence[float], shares: Sequence[float], bases: Sequence[float]) -> tuple[CpuFit, ...]:
    """Fit CPU time on every base, the dearest first: nothing is promised that one of them denies."""
    fits: list[CpuFit] = []
    for base in sorted(set(bases), reverse=True):
        fitted = line(rates, [share * base for share in shares])
        fits.append(
            CpuFit(
                base_vcpu=base,
                ms_per_request=fitted.each * _MS,
                idle_vcpu=fitted.idle,
                method=fitted.method,
                note=fitted.note,
            )
        )
    return tuple(fits)


@dataclass(frozen=True, kw_only=True)
class OccupancyFit:
    """What a request takes of a resource, and the rate at which all of it is taken."""

    resource: Resource
    capacity: float
    per_request: float
    idle: float
    method: Method
    note: str

    @property
    def rps_max(self) -> float:
        """Requests per second that take all of the capacity."""
        return (self.capacity - self.idle) / (self.per_request / _PER_REQUEST[self.resource])


def occupancy(resource: Resource, capacity: float, rates: Sequence[float], shares: Sequence[float]) -> OccupancyFit:
    """Fit what one request takes of a resource from its busy shares."""
    fitted = line(rates, [share * capacity for share in shares])
    return OccupancyFit(
        resource=resource,
        capacity=capacity,
        per_request=fitted.each * _PER_REQUEST[resource],
        idle=fitted.idle,
        method=fitted.method,
        note=fitted.note,
    )


def hold(resource: Resource, capacity: float, rates: Sequence[float]) -> OccupancyFit:
    """Fit the time that a request holds a thread or connection from runs in which all of them were taken.

    At the ceiling each of m threads serves one request after the other, so X = m / hold.
    """
    return occupancy(resource, capacity, rates, [1.0] * len(rates))


def disagreeing(shares: Mapping[Series, float], tolerance: float = SAME_LOAD) -> bool:
    """Whether series of the same moment lie further apart than `tolerance` of the larger one."""
    return len(shares) > 1 and max(shares.values()) - min(shares.values()) > tolerance * max(shares.values())
