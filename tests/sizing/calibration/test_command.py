"""`python -m sizing calibrate`: from files to a calibration that a stack names, or to all problems at once."""

import json

import pytest
from load_files import EXAMPLES, k6_document, problem_lines

from config.calibration import read_calibration
from sizing.calibration.server import read_server

RUNS = sorted((EXAMPLES / "planner").glob("*.csv"))
SERVER = EXAMPLES / "planner" / "server.yaml"
BUSY = {"cpu": {"process": 0.5}}


def test_the_published_runs_are_printed_with_both_bases_and_written(run, tmp_path):
    output = tmp_path / "planner.yaml"
    status, printed = run(*RUNS, "--server", SERVER, "--output", output)
    assert status == 0
    for figure in ("1.4935 vCPU-ms", "1.3068 vCPU-ms", "6.467 ms of one", "3,093", "cpu-series-disagree"):
        assert figure in printed.out
    assert output.read_bytes() == (EXAMPLES / "planner.yaml").read_bytes()


def test_without_a_server_file_the_tests_are_only_checked(run):
    status, printed = run(*RUNS)
    assert status == 0
    assert "Little" in printed.out
    assert "nothing is fitted" in printed.out
    assert "vCPU-ms" not in printed.out


def test_all_problems_of_all_files_are_told_at_once_and_nothing_is_written(run, write, server, tmp_path):
    open_test = write("open.json", k6_document(http_req_duration={"avg": 5.0}))
    picture = write("page.html", "<html></html>")
    unknown = write("other.json", k6_document())
    output = tmp_path / "out.yaml"
    given = server({"open.json": BUSY, "page.html": BUSY})
    status, printed = run(open_test, picture, unknown, tmp_path / "none.csv", "--server", given, "--output", output)
    assert status == 2
    lines = printed.err.splitlines()
    assert lines[0] == "4 problems in the load tests:"
    assert [line.split(": ")[0].rpartition("/")[2] for line in lines[1:]] == [
        "page.html",
        "none.csv",
        "open.json",
        "other.json",
    ]
    assert "has no entry in the server file; add other.json below runs" in lines[4]
    assert printed.out == ""
    assert not output.exists()


def test_files_of_one_name_are_told_apart_by_their_folder(run, write, server, tmp_path):
    for folder in ("first", "second"):
        write(f"{folder}/output.json", k6_document())
    given = server({"first/output.json": {"cpu": {"process": 0.5}}, "second/output.json": {"cpu": {"process": 0.7}}})
    output = tmp_path / "out.yaml"
    files = [tmp_path / folder / "output.json" for folder in ("first", "second")]
    assert run(*files, "--server", given, "--output", output)[0] == 0
    assert [record.cpu["process"] for record in read_calibration(output).runs] == [0.5, 0.7]


def test_a_rate_that_stays_flat_without_a_known_ceiling_is_a_remark(run, write, server):
    for name, users, response in (("a", 20, 20), ("b", 200, 200)):
        write(f"{name}.csv", f"vuser,TPS,Mean_Test_Time_(ms)\n{users},1000,{response}\n")
    given = server({"a.csv": BUSY, "b.csv": BUSY})
    status, printed = run(given.with_name("a.csv"), given.with_name("b.csv"), "--server", given)
    assert status == 0
    assert "ceiling-unknown" in printed.out


def test_threads_that_never_filled_are_a_remark_and_no_fit(run, write, server):
    path = write("a.csv", "vuser,TPS,Mean_Test_Time_(ms)\n20,1000,20\n")
    status, printed = run(path, "--server", server({"a.csv": BUSY}, capacity={"threads": 200}))
    assert status == 0
    assert "ceiling-not-reached" in printed.out
    assert "ms of one" not in printed.out


def test_a_run_without_the_series_of_the_fit_is_refused(run, write, server):
    path = write("a.csv", "vuser,TPS,Mean_Test_Time_(ms)\n20,1000,20\n")
    status, printed = run(path, "--server", server({"a.csv": {"cpu": {"host": 0.4}}}))
    assert status == 2
    assert 'server.runs["a.csv"].cpu.process: absent: is the series that cpu.series names' in printed.err


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"cpu": {"series": "guest", "base_vcpu": [4]}}, "server.cpu.series: "),
        ({"cpu": {"series": "host", "base_vcpu": []}}, "server.cpu.base_vcpu: []: must not be empty; "),
        ({"runs": {"a.csv": {"cpu": {"host": 58}}}}, 'server.runs["a.csv"].cpu.host: 58: must be at most 1; '),
        (
            {"runs": {"a.csv": {"busy": {"network": 0.5}}}},
            'server.runs["a.csv"].busy.network: 0.5: is a share of nothing',
        ),
        ({"sorce": "x"}, 'server.sorce: "x": is not a known key; did you mean source?'),
    ],
)
def test_a_wrong_server_file_gives_its_line(server, changes, line):
    (found,) = problem_lines(read_server, server({}, **changes))
    assert found.startswith(line)


def test_output_needs_a_server_file(run, tmp_path):
    status, printed = run(RUNS[0], "--output", tmp_path / "x.yaml")
    assert status == 2
    assert "--output" in printed.err
    assert "needs the server's figures" in printed.err


def test_output_that_cannot_be_written_is_one_line(run, tmp_path):
    status, printed = run(*RUNS, "--server", SERVER, "--output", tmp_path / "none" / "x.yaml")
    assert status == 2
    assert "no such file or directory; name a file that can be written" in printed.err


def test_json_is_yaml_for_the_server_file(server):
    path = server({"a.csv": BUSY})
    assert json.loads(path.read_text(encoding="utf-8"))["runs"] == {"a.csv": BUSY}
    assert read_server(path).runs["a.csv"].cpu == {"process": 0.5}
