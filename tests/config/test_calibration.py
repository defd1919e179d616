"""A stack names a calibration file, and its figures are the service's; a bad file is one line."""

import shutil
from pathlib import Path

import pytest
import yaml

from config.calibration import read_calibration
from config.loader import load_cluster, load_stack_file, load_traffic_file
from config.problems import ConfigError
from config.secret_keys import CLUSTER_KEY
from sizing.plan import make_plan

EXAMPLE = Path(__file__).parents[2] / "examples" / "calibration" / "planner.yaml"
NAMED = {"services.catalog.demand": {"calibration": "calibration/planner.yaml"}}


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "calibration").mkdir()
    shutil.copy(EXAMPLE, tmp_path / "calibration" / "planner.yaml")
    return tmp_path


def lines_in(folder, raw):
    with pytest.raises(ConfigError) as caught:
        load_cluster(raw, folder=folder)
    return [str(problem) for problem in caught.value.problems]


@pytest.mark.row("S0-14")
def test_the_figures_of_the_named_file_are_the_services(changed, folder):
    demand = load_cluster(changed(NAMED), folder=folder).services["catalog"].demand
    assert demand.cpu_ms_per_request == 1.49352
    assert (demand.threads, demand.hold_ms) == (20, 6.46696)
    assert demand.source == (
        "calibration/planner.yaml: 6 load tests of before 2025-12-01, the day of the articles' last change on"
        " c5a.2xlarge, process CPU on 8 vCPU"
    )


@pytest.mark.row("S0-14")
def test_utilisation_is_judged_by_the_measured_figure(changed, folder):
    """23.148 requests/s at most x 1.49352 ms over two machines of 8 vCPU."""
    plan = make_plan(load_cluster(changed(NAMED), folder=folder), "test")
    service = plan.services["catalog"]
    expected = float(service.traffic.rps_peak_exact) * 1.49352 / (2 * 8 * 1000)
    assert float(service.utilisation["arrival"]) == pytest.approx(expected, abs=1e-6)


def test_paths_count_from_the_folder_of_the_file_that_names_them(changed, folder):
    stack, traffic = folder / "Pulumi.test.yaml", folder / "traffic.yaml"
    stack.write_text(yaml.safe_dump({"config": {CLUSTER_KEY: changed(NAMED)}}), encoding="utf-8")
    traffic.write_text(yaml.safe_dump(changed(NAMED)), encoding="utf-8")
    for config in (load_stack_file(stack), load_traffic_file(traffic)):
        assert config.services["catalog"].demand.cpu_ms_per_request == 1.49352


def test_a_missing_file_is_one_line_for_each_service_that_names_it(changed, tmp_path):
    raw = changed(NAMED | {"services.orders.demand": {"calibration": "calibration/planner.yaml"}})
    assert lines_in(tmp_path, raw) == [
        f'cluster.services.{name}.demand.calibration: "calibration/planner.yaml": names a file that cannot be used:'
        " no such file or directory; write it with python -m sizing calibrate FILE... --server SERVER --output"
        for name in ("catalog", "orders")
    ]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (
            lambda text: text.replace("ms_per_request: 1.49352", "ms_per_request: -1"),
            "calibration.cpu.ms_per_request: must be more than 0",
        ),
        (lambda text: text.replace("format: 1", "format: 2"), "calibration.format: must be at most 1"),
        (lambda text: text + "more: 1\n", "calibration.more: is not a known key"),
        (lambda text: text + "format: 1\n", "stands twice here"),
        (lambda _: "", "is empty"),
        (lambda _: "- 1\n", "must be a mapping"),
        (lambda _: "format: 1\n", "is required (8 more)"),
    ],
)
def test_a_bad_file_is_one_line_with_its_first_problem(changed, folder, change, reason):
    path = folder / "calibration" / "planner.yaml"
    path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")
    (line,) = lines_in(folder, changed(NAMED))
    assert line.startswith("cluster.services.catalog.demand.calibration: ")
    assert reason in line


def test_a_figure_beside_the_file_must_be_the_files(changed, folder):
    path = "services.catalog.demand.cpu_ms_per_request"
    assert load_cluster(changed(NAMED | {path: 1.49352}), folder=folder)
    (line,) = lines_in(folder, changed(NAMED | {path: 1.6}))
    assert line == (
        "cluster.services.catalog.demand.cpu_ms_per_request: 1.6: is not what calibration/planner.yaml says (1.49352);"
        " remove it, or remove calibration"
    )


def test_absolute_paths_and_paths_that_are_none_are_refused(changed, folder):
    absolute = {"services.catalog.demand": {"calibration": str(folder / "calibration" / "planner.yaml")}}
    (line,) = lines_in(folder, changed(absolute))
    assert "must be a path from the folder of the stack file" in line
    (line,) = lines_in(folder, changed({"services.catalog.demand": {"calibration": "a\0b"}}))
    assert "is no path" in line


def test_other_problems_of_the_configuration_are_told_beside_it(changed, tmp_path):
    raw = changed(NAMED | {"services.catalog.pool": "none", "services.catalog.port": 0})
    lines = lines_in(tmp_path, raw)
    assert [line.split(": ")[0] for line in lines] == [
        "cluster.services.catalog.demand.calibration",
        "cluster.services.catalog.pool",
        "cluster.services.catalog.port",
    ]


def test_the_shipped_file_is_valid():
    assert len(read_calibration(EXAMPLE).runs) == 6
