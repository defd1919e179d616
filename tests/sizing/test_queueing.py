"""Queues against closed forms, printed tables and simulated ones."""

import heapq
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sizing import queueing as q


def erlang_c_by_sums(servers, offered):
    """The closed form with factorials, good for small numbers."""
    last = offered**servers / math.factorial(servers) * servers / (servers - offered)
    return last / (sum(offered**k / math.factorial(k) for k in range(servers)) + last)


@pytest.mark.parametrize("servers", [1, 2, 3, 4, 8, 16, 40])
@pytest.mark.parametrize("utilisation", [0.01, 0.3, 0.6, 0.85, 0.99])
def test_erlang_c_is_the_closed_form(servers, utilisation):
    offered = servers * utilisation
    assert q.erlang_c(servers, offered) == pytest.approx(erlang_c_by_sums(servers, offered), rel=1e-9)


@pytest.mark.parametrize("utilisation", [0.1, 0.5, 0.6, 0.9, 0.999])
def test_one_and_two_servers_follow_their_textbook_formulas(utilisation):
    assert q.mmc_response(1, utilisation, 1.5) == pytest.approx(1.5 / (1 - utilisation), rel=1e-9)
    assert q.mmc_response(2, utilisation, 1.5) == pytest.approx(1.5 / (1 - utilisation**2), rel=1e-9)
    assert q.erlang_c(1, utilisation) == pytest.approx(utilisation, rel=1e-9)


@pytest.mark.parametrize(
    ("servers", "printed"),
    [
        (2, ("2.34", "2.94", "4.17", "7.89", "15.4", "75.4")),  # 1.5 / (1 - rho^2) = 7.8947 at 0.9
        (4, ("1.77", "2.04", "2.62", "4.45", "8.19", "38.2")),
        (8, ("1.57", "1.67", "1.93", "2.82", "4.67", "19.6")),
    ],
)
def test_mean_response_times_at_1_5_ms_are_those_of_the_table(servers, printed):
    for utilisation, text in zip((0.6, 0.7, 0.8, 0.9, 0.95, 0.99), printed, strict=True):
        places = len(text.partition(".")[2])
        assert f"{q.mmc_response(servers, utilisation, 1.5):.{places}f}" == text


@pytest.mark.parametrize(("servers", "utilisation"), [(2, 0.9985), (4, 0.9992), (8, 0.9996)])
def test_half_a_second_binds_only_just_below_full(servers, utilisation):
    assert q.mmc_response(servers, utilisation - 0.0001, 1.5) < 500
    assert q.mmc_response(servers, utilisation + 0.0001, 1.5) > 500


def test_thousands_of_servers_are_no_problem():
    assert 0 < q.erlang_c(5000, 4900) < 1
    assert q.erlang_b(5000, 0) == 0


@pytest.mark.parametrize("call", [lambda: q.erlang_c(2, 2), lambda: q.allen_cunneen_wait(2, 1, 1, 1, 1)])
def test_a_full_queue_has_no_mean(call):
    with pytest.raises(q.UnstableError):
        call()


@given(st.integers(1, 200), st.floats(0.01, 0.98), st.floats(0.001, 0.01))
def test_more_load_means_longer_waits_and_more_servers_shorter_ones(servers, utilisation, more):
    now = q.mmc_response(servers, utilisation, 1)
    assert q.mmc_response(servers, utilisation + more, 1) >= now
    assert q.mmc_response(servers + 1, utilisation, 1) <= now + 1e-12


@pytest.mark.parametrize("utilisation", [0.3, 0.6, 0.9])
def test_kingman_is_exact_for_one_server_with_poisson_arrivals(utilisation):
    """Pollaczek-Khinchine: W = rho S (1 + Cs2) / (2 (1 - rho))."""
    for scv in (0, 0.5, 1, 4):
        exact = utilisation * 2 * (1 + scv) / (2 * (1 - utilisation))
        assert q.kingman_wait(utilisation, 2, 1, scv) == pytest.approx(exact, rel=1e-9)


def open_queue(servers, service_times, arrivals):
    """Mean response of a first-come-first-served queue, simulated; the first tenth is warm-up."""
    free = [0.0] * servers
    total, counted = 0.0, 0
    warm = len(arrivals) // 10
    for index, (arrival, service) in enumerate(zip(arrivals, service_times, strict=True)):
        start = max(arrival, heapq.heappop(free))
        heapq.heappush(free, start + service)
        if index >= warm:
            total += start + service - arrival
            counted += 1

    return total / counted


