"""Every machine of a plan with the pods on it.

Where machines were chosen by hand Kubernetes decides where pods go; the layout then shows one placement that its rules
allow: a service's pods spread over the machines of its pool, the platform's pods where most memory is free. Of a pool
that sizing packed it shows the packing.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final, Literal

from sizing.model import InstanceType, NodeGroup, PackingPlan, Plan, PodResources, PoolPlan, Price
from sizing.packed import platform_pool
from sizing.platform import platform_pods
from sizing.rehearsal import PLATFORM_PREFIX
from sizing.reserves import DAEMONSET, allocatable

CONTROL_PLANE: Final = "control plane"
Kind = Literal["service", "platform"]

STATIC_PODS: Final[Mapping[str, PodResources]] = {
    "kube-apiserver": PodResources(cpu_m=250, memory_mib=0),
    "kube-controller-manager": PodResources(cpu_m=200, memory_mib=0),
    "kube-scheduler": PodResources(cpu_m=100, memory_mib=0),
    "etcd": PodResources(cpu_m=100, memory_mib=100),
}
"""Requests in the manifests that kubeadm writes."""


@dataclass(frozen=True, kw_only=True)
class Box:
    """Equal pods on one machine."""

    name: str
    kind: Kind
    count: int
    each: PodResources


@dataclass(frozen=True, kw_only=True)
class Place:
    """One machine: what pods may use of it, and the pods that are there.

    Attributes:
        key: identity within the plan: pool, zone and a number.
        pool: name of its pool, or `CONTROL_PLANE`.
        zone: zone letter, or several where its group spans them.
        allocatable: what the scheduler may hand out, DaemonSets included.
    """

    key: str
    pool: str
    zone: str
    instance: InstanceType
    price: Price
    allocatable: PodResources
    slots: int
    boxes: tuple[Box, ...]

    @property
    def requested(self) -> PodResources:
        """Requests of everything on it, DaemonSets included."""
        return PodResources(
            cpu_m=DAEMONSET.cpu_m + sum(box.count * box.each.cpu_m for box in self.boxes),
            memory_mib=DAEMONSET.memory_mib + sum(box.count * box.each.memory_mib for box in self.boxes),
        )

    @property
    def pods(self) -> int:
        """Pods on it without DaemonSets."""
        return sum(box.count for box in self.boxes)

    def count(self, service: str) -> int:
        """Pods of one service on it."""
        return sum(box.count for box in self.boxes if box.kind == "service" and box.name == service)


@dataclass(kw_only=True)
class _Open:
    """A machine that is being filled."""

    key: str
    pool: str
    zone: str
    instance: InstanceType
    price: Price
    room: PodResources
    slots: int
    boxes: list[Box] = field(default_factory=list[Box])

    def free(self) -> PodResources:
        return PodResources(
            cpu_m=self.room.cpu_m - DAEMONSET.cpu_m - sum(box.count * box.each.cpu_m for box in self.boxes),
            memory_mib=self.room.memory_mib
            - DAEMONSET.memory_mib
            - sum(box.count * box.each.memory_mib for box in self.boxes),
        )

    def closed(self) -> Place:
        return Place(
            key=self.key,
            pool=self.pool,
            zone=self.zone,
            instance=self.instance,
            price=self.price,
            allocatable=self.room,
            slots=self.slots,
            boxes=tuple(self.boxes),
        )


def layout(plan: Plan) -> tuple[Place, ...]:
    """Control planes first, then the pools in the plan's order; every service with its most pods."""
    workers = [machine for pool in plan.pools.values() for machine in _machines(pool)]
    for name, service in plan.services.items():
        own = [machine for machine in workers if plan.pools[machine.pool].pool == service.pool]
        if service.pool in plan.packings:
            continue
        for machine, count in zip(own, _spread(service.max_replicas, len(own)), strict=True):
            if count:
                machine.boxes.append(Box(name=name, kind="service", count=count, each=service.requests))
    for packing in plan.packings.values():
        _unpack(plan, packing, workers)
    if platform_pool(plan.config) is None:
        _place_platform(plan, [machine for machine in workers if not plan.pools[machine.pool].spot])
    return tuple(machine.closed() for machine in (*_control_planes(plan), *workers))


