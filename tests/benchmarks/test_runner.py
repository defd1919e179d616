import json
import stat
import sys
from decimal import Decimal

import pytest
from bench_fakes import outcome, row

from benchmarks import karpenter, runner
from benchmarks.cases import by_key, cases

PLATFORM = by_key("platform/none/c5a/whole")


@pytest.fixture
def program(tmp_path):
    def write(body):
        path = tmp_path / "karpenter"
        path.write_text(f"#!{sys.executable}\n{body}\n", encoding="utf-8")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return path

    return write


def answering(*nodes):
    said = {"version": "v0", "cost": 1, "seconds": 0.5, "nodes": nodes, "unscheduled": {}}
    return f"import sys; sys.stdin.read(); print({json.dumps(said)!r})"


def measure(program, method):
    step = runner.Step(case=PLATFORM, seed=1, method=method)
    told = []
    (found,) = runner.measure([step], program=program, mip_seconds=60, tell=told.append)
    assert told == [step]
    assert (found.case, found.seed, found.pods) == (PLATFORM.key, 1, 15)
    return found.outcomes[method]


def test_the_packer_is_measured_in_a_child_and_its_packing_judged(program):
    found = measure(program(""), "groundswell")
    assert (found.cost * 730, found.bound, found.nodes) == (PLATFORM.goal.month, found.cost, 1)
    assert found.faults == ()
    assert 0 < found.seconds < found.usage.seconds
    assert found.usage.peak_mib > 15


def test_the_plain_mip_is_measured_in_a_child(program):
    found = measure(program(""), "mip")
    assert found.cost * 730 == PLATFORM.goal.month
    assert found.how.startswith("Optimal, ")


def test_karpenters_answer_is_priced_and_judged(program):
    pods = {f"pods-{index}": pods.count for index, pods in enumerate(PLATFORM.build(1).pods)}
    found = measure(program(answering({"type": "c5a.4xlarge", "zone": "a", "pods": pods})), "karpenter")
    assert (found.cost * 730, found.seconds, found.how, found.faults) == (PLATFORM.goal.month, 0.5, "v0", ())
    short = measure(program(answering({"type": "c5a.xlarge", "zone": "d", "pods": {"pods-0": 4}})), "karpenter")
    assert "node 0: c5a.xlarge is not offered in zone d" in short.faults
    assert "planner: 0 of 3 pods are placed" in short.faults


def test_a_program_that_fails_leaves_its_last_words(program):
    found = measure(program("import sys; print('first', file=sys.stderr); sys.exit('no types')"), "karpenter")
    assert found.cost is None
    assert found.how == "exit code 1: no types"


def test_a_quick_run_takes_the_first_seed_of_some_cases_and_a_whole_run_all():
    quick, whole = runner.steps(cases(), quick=True, seeds=3), runner.steps(cases(), quick=False, seeds=3)
    assert {step.seed for step in quick} == {1}
    assert len({step.case.key for step in quick}) == 21
    assert {step.case.key for step in whole} == {case.key for case in cases()}
    mip = {(step.case.key, step.seed) for step in whole if step.method == "mip"}
    assert ("services/5/all/x86", 3) in mip
    assert ("services/50/all/x86", 1) in mip
    assert ("services/50/all/x86", 2) not in mip
    assert ("services/500/all/x86", 1) in mip
    assert ("services/500/52/x86", 1) not in mip
    assert {step.seed for step in runner.steps(cases(), quick=False, seeds=2)} == {1, 2}


def test_gaps_are_above_our_bound_and_savings_below_karpenters_cost():
    found = row(PLATFORM.key, outcome("1.02", "1.00"), outcome("1.20"), outcome(None))
    assert runner.gap(found, "groundswell") == Decimal("0.02")
    assert runner.gap(found, "karpenter") == Decimal("0.2")
    assert runner.gap(found, "mip") is None
    assert runner.saving(found) == Decimal("0.15")
    assert runner.saving(row(PLATFORM.key, outcome("1.5", "1"), outcome("1.2"))) == Decimal("-0.25")


def test_what_is_not_built_is_said_with_the_way_to_build_it(tmp_path, monkeypatch):
    monkeypatch.setenv("GROUNDSWELL_CACHE", str(tmp_path))
    with pytest.raises(karpenter.NotBuiltError, match=r"run `tools/build.sh karpenter`"):
        karpenter.program()
