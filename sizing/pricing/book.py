"""The price book of a stack: one answer to "what does this machine cost under this purchase option, says who, when".

Nothing is guessed: without a figure there is no price, and whoever plans leaves the type out and says so.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Final

from config.schema import ClusterConfig, Rate
from config.types import PurchaseOption, Term
from sizing.model import InstanceType, Price
from sizing.pricing.price_file import PriceFile, TypeRates, read_price_file

OPTIONS: Final[tuple[PurchaseOption, ...]] = ("on-demand", "spot", "reserved", "savings-plan")


def exact(value: float) -> Decimal:
    """The price as a person wrote it: 0.172, not its binary neighbour."""
    return Decimal(str(value))


@dataclass(frozen=True, kw_only=True)
class PriceBook:
    """Prices of one region.

    Attributes:
        region: AWS region.
        term: what reserved and savings-plan prices are promised for.
        stated: rates of the stack by option, then by type or family.
        file: the price file, if there is one.
        catalogue: whether the catalogue's on-demand prices count where nothing else is said.
    """

    region: str
    term: Term
    stated: Mapping[PurchaseOption, Mapping[str, Rate]]
    file: PriceFile | None = None
    catalogue: bool = True

    def price(
        self, instance: InstanceType, option: PurchaseOption = "on-demand", zones: Collection[str] = ()
    ) -> Price | None:
        """Price of a machine, or None when nobody has said it.

        Args:
            instance: a row of the catalogue.
            option: how the machine is paid for.
            zones: letters of the zones it may run in. Spot prices differ by zone: the dearest of these counts, and
                without one for each of them there is no price.
        """
        return self._stated(instance, option) or self._filed(instance, option, zones) or self._known(instance, option)

    def has(self, option: PurchaseOption) -> bool:
        """Whether any machine can have a price under the option."""
        if option == "on-demand" or self.stated.get(option):
            return True
        return self.file is not None and any(_figures(rates, option) for rates in self.file.types.values())

    def _stated(self, instance: InstanceType, option: PurchaseOption) -> Price | None:
        rates = self.stated.get(option, {})
        rate = rates.get(instance.name) or rates.get(instance.family)
        if rate is None:
            return None
        if rate.usd_hour is not None:
            return self._price(exact(rate.usd_hour), rate.source, rate.date, option)
        full = self.price(instance)
        if full is None or rate.discount is None:
            return None
        percent = (100 * exact(rate.discount)).normalize()
        source = f"{rate.source}: {percent:f} % off {full.hour} ({full.source}, {full.date})"
        return self._price(full.hour * (1 - exact(rate.discount)), source, rate.date, option)

    def _filed(self, instance: InstanceType, option: PurchaseOption, zones: Collection[str]) -> Price | None:
        rates = self.file.types.get(instance.name) if self.file is not None else None
        if rates is None or self.file is None:
            return None
        figures = _figures(rates, option)
        if option in {"reserved", "savings-plan"}:
            figures = {self.term: figures[self.term]} if self.term in figures else {}
        elif option == "spot" and zones:
            figures = {zone: figures[zone] for zone in zones} if set(zones) <= set(figures) else {}
        if not figures:
            return None
        return self._price(exact(max(figures.values())), self.file.source, self.file.date, option)

    def _known(self, instance: InstanceType, option: PurchaseOption) -> Price | None:
        return instance.prices.get(self.region) if self.catalogue and option == "on-demand" else None

    def _price(self, hour: Decimal, source: str, date: str, option: PurchaseOption) -> Price:
        term = self.term if option in {"reserved", "savings-plan"} else None
        return Price(hour=hour, source=source, date=date, option=option, term=term)


def _figures(rates: TypeRates, option: PurchaseOption) -> Mapping[str, float]:
    match option:
        case "on-demand":
            return {} if rates.on_demand is None else {"": rates.on_demand}
        case "spot":
            return rates.spot
        case "reserved":
            return {str(term): hour for term, hour in rates.reserved.items()}
        case "savings-plan":
            return {str(term): hour for term, hour in rates.savings_plan.items()}


def price_book(config: ClusterConfig, file: PriceFile | None = None) -> PriceBook:
    """The prices that a stack's configuration names.

    Args:
        config: a configuration that the loader has accepted.
        file: prices to use instead of the file that the stack names, such as those just read from AWS.

    Raises:
        ConfigError: the price file changed after the configuration was checked and is now faulty.
    """
    given = config.prices
    if file is None and given.file is not None:
        file = read_price_file(Path(given.file))
    return PriceBook(
        region=config.region,
        term=given.term,
        stated={
            "on-demand": {},
            "spot": given.spot,
            "reserved": given.reserved,
            "savings-plan": given.savings_plan,
        },
        file=file,
    )


def machine_price(
    config: ClusterConfig, instance: InstanceType, *, spot: bool = False, zones: Collection[str] = ()
) -> Price:
    """What one machine of a plan costs: its spot price where it is bought as spot and one is known, else on demand.

    On demand is the most that a spot machine ever costs (EC2 User Guide, "Spot Instance pricing history").

    Raises:
        KeyError: the type has no on-demand price in the region; the loader refuses such a configuration.
    """
    book = price_book(config)
    price = (book.price(instance, "spot", zones) if spot else None) or book.price(instance)
    if price is None:
        raise KeyError(instance.name)
    return price
