"""Traffic from sessions, scenarios, rates, and calls between services."""

import copy
from decimal import Decimal
from fractions import Fraction

import pytest
from conftest import dev_object, plan_of
from hypothesis import given, settings
from hypothesis import strategies as st

from config.loader import load_cluster
from sizing.document import document
from sizing.traffic import peak_factor, session_of, traffic_plans

PLANNER = ("planner", "traffic")


def _plans(changes, traffic=()):
    """The dev stack's traffic with some services' traffic replaced and keys of the whole platform's set."""
    raw = dev_object()
    for name, value in changes.items():
        for key, part in value.items():
            raw["services"][name][key] = part
    raw["traffic"].update(traffic)
    for key, value in dict(traffic).items():
        if value is ...:
            del raw["traffic"][key]
    return traffic_plans(load_cluster(raw))


def _planner(traffic, platform=()):
    return _plans({"planner": {"traffic": traffic}}, platform)["planner"]


USERS = {"users": {"low": 12_500, "high": 20_000}}


@pytest.mark.row("S0-01", "S0-02")
def test_a_busiest_hour_with_an_eighth_of_the_day_is_three_times_the_mean():
    plan = _plans({}, {"peak_factor": ..., "peak_hour_share": 0.125})["planner"]
    assert plan.rps_peak_exact == Decimal("17.361111")  # 250,000 x 0.125 / 3600 x 2
    twelfth = load_cluster(dev_object() | {"traffic": {"daily_active_users": 25_000, "peak_hour_share": 0.125}})
    assert peak_factor(twelfth.traffic) == 3


def test_a_twelfth_of_the_day_in_one_hour_is_the_sheets_factor_of_two():
    plan = _plans({}, {"peak_factor": ..., "peak_hour_share": 0.083333333333})["planner"]
    assert (plan.rps_peak, plan.rps_peak_exact) == (Decimal("11.6"), Decimal("11.574074"))


def test_without_factor_or_share_the_peak_is_twice_the_mean():
    assert _plans({}, {"peak_factor": ...})["planner"].rps_peak_exact == Decimal("11.574074")


@pytest.mark.row("S0-01")
def test_one_session_a_day_is_what_requests_per_user_is_short_for():
    short = _planner({**USERS, "requests_per_user": 12.5, "scenario_seconds": 480})
    long = _planner({**USERS, "sessions_per_day": 1, "requests_per_session": 12.5, "scenario_seconds": 480})
    assert short == long
    assert short.sessions_per_day.high == 20_000


def test_more_sessions_bring_more_requests_and_users_but_the_same_think_time():
    one = _planner({**USERS, "requests_per_session": 12.5, "scenario_seconds": 480})
    three = _planner({**USERS, "sessions_per_day": 3, "requests_per_session": 12.5, "scenario_seconds": 480})
    assert three.requests_per_day.high == 3 * one.requests_per_day.high == 750_000
    assert three.vusers.high == 1340  # 3 x 444.4, up to the next ten
    assert three.think_seconds == one.think_seconds == Decimal("37.9")


def test_think_time_is_the_session_over_its_requests_less_the_response(dev_plan):
    assert dev_plan.services["planner"].traffic.think_seconds == Decimal("37.9")  # 480 / 12.5 - 0.5
    assert dev_plan.services["accommodation"].traffic.think_seconds == Decimal("89.5")  # 1800 / 20 - 0.5


def test_with_its_think_time_the_closed_test_gives_back_the_arrival_rate(dev_plan):
    """X = N / (R + Z): 450 users are 11.7 requests/s, not 900."""
    traffic = dev_plan.services["planner"].traffic
    rate = traffic.vusers.high / (Decimal("0.5") + traffic.think_seconds)
    assert traffic.rps_peak <= rate < traffic.rps_peak + Decimal("0.2")


SCENARIOS = {
    "look": {"share": 0.5, "requests_per_session": 7.5, "session_seconds": 430},
    "plan": {"share": 0.3, "requests_per_session": 18.5, "session_seconds": 1000},
    "check": {"share": 0.2, "requests_per_session": 11.5, "session_seconds": 13.5},
}


