"""What the control plane costs beside the workers: the stack's own machines, as many as the tolerance needs, or EKS."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from config.schema import ClusterConfig
from config.types import Tolerance
from sizing.catalogue import load
from sizing.control_plane import chosen
from sizing.model import InstanceType
from sizing.pricing.book import PriceBook
from sizing.pricing.fees import EKS_CONTROL_PLANE
from sizing.quorum import tolerance as may_lose

MEMBERS_FOR_ONE_LOSS: Final = 3
"""etcd members of which one may be lost (N - (N // 2 + 1))."""


@dataclass(frozen=True, kw_only=True)
class ControlPlane:
    """USD per month, what it is made of, and what of it may be lost."""

    month: Decimal
    what: str
    survives: str


def eks() -> ControlPlane:
    """One EKS cluster under standard support."""
    return ControlPlane(month=EKS_CONTROL_PLANE.month, what="EKS", survives="kept up by AWS over several zones")


def self_managed(config: ClusterConfig, book: PriceBook, tolerance: Tolerance, zones: Sequence[str]) -> ControlPlane:
    """The stack's own control plane, grown to what the tolerance needs.

    Against the loss of a machine that is three members, against the loss of a zone three members in three zones. The
    stack's type, or where it leaves that to sizing the smallest of its families, is kept where the zones offer it; else
    the cheapest that is no smaller takes its place.

    Args:
        config: a configuration that the loader has accepted.
        book: its prices.
        tolerance: what the row withstands.
        zones: zone letters that the row uses.

    Raises:
        LookupError: no type that is large enough is offered in the zones.
    """
    given = config.control_plane
    own = load()[given.instance_type] if given.instance_type else chosen(config, 1)[0]
    slots = list(given.slots.values())
    if tolerance == "none":
        return _made_of(book, own, len(slots))
    if tolerance == "node":
        count = max(len(slots), MEMBERS_FOR_ONE_LOSS)
        return _made_of(book, own, count)
    if len(set(slots)) >= MEMBERS_FOR_ONE_LOSS:
        return _made_of(book, own, len(slots))
    spread = zones[:MEMBERS_FOR_ONE_LOSS]
    if len(spread) < MEMBERS_FOR_ONE_LOSS:
        raise LookupError(f"etcd needs {MEMBERS_FOR_ONE_LOSS} zones to lose one, and there are {len(spread)}")
    return _made_of(book, _offered(config, book, own, spread), MEMBERS_FOR_ONE_LOSS)


def _made_of(book: PriceBook, instance: InstanceType, count: int) -> ControlPlane:
    price = book.price(instance)
    if price is None:
        raise LookupError(f"no price of {instance.name} is known")
    lost = may_lose(count)
    survives = f"{lost} of {count} may be lost" if lost else "its loss stops changes until it is replaced"
    return ControlPlane(month=price.month * count, what=f"{count} x {instance.name}", survives=survives)


def _offered(config: ClusterConfig, book: PriceBook, own: InstanceType, zones: Sequence[str]) -> InstanceType:
    def suits(instance: InstanceType) -> bool:
        return (
            set(zones) <= set(instance.zones.get(config.region, ""))
            and instance.architecture == own.architecture
            and instance.vcpu >= own.vcpu
            and instance.memory_gib >= own.memory_gib
        )

    if suits(own):
        return own
    priced = [
        (price.hour, instance.name, instance)
        for instance in load().values()
        if suits(instance) and (price := book.price(instance)) is not None
    ]
    if not priced:
        raise LookupError(f"no type as large as {own.name} is offered in zones {', '.join(zones)}")
    return min(priced, key=lambda item: item[:2])[2]
