"""Which price a machine has under each purchase option, and what happens where nobody has said one."""

import json
from decimal import Decimal

import pytest
from conftest import dev_object, plan_of

from config.loader import load_cluster, load_traffic_file
from config.problems import ConfigError
from sizing.catalogue import load
from sizing.pricing.book import machine_price, price_book
from sizing.pricing.fees import EKS_CONTROL_PLANE
from sizing.pricing.price_file import price_file_text, read_price_file

LARGE, MIDDLE = load()["c5a.2xlarge"], load()["c5a.xlarge"]


def _config(**prices):
    return load_cluster(dev_object() | {"prices": {"as_of": "2026-11-21", **prices}})


def _rate(**figures):
    return {"source": "spot page", "date": "2026-11-20", **figures}


def _file(tmp_path, **changes):
    document = {
        "format": "groundswell-prices/1",
        "region": "ap-northeast-2",
        "date": "2026-11-20",
        "source": "AWS Price List",
        "types": {
            "c5a.xlarge": {
                "on_demand": 0.18,
                "spot": {"a": 0.07, "c": 0.09},
                "reserved": {"1yr-no-upfront": 0.11, "3yr-no-upfront": 0.07},
            }
        },
    }
    path = tmp_path / "prices.json"
    path.write_text(json.dumps(document | changes), encoding="utf-8")
    return path


@pytest.mark.row("S0-13")
def test_the_catalogue_gives_on_demand_prices_with_source_and_date():
    price = price_book(_config()).price(MIDDLE)
    assert (price.hour, price.month, price.option) == (Decimal("0.172"), Decimal("125.560"), "on-demand")
    assert (price.source, price.date) == ("apache-libcloud 3.9.1", "2025-03-02")


@pytest.mark.parametrize("option", ["spot", "reserved", "savings-plan"])
def test_what_nobody_has_said_has_no_price(option):
    book = price_book(_config())
    assert book.price(MIDDLE, option) is None
    assert not book.has(option)


def test_a_rate_for_a_type_goes_before_one_for_its_family():
    book = price_book(_config(spot={"c5a": _rate(discount=0.5), "c5a.xlarge": _rate(usd_hour=0.061)}))
    assert book.price(MIDDLE, "spot").hour == Decimal("0.061")
    family = book.price(LARGE, "spot")
    assert family.hour == Decimal("0.172")
    assert family.source == "spot page: 50 % off 0.344 (apache-libcloud 3.9.1, 2025-03-02)"
    assert (family.date, family.term) == ("2026-11-20", None)
    assert book.price(load()["m5a.large"], "spot") is None


def test_a_promise_carries_its_term():
    book = price_book(_config(term="3yr-all-upfront", savings_plan={"c5a": _rate(discount=0.25)}))
    price = book.price(MIDDLE, "savings-plan")
    assert (price.hour, price.term) == (Decimal("0.129"), "3yr-all-upfront")


def test_a_price_file_goes_before_the_catalogue_and_after_the_stacks_own_rates(tmp_path):
    path = str(_file(tmp_path))
    book = price_book(_config(file=path))
    assert book.price(MIDDLE).hour == Decimal("0.18")
    assert book.price(MIDDLE).source == "AWS Price List"
    assert book.price(LARGE).hour == Decimal("0.344")
    assert book.price(MIDDLE, "reserved").hour == Decimal("0.11")
    assert price_book(_config(file=path, term="3yr-no-upfront")).price(MIDDLE, "reserved").hour == Decimal("0.07")
    stated = price_book(_config(file=path, spot={"c5a.xlarge": _rate(discount=0.5)}))
    assert stated.price(MIDDLE, "spot").hour == Decimal("0.09")
    assert (book.has("spot"), book.has("reserved"), book.has("savings-plan")) == (True, True, False)


def test_the_dearest_zone_counts_and_a_zone_without_a_spot_price_leaves_none(tmp_path):
    book = price_book(_config(file=str(_file(tmp_path))))
    assert book.price(MIDDLE, "spot", "a").hour == Decimal("0.07")
    assert book.price(MIDDLE, "spot", "ac").hour == Decimal("0.09")
    assert book.price(MIDDLE, "spot", "abc") is None


def test_a_plan_uses_the_price_file(tmp_path):
    raw = dev_object() | {"prices": {"file": str(_file(tmp_path))}}
    plan = plan_of(raw, "dev")
    assert plan.price.parts["pool:gateway"] == Decimal("131.40")
    assert plan.price.parts["pool:planner"] == Decimal("251.12")


def test_a_spot_pool_counts_at_its_spot_price_or_on_demand_with_a_warning(tmp_path):
    config = _config(file=str(_file(tmp_path)))
    assert machine_price(config, MIDDLE, spot=True, zones="ac").hour == Decimal("0.09")
    assert machine_price(config, LARGE, spot=True, zones="ac").hour == Decimal("0.344")
    raw = dev_object()
    raw["kafka"] = None
    raw["services"] = {
        name: {key: value for key, value in service.items() if key != "kafka"}
        for name, service in raw["services"].items()
    }
    raw["pools"]["payment"]["spot"] = True
    (warning,) = [notice.text for notice in plan_of(raw, "dev").warnings if notice.code == "spot-not-priced"]
    assert "pool payment: no spot price of c5a.xlarge is known" in warning


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"format": "other/9"}, 'prices.format: "other/9": must be one of groundswell-prices/1; choose one of them'),
        ({"types": {"c5a.xlarge": {"on_demand": -1}}}, 'prices.types["c5a.xlarge"].on_demand: -1: must be more than 0'),
        ({"types": {"c5a.xlarge": {"spot": {"z": 1.0}}}}, "the key has the wrong form; use a zone letter from a to h"),
        ({"types": {}}, "prices.types: {}: must not be empty"),
        ({"typos": 1}, "prices.typos: 1: is not a known key; did you mean types?"),
    ],
)
def test_a_faulty_price_file_is_refused_with_its_lines(tmp_path, changes, line):
    path = _file(tmp_path, **changes)
    with pytest.raises(ConfigError) as caught:
        read_price_file(path)
    assert line in str(caught.value)
    with pytest.raises(ConfigError) as refused:
        _config(file=str(path))
    assert "cluster.prices.file: " in str(refused.value)


def test_a_price_file_of_another_region_or_of_unknown_types_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="holds prices of us-east-1, and the stack is in ap-northeast-2"):
        _config(file=str(_file(tmp_path, region="us-east-1")))
    with pytest.raises(ConfigError, match="types that the catalogue does not know: x9z"):
        _config(file=str(_file(tmp_path, types={"x9z.large": {"on_demand": 1}})))


def test_the_path_of_a_price_file_counts_from_the_folder_of_the_stack_file(tmp_path):
    _file(tmp_path)
    stack = tmp_path / "traffic.yaml"
    stack.write_text(json.dumps(dev_object() | {"prices": {"file": "prices.json"}}), encoding="utf-8")
    assert price_book(load_traffic_file(stack)).price(MIDDLE).hour == Decimal("0.18")


def test_a_price_file_survives_the_way_to_its_text_and_back(tmp_path):
    path = _file(tmp_path)
    text = price_file_text(read_price_file(path))
    path.write_text(text, encoding="utf-8")
    assert price_file_text(read_price_file(path)) == text
    assert json.loads(text)["types"]["c5a.xlarge"]["spot"] == {"a": 0.07, "c": 0.09}


def test_the_control_plane_of_eks_costs_73_usd_a_month():
    assert EKS_CONTROL_PLANE.month == 73
    assert EKS_CONTROL_PLANE.source
    assert EKS_CONTROL_PLANE.date == "2024-04-01"