def _machines(pool: PoolPlan) -> Iterator[_Open]:
    room = pool.allocatable
    for group, number in _numbered(pool.groups):
        yield _Open(
            key=f"{pool.name}-{group.key}-{number}",
            pool=pool.name,
            zone=",".join(group.zones),
            instance=pool.instance,
            price=pool.price,
            room=PodResources(cpu_m=room.cpu_m, memory_mib=room.memory_mib),
            slots=room.pods,
        )


def _unpack(plan: Plan, packing: PackingPlan, workers: Sequence[_Open]) -> None:
    """Put the pods of a packing on the machines that were chosen for them; room for a surge pod stays room."""
    platform = {f"{PLATFORM_PREFIX}{pod.name}": pod for pod in platform_pods(plan.config)}
    empty = [machine for machine in workers if plan.pools[machine.pool].pool == packing.pool]
    for node in packing.nodes:
        machine = next(one for one in empty if one.instance.name == node.type and node.zone in one.zone.split(","))
        empty.remove(machine)
        for name, count in node.pods.items():
            if name in plan.services:
                each = plan.services[name].requests
                machine.boxes.append(Box(name=name, kind="service", count=count, each=each))
            elif name in platform:
                pod = platform[name]
                machine.boxes.append(Box(name=pod.name, kind="platform", count=count, each=pod.requests))


def _numbered(groups: Mapping[str, NodeGroup]) -> Iterator[tuple[NodeGroup, int]]:
    for group in groups.values():
        for number in range(1, group.desired + 1):
            yield group, number


def _control_planes(plan: Plan) -> Iterator[_Open]:
    control = plan.control_plane
    room = allocatable(control.instance, plan.config.kubernetes.max_pods, plan.config.headroom.memory)
    for slot in control.slots.values():
        yield _Open(
            key=f"control-plane-{slot.slot}",
            pool=CONTROL_PLANE,
            zone=slot.zone,
            instance=control.instance,
            price=control.price,
            room=PodResources(cpu_m=room.cpu_m, memory_mib=room.memory_mib),
            slots=room.pods,
            boxes=[Box(name=name, kind="platform", count=1, each=each) for name, each in STATIC_PODS.items()],
        )


def _spread(pods: int, machines: int) -> list[int]:
    """As evenly as can be, the first machines with one more."""
    return [pods // machines + (1 if index < pods % machines else 0) for index in range(machines)]


def _place_platform(plan: Plan, machines: Sequence[_Open]) -> None:
    """Largest memory first, each where most memory is free; what finds no room is left out, as the plan refuses it."""
    for pod in sorted(platform_pods(plan.config), key=lambda pod: (-pod.requests.memory_mib, pod.name)):
        counts: dict[str, int] = {}
        for _ in range(pod.count):
            fitting = [
                machine
                for machine in machines
                if machine.free().cpu_m >= pod.requests.cpu_m
                and machine.free().memory_mib >= pod.requests.memory_mib
                and not (pod.one_per_node and machine.key in counts)
            ]
            if fitting:
                best = max(fitting, key=lambda machine: machine.free().memory_mib)
                counts[best.key] = counts.get(best.key, 0) + 1
                best.boxes.append(Box(name=pod.name, kind="platform", count=1, each=pod.requests))


def busy_share(plan: Plan, place: Place, places: Sequence[Place], busy_m: Mapping[str, Fraction]) -> Fraction | None:
    """CPU that services keep busy on one machine, as a share of all its vCPU; None where none of them is measured.

    Args:
        plan: the plan.
        place: the machine.
        places: all machines of the layout.
        busy_m: thousandths of a vCPU that each measured service keeps busy, over all its pods.
    """
    here = {name: place.count(name) for name in plan.services if place.count(name) and name in busy_m}
    if not here:
        return None
    total = {name: sum(other.count(name) for other in places) for name in here}
    busy = sum((busy_m[name] * count / total[name] for name, count in here.items()), Fraction(0))
    return busy / (place.instance.vcpu * 1000)
