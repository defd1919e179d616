"""`make plan` and `make graph`: the same program, shown."""

import json
import subprocess
import sys
from collections import Counter

import pytest
from conftest import ROOT


def run(*arguments, cwd=ROOT):
    return subprocess.run(
        [sys.executable, "-m", "operations", *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": "/usr/bin:/bin", "COLUMNS": "120", "PYTHONPATH": str(ROOT)},
    )


@pytest.fixture(scope="module")
def shown():
    result = run("plan", "--stack", "dev")
    assert result.returncode == 0, result.stderr
    return result.stdout


@pytest.mark.row("S0-03", "S0-13")
def test_the_plan_shows_traffic_machines_price_firewall_user_data_and_resources(shown):
    for title in (
        "Traffic of dev",
        "Pods",
        "Nodes",
        "Price: on-demand",
        "Firewall",
        "Warnings",
        "User data",
        "Resources",
    ):
        assert f"\n{title}" in f"\n{shown}"
    for figure in ("787.52", "11.6", "220..2,100", "2379-2380", "0.0468"):
        assert figure in shown


def test_every_component_of_the_program_is_in_the_tree(shown, dev):
    for resource in dev.resources:
        if not resource.custom:
            assert resource.name in shown, resource.name


def test_the_counts_are_those_of_the_recording(shown, dev):
    for kind, count in Counter(resource.type for resource in dev.resources if resource.custom).items():
        (line,) = [line for line in shown.splitlines() if line.startswith(f"{kind} ")]
        assert line.split()[-1] == str(count)


@pytest.mark.row("S0-46")
def test_the_plan_says_which_secrets_to_set_and_shows_none(shown):
    assert "pulumi config set --secret groundswell:database-member-password" in shown
    assert "only-for-the-plan" not in shown


@pytest.mark.row("S4-05")
def test_two_runs_print_the_same_bytes(shown):
    assert run("plan", "--stack", "dev").stdout == shown


def test_the_graph_has_every_resource_with_its_parent_and_dependencies(dev):
    result = run("graph", "--format", "json")
    assert result.returncode == 0, result.stderr
    graph = json.loads(result.stdout)
    assert {each["urn"] for each in graph["resources"]} == {each.urn for each in dev.resources}
    known = {each["urn"] for each in graph["resources"]}
    for each in graph["resources"]:
        assert set(each["dependencies"]) <= known


@pytest.mark.parametrize("command", ["plan", "graph"])
def test_an_unknown_stack_is_one_line_and_a_non_zero_exit(command):
    result = run(command, "--stack", "nowhere")
    assert result.returncode == 2
    assert "Traceback" not in result.stderr
    assert "nowhere" in result.stderr
