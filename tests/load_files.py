"""Load-test files in the forms that the tools write, from one simulated closed test."""

import json
import random
from pathlib import Path

import pytest

from config.problems import ConfigError
from sizing.__main__ import main

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "examples" / "calibration"
START = 1_700_000_000.0
JTL = (
    "timeStamp,elapsed,label,responseCode,responseMessage,threadName,dataType,success,failureMessage,bytes,sentBytes,"
    "grpThreads,allThreads,URL,Latency,IdleTime,Connect"
)
HISTORY = (
    "Timestamp,User Count,Type,Name,Requests/s,Failures/s,50%,66%,75%,80%,90%,95%,98%,99%,99.9%,99.99%,100%,"
    "Total Request Count,Total Failure Count,Total Median Response Time,Total Average Response Time,"
    "Total Min Response Time,Total Max Response Time,Total Average Content Size"
)
NGRINDER = (
    "DateTime,vuser,Tests,Errors,Mean_Test_Time_(ms),Test_Time_Standard_Deviation_(ms),TPS,"
    "Response_bytes_per_second,Response_bytes_errors,Response_errors,Mean_time_to_resolve_host,"
    "Mean_time_to_establish_connection,Mean_time_to_first_byte"
)


def closed_test(users, response_ms, think_ms, seconds, *, ramp=0.0, failing=0.0, seed=1):
    """Requests of `users` users in order of completion: (user, start s, end s, failed)."""
    rng = random.Random(seed)  # noqa: S311 - a simulation that repeats itself
    found = []
    for user in range(users):
        now = START + (user / users * ramp if ramp else rng.random() * (response_ms + think_ms) / 1000)
        while now < START + seconds:
            taken = response_ms / 1000 * rng.uniform(0.5, 1.5)
            found.append((user, now, now + taken, rng.random() < failing))
            now += taken + think_ms / 1000 * rng.uniform(0.5, 1.5)
    return sorted(found, key=lambda request: request[2])


def active(requests, moment):
    """Users that have started by a moment."""
    starts = {}
    for user, start, _, _ in requests:
        starts[user] = min(start, starts.get(user, start))
    return sum(start <= moment for start in starts.values())


def per_second(requests, seconds):
    rows = {}
    for _, start, end, failed in requests:
        rows.setdefault(int(end), []).append(((end - start) * 1000, failed))
    return [(second, rows.get(second, [])) for second in range(int(START), int(START + seconds))]


@pytest.fixture
def write(tmp_path):
    def write(name, text):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.fixture
def jtl(write):
    """A JTL of one closed test; every tenth request also has a Transaction Controller's row."""

    def make(name="run.jtl", **given):
        requests = closed_test(**given)
        starts = {}
        for user, start, _, _ in requests:
            starts[user] = min(start, starts.get(user, start))
        began = sorted(starts.values())
        lines = [JTL]
        for number, (user, start, end, failed) in enumerate(requests):
            threads = sum(moment <= start for moment in began)
            taken = round((end - start) * 1000)
            head = f"{round(start * 1000)},{taken}"
            tail = f"1000,200,{threads},{threads},http://test/api,{taken},0,1"
            lines.append(
                f'{head},"GET, ""all""",{500 if failed else 200},,T 1-{user},text,{str(not failed).lower()},,{tail}'
            )
            if number % 10 == 0:
                said = "Number of samples in transaction : 1, number of failing samples : 0"
                lines.append(f'{head},pages,200,"{said}",T 1-{user},,true,,{tail}')
        return write(name, "\n".join(lines) + "\n")

    return make


@pytest.fixture
def ngrinder(write):
    def make(name="output.csv", *, users, response_ms, think_ms=0.0, seconds, **given):
        requests = closed_test(users, response_ms, think_ms, seconds, **given)
        lines = [NGRINDER]
        for second, done in per_second(requests, seconds):
            passed = [taken for taken, failed in done if not failed]
            mean = sum(passed) / len(passed) if passed else 0
            moment = f"2025-08-01 {10 + (second - int(START)) // 3600:02}:{(second - int(START)) // 60 % 60:02}"
            count, errors = len(passed), len(done) - len(passed)
            vuser = active(requests, second)
            lines.append(
                f"{moment}:{(second - int(START)) % 60:02},{vuser},{count},{errors},{mean:.3f},1.5,{count},"
                f"{count * 500},0,0,0,0,{mean:.3f}"
            )
        return write(name, "\n".join(lines) + "\n")

    return make


@pytest.fixture
def locust(write):
    def make(name="x_stats_history.csv", *, users, response_ms, think_ms, seconds, **given):
        requests = closed_test(users, response_ms, think_ms, seconds, **given)
        lines, total, failures, spent = [HISTORY], 0, 0, 0.0
        for second, done in per_second(requests, seconds):
            for kind, label in (("GET", "/plans"), ("", "Aggregated")):
                if label == "Aggregated":
                    total += len(done)
                    failures += sum(failed for _, failed in done)
                    spent += sum(taken for taken, _ in done)
                average = spent / total if total else 0.0
                lines.append(
                    f"{second + 1},{active(requests, second + 1)},{kind},{label},{float(len(done))},0.0,"
                    f"{','.join(['N/A'] * 11)},{total},{failures},20,{average},1,50,700.0"
                )
        return write(name, "\n".join(lines) + "\n")

    return make


