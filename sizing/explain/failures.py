"""What is left of every service when a machine or a whole zone is gone, before anything is started again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from config.types import Basis
from sizing.explain.layout import CONTROL_PLANE, Place, running
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
    groups: list[tuple[Literal["node", "zone"], str, list[Place]]] = [("node", place.key, [place]) for place in workers]
    zones = sorted({place.zone for place in workers})
    groups.extend(("zone", zone, [place for place in workers if place.zone == zone]) for zone in zones)
    busy, before = busy_m(plan, basis), running(workers)
    return tuple(
        Failure(kind=kind, name=name, machines=len(lost), left=_left(plan, before, running(lost), busy))
        for kind, name, lost in groups
    )


def _left(
    plan: Plan, before: Mapping[str, int], lost: Mapping[str, int], busy: Mapping[str, Fraction]
) -> Mapping[str, Left]:
    """What is left of the services that lose a pod, in the plan's order."""
    left: dict[str, Left] = {}
    for service, decided in plan.services.items():
        if lost.get(service, 0):
            pods = before[service] - lost[service]
            share = busy[service] / (pods * decided.requests.cpu_m) if pods and service in busy else None
            left[service] = Left(pods=pods, of=before[service], share=share)
    return left