@pytest.mark.parametrize(("servers", "utilisation"), [(1, 0.6), (2, 0.7), (4, 0.8), (8, 0.85)])
def test_a_simulated_open_queue_is_within_five_percent(servers, utilisation):
    random = np.random.default_rng(20240802)
    number = 200_000
    arrivals = np.cumsum(random.exponential(1 / (servers * utilisation), number))
    found = open_queue(servers, random.exponential(1, number), arrivals)
    assert found == pytest.approx(q.mmc_response(servers, utilisation, 1), rel=0.05)


@pytest.mark.parametrize(("scv", "utilisation"), [(0.0, 0.7), (0.25, 0.8)])
def test_allen_cunneen_is_within_five_percent_of_a_queue_with_steadier_service(scv, utilisation):
    random = np.random.default_rng(7)
    number, servers = 200_000, 4
    arrivals = np.cumsum(random.exponential(1 / (servers * utilisation), number))
    times = random.gamma(1 / scv, scv, number) if scv else np.ones(number)
    found = open_queue(servers, times, arrivals)
    assert found == pytest.approx(1 + q.allen_cunneen_wait(servers, utilisation, 1, 1, scv), rel=0.05)


ROUNDS = 150_000


def closed_queue(users, servers, service, think, random):
    """Throughput and mean response of users who think, ask, and wait for the answer."""
    asks = [(time, user) for user, time in enumerate(random.exponential(think, users) if think else np.zeros(users))]
    heapq.heapify(asks)
    free = [0.0] * servers
    total, end = 0.0, 0.0
    services = random.exponential(service, ROUNDS)
    thoughts = random.exponential(think, ROUNDS) if think else np.zeros(ROUNDS)
    for index in range(ROUNDS):
        asked, user = heapq.heappop(asks)
        done = max(asked, heapq.heappop(free)) + services[index]
        heapq.heappush(free, done)
        heapq.heappush(asks, (done + thoughts[index], user))
        total += done - asked
        end = max(end, done)
    return ROUNDS / end, total / ROUNDS


@pytest.mark.parametrize(("users", "think"), [(510, 0), (1200, 0), (20, 0), (5000, 1000.0)])
def test_a_simulated_closed_queue_is_within_five_percent_of_its_bounds(users, think):
    """Twenty threads held 6.47 ms each: the travel platform's planner under load."""
    ceiling = 20 / 6.47
    throughput, response = closed_queue(users, 20, 6.47, think, np.random.default_rng(1))
    assert throughput == pytest.approx(q.closed_throughput(users, ceiling, 6.47, think), rel=0.05)
    assert response == pytest.approx(q.closed_response(users, ceiling, 6.47, think), rel=0.05)


@pytest.mark.parametrize(
    ("users", "tps", "response"),
    [(510, 2905, 175.5), (510, 2851, 178.8), (1200, 3166.4, 378.86), (1200, 3208.7, 373.88), (20, 3223.4, 6.11),
     (20, 3253.1, 6.06)],
)  # fmt: skip
def test_one_hold_time_replays_the_six_runs_within_nine_percent(users, tps, response):
    ceiling = q.throughput_ceiling(8000, Fraction("1.4935"), threads=(20, Fraction("6.47")))
    assert float(ceiling) == pytest.approx(3091, abs=2)
    assert q.closed_throughput(users, float(ceiling) / 1000, 6.47) * 1000 == pytest.approx(tps, rel=0.09)
    assert q.closed_response(users, float(ceiling) / 1000, 6.47) == pytest.approx(response, rel=0.09)


def test_half_a_second_holds_so_many_users_at_most():
    assert q.most_users(2851 / 1000, 500) == 1425
    assert q.most_users(3253.1 / 1000, 500) == 1626


def test_the_lowest_ceiling_counts():
    cpu, hold = Fraction("1.5"), Fraction(10)
    assert q.throughput_ceiling(8000, cpu) == Fraction(16000, 3)
    assert q.throughput_ceiling(8000, cpu, Fraction("0.6")) == 3200
    assert q.throughput_ceiling(8000, cpu, threads=(20, hold)) == 2000
    assert q.throughput_ceiling(8000, cpu, threads=(20, hold), connections=(10, hold)) == 1000