@pytest.fixture
def gatling_log(write):
    """The text form of 3.4 to 3.11, or of 2.x with scenario and user in every row."""

    def make(name="simulation.log", *, old=False, **given):
        requests = closed_test(**given)
        rows = []
        for user in sorted({request[0] for request in requests}):
            own = [request for request in requests if request[0] == user]
            first, last = round(own[0][1] * 1000), round(own[-1][2] * 1000)
            rows.append(
                (first, f"USER\tplan\t{user}\tSTART\t{first}\t{first}" if old else f"USER\tplan\tSTART\t{first}")
            )
            rows.append((last, f"USER\tplan\t{user}\tEND\t{first}\t{last}" if old else f"USER\tplan\tEND\t{last}"))
        for user, start, end, failed in requests:
            result = "KO\tstatus.find.is(200), but actually found 500" if failed else "OK\t "
            who = f"plan\t{user}\t" if old else ""
            rows.append((round(end * 1000), f"REQUEST\t{who}\tget\t{start * 1000:.0f}\t{end * 1000:.0f}\t{result}"))
        begin = f"RUN\ttravel.PlanSimulation\tplan\t{START * 1000:.0f}\t \t3.9.5"
        return write(name, "\n".join([begin, *(text for _, text in sorted(rows))]) + "\n")

    return make


K6 = {
    "http_reqs": {"type": "counter", "contains": "default", "values": {"count": 60000, "rate": 1000.0}},
    "http_req_duration": {
        "type": "trend",
        "contains": "time",
        "values": {"avg": 20.0, "min": 4.1, "med": 18.2, "max": 210.5, "p(90)": 33.4, "p(95)": 41.0},
    },
    "http_req_failed": {
        "type": "rate",
        "contains": "default",
        "values": {"rate": 0.002, "passes": 120, "fails": 59880},
    },
    "iterations": {"type": "counter", "contains": "default", "values": {"count": 30000, "rate": 500.0}},
    "iteration_duration": {"type": "trend", "contains": "time", "values": {"avg": 40.0, "max": 300.0}},
    "vus": {"type": "gauge", "contains": "default", "values": {"value": 20, "min": 20, "max": 20}},
    "vus_max": {"type": "gauge", "contains": "default", "values": {"value": 20, "min": 20, "max": 20}},
    "data_received": {"type": "counter", "contains": "data", "values": {"count": 90000000, "rate": 1500000.0}},
    "data_sent": {"type": "counter", "contains": "data", "values": {"count": 6000000, "rate": 100000.0}},
}


def k6_document(*, flat=False, **values):
    metrics = json.loads(json.dumps(K6))
    for name, figures in values.items():
        metrics[name]["values"] |= figures
    if flat:  # --summary-export: no `.values`, and rates are called `value`
        metrics = {name: dict(metric["values"]) for name, metric in metrics.items()}
        metrics["http_req_failed"]["value"] = metrics["http_req_failed"].pop("rate")
        return json.dumps({"root_group": {"name": "", "path": "", "groups": {}, "checks": {}}, "metrics": metrics})
    return json.dumps({"options": {"summaryTimeUnit": ""}, "state": {"testRunDurationMs": 60000.0}, "metrics": metrics})


def gatling_document(*, text, whole):
    def figures(total, ok, ko):
        return (
            {"total": str(total), "ok": str(ok), "ko": str(ko) if ko else "-"}
            if text
            else {"total": total, "ok": ok, "ko": ko}
        )

    stats = {
        "name": "All Requests",
        "numberOfRequests": figures(30000, 29970, 30),
        "minResponseTime": figures(2, 2, 9),
        "meanResponseTime": figures(40, 40, 90),
        "percentiles4": figures(101, 101, 400),
        "group1": {"name": "t < 800 ms", "htmlName": "t < 800 ms", "count": 29970, "percentage": 99.9},
        "meanNumberOfRequestsPerSecond": figures(500.0, 499.5, 0.5),
    }
    if not whole:
        return json.dumps(stats)
    return json.dumps({"type": "GROUP", "name": "All Requests", "path": "", "stats": stats, "contents": {}})


@pytest.fixture
def server(write):
    """A server file for the named runs."""

    def make(given, **changes):
        document = {
            "source": "test bench",
            "measured_on": "2026-01-02",
            "instance_type": "c5a.xlarge",
            "cpu": {"series": "process", "base_vcpu": [4]},
            "runs": given,
        } | changes
        return write("server.yaml", json.dumps(document))

    return make


@pytest.fixture
def run(capsys):
    """Runs `python -m sizing calibrate` and gives its status and what it printed."""

    def run(*arguments):
        status = main(["calibrate", *map(str, arguments)])
        return status, capsys.readouterr()

    return run


def problem_lines(call, *arguments):
    with pytest.raises(ConfigError) as caught:
        call(*arguments)
    return [str(problem) for problem in caught.value.problems]
