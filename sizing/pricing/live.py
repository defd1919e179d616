"""Reads today's prices from AWS: on demand and reserved, spot, and Compute Savings Plans.

The only module of the sizing that knows AWS's clients. Figures are taken as AWS gives them: what a reserved instance
costs at once is spread over the hours of its term, and nothing else is computed.

The answers' form is that of the Price List query API (GetProducts, `aws_v1`), DescribeSpotPriceHistory and
DescribeSavingsPlansOfferingRates.
"""

import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final, Protocol, cast

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from config.types import Term
from sizing.pricing.price_file import FORMAT, PriceFile, TypeRates

PRICE_LIST_REGION: Final = "us-east-1"
"""The Price List and Savings Plans APIs have endpoints in a few regions only; this one has both."""
HOURS_PER_YEAR: Final = 8760
LINUX: Final[Mapping[str, str]] = {
    "operatingSystem": "Linux",
    "tenancy": "Shared",
    "preInstalledSw": "NA",
    "capacitystatus": "Used",
    "marketoption": "OnDemand",
}
"""Attributes of plain Linux machines on shared hardware; reservations and bundled software have SKUs of their own."""
SOURCE: Final = "AWS Price List, EC2 spot price history and Compute Savings Plans"

_PAGE: Final = 100
_SPOT_TYPES_AT_ONCE: Final = 100
_YEARS: Final[Mapping[str, int]] = {"1yr": 1, "3yr": 3}
_PAYMENTS: Final[Mapping[str, str]] = {
    "No Upfront": "no-upfront",
    "Partial Upfront": "partial-upfront",
    "All Upfront": "all-upfront",
}
_SECONDS: Final[Mapping[int, str]] = {31_536_000: "1yr", 94_608_000: "3yr"}

Record = Mapping[str, object]


class LiveError(Exception):
    """AWS gave no prices; the message is one line."""


class Client(Protocol):
    """The calls that are used; boto3 itself is untyped."""

    def get_products(self, **arguments: object) -> Record:
        """Call pricing:GetProducts."""
        ...

    def describe_spot_price_history(self, **arguments: object) -> Record:
        """Call ec2:DescribeSpotPriceHistory."""
        ...

    def describe_savings_plans_offering_rates(self, **arguments: object) -> Record:
        """Call savingsplans:DescribeSavingsPlansOfferingRates."""
        ...


@dataclass(frozen=True, kw_only=True)
class Clients:
    """One client for each of the three services."""

    pricing: Client
    ec2: Client
    savingsplans: Client


@dataclass(frozen=True, kw_only=True)
class LivePrices:
    """What AWS said, and what it did not say."""

    prices: PriceFile
    gaps: tuple[str, ...]
    """One line for every kind of price that could not be read."""


@dataclass(kw_only=True)
class _Found:
    on_demand: float | None = None
    spot: dict[str, float] = field(default_factory=dict[str, float])
    reserved: dict[Term, float] = field(default_factory=dict[Term, float])
    savings_plan: dict[Term, float] = field(default_factory=dict[Term, float])


def open_clients(region: str) -> Clients:
    """Clients with the caller's usual AWS credentials.

    Raises:
        LiveError: there are no credentials, or the AWS configuration of this machine is not usable.
    """
    settings = Config(connect_timeout=5, read_timeout=30, retries={"total_max_attempts": 4, "mode": "standard"})
    try:
        session = boto3.Session()
        if session.get_credentials() is None:  # pyright: ignore[reportUnknownMemberType] - boto3 is untyped
            raise LiveError(
                "no AWS credentials: sign in (AWS_PROFILE, or the AWS_ACCESS_KEY_ID variables), or leave --live out to"
                " use the committed prices"
            )

        def client(service: str, where: str) -> Client:
            made = session.client(service, region_name=where, config=settings)  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType, reportCallIssue, reportArgumentType] - boto3 is untyped
            return cast("Client", made)

        return Clients(
            pricing=client("pricing", PRICE_LIST_REGION),
            ec2=client("ec2", region),
            savingsplans=client("savingsplans", PRICE_LIST_REGION),
        )
    except BotoCoreError as error:
        raise LiveError(f"AWS: {_one_line(str(error))}") from error


