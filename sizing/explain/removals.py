"""What breaks in a packed pool when one machine is left out or taken a size smaller: which pods find no room."""

from collections.abc import Iterator, Sequence

from sizing.catalogue import load
from sizing.explain.alternative import Alternative
from sizing.explain.layout import Box, Place
from sizing.model import InstanceType, Plan, PodResources
from sizing.price import cents
from sizing.pricing.book import machine_price
from sizing.reserves import allocatable


def removals(plan: Plan, name: str, places: Sequence[Place]) -> Iterator[Alternative]:
    """The cheapest machine left out; and of every type, the emptiest one a size smaller.

    The other pods stay where they are, so this says what holds each machine in place; whether a wholly different
    packing would be cheaper is what the packing's bound is about.
    """
    own = [place for place in places if place.pool == name]
    cheapest = min(own, key=lambda place: (place.price.hour, place.requested.memory_mib, place.key))
    yield Alternative(
        what=f"no {cheapest.key}", saves=cents(cheapest.price.month), breaks=tuple(_homeless(plan, cheapest, own))
    )
    for kind in sorted({place.instance.name for place in own}):
        emptiest = min(
            (place for place in own if place.instance.name == kind),
            key=lambda place: (place.requested.memory_mib, place.requested.cpu_m, place.key),
        )
        smaller = _smaller(plan, emptiest)
        if smaller is not None:
            yield _shrunk(plan, emptiest, smaller)


def _smaller(plan: Plan, place: Place) -> InstanceType | None:
    """The dearest cheaper type of the same family that the zone offers."""
    region = plan.config.region
    offered = [
        instance
        for instance in load().values()
        if instance.family == place.instance.family
        and region in instance.prices
        and place.zone in instance.zones.get(region, "")
        and instance.prices[region].hour < place.instance.prices[region].hour
    ]
    return max(offered, key=lambda instance: instance.prices[region].hour, default=None)


def _shrunk(plan: Plan, place: Place, smaller: InstanceType) -> Alternative:
    room = allocatable(smaller, plan.config.kubernetes.max_pods, plan.config.headroom.memory)
    spot = plan.config.pools[place.pool].spot
    price = machine_price(plan.config, smaller, spot=spot, zones=[place.zone])
    breaks = [
        f"{what} asks for {used:,}{unit}, {free:,}{unit} are there"
        for what, used, free, unit in (
            ("CPU", place.requested.cpu_m, room.cpu_m, "m"),
            ("memory", place.requested.memory_mib, room.memory_mib, " MiB"),
        )
        if used > free
    ]
    return Alternative(
        what=f"{smaller.name} for {place.key}", saves=cents(place.price.month - price.month), breaks=tuple(breaks)
    )


def _homeless(plan: Plan, gone: Place, own: Sequence[Place]) -> Iterator[str]:
    """Pods of a machine that find no room on the others, largest first; those of a service stay in their zone."""
    free = {place.key: _free(place) for place in own if place.key != gone.key}
    zone = {place.key: place.zone for place in own}
    for box in sorted(gone.boxes, key=lambda box: (-box.each.memory_mib, -box.each.cpu_m, box.name)):
        bound = box.kind == "service" and plan.services[box.name].replication.zones
        lost = 0
        for _ in range(box.count):
            fitting = [
                key
                for key, room in free.items()
                if room.cpu_m >= box.each.cpu_m
                and room.memory_mib >= box.each.memory_mib
                and (not bound or zone[key] == gone.zone)
            ]
            if not fitting:
                lost += 1
                continue
            key = min(fitting, key=lambda key: (free[key].memory_mib, key))
            free[key] = PodResources(
                cpu_m=free[key].cpu_m - box.each.cpu_m, memory_mib=free[key].memory_mib - box.each.memory_mib
            )
        if lost:
            yield _without_room(box, lost, gone.zone if bound else "")


def _without_room(box: Box, lost: int, zone: str) -> str:
    where = f" in zone {zone}" if zone else ""
    what = box.name if box.kind == "room" else f"{lost} pod{'s' if lost > 1 else ''} of {box.name}"
    return f"{what} ({box.each.cpu_m}m, {box.each.memory_mib} MiB) find{'s' if lost == 1 else ''} no room{where}"


def _free(place: Place) -> PodResources:
    return PodResources(
        cpu_m=place.allocatable.cpu_m - place.requested.cpu_m,
        memory_mib=place.allocatable.memory_mib - place.requested.memory_mib,
    )
