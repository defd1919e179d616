"""The gate between two control planes: the next one waits for this machine, not for its predecessor's report."""

import pytest

from operations.gate.machine import judge_machine
from operations.gate.status import NodeReport

NODE = "ip-10-0-0-10.ap-northeast-2.compute.internal"
INSTANCE = "i-0123456789abcdef0"


def report(**changes):
    given = {"node": NODE, "role": "control-plane", "phase": "ready", "state": "done", "instance": INSTANCE}
    return NodeReport(**given | changes)


def test_a_finished_machine_lets_the_next_slot_go_on():
    assert judge_machine((report(),), NODE, INSTANCE).passed


@pytest.mark.parametrize(
    "reports",
    [
        pytest.param((), id="nothing reported"),
        pytest.param((report(instance="i-0fedcba9876543210"),), id="the predecessor's report"),
        pytest.param((report(node="ip-10-0-32-11.ap-northeast-2.compute.internal"),), id="another slot's report"),
        pytest.param((report(phase="control-plane", state="running"),), id="still at work"),
        pytest.param((report(phase="volume", state="done"),), id="a step done but not all"),
        pytest.param((report(phase="control-plane", state="failed", cause="no quorum"),), id="failed"),
    ],
)
def test_anything_else_holds_it(reports):
    verdict = judge_machine(reports, NODE, INSTANCE)
    assert not verdict.passed
    assert verdict.findings


def test_a_failure_is_told_with_its_cause():
    verdict = judge_machine((report(phase="volume", state="failed", cause="no disk with the label"),), NODE, INSTANCE)
    assert "no disk with the label" in str(verdict.findings)
