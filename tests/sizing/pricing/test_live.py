"""Prices asked of AWS: answers in the form of the real services, cut into pages, and what refusals look like."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError
from botocore.stub import Stubber
from conftest import ROOT, dev_object

from config.loader import load_cluster
from sizing.__main__ import main
from sizing.catalogue import load
from sizing.pricing import live
from sizing.pricing.book import price_book
from sizing.pricing.live import Clients, LiveError, read_live

SEOUL = "ap-northeast-2"
NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
TYPES = ("c5a.xlarge", "c7g.xlarge")


def _product(kind, hour, reserved=(), **attributes):
    """One element of GetProducts' PriceList in `aws_v1`: JSON as text, as AWS sends it."""
    sku = f"SKU{kind.replace('.', '').upper()}"
    terms = {
        "OnDemand": {
            f"{sku}.JRTCKXETXF": {
                "priceDimensions": {
                    f"{sku}.JRTCKXETXF.6YS6EN2CT7": {
                        "unit": "Hrs",
                        "endRange": "Inf",
                        "description": f"${hour} per On Demand Linux {kind} Instance Hour",
                        "appliesTo": [],
                        "rateCode": f"{sku}.JRTCKXETXF.6YS6EN2CT7",
                        "beginRange": "0",
                        "pricePerUnit": {"USD": hour},
                    }
                },
                "sku": sku,
                "effectiveDate": "2026-11-01T00:00:00Z",
                "offerTermCode": "JRTCKXETXF",
                "termAttributes": {},
            }
        }
    }
    if reserved:
        terms["Reserved"] = {
            f"{sku}.{index}": {
                "priceDimensions": {
                    f"{sku}.{index}.6YS6EN2CT7": {"unit": "Hrs", "pricePerUnit": {"USD": hourly}},
                    f"{sku}.{index}.2TG2D8R56U": {
                        "unit": "Quantity",
                        "description": "Upfront Fee",
                        "pricePerUnit": {"USD": upfront},
                    },
                },
                "sku": sku,
                "termAttributes": {"LeaseContractLength": length, "OfferingClass": kind_, "PurchaseOption": payment},
            }
            for index, (length, kind_, payment, hourly, upfront) in enumerate(reserved)
        }
    return json.dumps(
        {
            "product": {
                "productFamily": "Compute Instance",
                "attributes": {
                    "instanceType": kind,
                    "regionCode": SEOUL,
                    "operatingSystem": "Linux",
                    "tenancy": "Shared",
                    "preInstalledSw": "NA",
                    "capacitystatus": "Used",
                    "marketoption": "OnDemand",
                    "usagetype": f"APN2-BoxUsage:{kind}",
                    **attributes,
                },
                "sku": sku,
            },
            "serviceCode": "AmazonEC2",
            "terms": terms,
            "version": "20261101000000",
            "publicationDate": "2026-11-01T00:00:00Z",
        }
    )


PAGES = (
    [
        _product(
            "c5a.xlarge",
            "0.1720000000",
            [
                ("1yr", "standard", "No Upfront", "0.1084000000", "0"),
                ("1yr", "standard", "All Upfront", "0.0000000000", "876"),
                ("1yr", "convertible", "No Upfront", "0.1240000000", "0"),
                ("3yr", "standard", "Partial Upfront", "0.0300000000", "1051.2"),
            ],
        ),
        _product("c5a.xlarge", "0.3000000000", operatingSystem="Windows"),
        _product("c5a.xlarge", "0.0000000000", capacitystatus="UnusedCapacityReservation"),
    ],
    [_product("c7g.xlarge", "0.1700000000"), _product("m9z.xlarge", "9.0000000000")],
)


def _spot(kind, zone, price, hour):
    return {
        "AvailabilityZone": zone,
        "InstanceType": kind,
        "ProductDescription": "Linux/UNIX",
        "SpotPrice": price,
        "Timestamp": datetime(2026, 11, 25, hour, tzinfo=UTC),
    }


def _plan_rate(kind, rate, *, usage="BoxUsage", operation="RunInstances", seconds=31536000):
    return {
        "savingsPlanOffering": {
            "offeringId": "2b1e3c5d-0000-4000-8000-000000000001",
            "paymentOption": "No Upfront",
            "planType": "Compute",
            "durationSeconds": seconds,
            "currency": "USD",
            "planDescription": "1 year No Upfront Compute Savings Plan",
        },
        "rate": rate,
        "unit": "Hrs",
        "productType": "EC2",
        "serviceCode": "AmazonEC2",
        "usageType": f"APN2-{usage}:{kind}",
        "operation": operation,
        "properties": [
            {"name": "region", "value": SEOUL},
            {"name": "instanceType", "value": kind},
            {"name": "productDescription", "value": "Linux/UNIX"},
            {"name": "tenancy", "value": "shared"},
        ],
    }


