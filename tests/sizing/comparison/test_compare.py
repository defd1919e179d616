"""The comparison and the sweep as people and programs get them."""

import json
import re
from decimal import Decimal

import pytest
from conftest import ROOT, dev_object, plan_of

from config.loader import load_cluster
from sizing.__main__ import main
from sizing.compare import compare, lost_with_a_machine
from sizing.comparison.document import document
from sizing.comparison.tables import comparison_tables, memory_table
from sizing.sweep import EFFORT
from sizing.tables import console

FILE = str(ROOT / "examples/s0-stress.yaml")


@pytest.fixture(scope="module")
def found():
    """The dev stack at its load-test target, on c5a alone, with a spot rate that somebody read."""
    raw = dev_object()
    raw["traffic"]["basis"] = "stress"
    raw["prices"]["spot"] = {"c5a.large": {"discount": 0.5, "source": "spot page", "date": "2026-11-20"}}
    return compare(load_cluster(raw), "dev", families=("c5a",), effort=EFFORT)


def _rows(found, **wanted):
    return [row for row in found.rows if all(getattr(row.answer.choice, key) == value for key, value in wanted.items())]


@pytest.mark.row("S0-13")
def test_the_stack_as_it_stands_comes_first_with_its_own_control_plane_and_on_eks(found):
    own, eks = found.rows[0].answer, found.rows[1].answer
    assert (own.workers, own.month) == (Decimal("753.360"), Decimal("787.5240"))
    assert own.nodes == {"c5a.xlarge": 4, "c5a.2xlarge": 1}
    assert own.pods == {"gateway": 2, "member": 2, "planner": 3, "accommodation": 2, "payment": 2}
    assert eks.month == Decimal("826.36")
    assert found.rows[0].survives == "no machine: one loss stops gateway, member, planner, accommodation, payment"


def test_a_second_machine_in_every_pool_bears_the_loss_of_one(dev_plan):
    assert list(lost_with_a_machine(dev_plan, 0.85)) == ["gateway", "member", "planner", "accommodation", "payment"]
    raw = dev_object()
    for pool in raw["pools"].values():
        pool["count"] = 2
    assert list(lost_with_a_machine(plan_of(raw, "dev"), 0.85)) == []
    raw["traffic"]["basis"] = "stress"
    raw["traffic"]["daily_active_users"] = 30_000
    assert list(lost_with_a_machine(plan_of(raw, "dev"), 0.85)) == ["accommodation"]


def test_every_combination_has_its_row(found):
    rows = found.rows[2:]
    kinds = {
        (row.answer.choice.pools, row.answer.choice.tolerance, row.answer.choice.machines, row.answer.choice.option)
        for row in rows
        if row.answer.choice.control == "own"
    }
    assert len(kinds) == 2 * 3 * 2 * 2
    assert len(_rows(found, control="eks")) == 4


def test_tolerance_costs_and_sharing_saves(found):
    for pools in ("dedicated", "shared"):
        costs = [
            row.answer.workers
            for row in _rows(found, pools=pools, option="on-demand", control="own", architectures=("x86_64",))
        ]
        assert costs == sorted(costs)
        assert len(costs) == 3
    for row in _rows(found, pools="shared", option="on-demand", control="own"):
        assert row.saves > Decimal("0.1")


def test_every_row_says_what_it_survives(found):
    said = {row.answer.choice.tolerance: row.survives for row in _rows(found, pools="shared", option="on-demand")}
    assert said["none"] == "nothing"
    assert re.fullmatch(r"any one machine \(then [5-8]\d% busy\)", said["node"])
    assert re.fullmatch(r"any one of zones a, b, c \(then [5-8]\d% busy\)", said["zone"])


def test_what_is_missing_is_warned_of_by_name(found):
    texts = {notice.code: notice.text for notice in found.warnings}
    assert "gateway (1), member (1), payment (1)" in texts["no-demand"]
    assert "78.4% busy (basis stress)" in texts["utilisation-above-target"]
    assert "no spot price, so left out of spot rows: c5a (xlarge, 2xlarge, 4xlarge, 8xlarge)" in texts["price-missing"]
    assert "state it in prices.spot or a prices.file" in texts["price-missing"]
    assert "2025-03-02" in texts["price-old"]
    assert "two minutes' notice" in texts["spot-interruption"]


