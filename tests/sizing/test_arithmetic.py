"""The travel platform's traffic sheet, recomputed: every printed and every exact value."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sizing import arithmetic as sums
from sizing.quorum import quorum, tolerance

PLANNER = {"users": (12_500, 20_000), "rpu": 12.5, "seconds": 480}
ACCOMMODATION = {"users": (5_000, 12_500), "rpu": 20.0, "seconds": 1800}

SHEET = [
    pytest.param(PLANNER, (156_250, 250_000), ("1.808449", "2.893519"), ("1.8", "2.9"), id="planner"),
    pytest.param(ACCOMMODATION, (100_000, 250_000), ("1.157407", "2.893519"), ("1.2", "2.9"), id="accommodation"),
]


@pytest.mark.row("S0-02")
@pytest.mark.parametrize(("service", "daily", "exact", "printed"), SHEET)
def test_requests_and_mean_rps_come_out_exactly_and_as_printed(service, daily, exact, printed):
    for users, requests, rps, shown in zip(service["users"], daily, exact, printed, strict=True):
        assert sums.requests_per_day(users, service["rpu"]) == requests
        mean = sums.mean_rps(Fraction(requests))
        assert sums.to_decimal(mean, 6) == Decimal(rps)
        assert sums.printed_rps(mean) == Decimal(shown)


@pytest.mark.row("S0-02")
def test_both_services_peak_at_11_6_requests_per_second():
    peak = sums.peak_rps(sums.mean_rps(Fraction(250_000)), 2.0, 2.0)
    assert sums.to_decimal(peak, 6) == Decimal("11.574074")
    assert sums.printed_rps(peak) == Decimal("11.6")


@pytest.mark.row("S0-02")
@pytest.mark.parametrize(
    ("service", "rps", "raw", "rounded"),
    [
        (PLANNER, "1.8", "69.12", 70),
        (PLANNER, "11.6", "445.44", 450),
        (PLANNER, Fraction(156_250, 86_400), "69.444", 70),
        (PLANNER, Fraction(1_000_000, 86_400), "444.444", 450),
        (ACCOMMODATION, "1.2", "108", 110),
        (ACCOMMODATION, "11.6", "1044", 1050),
        (ACCOMMODATION, Fraction(100_000, 86_400), "104.167", 110),
        (ACCOMMODATION, Fraction(1_000_000, 86_400), "1041.667", 1050),
    ],
)
def test_virtual_users_agree_from_the_printed_and_the_exact_rate(service, rps, raw, rounded):
    rate = Fraction(rps)
    assert sums.to_decimal(sums.vusers_raw(rate, service["seconds"], service["rpu"]), 3) == Decimal(raw).quantize(
        Decimal("0.001")
    )
    assert sums.vusers(rate, service["seconds"], service["rpu"]) == rounded


@pytest.mark.row("S0-02")
@pytest.mark.parametrize(("users", "tps"), [(70, 140), (450, 900), (110, 220), (1050, 2100), (580, 1160)])
def test_the_target_is_taken_from_the_rounded_users(users, tps):
    assert sums.target_tps(users, 500) == tps


def test_the_older_sheet_follows_from_the_same_rules():
    """Means over its three scenarios: 14.533 requests/s, 577 users; X = N / R."""
    assert sums.to_decimal(Fraction("43.6") / 3, 3) == Decimal("14.533")
    assert sums.vusers(Fraction("8.8"), 430, 7.5) == 510
    assert sums.target_tps(510, 500) == 1020


@pytest.mark.row("S2-11")
@pytest.mark.parametrize(
    ("members", "needed", "spare"), [(1, 1, 0), (2, 2, 0), (3, 2, 1), (4, 3, 1), (5, 3, 2), (6, 4, 2), (7, 4, 3)]
)
def test_the_quorum_table_holds(members, needed, spare):
    assert (quorum(members), tolerance(members)) == (needed, spare)


def test_no_members_are_no_cluster():
    with pytest.raises(ValueError, match="at least one"):
        quorum(0)


@given(st.integers(1, 99))
def test_two_majorities_always_share_a_member(members):
    assert 2 * quorum(members) > members


@given(st.fractions(min_value=0, max_value=10**9), st.integers(0, 6))
def test_rounding_is_half_up_and_never_off_by_more_than_half_a_step(value, places):
    step = Fraction(1, 10**places)
    error = Fraction(sums.to_decimal(value, places)) - value
    assert -step / 2 < error <= step / 2


@given(st.integers(1, 10**7), st.floats(0.01, 1000), st.floats(1, 86_400))
def test_virtual_users_are_never_below_littles_law(users, rpu, seconds):
    rate = sums.mean_rps(sums.requests_per_day(users, rpu))
    raw = sums.vusers_raw(rate, seconds, rpu)
    assert raw <= sums.vusers(rate, seconds, rpu) < raw + sums.VUSER_STEP
