"""What changed between two price books, type by type and option by option."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from config.types import PurchaseOption
from sizing.model import InstanceType, Price
from sizing.pricing.book import OPTIONS, PriceBook


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One machine's price before and after; None where there is none."""

    type: str
    option: PurchaseOption
    before: Price | None
    after: Price | None

    @property
    def change(self) -> Decimal | None:
        """Share by which the price rose (below 0: fell); None unless both are known."""
        if self.before is None or self.after is None:
            return None
        return self.after.hour / self.before.hour - 1

    @property
    def same(self) -> bool:
        """Whether both books say the same amount."""
        return self.change == 0


def differences(before: PriceBook, after: PriceBook, types: Iterable[InstanceType]) -> Iterator[Difference]:
    """Every price that at least one of the books has, in the order of the types and options."""
    for instance in types:
        for option in OPTIONS:
            old, new = before.price(instance, option), after.price(instance, option)
            if old is not None or new is not None:
                yield Difference(type=instance.name, option=option, before=old, after=new)
