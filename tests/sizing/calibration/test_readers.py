"""Every tool's file is known by its content and gives the figures of the test that wrote it."""

import hashlib
import json
import tracemalloc

import pytest
from load_files import EXAMPLES, HISTORY, JTL, NGRINDER, gatling_document, k6_document

from sizing.calibration.model import UnreadableError
from sizing.calibration.readers import read
from sizing.calibration.steady import mean, steady

CLOSED = {"users": 20, "response_ms": 100, "think_ms": 0, "seconds": 60}


def refusal(path):
    with pytest.raises(UnreadableError) as caught:
        read(path)
    return caught.value.rule, caught.value.fix


def test_ngrinder_intervals_give_rate_users_and_peak(ngrinder):
    load = read(ngrinder(**CLOSED))
    part = steady(load, users=None, think_ms=0)
    assert load.tool == "nGrinder"
    assert part.users == 20
    assert part.rps == pytest.approx(200, rel=0.02)
    assert part.response_ms == pytest.approx(100, rel=0.02)
    assert part.bytes_per_request == pytest.approx(500)
    assert load.peak_rps == max(sample.rps for sample in load.samples)


def test_ngrinder_counts_failed_tests_beside_the_passed_ones(write):
    rows = "".join(f"2025-08-01 10:00:{second:02},9,90,10,80.0,1.0,90,0,0,0,0,0,80.0\n" for second in range(30))
    part = mean(read(write("output.csv", f"{NGRINDER}\n{rows}")).samples)
    assert (part.rps, part.errors) == (100, 0.1)


def test_ngrinder_totals_are_one_sample_with_the_peak():
    load = read(EXAMPLES / "planner" / "s1-before.csv")
    (sample,) = load.samples
    assert load.summary
    assert (sample.users, sample.rps, sample.response_ms, sample.errors) == (510, 2905, 175.5, None)
    assert load.peak_rps == 3703


def test_ngrinder_totals_of_several_runs_are_refused(write):
    text = "vuser,TPS,Mean_Test_Time_(ms)\n10,100,99\n20,200,99\n"
    assert refusal(write("totals.csv", text)) == ("holds the totals of 2 runs", "give one file for each run")


@pytest.mark.parametrize("flat", [False, True])
def test_k6_is_read_with_and_without_values(write, flat):
    load = read(write("summary.json", k6_document(flat=flat)))
    (sample,) = load.samples
    assert load.tool == "k6"
    assert (sample.users, sample.rps, sample.response_ms, sample.errors) == (20, 1000, 20, 0.002)
    assert sample.bytes_per_request == 1600
    assert sample.seconds == pytest.approx(60)
    assert load.pause_ms == 0  # iterations of 40 ms with two requests of 20 ms


def test_locust_history_gives_intervals_from_the_differences_of_its_totals(locust):
    load = read(locust(**CLOSED))
    part = steady(load, users=None, think_ms=0)
    assert part.rps == pytest.approx(200, rel=0.02)
    assert part.response_ms == pytest.approx(100, rel=0.02)
    assert part.bytes_per_request == pytest.approx(700)


def test_locust_history_survives_the_reset_of_its_totals(write):
    rows = [
        f"{second},20,,Aggregated,200.0,0.0,{','.join(['90'] * 11)},{200 * (second % 50)},0,90,100.0,1,200,10.0\n"
        for second in range(1, 100)
    ]
    part = mean(read(write("h.csv", f"{HISTORY}\n{''.join(rows)}")).samples)
    assert part.response_ms == pytest.approx(100)
    assert part.rps == pytest.approx(200, rel=0.02)


def test_locust_statistics_take_the_row_of_all_endpoints(write):
    text = (
        "Type,Name,Request Count,Failure Count,Median Response Time,Average Response Time,Min Response Time,"
        "Max Response Time,Average Content Size,Requests/s,Failures/s,50%,66%,75%,80%,90%,95%,98%,99%,99.9%,99.99%,"
        "100%\n"
        "GET,/plans,600,6,38,41.5,2,90,512.0,10.0,0.1,38,40,41,42,44,50,60,70,80,90,90\n"
        ",Aggregated,1200,6,38,40.5,2,90,512.0,20.0,0.1,38,40,41,42,44,50,60,70,80,90,90\n"
    )
    (sample,) = read(write("x_stats.csv", text)).samples
    assert (sample.rps, sample.response_ms, sample.errors, sample.users) == (20, 40.5, 0.005, None)
    assert sample.seconds == 60


def test_jmeter_is_bucketed_by_second_without_transaction_rows(jtl):
    load = read(jtl(**CLOSED))
    part = steady(load, users=None, think_ms=0)
    assert load.tool == "JMeter"
    assert part.users == 20
    assert part.rps == pytest.approx(200, rel=0.02)
    assert part.bytes_per_request == 1200


