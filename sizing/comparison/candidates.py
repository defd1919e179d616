"""Machines that may be bought under a choice, and by name those that may not because nobody has said their price."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal

from config.schema import ClusterConfig
from config.types import PurchaseOption
from sizing.catalogue import load
from sizing.comparison.speed import Speeds, factor
from sizing.model import InstanceType, Price
from sizing.packing import Machine
from sizing.pricing.book import PriceBook
from sizing.reserves import DAEMONSET, allocatable, sustained_cpu_m

SPOT_MARK = ":spot"
"""Behind the type in the name of a machine that is bought as spot."""


@dataclass(frozen=True, kw_only=True)
class Terms:
    """What a choice allows and assumes.

    Attributes:
        option: how machines are paid for.
        architectures: what images are built for.
        families: only these; empty: all of the catalogue.
        speeds: how vCPUs of different families compare.
        reference: family whose vCPU counts as 1.
    """

    option: PurchaseOption
    architectures: Collection[str]
    families: Collection[str]
    speeds: Speeds
    reference: str


@dataclass(frozen=True, kw_only=True)
class Candidates:
    """Machines for the packer, their prices by machine name, and types without a price."""

    machines: tuple[Machine, ...]
    prices: Mapping[str, Price]
    unpriced: tuple[str, ...]
    unmeasured: tuple[str, ...]
    """Types whose speed would be needed and is not known."""


def candidates(config: ClusterConfig, book: PriceBook, terms: Terms, zones: Collection[str]) -> Candidates:
    """Every machine that the catalogue, the prices and the choice allow in at least one of the zones.

    Under `spot` the on-demand machines stand beside the spot ones, for pods that must not be taken away.

    Args:
        config: a configuration that the loader has accepted.
        book: its prices.
        terms: the choice.
        zones: zone letters.
    """
    machines: dict[str, Machine] = {}
    prices: dict[str, Price] = {}
    unpriced: list[str] = []
    unmeasured: list[str] = []
    for instance in load().values():
        offered = frozenset(zones) & frozenset(instance.zones.get(config.region, ""))
        if not offered or not _allowed(instance, terms):
            continue
        speed = factor(instance, terms.reference, terms.speeds)
        if speed is None:
            unmeasured.append(instance.name)
            continue
        options: tuple[PurchaseOption, ...] = ("on-demand", "spot") if terms.option == "spot" else (terms.option,)
        for option in options:
            price = book.price(instance, option, offered)
            if price is None:
                unpriced.append(instance.name)
                continue
            name = f"{instance.name}{SPOT_MARK}" if option == "spot" else instance.name
            machine = _machine(config, instance, name=name, speed=speed, price=price, zones=offered)
            if machine is not None:
                machines[name], prices[name] = machine, price
    return Candidates(
        machines=tuple(machines.values()), prices=prices, unpriced=tuple(unpriced), unmeasured=tuple(unmeasured)
    )


def type_of(machine: str) -> str:
    """The instance type of a machine's name."""
    return machine.removesuffix(SPOT_MARK)


def _allowed(instance: InstanceType, terms: Terms) -> bool:
    return (
        instance.current_generation
        and instance.architecture in terms.architectures
        and (not terms.families or instance.family in terms.families)
    )


def _machine(
    config: ClusterConfig, instance: InstanceType, *, name: str, speed: Decimal, price: Price, zones: frozenset[str]
) -> Machine | None:
    """None for a machine that its own reserves and DaemonSets fill."""
    max_pods = config.kubernetes.max_pods
    free = allocatable(instance, max_pods, config.headroom.memory)
    cpu = sustained_cpu_m(instance, max_pods) - DAEMONSET.cpu_m
    memory = free.memory_mib - DAEMONSET.memory_mib
    if cpu <= 0 or memory <= 0:
        return None
    return Machine(
        name=name,
        type=instance.name,
        cpu_m=int(cpu * speed),
        memory_mib=memory,
        pods=free.pods,
        price=price.hour,
        zones=zones,
        spot=price.option == "spot",
    )
