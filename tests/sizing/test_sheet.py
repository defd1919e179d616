"""What a sheet states against what is computed: a real sheet's mistakes, each found exactly when it is there."""

import re
from decimal import Decimal

import pytest
from changes import with_changes
from conftest import ROOT, plan_of

from config.loader import load_cluster
from config.problems import ConfigError
from config.yaml_file import read_yaml

SHEET = read_yaml(ROOT / "examples/s0.yaml")


def changed(changes):
    """The sheet with some keys changed: dotted key paths to values, `...` removes a key."""
    return with_changes(SHEET, changes)


def codes(changes):
    return {notice.code for notice in plan_of(changed(changes), "s0").warnings}


def texts(changes, code):
    return [notice.text for notice in plan_of(changed(changes), "s0").warnings if notice.code == code]


OF_THE_SHEET = {
    "catalogue-mismatch",
    "stated-figure-mismatch",
    "change-base-mismatch",
    "formula-mismatch",
    "range-mixes-bases",
    "stress-above-arrival",
    "target-as-measurement",
    "same-spec-mismatch",
    "utilisation-above-target",
    "lighter-but-busier",
    "no-traffic",
    "demand-not-measured",
    "share-base-mismatch",
    "one-session-assumed",
    "mean-of-vusers",
    "no-node-tolerance",
    "platform-not-counted",
    "units-normalised",
}
"""The sheet's inconsistencies 1 to 16; the seventeenth, an even number of control planes, is another sheet's."""

BESIDES = {"not-priced", "single-control-plane", "burstable-control-plane", "kafka-low-replication"}
"""True of the sheet's cluster too, but no contradiction in the sheet."""


@pytest.mark.row("S0-01", "S0-02", "S0-03", "S0-04")
def test_the_printed_sheet_shows_every_one_of_its_inconsistencies_and_no_other():
    assert codes({}) == OF_THE_SHEET | BESIDES


MACHINES = [f"pools.{name}" for name in SHEET["pools"]] + ["control_plane"]
DEMAND = {"cpu_ms_per_request": 0.5, "source": "test"}
PLATFORM = [
    "coredns", "calico-typha", "calico-kube-controllers", "kubelet-csr-approver", "metrics-server", "headlamp", "kafka",
    "strimzi-operator", "kafka-entity-operator", "kafka-exporter", "kafka-ui",
]  # fmt: skip
SESSIONS = {"requests_per_user": ..., "sessions_per_day": 1, "requests_per_session": 12.5}

PAIRS = {
    "catalogue-mismatch": {
        "pools.planner.stated": {
            "printed": {"cpu": "8(4 core)", "memory": "16 GB", "network": "up to 10 Gb"},
            "price_usd_hour": 0.344,
        }
    },
    "stated-figure-mismatch": {"services.planner.stated.rps_peak": 11.6},
    "change-base-mismatch": {"stated.changes": {"planner": {"before": 580, "after": 450, "percent": -22.4}}},
    "formula-mismatch": {
        "services.planner.stated.peak_formula": "requests_per_day / 86400 * peak_factor * safety_factor"
    },
    "range-mixes-bases": {
        "services.planner.stated.rps_with_factors.low": 7.2,
        "services.accommodation.stated.rps_with_factors.low": 4.6,
    },
    "stress-above-arrival": {
        "services.planner.traffic.scenario_seconds": 6.25,  # 12.5 requests x 0.5 s: nobody pauses
        "services.accommodation.traffic.scenario_seconds": 10,
    },
    "target-as-measurement": {"services.planner.stated.load_test.tps": 3214},
    "same-spec-mismatch": {"pools.gateway.stated.same_as": "member"},
    "utilisation-above-target": {"pools.accommodation.instance_type": "c5a.2xlarge"},
    "lighter-but-busier": {
        "services.accommodation.stated.lighter_than": ...,
        "services.planner.stated.lighter_than": "accommodation",
    },
    "no-traffic": {
        "services.member.traffic": {"sent_by": {"gateway": 0.1}},
        "services.payment.traffic": {"sent_by": {"accommodation": 0.02}},
    },
    "demand-not-measured": {"services.gateway.demand": DEMAND},
    "share-base-mismatch": {"services.accommodation.stated.share_of_users.of": ...},
    "one-session-assumed": {
        f"services.{name}.traffic.{key}": value
        for name in ("planner", "accommodation")
        for key, value in SESSIONS.items()
    },
    "mean-of-vusers": {"services.planner.stated.load_test.vusers": 1730},
    "no-node-tolerance": {f"pools.{name}.count": 2 for name in SHEET["pools"]},
    "platform-not-counted": {"stated.workloads": [*SHEET["stated"]["workloads"], *PLATFORM]},
    "units-normalised": {f"{path}.stated.printed": ... for path in MACHINES},
    "single-control-plane": {"control_plane.slots": {"a": "a", "b": "a", "c": "a"}},
    "burstable-control-plane": {"control_plane.instance_type": "c5a.large"},
    "kafka-low-replication": {"kafka.replication_factor": 3, "kafka.min_in_sync_replicas": 2},
}
"""For each code, the smallest change of the sheet after which it is true no more."""


