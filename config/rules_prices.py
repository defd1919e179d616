"""Rules about prices: rates for what exists, in one form, below the on-demand price; a price file that can be read."""

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path

from config.errors import suggestion
from config.problems import ConfigError, Problem
from config.rules_common import Rule, at
from config.schema import ClusterConfig, Rate
from sizing.catalogue import load
from sizing.pricing.price_file import read_price_file


def rates(config: ClusterConfig) -> Iterator[Problem]:
    """A rate is for a type or family of the catalogue, in one form, dated, and below the on-demand price."""
    given: Mapping[str, Mapping[str, Rate]] = {
        "spot": config.prices.spot,
        "reserved": config.prices.reserved,
        "savings_plan": config.prices.savings_plan,
    }
    for option, by_name in given.items():
        for name, rate in by_name.items():
            yield from _rate(config, at("prices", option, name), name, rate)


def _rate(config: ClusterConfig, path: str, name: str, rate: Rate) -> Iterator[Problem]:
    families = sorted({instance.family for instance in load().values()})
    if name not in load() and name not in families:
        close = suggestion(name, [*families, *load()])
        yield Problem(
            path=path,
            value=name,
            rule="names no instance type or family of the catalogue",
            fix=f"did you mean {close}?" if close else f"use one of {', '.join(families)} or a type of them",
        )
    if (rate.usd_hour is None) == (rate.discount is None):
        yield Problem(
            path=path,
            value=[key for key in ("usd_hour", "discount") if getattr(rate, key) is not None],
            rule="exactly one of usd_hour and discount must be given",
            fix="give the price of a type, or the share off the on-demand price",
            also=(f"{path}.usd_hour", f"{path}.discount"),
        )
    elif rate.usd_hour is not None:
        yield from _hour(config, path, name, rate.usd_hour)
    yield from _day(config, path, rate)


def _hour(config: ClusterConfig, path: str, name: str, hour: float) -> Iterator[Problem]:
    if "." not in name:
        yield Problem(
            path=f"{path}.usd_hour",
            value=hour,
            rule="a family has no price of its own, because its sizes differ",
            fix="give discount, or the price of every type",
        )
        return
    instance = load().get(name)
    known = instance.prices.get(config.region) if instance else None
    if known is not None and Decimal(str(hour)) > known.hour:
        yield Problem(
            path=f"{path}.usd_hour",
            value=hour,
            rule=f"is above the on-demand price of {known.hour} ({known.source}, {known.date})",
            fix="correct it, because a promise or a spare machine never costs more",
            also=(at("region"),),
        )


def _day(config: ClusterConfig, path: str, rate: Rate) -> Iterator[Problem]:
    planned = config.prices.as_of
    try:
        read = date.fromisoformat(rate.date)
    except ValueError:
        yield Problem(
            path=f"{path}.date",
            value=rate.date,
            rule="is no day of the calendar",
            fix="give a day such as 2026-01-31",
        )
        return
    if planned is not None and rate.date > planned:
        yield Problem(
            path=f"{path}.date",
            value=str(read),
            rule=f"is after the day of planning, prices.as_of ({planned})",
            fix="correct one of the two",
            also=(at("prices", "as_of"),),
        )


def price_file(config: ClusterConfig) -> Iterator[Problem]:
    """The price file can be read, is whole, and is of the stack's region."""
    given = config.prices.file
    if given is None:
        return
    path = at("prices", "file")
    try:
        prices = read_price_file(Path(given))
    except ConfigError as error:
        for problem in error.problems:
            yield Problem(path=path, value=given, rule=f"{problem.path} {problem.rule}", fix=problem.fix)
        return
    if prices.region != config.region:
        yield Problem(
            path=path,
            value=given,
            rule=f"holds prices of {prices.region}, and the stack is in {config.region}",
            fix="name a file of the same region",
            also=(at("region"),),
        )
    unknown = sorted(name for name in prices.types if name not in load())
    if unknown:
        yield Problem(
            path=path,
            value=given,
            rule=f"has prices of types that the catalogue does not know: {', '.join(unknown)}",
            fix="remove them, or write the file anew",
        )


RULES: tuple[Rule, ...] = (rates, price_file)
