"""`python -m userdata render`: the files a node will see, or one line that says what is wrong."""

import gzip
import subprocess
import sys

import pytest
import yaml
from conftest import ROOT, dev_object

from userdata.__main__ import main


def render(*arguments, expect=0, capsys=None):
    assert main(["render", *map(str, arguments)]) == expect
    return capsys.readouterr()


def test_a_worker_is_written_file_by_file_with_its_user_data_and_sizes(tmp_path, capsys, worker):
    shown = render(
        "--stack", "dev", "--role", "worker", "--pool", "planner", "--output", tmp_path / "node", capsys=capsys
    )
    assert shown.out == (
        f"user data: {worker.size} bytes gzipped, 16384 allowed,"
        f" {len(worker.cloud_config.encode())} bytes of cloud-config, {len(worker.files)} files\n"
    )
    for path, file in worker.files.items():
        written = tmp_path / "node" / path.lstrip("/")
        assert written.read_text(encoding="utf-8") == file.content
        assert written.stat().st_mode & 0o777 == file.mode
    data = (tmp_path / "node/user-data.gz").read_bytes()
    assert data == worker.gzipped
    assert gzip.decompress(data).decode() == (tmp_path / "node/user-data.txt").read_text(encoding="utf-8")


def test_the_first_slot_and_the_first_pool_are_the_defaults(tmp_path, capsys):
    render("--stack", "dev", "--role", "control-plane", "--output", tmp_path / "a", capsys=capsys)
    assert "SLOT=a\n" in (tmp_path / "a/etc/groundswell/node.env").read_text(encoding="utf-8")
    render("--stack", "dev", "--role", "worker", "--output", tmp_path / "w", capsys=capsys)
    assert "pool=accommodation" in (tmp_path / "w/etc/groundswell/kubeadm/join.json").read_text(encoding="utf-8")


def test_a_file_with_the_same_structure_gives_the_same_node(tmp_path, capsys, worker):
    (tmp_path / "traffic.yaml").write_text(yaml.safe_dump(dev_object()), encoding="utf-8")
    arguments = (
        "--file",
        tmp_path / "traffic.yaml",
        "--role",
        "worker",
        "--pool",
        "planner",
        "--output",
        tmp_path / "node",
    )
    render(*arguments, capsys=capsys)
    assert (tmp_path / "node/user-data.gz").read_bytes() == worker.gzipped


WRONG = {
    "--pool: plan: not in the plan; use one of accommodation, gateway, member, payment, planner": (
        "worker", "--pool", "plan",
    ),
    "--slot: b: not in the plan; use one of a": ("control-plane", "--slot", "b"),
    "--slot: a: has no meaning for --role worker; use --pool": ("worker", "--slot", "a"),
    "--pool: planner: has no meaning for --role control-plane; use --slot": ("control-plane", "--pool", "planner"),
}  # fmt: skip


@pytest.mark.parametrize(("line", "arguments"), WRONG.items())
def test_a_wrong_slot_or_pool_is_one_line_that_names_the_known_ones(tmp_path, capsys, line, arguments):
    shown = render("--stack", "dev", "--role", *arguments, "--output", tmp_path / "node", expect=2, capsys=capsys)
    assert shown.err == f"{line}\n"
    assert shown.out == ""
    assert not (tmp_path / "node").exists()


def test_a_stack_that_is_not_there_is_told_without_a_traceback(tmp_path):
    arguments = ["--stack", "nowhere", "--role", "worker", "--output", str(tmp_path / "x")]
    command = [sys.executable, "-m", "userdata", "render", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "Pulumi.nowhere.yaml" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_output_that_is_a_file_is_told(tmp_path, capsys):
    (tmp_path / "node").write_text("in the way")
    shown = render("--stack", "dev", "--role", "worker", "--output", tmp_path / "node", expect=2, capsys=capsys)
    assert shown.err.startswith(f"--output: {tmp_path / 'node'}")
    assert shown.err.count("\n") == 1