@pytest.mark.parametrize("code", sorted(PAIRS))
def test_a_code_goes_when_its_cause_is_put_right_and_takes_no_other_cause_with_it(code):
    rest = codes(PAIRS[code])
    assert code not in rest
    consequences = {
        "stress-above-arrival": {"lighter-but-busier", "utilisation-above-target"},  # both rest on the stress target
        "no-node-tolerance": {"utilisation-above-target"},  # a second machine halves the use of the first
    }.get(code, set())
    assert (OF_THE_SHEET | BESIDES) - {code} - consequences <= rest


def test_every_code_of_the_sheet_has_a_pair():
    assert set(PAIRS) | {"not-priced"} == OF_THE_SHEET | BESIDES


def test_what_the_sheet_leaves_out_is_named_until_it_is_counted():
    (text,) = texts({}, "platform-not-counted")
    for part in ("kafka x 3", "kafka-ui", "metrics-server", "headlamp", "coredns x 2", "calico-kube-controllers"):
        assert part in text
    (rest,) = texts({"stated.workloads": [*SHEET["stated"]["workloads"], *PLATFORM[:-1]]}, "platform-not-counted")
    assert "leaves out kafka-ui;" in rest


@pytest.mark.row("S0-09", "S0-13")
def test_the_literal_price_is_of_another_type_and_the_catalogues_is_used():
    (text,) = texts({}, "catalogue-mismatch")
    assert "memory GiB 15 is 16, USD/h 0.454 is 0.344, network 'High' is up to 10 Gb/s" in text
    assert "those of c4.2xlarge" in text
    assert plan_of(changed({}), "s0").price.month == Decimal("787.52")


@pytest.mark.row("S0-02")
@pytest.mark.parametrize(
    ("code", "parts"),
    [
        ("stated-figure-mismatch", ("12.5", "11.6", "requests per user and day")),
        ("change-base-mismatch", ("-22.4 % of 580", "-28.9 % of 450")),
        ("formula-mismatch", ("1,000,000", "11.6", "86,400")),
        ("range-mixes-bases", ("1.8..11.6", "7.2")),
        ("stress-above-arrival", ("900 TPS", "77.6 times", "11.6")),
        ("target-as-measurement", ("580 VUsers / 0.5 s", "4.138", "2.8 times", "1.4935")),
        ("same-spec-mismatch", ("c5a.xlarge", "c5a.2xlarge")),
        ("lighter-but-busier", ("2,100 TPS against 900", "4 vCPU against 8")),
        ("demand-not-measured", ("0.80 ms (basis stress)", "103.68 ms (basis arrival)")),
        ("share-base-mismatch", ("2,500..10,000", "5,000..12,500", "25,000")),
        ("one-session-assumed", ("12.5", "480 s", "450 VUsers")),
        ("mean-of-vusers", ("576.7", "1730")),
        ("utilisation-above-target", ("78.4%", "60%")),
    ],
)
def test_a_notice_says_what_is_stated_and_what_is_true(code, parts):
    text = texts({}, code)[0]
    for part in parts:
        assert part in text


