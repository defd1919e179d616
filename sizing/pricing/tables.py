"""Price books and their differences as tables for people and as objects for programs."""

from collections.abc import Iterable, Mapping, Sequence

from rich.table import Table

from sizing.model import InstanceType, Price
from sizing.pricing.book import OPTIONS, PriceBook
from sizing.pricing.difference import Difference
from sizing.tables import UNKNOWN, new_table


def sources(prices: Iterable[Price | None]) -> Sequence[str]:
    """Where prices were read and when, each once, in order."""
    return sorted({f"{price.source}, {price.date}" for price in prices if price is not None})


def book_table(book: PriceBook, types: Iterable[InstanceType]) -> Table:
    """USD per hour of every type under every purchase option."""
    drawn = new_table("type", "arch", "vCPU", "GiB", *OPTIONS, numbers=("vCPU", "GiB", *OPTIONS))
    for instance in types:
        prices = [book.price(instance, option) for option in OPTIONS]
        drawn.add_row(
            instance.name,
            instance.architecture,
            str(instance.vcpu),
            f"{instance.memory_gib:g}",
            *(_hour(price) for price in prices),
        )
    return drawn


def difference_table(found: Iterable[Difference]) -> Table:
    """What is not the same, before and after, in USD per hour."""
    drawn = new_table("type", "option", "known", "AWS says", "change", numbers=("known", "AWS says", "change"))
    for each in found:
        change = UNKNOWN if each.change is None else f"{each.change:+.1%}"
        drawn.add_row(each.type, each.option, _hour(each.before), _hour(each.after), change)
    return drawn


def book_document(book: PriceBook, types: Iterable[InstanceType]) -> Mapping[str, object]:
    """Every known price with source and date, by type and option."""
    return {
        instance.name: {
            option: price_document(price) for option in OPTIONS if (price := book.price(instance, option)) is not None
        }
        for instance in types
    }


def difference_document(found: Iterable[Difference]) -> Sequence[Mapping[str, object]]:
    """The differences as a list of objects."""
    return [
        {
            "type": each.type,
            "option": each.option,
            "known": price_document(each.before),
            "live": price_document(each.after),
            "change": None if each.change is None else round(float(each.change), 6),
        }
        for each in found
    ]


def price_document(price: Price | None) -> Mapping[str, object] | None:
    """One price: USD per hour with source and date, and the term where it has one."""
    if price is None:
        return None
    document: dict[str, object] = {"usd_hour": float(price.hour), "source": price.source, "date": price.date}
    return document | ({"term": price.term} if price.term is not None else {})


def _hour(price: Price | None) -> str:
    return UNKNOWN if price is None else f"{price.hour.normalize():f}"