def test_scenarios_are_summed_by_share_and_their_users_never_averaged():
    plan = _planner({**USERS, "scenarios": SCENARIOS})
    sessions = Fraction(20_000) * 4 / 86_400  # a second, at the peak with its safety factor
    requests = sum(
        Fraction(str(item["share"])) * Fraction(str(item["requests_per_session"])) for item in SCENARIOS.values()
    )
    users = [
        sessions * Fraction(str(item["share"])) * Fraction(str(item["session_seconds"])) for item in SCENARIOS.values()
    ]
    assert plan.rps_peak_exact == round(Decimal(float(sessions * requests)), 6) == Decimal("10.740741")
    assert 0 <= plan.vusers.high - Decimal(float(sum(users))) < 10
    assert plan.vusers.high == 480
    mean_of_users = sum(users) / 3
    assert plan.vusers.high > 2 * mean_of_users


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 20), st.integers(1, 50), st.integers(1, 4000)), min_size=1, max_size=5))
def test_splitting_a_scenario_in_two_halves_changes_nothing(kinds):
    total = sum(weight for weight, _, _ in kinds)

    def scenarios(split):
        result = {}
        for place, (weight, requests, seconds) in enumerate(kinds):
            for half in range(split):
                result[f"k{place}-{half}"] = {
                    "share": weight / total / split,
                    "requests_per_session": requests,
                    "session_seconds": seconds,
                }
        return result

    whole, halves = (_planner({**USERS, "scenarios": scenarios(split)}) for split in (1, 2))
    assert abs(whole.rps_peak_exact - halves.rps_peak_exact) <= Decimal("0.000002")
    assert abs(whole.vusers.high - halves.vusers.high) <= 10


def test_shares_that_people_round_are_taken_in_proportion():
    thirds = {
        name: {"share": 0.333, "requests_per_session": requests, "session_seconds": 60}
        for name, requests in (("a", 1), ("b", 2), ("c", 3))
    }
    config = load_cluster(_raw({**USERS, "scenarios": thirds}))
    session = session_of(config.traffic, config.services["planner"].traffic)
    assert (session.requests, session.seconds) == (2, 60)


def _raw(traffic):
    raw = dev_object()
    raw["services"]["planner"]["traffic"] = traffic
    return raw


@pytest.mark.parametrize(
    ("rate", "mean", "peak"),
    [({"mean": 100}, 100, 400), ({"peak": 300}, 150, 600), ({"mean": 100, "peak": 300}, 100, 600)],
)
def test_a_known_rate_needs_no_users(rate, mean, peak):
    """A measured peak holds the concentration already; the safety factor is still on top."""
    plan = _planner({"requests_per_second": rate})
    assert plan.users is None
    assert plan.rps_mean.low == plan.rps_mean.high == mean
    assert plan.rps_peak == peak
    assert plan.requests_per_day.high == mean * 86_400


def test_a_rate_without_sessions_is_tested_by_users_who_never_pause():
    plan = _planner({"requests_per_second": {"peak": 300}})
    assert (plan.think_seconds, plan.sessions_per_day) == (None, None)
    assert plan.vusers.high == 300  # 600 requests/s x 0.5 s
    assert plan.tps_target.high == 600


def test_a_rate_with_sessions_gives_the_same_sheet_as_the_users_behind_it():
    by_users = _planner({**USERS, "requests_per_session": 12.5, "scenario_seconds": 480})
    rate = {"requests_per_second": {"mean": 2.893519}, "requests_per_session": 12.5, "scenario_seconds": 480}
    by_rate = _planner(rate)
    assert (by_rate.vusers.high, by_rate.tps_target.high, by_rate.rps_peak) == (450, 900, Decimal("11.6"))
    assert by_rate.think_seconds == by_users.think_seconds


def test_a_platform_with_rates_only_needs_no_number_of_users():
    raw = dev_object()
    del raw["traffic"]["daily_active_users"]
    for name in ("planner", "accommodation"):
        raw["services"][name]["traffic"] = {"requests_per_second": {"peak": 50}}
    plan = plan_of(raw, "rates")
    assert plan.services["gateway"].traffic.rps_peak == 200
    assert plan.services["gateway"].traffic.users is None


