"""`python -m config` as people run it: exit code, both streams, no traceback."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from config.__main__ import main

ROOT = Path(__file__).parents[2]


@pytest.fixture
def run(tmp_path):
    """Runs the module in a folder of its own, with the project on its path."""

    def command(*arguments, **files):
        for name, content in files.items():
            (tmp_path / f"{name}.yaml").write_text(content, encoding="utf-8")
        return subprocess.run(
            [sys.executable, "-m", "config", *arguments],
            cwd=tmp_path,
            env={"PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error"},
            capture_output=True,
            text=True,
            check=False,
        )

    return command


def test_a_good_file_is_called_good(run, good):
    done = run("check", "--file", "shop.yaml", shop=yaml.safe_dump(good))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "ok: shop.yaml: cluster shop, 3 services on 2 pools in ap-northeast-2\n"


@pytest.mark.parametrize(
    ("changes", "count"),
    [
        ({"control_plane.slots": {"a": "a", "b": "c"}}, 1),
        ({"name": ..., "network.nat": "none", "kafka.brokers": 2, "entry.allowed_cidrs": ["0.0.0.0/0"]}, 5),
        ({"databases.main.password": "hunter2", "pools.front.cuont": 1, "services.catalog.pool": "x"}, 3),
    ],
)
def test_every_problem_of_a_file_comes_at_once_on_stderr_with_exit_code_2_and_no_traceback(
    run, changed, changes, count
):
    done = run("check", "--file", "shop.yaml", shop=yaml.safe_dump(changed(changes)))
    assert (done.returncode, done.stdout) == (2, "")
    heading, *lines = done.stderr.splitlines()
    assert heading == f"{count} problem{'s' if count > 1 else ''} in shop.yaml:"
    assert len(lines) == count
    assert all(line.startswith("  cluster.") for line in lines)
    assert "Traceback" not in done.stderr
    assert "hunter2" not in done.stderr


def test_a_stack_is_looked_up_by_its_name(run, good):
    (stack,) = ({"Pulumi.shop": yaml.safe_dump({"config": {"groundswell:cluster": good}})},)
    assert run("check", "--stack", "shop", **stack).returncode == 0
    done = run("check", "--stack", "other")
    assert done.returncode == 2
    assert done.stderr.splitlines()[1].startswith("  Pulumi.other.yaml: absent: no such file or directory; ")


def test_yaml_that_cannot_be_read_ends_the_same_way(run):
    done = run("check", "--file", "shop.yaml", shop="a: b: c\n")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert done.stderr.startswith("1 problem in shop.yaml:\n  line 1: ")


def test_the_reference_page_is_printed(run):
    done = run("reference")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("arguments", [[], ["check"], ["check", "--stack", "dev", "--file", "x"], ["reed"]])
def test_a_wrong_command_line_ends_with_usage_and_exit_code_2(capsys, arguments):
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert "usage: python -m config" in capsys.readouterr().err
