"""Every machine of a plan with the pods on it.

Where sizing packed the pods, this is its packing. Where machines were chosen by hand, Kubernetes decides where pods go;
the layout then shows one placement that its rules allow: a service's pods spread over the machines of its pool, the
platform's pods where most memory is free.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final, Literal

from sizing.model import InstanceType, PackingPlan, Plan, PodResources, PoolPlan, Price
from sizing.packed import PLATFORM_PREFIX, SURGE_NAME
from sizing.platform import platform_pods
from sizing.pods import JOB
from sizing.reserves import DAEMONSET, allocatable

CONTROL_PLANE: Final = "control plane"
Kind = Literal["service", "platform", "room"]
"""What stands there: a service's pod, one of the platform's, or room that is kept free."""

JOB_NAME: Final = "job"
"""How a packing names what is no service, beside `SURGE_NAME`."""

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
        """Requests of everything on it and the room that is kept free, DaemonSets included."""
        return PodResources(
            cpu_m=DAEMONSET.cpu_m + sum(box.count * box.each.cpu_m for box in self.boxes),
            memory_mib=DAEMONSET.memory_mib + sum(box.count * box.each.memory_mib for box in self.boxes),
        )

    @property
    def pods(self) -> int:
        """Pods on it and those that room is kept for, without DaemonSets."""
        return sum(box.count for box in self.boxes)

    @property
    def services(self) -> Mapping[str, int]:
        """Pods on it by service."""
        counted: Counter[str] = Counter()
        for box in self.boxes:
            if box.kind == "service":
                counted[box.name] += box.count
        return counted

    def count(self, service: str) -> int:
        """Pods of one service on it."""
        return self.services.get(service, 0)


def running(places: Iterable[Place]) -> Mapping[str, int]:
    """Pods by service over several machines."""
    counted: Counter[str] = Counter()
    for place in places:
        counted.update(place.services)
    return counted


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
    workers = [machine for pool in plan.config.pools for machine in _pool(plan, pool)]
    _place_platform(plan, workers)
    return tuple(machine.closed() for machine in (*_control_planes(plan), *workers))


def _pool(plan: Plan, name: str) -> list[_Open]:
    packing = plan.packings.get(name)
    if packing is not None:
        return list(_packed(plan, packing))
    machines = [machine for part in plan.parts_of(name) for machine in _machines(part)]
    for service in plan.services.values():
        if service.pool == name:
            for machine, count in zip(machines, _spread(service.max_replicas, len(machines)), strict=True):
                if count:
                    machine.boxes.append(Box(name=service.name, kind="service", count=count, each=service.requests))
    return machines


def _packed(plan: Plan, packing: PackingPlan) -> Iterator[_Open]:
    """The machines of a packing as it was found, numbered within type and zone."""
    parts = {part.instance.name: part for part in plan.parts_of(packing.pool)}
    sizes = _sizes(plan, packing.pool)
    numbers: Counter[tuple[str, str]] = Counter()
    for node in packing.nodes:
        numbers[node.type, node.zone] += 1
        machine = _open(parts[node.type], f"{node.zone}-{numbers[node.type, node.zone]}", node.zone)
        for name, count in node.pods.items():
            kind, shown, each = sizes[name]
            machine.boxes.append(Box(name=shown, kind=kind, count=count, each=each))
        yield machine


def _sizes(plan: Plan, pool: str) -> Mapping[str, tuple[Kind, str, PodResources]]:
    """Kind, shown name and size of everything that a packing may hold, by the packing's own names."""
    own = [service for service in plan.services.values() if service.pool == pool]
    sizes: dict[str, tuple[Kind, str, PodResources]] = {
        f"{PLATFORM_PREFIX}{pod.name}": ("platform", pod.name, pod.requests) for pod in platform_pods(plan.config)
    }
    sizes |= {service.name: ("service", service.name, service.requests) for service in own}
    if own:
        largest = PodResources(
            cpu_m=max(service.requests.cpu_m for service in own),
            memory_mib=max(service.requests.memory_mib for service in own),
        )
        sizes[SURGE_NAME] = ("room", "room for a surge pod", largest)
    sizes[JOB_NAME] = ("room", "room for a Job", JOB)
    return sizes


def _machines(part: PoolPlan) -> Iterator[_Open]:
    for group in part.groups.values():
        for number in range(1, group.desired + 1):
            yield _open(part, f"{group.key}-{number}", ",".join(group.zones))


def _open(part: PoolPlan, place: str, zone: str) -> _Open:
    return _Open(
        key=f"{part.name}-{place}",
        pool=part.pool,
        zone=zone,
        instance=part.instance,
        price=part.price,
        room=PodResources(cpu_m=part.allocatable.cpu_m, memory_mib=part.allocatable.memory_mib),
        slots=part.allocatable.pods,
    )


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


def _place_platform(plan: Plan, workers: Sequence[_Open]) -> None:
    """Platform pods that no packing holds: largest memory first, each where most memory is free.

    What finds no room is left out: the plan has been refused for it.
    """
    packed = {box.name for machine in workers for box in machine.boxes if box.kind == "platform"}
    spot = {part.pool for part in plan.pools.values() if part.spot}
    machines = [machine for machine in workers if machine.pool not in spot]
    missing = [pod for pod in platform_pods(plan.config) if pod.name not in packed]
    for pod in sorted(missing, key=lambda pod: (-pod.requests.memory_mib, pod.name)):
        taken: set[str] = set()
        for _ in range(pod.count):
            fitting = [
                machine
                for machine in machines
                if machine.free().cpu_m >= pod.requests.cpu_m
                and machine.free().memory_mib >= pod.requests.memory_mib
                and not (pod.one_per_node and machine.key in taken)
            ]
            if fitting:
                best = max(fitting, key=lambda machine: machine.free().memory_mib)
                taken.add(best.key)
                best.boxes.append(Box(name=pod.name, kind="platform", count=1, each=pod.requests))


def busy_shares(place: Place, pods: Mapping[str, int], busy_m: Mapping[str, Fraction]) -> dict[str, Fraction]:
    """CPU that each measured service keeps busy on one machine, as a share of all its vCPU.

    Args:
        place: the machine.
        pods: pods of each service on all machines.
        busy_m: thousandths of a vCPU that each measured service keeps busy, over all its pods.
    """
    return {
        name: busy_m[name] * count / pods[name] / (place.instance.vcpu * 1000)
        for name, count in place.services.items()
        if name in busy_m
    }
