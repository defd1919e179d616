"""The picture of the packing: every machine as a box with its pods, and how full it is."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from config.types import Basis
from sizing.arithmetic import exact
from sizing.explain.layout import CONTROL_PLANE, Box, Place, busy_shares, running
from sizing.explain.limits import BASES, busy_m
from sizing.explain.words import money, share
from sizing.model import Plan, PodResources
from sizing.price import cents
from sizing.reserves import DAEMONSET

COLOURS = (
    "#2f6db5", "#b4531f", "#2e7d4f", "#8a4fa3", "#a8324a", "#5b6f1f", "#1f7f8c", "#7a5a2b", "#5b5fc7", "#9c3f7d",
)  # fmt: skip
"""White text on each has a contrast of at least 4.5, in light and in dark."""
_ORDER = {"service": 0, "platform": 1, "room": 2}


@dataclass(frozen=True, kw_only=True)
class Key:
    """One entry of the legend."""

    name: str
    colour: str


@dataclass(frozen=True, kw_only=True)
class PodTile:
    """One pod, or equal platform pods, inside a machine."""

    name: str
    size: str
    style: str
    grow: int


@dataclass(frozen=True, kw_only=True)
class Part:
    """One piece of a bar, in percent of its length."""

    style: str
    percent: str


@dataclass(frozen=True, kw_only=True)
class Bar:
    """How full one resource of a machine is; `tick` marks a target."""

    label: str
    value: str
    figure: str
    parts: tuple[Part, ...]
    tick: str = ""


@dataclass(frozen=True, kw_only=True)
class NodeCard:
    """One machine."""

    key: str
    name: str
    type: str
    price: str
    price_figure: str
    pods: tuple[PodTile, ...]
    bars: tuple[Bar, ...]


def keys(plan: Plan) -> tuple[Key, ...]:
    """A colour for every service; beyond ten they repeat, so every pod bears its name as well."""
    return tuple(Key(name=name, colour=COLOURS[index % len(COLOURS)]) for index, name in enumerate(plan.services))


def cards(plan: Plan, places: Sequence[Place]) -> Iterator[NodeCard]:
    """Every machine of the layout, in its order."""
    style = {name: f"c{index}" for index, name in enumerate(plan.services)}
    busy: dict[Basis, Mapping[str, Fraction]] = {basis: busy_m(plan, basis) for basis in BASES}
    pods = running(places)
    for place in places:
        yield NodeCard(
            key=place.key,
            name=place.key,
            type=f"{place.instance.name}, zone {place.zone}"
            + ("" if place.pool == CONTROL_PLANE else f", pool {place.pool}"),
            price=money(cents(place.price.month)),
            price_figure=f"node.{place.key}.month",
            pods=tuple(_tiles(place, style)),
            bars=tuple(_bars(plan, place, pods, style, busy)),
        )


def _tiles(place: Place, style: Mapping[str, str]) -> Iterator[PodTile]:
    for box in sorted(place.boxes, key=lambda box: _ORDER[box.kind]):
        if box.kind == "service":
            size = f"{box.each.cpu_m}m · {box.each.memory_mib} MiB"
            tile = PodTile(name=box.name, size=size, style=style[box.name], grow=max(box.each.cpu_m // 50, 1))
            yield from [tile] * box.count
        else:
            times = f" x {box.count}" if box.count > 1 else ""
            yield PodTile(name=f"{box.name}{times}", size="", style=box.kind, grow=0)


def _bars(
    plan: Plan,
    place: Place,
    pods: Mapping[str, int],
    style: Mapping[str, str],
    busy: Mapping[Basis, Mapping[str, Fraction]],
) -> Iterator[Bar]:
    yield _requests(place, style, "CPU requests", "cpu_m", "m")
    yield _requests(place, style, "memory requests", "memory_mib", " MiB")
    for basis in BASES:
        shares = busy_shares(place, pods, busy[basis])
        if shares:
            yield Bar(
                label=f"CPU busy at the peak, basis {basis}",
                value=share(sum(shares.values(), Fraction(0)), 1),
                figure=f"node.{place.key}.busy.{basis}",
                parts=tuple(Part(style=style[name], percent=_percent(part)) for name, part in shares.items()),
                tick=_percent(exact(plan.config.headroom.utilisation_target)),
            )


def _requests(place: Place, style: Mapping[str, str], label: str, resource: str, unit: str) -> Bar:
    def of(resources: PodResources) -> int:
        return resources.cpu_m if resource == "cpu_m" else resources.memory_mib

    room, used = of(place.allocatable), of(place.requested)
    parts = [Part(style="ds", percent=_percent(Fraction(of(DAEMONSET), room)))]
    parts += [
        Part(style=_style(box, style), percent=_percent(Fraction(box.count * of(box.each), room)))
        for box in sorted(place.boxes, key=lambda box: _ORDER[box.kind])
    ]
    return Bar(
        label=f"{label}, of {room:,}{unit}",
        value=f"{used:,}{unit} · {share(Fraction(used, room))}",
        figure=f"node.{place.key}.{resource}",
        parts=tuple(parts),
    )


def _style(box: Box, style: Mapping[str, str]) -> str:
    return style[box.name] if box.kind == "service" else box.kind


def _percent(value: Fraction) -> str:
    return str(Decimal(round(value * 10_000)) / 100)
