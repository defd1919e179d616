"""What is left of every service when a machine or a whole zone is gone, before anything is started again."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from config.types import Basis
from sizing.explain.layout import CONTROL_PLANE, Place
from sizing.explain.limits import busy_m
from sizing.model import Plan


@dataclass(frozen=True, kw_only=True)
class Left:
    """What is left of one service.

    Attributes:
        pods: pods that still run.
        of: pods that ran before.
        share: CPU that they keep busy over their requests; None without a measured demand, or without pods.
    """

    pods: int
    of: int
    share: Fraction | None


@dataclass(frozen=True, kw_only=True)
class Failure:
    """One machine or zone lost at the peak.

    Attributes:
        kind: what is lost.
        name: key of the machine, or letter of the zone.
        machines: how many are lost with it.
        left: services that lose a pod.
    """

    kind: Literal["node", "zone"]
    name: str
    machines: int
    left: Mapping[str, Left]

    @property
    def down(self) -> tuple[str, ...]:
        """Services without any pod left."""
        return tuple(name for name, left in self.left.items() if not left.pods)


def failures(plan: Plan, places: Sequence[Place], basis: Basis) -> tuple[Failure, ...]:
    """Every worker and every zone with workers, each lost alone, while all services carry their peak."""
    workers = [place for place in places if place.pool != CONTROL_PLANE]
    busy = busy_m(plan, basis)
    zones = sorted({place.zone for place in workers})
    return tuple(
        [
            Failure(kind="node", name=place.key, machines=1, left=_left(plan, workers, {place.key}, busy))
            for place in workers
        ]
        + [
            Failure(kind="zone", name=zone, machines=len(keys), left=_left(plan, workers, keys, busy))
            for zone in zones
            for keys in [{place.key for place in workers if place.zone == zone}]
        ]
    )


def _left(
    plan: Plan, workers: Sequence[Place], lost: AbstractSet[str], busy: Mapping[str, Fraction]
) -> Mapping[str, Left]:
    left: dict[str, Left] = {}
    for service, decided in plan.services.items():
        before = sum(place.count(service) for place in workers)
        after = sum(place.count(service) for place in workers if place.key not in lost)
        if after < before:
            share = busy[service] / (after * decided.requests.cpu_m) if after and service in busy else None
            left[service] = Left(pods=after, of=before, share=share)
    return left
