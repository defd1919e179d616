"""A pytest plugin that checks the row marks and records which of the tests that name a row passed.

`-p rows_plugin --rows-tier unit|real|boot` merges the outcomes into `build/rows/<tier>.json`, which
`python -m operations rows` reads. A run of some tests keeps what is known of the others.
"""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from operations.rows.load import load_rows
from operations.rows.requirement import RowsError, Tier
from operations.rows.results import Result, digest_of, load_results, save_results
from operations.rows.scan import scan_tests, tier_of, unknown_ids

_ALL_PASSED = {"setup": "passed", "call": "passed", "teardown": "passed"}


def pytest_addoption(parser):
    parser.getgroup("requirement rows").addoption(
        "--rows-tier",
        choices=[tier.value for tier in Tier],
        default=Tier.UNIT.value,
        help="the tier whose results this run records (default: unit)",
    )


def pytest_configure(config):
    if hasattr(config, "workerinput"):
        return
    # A usage error in an xdist worker ends as an internal error, so all marks are read before one starts.
    try:
        problems = unknown_ids(scan_tests(config.rootpath), load_rows(config.rootpath))
    except RowsError as error:
        problems = error.problems
    if problems:
        raise pytest.UsageError(*problems)
    config.pluginmanager.register(Recorder(config), "rows_recorder")


def pytest_collection_modifyitems(items):
    digests = {}
    for item in items:
        rows = sorted({row for mark in item.iter_markers("row") for row in mark.args})
        if rows:
            if item.path not in digests:
                digests[item.path] = digest_of(item.path)
            # An xdist worker's reports carry these to the controller.
            item.user_properties.append(("requirement_rows", " ".join(rows)))
            item.user_properties.append(("test_file_sha256", digests[item.path]))


class Recorder:
    """Collects the reports of a run and merges them into the results file at its end."""

    def __init__(self, config):
        self.root = config.rootpath
        self.tier = Tier(config.option.rows_tier)
        self.option = config.option
        self.narrowed = any("::" in argument for argument in config.args) or any(
            config.getoption(name, None) for name in ("keyword", "markexpr", "deselect", "maxfail", "lf", "stepwise")
        )
        self.when = datetime.now(UTC).isoformat(timespec="milliseconds")
        self.phases = {}
        self.marks = {}
        self.broken = []
        self.summary = []

    def pytest_collectreport(self, report):
        if report.failed:
            self.broken.append(report.nodeid)

    def pytest_runtest_logreport(self, report):
        self.phases.setdefault(report.nodeid, {})[report.when] = report.outcome
        properties = dict(report.user_properties)
        if "requirement_rows" in properties:
            rows = tuple(properties["requirement_rows"].split())
            self.marks[report.nodeid] = (rows, properties["test_file_sha256"])

    def pytest_sessionfinish(self, exitstatus):
        if not self.phases and not self.broken:
            return
        outcomes = {test: outcome for test in self.phases if (outcome := self._outcome(test))}
        own = {test for test in outcomes if test in self.marks and tier_of(_path(test)) == self.tier}
        rows = self._kept(outcomes, own, whole=exitstatus in {0, 1} and not self.narrowed)
        for test in own:
            ids, digest = self.marks[test]
            for row in ids:
                result = Result(test=test, outcome=outcomes[test], digest=digest, when=self.when)
                rows.setdefault(row, []).append(result)
        path = save_results(self.root, self.tier, rows)
        self.summary.append(f"{len(own)} tests that name requirement rows recorded in {path}")
        if foreign := sorted({tier_of(_path(test)).value for test in outcomes if test in self.marks} - {self.tier}):
            self.summary.append(f"tests of another tier not recorded; use --rows-tier {' or '.join(foreign)}")

    def pytest_terminal_summary(self, terminalreporter):
        for line in self.summary:
            terminalreporter.write_line(line)

    def _outcome(self, test):
        phases = self.phases[test]
        for outcome in ("failed", "skipped"):
            if outcome in phases.values():
                return outcome
        return "passed" if phases == _ALL_PASSED else None

    def _kept(self, outcomes, own, *, whole):
        try:
            known = load_results(self.root, self.tier)
        except RowsError:
            known = {}  # this run writes a good file in its place
        ran = {_path(test) for test in outcomes}
        return {
            row: [
                self._after(result, outcomes)
                for result in results
                if result.test not in own
                and result.digest == digest_of(self.root / result.path)
                # A parameter that a whole run of its file did not give is gone.
                and not (whole and result.path in ran and result.test not in outcomes)
            ]
            for row, results in known.items()
        }

    def _after(self, result, outcomes):
        """Fail an earlier result whose test crashed its worker or was not collected: neither has marks."""
        crashed = outcomes.get(result.test) == "failed"
        uncollected = any(result.test.startswith(node) for node in self.broken)
        return replace(result, outcome="failed") if crashed or uncollected else result


def _path(test):
    return Path(test.partition("::")[0])