@pytest.mark.row("S0-07", "S0-74")
def test_a_gateway_with_weights_carries_the_weighted_sum():
    plans = _plans({"gateway": {"routes": {"planner": 1, "accommodation": 0.5, "member": 1, "payment": 1}}})
    gateway = plans["gateway"]
    assert gateway.rps_peak_exact == Decimal("17.361111")  # 11.574074 x 1.5
    assert gateway.tps_target.high == 900 + 2100 / 2
    assert gateway.vusers.high == 450 + 1050 / 2
    assert gateway.weights == {"planner": 1, "accommodation": Decimal("0.5")}


@pytest.mark.row("S0-74")
def test_a_list_of_routes_is_the_mapping_with_ones():
    as_list = _plans({})["gateway"]
    as_mapping = _plans({"gateway": {"routes": dict.fromkeys(["member", "planner", "accommodation", "payment"], 1)}})
    assert as_mapping["gateway"] == as_list


@pytest.mark.row("S0-08", "S0-11")
def test_an_inner_service_gets_what_others_send_it_and_those_calls_pass_through_no_gateway():
    plans = _plans(
        {
            "member": {"traffic": {"sent_by": {"gateway": 0.1}}},
            "payment": {"traffic": {"sent_by": {"accommodation": 0.02, "planner": 0.01}}},
        }
    )
    assert plans["gateway"].derived_from == ("planner", "accommodation")
    payment = plans["payment"]
    assert payment.rps_peak_exact == Decimal("0.347222")  # 11.574074 x 0.03
    assert payment.tps_target.high == Decimal("51.0")  # 2100 x 0.02 + 900 x 0.01
    assert (payment.users, payment.vusers) == (None, None)
    member, gateway = plans["member"], plans["gateway"]
    assert member.rps_peak_exact == round(gateway.rps_peak_exact / 10, 6)
    assert member.weights == {"gateway": Decimal("0.1")}


def test_users_behind_a_gateway_are_unknown_as_soon_as_those_of_one_service_are(dev_plan):
    assert dev_plan.services["gateway"].traffic.users.low == 12_500
    plans = _plans({"accommodation": {"traffic": {"requests_per_second": {"peak": 50}}}})
    assert plans["gateway"].users is None


def test_a_service_that_only_calls_others_may_have_traffic_of_its_own():
    plans = _plans({"planner": {"routes": ["member"]}, "member": {"traffic": {"sent_by": {"planner": 2.5}}}})
    assert plans["member"].rps_peak_exact == round(plans["planner"].rps_peak_exact * Decimal("2.5"), 6)
    assert plans["planner"].derived_from == ()


def test_the_busiest_second_of_a_gateway_is_of_its_own_rate_and_no_sum_of_bursts(dev_plan):
    bursts = {name: service.traffic.rps_burst for name, service in dev_plan.services.items() if service.traffic}
    assert bursts == {"gateway": 35, "planner": 20, "accommodation": 20}


def test_every_figure_of_the_document_names_its_basis(dev_plan):
    for name, service in document(dev_plan)["services"].items():
        figures = {key for key, value in service.items() if isinstance(value, int | float) or _is_span(value)}
        assert figures <= set(service["bases"]), name
    assert set(document(dev_plan)["services"]["planner"]["bases"].values()) == {"input", "arrival", "stress"}


def _is_span(value):
    return isinstance(value, dict) and set(value) == {"low", "high"}


def test_five_hundred_services_of_a_million_users_have_their_traffic_at_once():
    raw = copy.deepcopy(dev_object())
    raw["traffic"]["daily_active_users"] = 1_000_000
    names = [f"s{place}" for place in range(500)]
    for name in names:
        raw["services"][name] = {
            "pool": "payment",
            "image": "a:1",
            "traffic": {"share_of_users": {"low": 0.1, "high": 0.5}, "requests_per_user": 20, "scenario_seconds": 600},
        }
    raw["services"]["gateway"]["routes"] = names
    plans = traffic_plans(load_cluster(raw))
    assert plans["gateway"].rps_peak_exact == round(500 * plans["s0"].rps_peak_exact, 6)
    assert plans["gateway"].users.high == 1_000_000
