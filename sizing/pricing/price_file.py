"""The price file: what AWS asked for machines on one day, written by `sizing prices --live`, named by a stack.

It is JSON, so that a person can read it and a diff shows what became dearer. Reading is as strict as for a stack file.
"""

import json
from collections.abc import Mapping
from dataclasses import field
from functools import cache
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from config.errors import problem_of
from config.problems import ConfigError, Problem
from config.schema import STRICT
from config.types import Day, PositiveFloat, Rated, Region, Term, Text, ZoneLetter
from config.yaml_file import read_yaml

FORMAT: Final = "groundswell-prices/1"
_ROOT: Final = "prices"


@dataclass(frozen=True, kw_only=True, config=STRICT)
class TypeRates:
    """What one instance type costs, USD per hour; a missing figure was not to be had."""

    on_demand: Annotated[PositiveFloat | None, Field(description="USD per hour")] = None
    spot: Annotated[Mapping[ZoneLetter, PositiveFloat], Field(description="USD per hour by zone letter")] = field(
        default_factory=dict[str, float]
    )
    reserved: Annotated[
        Mapping[Term, PositiveFloat], Field(description="USD per hour by term, what is paid at once spread over it")
    ] = field(default_factory=dict[Term, float])
    savings_plan: Annotated[
        Mapping[Term, PositiveFloat], Field(description="USD per hour by term, Compute Savings Plans")
    ] = field(default_factory=dict[Term, float])


@dataclass(frozen=True, kw_only=True, config=STRICT)
class PriceFile:
    """Prices of one region on one day."""

    format: Annotated[Literal["groundswell-prices/1"], Field(description="version of this structure")]
    region: Annotated[Region, Field(description="AWS region")]
    date: Annotated[Day, Field(description="day on which the prices were read")]
    source: Annotated[Text, Field(description="where the prices were read")]
    types: Annotated[Mapping[Rated, TypeRates], Field(min_length=1, description="rates by instance type")]


def read_price_file(path: Path) -> PriceFile:
    """Read and check a price file; read again only when the file has changed.

    Raises:
        ConfigError: with every problem of the file.
    """
    try:
        state = path.stat()
    except OSError:
        return _read(path, 0, 0)
    return _read(path, state.st_mtime_ns, state.st_size)


@cache
def _read(path: Path, changed_ns: int, size: int) -> PriceFile:
    del changed_ns, size  # only keys of the cache
    data = read_yaml(path)
    try:
        return TypeAdapter(PriceFile).validate_json(json.dumps(data))
    except ValidationError as error:
        problems: list[Problem] = [problem_of(item, _ROOT, PriceFile) for item in error.errors(include_url=False)]
        raise ConfigError(problems, path.name) from error


def price_file_text(prices: PriceFile) -> str:
    """The file's text: types and zones in order, so that the same prices give the same bytes."""
    document = {
        "format": prices.format,
        "region": prices.region,
        "date": prices.date,
        "source": prices.source,
        "types": {name: _rates(prices.types[name]) for name in sorted(prices.types)},
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _rates(rates: TypeRates) -> dict[str, object]:
    found: dict[str, object] = {}
    if rates.on_demand is not None:
        found["on_demand"] = rates.on_demand
    for key, by in (("spot", rates.spot), ("reserved", rates.reserved), ("savings_plan", rates.savings_plan)):
        if by:
            found[key] = dict(sorted(by.items()))
    return found
