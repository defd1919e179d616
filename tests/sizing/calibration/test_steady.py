"""What may be believed of a load test, and what is refused with its figures."""

import pytest
from load_files import gatling_document, k6_document

from sizing.calibration.readers import read
from sizing.calibration.steady import RefusedError, steady

CLOSED = {"users": 40, "response_ms": 100, "think_ms": 0, "seconds": 120}


def refusal(path, *, users=None, think_ms=0.0):
    with pytest.raises(RefusedError) as caught:
        steady(read(path), users=users, think_ms=think_ms)
    return f"{caught.value.rule}; {caught.value.fix}"


def test_a_closed_test_closes_littles_law(ngrinder):
    part = steady(read(ngrinder(**CLOSED)), users=None, think_ms=0)
    assert abs(part.residual) < 0.01
    assert part.windows[0] == part.windows[1]


def test_a_ramp_is_left_out_and_the_plateau_is_used(ngrinder):
    part = steady(read(ngrinder(**CLOSED, ramp=60)), users=None, think_ms=0)
    assert part.users == 40
    assert part.rps == pytest.approx(400, rel=0.02)
    assert part.windows[0] < part.windows[1]


def test_a_test_that_only_ramps_is_refused(ngrinder):
    line = refusal(ngrinder(**CLOSED, ramp=120))
    assert "never stayed on one level" in line or "are steady" in line


def test_waiting_that_is_not_stated_is_refused_with_the_time_that_would_close_it(locust):
    line = refusal(locust(users=40, response_ms=100, think_ms=300, seconds=120))
    assert line.startswith("Little's law does not close: X (R + Z) = ")
    assert "but N = 40 users (-7" in line
    closing = float(line.partition("state think_ms, ")[2].split()[0])
    assert closing == pytest.approx(300, rel=0.02)


def test_the_same_test_with_its_waiting_stated_is_used(locust):
    part = steady(read(locust(users=40, response_ms=100, think_ms=300, seconds=120)), users=None, think_ms=300)
    assert part.rps == pytest.approx(100, rel=0.02)
    assert abs(part.residual) < 0.02


def test_more_requests_under_way_than_users_are_refused(write):
    line = refusal(write("s.json", k6_document(http_req_duration={"avg": 45.0})))
    assert "(+125.0%, 5% allowed); more requests were under way than there were users" in line


def test_k6s_own_pause_is_named_and_never_used_unasked(write):
    path = write("s.json", k6_document(http_req_duration={"avg": 5.0}))
    assert refusal(path).endswith("15 ms would close it (the file itself implies 15 ms)")
    assert steady(read(path), users=None, think_ms=15).residual == pytest.approx(0)


def test_failed_requests_are_refused_with_their_share(ngrinder):
    line = refusal(ngrinder(**CLOSED, failing=0.05))
    assert line.endswith("% of the requests failed, 1% is allowed; mend the errors and run it again")
    assert float(line.split("%")[0]) == pytest.approx(5, abs=0.5)


def test_a_report_without_users_needs_them_stated(write):
    path = write("stats.json", gatling_document(text=False, whole=True))
    assert refusal(path) == ("Gatling does not say how many users ran; state users for this file in the server file")
    assert steady(read(path), users=20, think_ms=0).residual == pytest.approx(0)


def test_the_level_that_ran_longest_is_used(write):
    heading = "DateTime,vuser,Tests,Errors,Mean_Test_Time_(ms),TPS\n"
    levels = [(10, 100, 60), (20, 200, 120), (30, 300, 60)]
    rows = [(users, tps) for users, tps, seconds in levels for _ in range(seconds)]
    text = "".join(
        f"2025-08-01 10:{place // 60:02}:{place % 60:02},{users},{tps},0,100,{tps}\n"
        for place, (users, tps) in enumerate(rows)
    )
    part = steady(read(write("steps.csv", heading + text)), users=None, think_ms=0)
    assert (part.users, part.rps, part.seconds) == (20, 200, 120)
