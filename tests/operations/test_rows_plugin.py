import csv
import os
import subprocess
import sys
from pathlib import Path

import pytest

from operations.rows.load import COLUMNS
from operations.rows.requirement import Tier
from operations.rows.results import load_results

REPOSITORY = Path(__file__).resolve().parents[2]
IDS = ("S0-01", "S0-02", "S0-03")


@pytest.fixture
def project(tmp_path):
    (tmp_path / "docs").mkdir()
    with (tmp_path / "docs/requirements.csv").open("w", newline="") as file:
        csv.writer(file).writerows([COLUMNS, *([row, "it works", "S0 A", "U: yes", "-"] for row in IDS)])
    (tmp_path / "pytest.ini").write_text(
        "[pytest]\naddopts = --strict-markers --import-mode=importlib\ntestpaths = tests\nmarkers = row(*ids)\n"
    )
    write(tmp_path, "tests/test_a.py", "@pytest.mark.row('S0-01')\ndef test_it(): pass")
    return tmp_path


def write(project, path, text):
    (project / path).parent.mkdir(exist_ok=True)
    (project / path).write_text(f"import os\nimport pytest\n\n{text}\n")


def run(project, *arguments):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    environment["PYTHONPATH"] = os.pathsep.join(map(str, (REPOSITORY, REPOSITORY / "tests")))
    environment["PYTHONDONTWRITEBYTECODE"] = "1"
    options = ("-p", "rows_plugin", "-p", "no:cacheprovider", "-p", "no:hypothesispytest")
    return subprocess.run(
        [sys.executable, "-m", "pytest", *options, *arguments],
        cwd=project,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def recorded(project, tier=Tier.UNIT):
    found = {}
    for row, results in load_results(project, tier).items():
        found[row] = {result.test.partition("::")[2]: result.outcome for result in results}
        assert len(found[row]) == len(results), "a test is recorded twice"
    return found


@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["alone", "two-workers"])
def test_every_outcome_is_recorded_for_every_row_that_a_test_names(project, workers):
    write(
        project,
        "tests/test_b.py",
        """
@pytest.fixture
def breaks_after():
    yield
    raise RuntimeError

@pytest.mark.row("S0-01", "S0-02")
@pytest.mark.parametrize("x", [1, 2])
def test_parameters(x): assert x == 1

@pytest.mark.row("S0-02")
class TestGroup:
    def test_passes(self): pass
    @pytest.mark.skipif(True, reason="never")
    def test_skipped(self): pass
    @pytest.mark.xfail(strict=True)
    def test_known_to_fail(self): assert False
    def test_teardown(self, breaks_after): pass

def test_without_row(): pass
""",
    )
    done = run(project, *workers)
    assert done.returncode == 1, done.stdout + done.stderr
    assert recorded(project) == {
        "S0-01": {"test_it": "passed", "test_parameters[1]": "passed", "test_parameters[2]": "failed"},
        "S0-02": {
            "TestGroup::test_known_to_fail": "skipped",
            "TestGroup::test_passes": "passed",
            "TestGroup::test_skipped": "skipped",
            "TestGroup::test_teardown": "failed",
            "test_parameters[1]": "passed",
            "test_parameters[2]": "failed",
        },
    }
    assert "7 tests that name requirement rows recorded in build/rows/unit.json" in done.stdout


@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["alone", "two-workers"])
def test_an_unknown_row_is_a_usage_error_that_names_the_test(project, workers):
    write(project, "tests/test_b.py", "@pytest.mark.row('S0-01', 'S9-99')\ndef test_wrong(): pass")
    done = run(project, *workers, "tests/test_a.py")
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert (
        "ERROR: tests/test_b.py::test_wrong: row 'S9-99' is not in docs/requirements.csv; correct the mark"
        in done.stderr.splitlines()
    )
    assert "Traceback" not in done.stdout + done.stderr
    assert recorded(project) == {}


def test_a_run_of_one_file_keeps_the_results_of_others_and_drops_those_of_changed_files(project):
    write(project, "tests/test_b.py", "@pytest.mark.row('S0-02')\ndef test_b(): pass")
    write(project, "tests/test_c.py", "@pytest.mark.row('S0-03')\ndef test_c(): pass")
    assert run(project).returncode == 0
    write(project, "tests/test_a.py", "@pytest.mark.row('S0-01')\ndef test_it(): assert False")
    write(project, "tests/test_c.py", "@pytest.mark.row('S0-03')\ndef test_c(): assert True")
    assert run(project, "tests/test_a.py").returncode == 1
    assert recorded(project) == {"S0-01": {"test_it": "failed"}, "S0-02": {"test_b": "passed"}}


def test_a_parameter_that_is_gone_is_forgotten_by_a_whole_run_only(project):
    text = "VALUES = os.environ['VALUES'].split()\n@pytest.mark.row('S0-01')\n"
    text += "@pytest.mark.parametrize('x', VALUES)\ndef test_it(x): assert x != 'bad'"
    write(project, "tests/test_a.py", text.replace("os.environ['VALUES']", "open('values').read()"))
    (project / "values").write_text("good bad")
    run(project)
    assert recorded(project) == {"S0-01": {"test_it[bad]": "failed", "test_it[good]": "passed"}}
    (project / "values").write_text("good")
    run(project, "-k", "good")
    assert "test_it[bad]" in recorded(project)["S0-01"]
    run(project)
    assert recorded(project) == {"S0-01": {"test_it[good]": "passed"}}


def test_a_test_that_can_no_longer_be_collected_loses_its_pass(project):
    (project / "part.py").write_text("value = 1\n")
    write(project, "tests/test_b.py", "import part\n@pytest.mark.row('S0-02')\ndef test_b(): pass")
    (project / "pytest.ini").write_text((project / "pytest.ini").read_text() + "pythonpath = .\n")
    assert run(project).returncode == 0
    (project / "part.py").write_text("raise RuntimeError\n")
    run(project)
    assert recorded(project) == {"S0-01": {"test_it": "passed"}, "S0-02": {"test_b": "failed"}}


def test_a_test_that_kills_its_worker_loses_its_pass(project):
    write(
        project,
        "tests/test_b.py",
        """
@pytest.fixture
def crash():
    if os.path.exists("crash"):
        os._exit(1)

@pytest.mark.row("S0-02")
def test_b(crash): pass
""",
    )
    assert run(project, "-n", "1").returncode == 0
    assert recorded(project)["S0-02"] == {"test_b": "passed"}
    (project / "crash").touch()
    assert run(project, "-n", "1").returncode == 1
    assert recorded(project)["S0-02"] == {"test_b": "failed"}


def test_an_interrupted_test_is_not_recorded(project):
    write(project, "tests/test_b.py", "@pytest.mark.row('S0-02')\ndef test_b(): raise KeyboardInterrupt")
    assert run(project).returncode == pytest.ExitCode.INTERRUPTED
    assert recorded(project) == {"S0-01": {"test_it": "passed"}}


def test_each_tier_has_its_own_file_and_takes_the_tests_of_its_own_folder_only(project):
    write(project, "tests/real/test_r.py", "@pytest.mark.row('S0-02')\ndef test_r(): pass")
    done = run(project)
    assert "tests of another tier not recorded; use --rows-tier real" in done.stdout
    assert recorded(project) == {"S0-01": {"test_it": "passed"}}
    run(project, "--rows-tier", "real", "tests/real")
    assert recorded(project, Tier.REAL) == {"S0-02": {"test_r": "passed"}}
    assert recorded(project) == {"S0-01": {"test_it": "passed"}}