class Aws:
    """Three stubbed clients; every call is checked against botocore's model of the service."""

    def __init__(self, made):
        self.clients = Clients(**made)
        self.stubs = {name: Stubber(client) for name, client in made.items()}
        for stub in self.stubs.values():
            stub.activate()

    def lists(self, *pages):
        fields = {**live.LINUX, "regionCode": SEOUL}
        filters = [{"Type": "TERM_MATCH", "Field": name, "Value": value} for name, value in fields.items()]
        asked = {"ServiceCode": "AmazonEC2", "Filters": filters, "FormatVersion": "aws_v1", "MaxResults": 100}
        for index, page in enumerate(pages):
            answer = {"FormatVersion": "aws_v1", "PriceList": page}
            if index + 1 < len(pages):
                answer["NextToken"] = f"page {index + 1}"
            token = {"NextToken": f"page {index}"} if index else {}
            self.stubs["pricing"].add_response("get_products", answer, asked | token)

    def spot(self, *records):
        asked = {"InstanceTypes": sorted(TYPES), "ProductDescriptions": ["Linux/UNIX"], "StartTime": NOW}
        self.stubs["ec2"].add_response(
            "describe_spot_price_history", {"SpotPriceHistory": list(records), "NextToken": ""}, asked
        )

    def plans(self, *records):
        self.stubs["savingsplans"].add_response(
            "describe_savings_plans_offering_rates", {"searchResults": list(records)}
        )

    def refuse(self, service, call, code, message="no"):
        self.stubs[service].add_client_error(call, code, message)

    def read(self):
        return read_live(self.clients, SEOUL, TYPES, NOW)


@pytest.fixture(scope="module")
def made():
    return {
        name: boto3.client(name, region_name=region, aws_access_key_id="x", aws_secret_access_key="x")
        for name, region in (("pricing", "us-east-1"), ("ec2", SEOUL), ("savingsplans", "us-east-1"))
    }


@pytest.fixture
def aws(made):
    stubbed = Aws(made)
    yield stubbed
    for stub in stubbed.stubs.values():
        stub.deactivate()


@pytest.fixture
def answering(aws):
    aws.lists(*PAGES)
    aws.spot(
        _spot("c5a.xlarge", f"{SEOUL}a", "0.070100", 9),
        _spot("c5a.xlarge", f"{SEOUL}a", "0.069500", 3),
        _spot("c5a.xlarge", f"{SEOUL}c", "0.081000", 2),
        _spot("c7g.xlarge", f"{SEOUL}-wl1-sel-wlz-1", "0.5", 2),
    )
    aws.plans(
        _plan_rate("c5a.xlarge", "0.1238"),
        _plan_rate("c5a.xlarge", "0.0852", seconds=94608000),
        _plan_rate("c5a.xlarge", "0.9", usage="DedicatedUsage"),
        _plan_rate("c5a.xlarge", "0.8", operation="RunInstances:0010"),
        _plan_rate("m9z.xlarge", "0.7"),
    )
    return aws


@pytest.mark.row("S0-13")
def test_the_price_list_is_read_page_by_page_and_only_plain_linux_machines_count(answering):
    read = answering.read()
    assert read.gaps == ()
    assert (read.prices.region, read.prices.date) == (SEOUL, "2026-11-25")
    assert list(read.prices.types) == ["c5a.xlarge", "c7g.xlarge"]
    assert read.prices.types["c5a.xlarge"].on_demand == 0.172
    assert read.prices.types["c7g.xlarge"].on_demand == 0.17


def test_what_a_reserved_instance_costs_at_once_is_spread_over_its_term(answering):
    assert answering.read().prices.types["c5a.xlarge"].reserved == {
        "1yr-no-upfront": 0.1084,
        "1yr-all-upfront": 0.1,
        "3yr-partial-upfront": 0.07,
    }


def test_the_newest_spot_price_of_every_zone_of_the_region_counts(answering):
    types = answering.read().prices.types
    assert types["c5a.xlarge"].spot == {"a": 0.0701, "c": 0.081}
    assert types["c7g.xlarge"].spot == {}


def test_savings_plan_rates_are_those_of_plain_linux_on_shared_hardware(answering):
    assert answering.read().prices.types["c5a.xlarge"].savings_plan == {
        "1yr-no-upfront": 0.1238,
        "3yr-no-upfront": 0.0852,
    }


def test_what_aws_refuses_beside_the_list_prices_is_a_named_gap(aws):
    aws.lists(*PAGES)
    aws.refuse("ec2", "describe_spot_price_history", "UnauthorizedOperation", "not\nallowed")
    aws.refuse("savingsplans", "describe_savings_plans_offering_rates", "AccessDeniedException")
    read = aws.read()
    assert read.prices.types["c5a.xlarge"].on_demand == 0.172
    spot, plans = read.gaps
    assert spot.startswith("spot prices: AWS answered UnauthorizedOperation: not allowed; allow ec2:Describe")
    assert plans.startswith("savings-plan rates: AWS answered AccessDeniedException: no; allow savingsplans:Describe")


