"""The plan as programs and people get it."""

import json
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import jsonschema
import pytest
from conftest import ROOT, dev_object, plan_of
from rich.console import Console

from sizing.document import document
from sizing.tables import console, firewall_table, nodes_table, tables, traffic_table


@pytest.mark.row("S0-01", "S0-02", "S0-04")
def test_the_dev_stack_reproduces_the_traffic_sheet(dev_plan):
    services = document(dev_plan)["services"]
    planner, accommodation = services["planner"], services["accommodation"]
    assert planner["dau"] == {"low": 12_500, "high": 20_000}
    assert planner["requests_per_day"] == {"low": 156_250, "high": 250_000}
    assert planner["rps_mean"] == {"low": 1.8, "high": 2.9}
    assert planner["vusers"] == {"low": 70, "high": 450}
    assert planner["tps_target"] == {"low": 140, "high": 900}
    assert accommodation["dau"] == {"low": 5_000, "high": 12_500}
    assert accommodation["requests_per_day"] == {"low": 100_000, "high": 250_000}
    assert accommodation["rps_mean"] == {"low": 1.2, "high": 2.9}
    assert accommodation["vusers"] == {"low": 110, "high": 1050}
    assert accommodation["tps_target"] == {"low": 220, "high": 2100}
    assert planner["rps_peak"] == accommodation["rps_peak"] == 11.6
    assert planner["exact"]["rps_peak"] == accommodation["exact"]["rps_peak"] == 11.574074


@pytest.mark.row("S0-07")
def test_the_gateway_carries_the_sum_of_what_it_routes(dev_plan):
    gateway = dev_plan.services["gateway"].traffic
    assert gateway.derived_from == ("planner", "accommodation")
    assert gateway.rps_peak == Decimal("23.2")
    assert gateway.tps_target.high == 3000


def test_the_document_keeps_its_contract(plans, production_plan):
    schema = json.loads((ROOT / "sizing/plan.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    for plan in (*plans.values(), production_plan):
        jsonschema.validate(json.loads(json.dumps(document(plan))), schema)


def test_the_document_says_what_its_peaks_and_bursts_rest_on(dev_plan):
    assert document(dev_plan)["traffic"] == {
        "daily_active_users": 25_000,
        "response_time_target_ms": 500,
        "peak_factor": 2,
        "safety_factor": 2,
        "burst_percentile": 99,
    }


@pytest.mark.row("S4-05")
def test_the_same_input_gives_the_same_bytes():
    first, second = (json.dumps(document(plan_of(dev_object(), "dev"))) for _ in range(2))
    assert first == second


def _printed(table, width=120):
    console = Console(width=width, color_system=None, highlight=False)
    with console.capture() as capture:
        console.print(table)
    return capture.get()


@pytest.mark.row("S0-03")
def test_the_load_test_sheet_names_the_basis_of_every_column(dev_plan):
    text = _printed(traffic_table(dev_plan))
    for column in ("users/day", "requests/day", "RPS mean", "RPS peak", "VUsers", "target TPS"):
        assert column in text
    assert text.count("(arrival)") == 3
    assert text.count("(stress)") == 2
    assert "110..1,050" in text
    assert "220..2,100" in text


def test_every_table_fits_a_hundred_columns_and_lines_up(dev_plan):
    for table in tables(dev_plan):
        lines = _printed(table, width=100).splitlines()
        assert all(len(line.rstrip()) <= 100 for line in lines)


@pytest.mark.row("S0-13")
def test_the_node_table_shows_hourly_and_monthly_prices(dev_plan):
    text = _printed(nodes_table(dev_plan), width=160)
    for figure in ("0.0468", "34.16", "0.172", "125.56", "0.344", "251.12"):
        assert figure in text


def test_a_narrow_terminal_wraps_lines_and_loses_no_figure(monkeypatch, dev_plan, capsys):
    monkeypatch.setenv("COLUMNS", "60")
    console().print(traffic_table(dev_plan))
    shown = capsys.readouterr().out
    for text in ("accommodation", "12,500..25,000", "256,250..500,000", "360..3,000"):
        assert text in shown


def test_protocol_4_is_named_in_the_firewall_table(dev_plan):
    assert "4 (IPIP)" in _printed(firewall_table(dev_plan))


def test_stress_and_arrival_are_never_mixed(dev_plan):
    texts = [notice.text for notice in dev_plan.warnings if notice.code == "stress-above-arrival"]
    assert ["77.6 times" in texts[0], "181.0 times" in texts[1]] == [True, True]
    assert all("basis stress" in text and "basis arrival" in text for text in texts)


def _run(*arguments, cwd=ROOT):
    return subprocess.run(
        [sys.executable, "-m", "sizing", "plan", *arguments], cwd=cwd, capture_output=True, text=True, check=False
    )


def test_the_command_prints_json_for_a_stack_and_for_a_bare_file(tmp_path):
    bare = tmp_path / "traffic.yaml"
    bare.write_text(json.dumps(dev_object()), encoding="utf-8")
    by_stack, by_file = _run("--stack", "dev", "--format", "json"), _run("--file", str(bare), "--format", "json")
    assert (by_stack.returncode, by_file.returncode) == (0, 0), by_stack.stderr + by_file.stderr
    stack, file = json.loads(by_stack.stdout), json.loads(by_file.stdout)
    assert (stack.pop("stack"), file.pop("stack")) == ("dev", "traffic")
    assert stack == file


def test_the_basis_can_be_chosen_on_the_command_line():
    result = _run("--stack", "dev", "--basis", "stress", "--format", "json")
    assert json.loads(result.stdout)["basis"] == "stress"


@pytest.mark.parametrize("arguments", [("--stack", "absent"), ("--file", "absent.yaml")])
def test_a_missing_file_is_one_line_and_a_non_zero_exit(arguments):
    result = _run(*arguments)
    assert result.returncode == 2
    assert "Traceback" not in result.stderr
    assert "absent" in result.stderr


def test_the_pure_packages_import_no_pulumi():
    code = (
        "import sys, config.loader, sizing.__main__, userdata.render, userdata.kubeadm;"
        "sys.exit(any(name.split('.')[0].startswith('pulumi') for name in sys.modules))"
    )
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False)
    assert result.returncode == 0


def test_no_pure_module_names_pulumi_in_an_import():
    for package in ("config", "sizing", "userdata"):
        for path in Path(ROOT, package).rglob("*.py"):
            source = path.read_text(encoding="utf-8")
            assert "import pulumi" not in source
            assert "from pulumi" not in source
