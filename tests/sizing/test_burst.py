"""Requests in the busiest second."""

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sizing.burst import poisson_percentile


@pytest.mark.parametrize(("rate", "p99", "p999"), [("11.6", 20, 23), ("23.2", 35, 39), ("100", 124, 132)])
def test_the_busiest_seconds_are_the_percentiles_of_poissons_distribution(rate, p99, p999):
    """Values from Poisson tables."""
    assert poisson_percentile(Fraction(rate), 99) == p99
    assert poisson_percentile(Fraction(rate), 99.9) == p999


def test_a_service_of_a_few_requests_an_hour_has_seconds_with_one_or_two():
    assert poisson_percentile(Fraction("0.087"), 99) == 1
    assert poisson_percentile(Fraction("0.001"), 99) == 0
    assert poisson_percentile(Fraction(0), 99) == 0


@given(st.floats(0.001, 300), st.sampled_from([50.0, 90.0, 99.0, 99.9, 99.99]))
def test_it_is_the_smallest_count_that_the_share_of_seconds_does_not_exceed(rate, percentile):
    count = poisson_percentile(rate, percentile)
    terms = [math.exp(k * math.log(rate) - rate - math.lgamma(k + 1)) for k in range(count + 1)]
    assert math.fsum(terms) >= percentile / 100 - 1e-12
    assert math.fsum(terms[:-1]) < percentile / 100 + 1e-12


@pytest.mark.parametrize("percentile", [50.0, 99.0, 99.9, 99.999])
def test_the_sum_and_the_expansion_meet_where_one_takes_over_from_the_other(percentile):
    below, above = poisson_percentile(1000, percentile), poisson_percentile(Fraction("1000.001"), percentile)
    assert 0 <= above - below <= 1


def test_bursts_matter_for_small_services_and_vanish_for_large_ones():
    assert poisson_percentile(10, 99) / 10 > 1.7
    assert poisson_percentile(10**6, 99) / 10**6 < 1.003
    assert poisson_percentile(10**9, 99) == 1_000_073_566