def test_the_document_is_plain_and_whole(found):
    plain = json.loads(json.dumps(document(found)))
    assert len(plain["rows"]) == len(found.rows)
    first = plain["rows"][0]
    assert (first["workers_usd_month"], first["usd_month"]) == (753.36, 787.52)
    shared = next(row for row in plain["rows"] if row["pools"] == "shared")
    assert shared["gap"] == 0
    assert shared["prices"]["c5a.xlarge"]["source"] == "apache-libcloud 3.9.1"
    assert plain["assumptions"] == {
        "memory": "known",
        "speeds": "x86-equal",
        "reference_family": "c5a",
        "families": ["c5a"],
        "services_only": False,
    }


def test_tables_fit_a_hundred_columns_and_state_the_assumptions(found, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    out = console()
    for part in comparison_tables(found):
        out.print(part)
    out.print(memory_table({"known": found, "flat": found}))
    shown = capsys.readouterr().out
    assert all(len(line) <= 100 for line in shown.splitlines())
    for text in ("753.36", "787.52", "826.36", "memory as read on such machines", "EKS, 73.00", "as given on EKS"):
        assert text in shown
    assert len({re.split(r"\s{2,}", line.strip())[0] for line in shown.splitlines()}) > 20


def _run(capsys, *arguments):
    status = main([*arguments])
    shown = capsys.readouterr()
    return status, shown.out, shown.err


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (
            ("compare", "--families", "c5x"),
            "--families: c5x: names no instance family of the catalogue; use some of c4",
        ),
        (("sweep", "--from", "-1", "--to", "10"), "--from: -1: must be a whole number from 1 to 10000000000; give one"),
        (
            ("sweep", "--from", "1", "--to", "1e15"),
            "--to: 1e15: must be a whole number from 1 to",
        ),
        (("sweep", "--from", "1", "--to", "nan"), "--to: nan: must be a whole number"),
        (("sweep", "--from", "", "--to", "5"), "--from: : must be a whole number"),
        (("sweep", "--from", "9", "--to", "5"), "--from: 9: must not be above --to (5); swap the two"),
        (("sweep", "--from", "1", "--to", "5", "--points", "1"), "--points: 1: must be a whole number from 2 to 100"),
    ],
)
def test_wrong_input_is_one_line_and_exit_2(capsys, arguments, line):
    status, out, err = _run(capsys, *arguments, "--file", FILE)
    assert (status, out) == (2, "")
    assert err.startswith(line)
    assert err.count("\n") == 1


def test_the_sweep_prints_steps_and_limits_within_a_hundred_columns(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    arguments = ("--from", "14400", "--to", "15000", "--pools", "dedicated", "--families", "c5a")
    status, out, _ = _run(capsys, "sweep", "--file", FILE, *arguments)
    assert status == 0
    assert all(len(line) <= 100 for line in out.splitlines())
    assert "14,401" in out
    assert "basis stress: dedicated pools, x86, on-demand, may fail: none" in out
    assert "How many users the machines chosen by hand bear" in out


def test_the_sweep_as_json_holds_the_same_steps(capsys):
    arguments = ("--from", "14400", "--to", "15000", "--pools", "dedicated", "--families", "c5a", "--format", "json")
    status, out, _ = _run(capsys, "sweep", "--file", FILE, *arguments)
    assert status == 0
    plain = json.loads(out)
    assert [step["users"] for step in plain["steps"]] == [14_400, 14_401]
    assert plain["steps"][1]["changed"]
    assert {limit["pool"]: limit["comfortable_until"] for limit in plain["limits"]}["accommodation"] == 19_200


def test_the_comparison_runs_from_the_command_line(capsys):
    arguments = ("--file", FILE, "--families", "c4", "--format", "json")
    status, out, _ = _run(capsys, "compare", *arguments)
    assert status == 0
    plain = json.loads(out)
    assert plain["rows"][0]["usd_month"] == 787.52
    assert all(row["refused"] for row in plain["rows"][2:])