def read_live(clients: Clients, region: str, types: Collection[str], now: datetime) -> LivePrices:
    """Read the prices of some instance types.

    Args:
        clients: from `open_clients`.
        region: AWS region, such as ap-northeast-2.
        types: instance types that are wanted; others are passed over.
        now: the moment that spot prices are asked for; its day becomes the file's date.

    Returns:
        Prices by type. Spot and savings-plan prices that AWS refuses leave a gap that is named; the list prices must
        be there.

    Raises:
        LiveError: the list prices could not be read, or had a form that is not known.
    """
    found = {name: _Found() for name in sorted(types)}
    _asked("Price List", "pricing:GetProducts", lambda: _list_prices(clients.pricing, region, found))
    gaps: list[str] = []
    for what, permission, read in (
        ("spot prices", "ec2:DescribeSpotPriceHistory", lambda: _spot_prices(clients.ec2, region, found, now)),
        (
            "savings-plan rates",
            "savingsplans:DescribeSavingsPlansOfferingRates",
            lambda: _savings_plans(clients.savingsplans, region, found),
        ),
    ):
        try:
            _asked(what, permission, read)
        except LiveError as error:
            gaps.append(str(error))
    priced = {name: rates for name, rates in found.items() if rates.on_demand is not None}
    if not priced:
        raise LiveError(f"Price List: no on-demand Linux price of any wanted type in {region}")
    prices = PriceFile(
        format=FORMAT,
        region=region,
        date=now.astimezone(UTC).date().isoformat(),
        source=SOURCE,
        types={name: TypeRates(**vars(rates)) for name, rates in priced.items()},
    )
    return LivePrices(prices=prices, gaps=tuple(gaps))


def _asked(what: str, permission: str, read: Callable[[], None]) -> None:
    try:
        read()
    except ClientError as error:
        details = cast("Mapping[str, Mapping[str, str]]", error.response).get("Error", {})  # pyright: ignore[reportUnknownMemberType] - botocore is untyped
        code, text = details.get("Code", ""), _one_line(details.get("Message", ""))
        fix = f"; allow {permission} to the caller" if "Denied" in code or "Unauthorized" in code else ""
        raise LiveError(f"{what}: AWS answered {code}: {text}{fix}") from error
    except BotoCoreError as error:
        raise LiveError(f"{what}: {_one_line(str(error))}") from error
    except (KeyError, TypeError, ValueError, ArithmeticError) as error:
        raise LiveError(
            f"{what}: AWS's answer has a form that is not known ({type(error).__name__}: {error})"
        ) from error


def _pages(call: Callable[..., Record], token: str, **arguments: object) -> Iterator[Record]:
    """Every page of an answer; `token` is the service's own spelling of NextToken."""
    following: Record = {}
    while True:
        page = call(**arguments, **following)
        yield page
        if not page.get(token):
            return
        following = {token: page[token]}


def _list_prices(client: Client, region: str, found: Mapping[str, _Found]) -> None:
    filters = [
        {"Type": "TERM_MATCH", "Field": name, "Value": value} for name, value in {**LINUX, "regionCode": region}.items()
    ]
    pages = _pages(
        client.get_products,
        "NextToken",
        ServiceCode="AmazonEC2",
        Filters=filters,
        FormatVersion="aws_v1",
        MaxResults=_PAGE,
    )
    for page in pages:
        for text in cast("Sequence[str]", page["PriceList"]):
            _product(_mapping(json.loads(text), "PriceList"), found)


