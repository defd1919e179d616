"""The committed catalogue of EC2 instance types: facts and prices with source and date, no look-ups.

Sources per column: specifications and zone offers from moto 5.2.5's DescribeInstanceTypes dump (2026-10-27);
us-east-1 prices from Karpenter v1.14.1 (2026-07-20); Seoul prices from apache-libcloud 3.9.1 (2025-03-02) except
c6i (SkyPilot catalogue v8, no date printed there); burst baselines from the EC2 user guide (2023-01-19);
CoreMark from ec2instances.info (runs of 2025-12-10); memory that systems really have: `sizing.memory`.
"""

import csv
from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Final, Literal, cast

from sizing import memory
from sizing.model import InstanceType, MemorySeen, Price

SEOUL: Final = "ap-northeast-2"
VIRGINIA: Final = "us-east-1"
REGION_ZONES: Final[Mapping[str, str]] = MappingProxyType({SEOUL: "abcd", VIRGINIA: "abcdef"})
"""Zone letters of each region that the catalogue has prices for."""

_SEOUL_DATES: Final = {"skypilot": "undated"}
_SEOUL_DATE: Final = "2025-03-02"
_SEOUL_SOURCES: Final = {
    "libcloud": "apache-libcloud 3.9.1",
    "libcloud+article": "apache-libcloud 3.9.1",
    "libcloud; kept as a reference": "apache-libcloud 3.9.1",
    "skypilot": "SkyPilot catalogue v8",
    "family_linear": "apache-libcloud 3.9.1, family unit price x size",
}
_VIRGINIA_SOURCE: Final = "Karpenter v1.14.1"
_VIRGINIA_DATE: Final = "2026-07-20"


@cache
def load() -> Mapping[str, InstanceType]:
    """Read the whole catalogue.

    Returns:
        Instance types by name, in the file's order. A type without a known price in a region has no entry in
        `prices` for it and must never be planned there.
    """
    text = files("sizing").joinpath("instances.csv").read_text(encoding="utf-8")
    seen = memory.seen(memory.load())
    return MappingProxyType({row["type"]: _instance(row, seen) for row in csv.DictReader(text.splitlines())})


def _instance(row: Mapping[str, str], seen: Mapping[str, MemorySeen]) -> InstanceType:
    return InstanceType(
        name=row["type"],
        family=row["family"],
        vcpu=int(row["vcpu"]),
        memory_gib=Decimal(row["memory_gib"]),
        network_gbps_baseline=Decimal(row["network_gbps_baseline"]),
        network_gbps_burst=Decimal(row["network_gbps_burst"]),
        ebs_mbps=int(row["ebs_mbps"]),
        architecture=cast("Literal['x86_64', 'arm64']", row["arch"]),
        current_generation=row["current_generation"] == "true",
        cpu_baseline_fraction=Decimal(row["cpu_baseline_fraction"]) if row["cpu_baseline_fraction"] else None,
        coremark=int(row["coremark"]) if row["coremark"] else None,
        zones=MappingProxyType({SEOUL: row["seoul_azs"], VIRGINIA: REGION_ZONES[VIRGINIA]}),
        prices=MappingProxyType(_prices(row)),
        memory_seen=seen.get(row["type"]),
    )


def _prices(row: Mapping[str, str]) -> dict[str, Price]:
    prices: dict[str, Price] = {}
    if row["price_usd_hour_ap_northeast_2"]:
        basis = row["price_seoul_basis"]
        prices[SEOUL] = Price(
            hour=Decimal(row["price_usd_hour_ap_northeast_2"]),
            source=_SEOUL_SOURCES[basis],
            date=_SEOUL_DATES.get(basis, _SEOUL_DATE),
        )
    if row["price_usd_hour_us_east_1"]:
        prices[VIRGINIA] = Price(
            hour=Decimal(row["price_usd_hour_us_east_1"]), source=_VIRGINIA_SOURCE, date=_VIRGINIA_DATE
        )
    return prices