def test_without_list_prices_there_is_nothing(aws):
    aws.refuse("pricing", "get_products", "ExpiredTokenException", "The security token is expired")
    with pytest.raises(LiveError, match=r"Price List: AWS answered ExpiredTokenException: The security token is"):
        aws.read()


@pytest.mark.parametrize(
    ("page", "says"),
    [
        (["{"], "has a form that is not known"),
        (["[]"], "has a form that is not known"),
        ([_product("c5a.xlarge", "cheap")], "has a form that is not known"),
        ([], "no on-demand Linux price of any wanted type in ap-northeast-2"),
    ],
)
def test_an_answer_of_another_form_is_one_line(aws, page, says):
    aws.lists(page)
    aws.spot()
    aws.plans()
    with pytest.raises(LiveError, match="Price List: ") as caught:
        aws.read()
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_network_that_is_down_is_one_line(aws, monkeypatch):
    def unreachable(**_):
        raise EndpointConnectionError(endpoint_url="https://api.pricing.us-east-1.amazonaws.com")

    monkeypatch.setattr(aws.clients.pricing, "get_products", unreachable)
    with pytest.raises(LiveError, match="Price List: Could not connect to the endpoint URL"):
        aws.read()


@pytest.fixture
def at_aws(answering, monkeypatch):
    """The command line with the stubbed clients, asking for two types at noon of 2026-11-25."""

    class Noon(datetime):
        @classmethod
        def now(cls, tz=None):
            return NOW.astimezone(tz)

    monkeypatch.chdir(ROOT)
    monkeypatch.setattr("sizing.commands.prices.datetime", Noon)
    monkeypatch.setattr("sizing.commands.prices.offered", lambda _: [load()[name] for name in TYPES])
    monkeypatch.setattr(live, "open_clients", lambda _: answering.clients)
    return answering


@pytest.mark.usefixtures("at_aws")
def test_live_prints_what_differs_from_the_catalogue(capsys):
    assert main(["prices", "--stack", "dev", "--live", "--format", "json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["date"] == "2026-11-25"
    assert document["same"] == 1
    changed = {(each["type"], each["option"]): each for each in document["differences"]}
    assert changed["c5a.xlarge", "spot"]["live"]["usd_hour"] == 0.081
    assert changed["c5a.xlarge", "reserved"]["live"] == {
        "usd_hour": 0.1084,
        "source": live.SOURCE,
        "date": "2026-11-25",
        "term": "1yr-no-upfront",
    }
    assert ("c5a.xlarge", "on-demand") not in changed
    assert changed["c7g.xlarge", "on-demand"]["known"]["usd_hour"] == 0.1632
    assert changed["c7g.xlarge", "on-demand"]["change"] == pytest.approx(0.041667)


@pytest.mark.usefixtures("at_aws")
def test_live_writes_a_price_file_that_a_stack_can_name(capsys, tmp_path):
    path = tmp_path / "prices.json"
    assert main(["prices", "--stack", "dev", "--live", "--write", str(path)]) == 0
    shown = capsys.readouterr()
    assert str(path) in shown.err
    assert "0.1084" in shown.out
    assert all(len(line) <= 100 for line in shown.out.splitlines())
    book = price_book(load_cluster(dev_object() | {"prices": {"file": str(path)}}))
    price = book.price(load()["c5a.xlarge"], "spot", "ac")
    assert (str(price.hour), price.date) == ("0.081", "2026-11-25")


@pytest.mark.usefixtures("at_aws")
def test_a_place_that_cannot_be_written_is_one_line(capsys, tmp_path):
    path = tmp_path / "absent" / "prices.json"
    assert main(["prices", "--stack", "dev", "--live", "--write", str(path)]) == 2
    assert capsys.readouterr().err == (
        f"--write: {path}: no such file or directory; give a file in a folder that can be written to\n"
    )


def test_without_credentials_live_is_one_line_and_exit_2(tmp_path):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment |= {"AWS_EC2_METADATA_DISABLED": "true", "HOME": str(tmp_path)}
    result = subprocess.run(
        [sys.executable, "-m", "sizing", "prices", "--stack", "dev", "--live"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith("--live: no AWS credentials: sign in")
    assert result.stderr.count("\n") == 1


def test_the_book_is_printed_with_its_sources_and_fits_a_hundred_columns(capsys, monkeypatch):
    monkeypatch.chdir(ROOT)
    assert main(["prices", "--stack", "dev"]) == 0
    shown = capsys.readouterr().out
    assert "apache-libcloud 3.9.1, 2025-03-02" in shown
    assert any(line.split()[:5] == ["c5a.xlarge", "x86_64", "4", "8", "0.172"] for line in shown.splitlines())
    assert all(len(line) <= 100 for line in shown.splitlines())


def test_nothing_is_written_without_asking(capsys):
    assert main(["prices", "--stack", "dev", "--write", "prices.json"]) == 2
    assert capsys.readouterr().err.startswith("--write: needs --live")