def test_jmeter_memory_grows_with_seconds_and_not_with_requests(write):
    row = "{},30,get,200,OK,T 1-1,text,true,,900,100,20,20,http://test/api,30,0,1\n"

    def peak(each):
        lines = (row.format(1_700_000_000_000 + second * 1000) * each for second in range(60))
        path = write("big.jtl", f"{JTL}\n{''.join(lines)}")
        tracemalloc.start()
        load = read(path)
        used = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert mean(load.samples).rps == each
        return used

    small, large = peak(10), peak(400)
    assert large < small + 2_000_000  # the larger file is 2.2 MB


def test_reading_tells_how_far_it_is(jtl):
    path = jtl(**CLOSED)
    told = []
    read(path, told.append)
    assert told == sorted(told)
    assert told[-1] == path.stat().st_size


@pytest.mark.parametrize("text", [True, False])
@pytest.mark.parametrize("whole", [True, False])
def test_gatling_reports_are_read_in_both_files_and_both_number_forms(write, text, whole):
    (sample,) = read(write("stats.json", gatling_document(text=text, whole=whole))).samples
    assert (sample.rps, sample.response_ms, sample.users) == (500, 40, None)
    assert sample.errors == pytest.approx(0.001)
    assert sample.seconds == 60


@pytest.mark.parametrize("old", [True, False])
def test_gatlings_text_log_gives_users_from_their_starts_and_ends(gatling_log, old):
    part = steady(read(gatling_log(**CLOSED, old=old)), users=None, think_ms=0)
    assert part.users == pytest.approx(20, rel=0.01)
    assert part.rps == pytest.approx(200, rel=0.02)
    assert part.errors == 0


def test_the_check_sum_is_of_the_files_bytes(ngrinder):
    path = ngrinder(**CLOSED)
    assert read(path).sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_gatlings_binary_log_is_refused_with_what_to_give_instead(tmp_path):
    path = tmp_path / "simulation.log"
    path.write_bytes(b"\x00\x00\x00\x00\x063.13.1" + bytes(40))
    assert refusal(path) == (
        "is binary: Gatling writes simulation.log so since 3.12",
        "give js/stats.json or js/global_stats.json of the same report",
    )


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("", "is empty"),
        ("a,b\n1,2\n", "is no result of nGrinder, k6, Locust, JMeter or Gatling that is known here"),
        ('<?xml version="1.0"?><testResults/>', "is XML"),
        ('var stats = {\n    type: "GROUP"\n}', "is JavaScript"),
        ('{"metric":"http_reqs"}\n{"metric":"vus"}\n', "is not one JSON document"),
        ('{"rows": []}', "is JSON, but neither a k6 summary nor a Gatling report"),
        (json.dumps({"metrics": {"http_reqs": {"rate": "x"}}}), "metrics.http_reqs.rate is no number of at least 0"),
        (f"{JTL}\n1700000000000,30,get,200\n", "row 2 ends after 4 of 13 fields"),
        (f"{JTL}\n", "is of JMeter but holds no completed request"),
        (
            f"{JTL}\n2025/08/01 10:00:00,30,get,200,OK,T,text,true,,1,1,1,1,u,1,0,0\n",
            "row 2: timeStamp is '2025/08/01 10:00:00', no number of at least 0",
        ),
        (
            f"{JTL}\n1700000000000,nan,get,200,OK,T,text,true,,1,1,1,1,u,1,0,0\n",
            "row 2: elapsed is 'nan', no number of at least 0",
        ),
        (
            f"{JTL}\n1,9,get,200,OK,T,text,true,,1,1,1,1,u,1,0,0\n1700000000000,9,get,200,OK,T,text,true,,1,1,1,1,u,1,0,0\n",
            "spans more than two weeks",
        ),
        (
            f"{NGRINDER}\n2025-08-01 10:00:00,-3,1,0,1,1,1,0,0,0,0,0,1\n",
            "row 2: vuser is '-3', no number of at least 0",
        ),
        ("RUN\tx.Sim\tsim\t1700000000000\t \t3.9.5\nREQUEST\t\tget\t17\n", "line 2 is a REQUEST without OK or KO"),
        (f"{HISTORY}\n", "holds no two rows named Aggregated"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_reason(write, text, rule):
    assert refusal(write("result.txt", text))[0] == rule


def test_missing_files_folders_and_binary_files_are_refused(tmp_path):
    assert refusal(tmp_path / "none.csv")[0] == "no such file or directory"
    assert refusal(tmp_path)[0] == "is a directory"
    picture = tmp_path / "chart.png"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n\x00\x00")
    assert refusal(picture)[0] == "is binary"