def test_every_notice_about_traffic_names_the_basis_of_its_figures():
    for notice in plan_of(changed({}), "s0").warnings:
        if re.search(r"TPS|VUsers|requests/s|requests per user|users ", notice.text):
            assert "basis " in notice.text, notice.code


def test_units_are_read_by_their_meaning():
    (text,) = texts({}, "units-normalised")
    for part in ("'8(4 core)' as 8 vCPU on 4 cores", "'15 GB' as 15 GiB", "'up to 10 Gb' as up to 10 Gb/s"):
        assert part in text


@pytest.mark.row("S2-11", "S3-02")
def test_an_even_number_of_control_planes_is_refused_and_where_it_is_only_stated_reported():
    with pytest.raises(ConfigError) as caught:
        load_cluster(changed({"control_plane.slots": {"a": "a", "b": "a"}}))
    (problem,) = caught.value.problems
    assert problem.path == "cluster.control_plane.slots"
    assert "2 etcd members tolerate no loss, just as 1 would, and need 2 to write" in problem.rule
    (text,) = texts({"control_plane.stated.count": 2}, "even-control-plane")
    assert "2 etcd members need 2 to write and tolerate the loss of 0, as 1 would" in text
    assert not texts({"control_plane.stated.count": 3}, "even-control-plane")


def test_stated_figures_of_a_service_without_traffic_cannot_be_checked_and_the_plan_says_so():
    (text,) = texts(
        {"services.member.stated": {"rps_peak": 3}, **PAIRS["stated-figure-mismatch"]}, "stated-figure-mismatch"
    )
    assert "states rps_peak, and no traffic is given" in text


def test_a_formula_over_a_figure_that_the_service_does_not_have_is_reported():
    changes = {
        "services.planner.traffic": {"requests_per_second": {"peak": 20}},
        "services.planner.stated.peak_formula": "users * requests_per_user / 86400",
    }
    (text,) = texts(changes, "formula-mismatch")
    assert "has no requests_per_user, users" in text


def test_a_rate_printed_per_hour_is_recognised():
    (text,) = texts({"services.planner.stated.peak_formula": "requests_per_day * 2 * 2 / 24"}, "formula-mismatch")
    assert "the division by 3,600 (an hour's seconds) is missing" in text


@pytest.mark.parametrize(
    ("key", "said", "right"),
    [
        ("cpu", "8 vCPU", True),
        ("cpu", "4", False),
        ("memory", "16 GiB", True),
        ("memory", "16384 MiB", True),
        ("memory", "8GB", False),
        ("network", "up to 10 Gigabit", True),
        ("network", "2.5 Gb/s", True),
        ("network", "up to 25 Gbps", False),
        ("network", "Moderate", False),
    ],
)
def test_a_printed_figure_is_compared_with_the_catalogue(key, said, right):
    found = texts({"pools.planner.stated": {"printed": {key: said}}}, "catalogue-mismatch")
    assert bool(found) != right


def test_the_table_of_codes_in_the_documentation_holds_every_code_of_the_notices():
    page = (ROOT / "docs/sizing.md").read_text(encoding="utf-8")
    listed = set(re.findall(r"`([a-z]+(?:-[a-z]+)+)`", page))
    written = {
        code
        for folder in ("notices", "pricing")
        for path in (ROOT / "sizing" / folder).glob("*.py")
        for code in re.findall(r'code="([a-z-]+)"', path.read_text(encoding="utf-8"))
    }
    assert OF_THE_SHEET | BESIDES | {"even-control-plane"} <= written <= listed