def _product(product: Record, found: Mapping[str, _Found]) -> None:
    attributes = _below(_below(product, "product"), "attributes")
    rates = found.get(str(attributes.get("instanceType", "")))
    if rates is None or any(attributes.get(name, value) != value for name, value in LINUX.items()):
        return
    terms = _below(product, "terms")
    for offer in _values(terms, "OnDemand"):
        hour = sum((usd for unit, usd in _dimensions(offer) if unit == "Hrs"), Decimal(0))
        if hour > 0:  # SKUs without a charge of their own are listed with 0
            rates.on_demand = float(hour)
    for offer in _values(terms, "Reserved"):
        promise = _below(offer, "termAttributes")
        if promise.get("OfferingClass") != "standard":
            continue
        length = str(promise["LeaseContractLength"])
        term = _term(length, str(promise["PurchaseOption"]))
        hour = Decimal(0)
        for unit, usd in _dimensions(offer):
            hour += usd if unit == "Hrs" else usd / (_YEARS[length] * HOURS_PER_YEAR)
        if hour > 0:
            rates.reserved[term] = _six(hour)


def _dimensions(offer: Record) -> Iterator[tuple[str, Decimal]]:
    for dimension in _values(offer, "priceDimensions"):
        yield str(dimension["unit"]), Decimal(str(_below(dimension, "pricePerUnit")["USD"]))


def _term(length: str, payment: str) -> Term:
    return cast("Term", f"{length}-{_PAYMENTS[payment]}")


def _spot_prices(client: Client, region: str, found: Mapping[str, _Found], now: datetime) -> None:
    names = sorted(found)
    for start in range(0, len(names), _SPOT_TYPES_AT_ONCE):
        newest: dict[tuple[str, str], datetime] = {}
        pages = _pages(
            client.describe_spot_price_history,
            "NextToken",
            InstanceTypes=names[start : start + _SPOT_TYPES_AT_ONCE],
            ProductDescriptions=["Linux/UNIX"],
            StartTime=now,
        )
        for page in pages:
            for record in cast("Sequence[Record]", page["SpotPriceHistory"]):
                zone = str(record["AvailabilityZone"])
                key = (str(record["InstanceType"]), zone)
                read = cast("datetime", record["Timestamp"])
                # Local zones are called differently; only the region's own zones are planned with.
                if zone[:-1] == region and key[0] in found and (key not in newest or read > newest[key]):
                    newest[key] = read
                    found[key[0]].spot[zone[-1]] = float(Decimal(str(record["SpotPrice"])))


def _savings_plans(client: Client, region: str, found: Mapping[str, _Found]) -> None:
    filters = {"region": [region], "tenancy": ["shared"], "productDescription": ["Linux/UNIX"]}
    pages = _pages(
        client.describe_savings_plans_offering_rates,
        "nextToken",
        savingsPlanTypes=["Compute"],
        products=["EC2"],
        serviceCodes=["AmazonEC2"],
        filters=[{"name": name, "values": values} for name, values in filters.items()],
        maxResults=1000,
    )
    for page in pages:
        for record in cast("Sequence[Record]", page["searchResults"]):
            properties = {
                str(item["name"]): str(item["value"]) for item in cast("Sequence[Record]", record["properties"])
            }
            plan = _below(record, "savingsPlanOffering")
            length = _SECONDS.get(int(str(plan["durationSeconds"])))
            rates = found.get(properties.get("instanceType", ""))
            plain = record["operation"] == "RunInstances" and "BoxUsage:" in str(record["usageType"])
            if rates is not None and length is not None and plain:
                rates.savings_plan[_term(length, str(plan["paymentOption"]))] = float(Decimal(str(record["rate"])))


def _mapping(value: object, what: str) -> Record:
    if not isinstance(value, Mapping):
        raise TypeError(f"{what} holds what is no mapping")
    return cast("Record", value)


def _below(record: Record, key: str) -> Record:
    return _mapping(record.get(key, {}), key)


def _values(record: Record, key: str) -> Iterator[Record]:
    for value in _below(record, key).values():
        yield _mapping(value, key)


def _six(hour: Decimal) -> float:
    return float(hour.quantize(Decimal("0.000001")))


def _one_line(text: str) -> str:
    return " ".join(text.split())
