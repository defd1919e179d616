"""What is true after a run that was cut, on a small stack: ten calls to make it, ten to destroy it."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from real.engine import Engine
from real.journal import Call

pytestmark = pytest.mark.real

CALLS = range(1, 11)
REPLACEMENT_CALLS = range(1, 7)


@pytest.fixture(scope="module")
def empty_stack(new_stack: Callable[..., Engine]) -> Engine:
    return new_stack("cut", program="slots", secrets={"slots:password": "correct-horse"})


@pytest.fixture(scope="module")
def ready_stack(empty_stack: Engine, tmp_path_factory: pytest.TempPathFactory) -> Engine:
    engine = empty_stack.copy(tmp_path_factory.mktemp("ready") / "stack")
    engine.up()
    return engine


@pytest.fixture
def empty(empty_stack: Engine, tmp_path: Path) -> Engine:
    return empty_stack.copy(tmp_path / "stack")


@pytest.fixture
def ready(ready_stack: Engine, tmp_path: Path) -> Engine:
    return ready_stack.copy(tmp_path / "stack")


def one_of_each(engine: Engine) -> None:
    assert engine.exists() == engine.state()
    assert len({made.urn for made in engine.state()}) == len(engine.state()) == len(CALLS)


def mutations(engine: Engine) -> list[Call]:
    return engine.calls("create", "update", "delete")


def test_the_small_stack_takes_ten_calls_to_make_and_ten_to_destroy(empty: Engine) -> None:
    empty.up()
    assert [call.op for call in mutations(empty)] == ["create"] * len(CALLS)
    empty.up("--expect-no-changes")
    assert mutations(empty) == []
    empty.destroy()
    assert [call.op for call in mutations(empty)] == ["delete"] * len(CALLS)
    assert empty.exists() == empty.state() == set()


@pytest.mark.parametrize("call", CALLS)
def test_an_up_that_failed_at_any_call_is_finished_by_the_next(empty: Engine, call: int) -> None:
    failed = empty.up(check=False, faults={"DOUBLE_FAIL_AT": str(call)})
    assert failed.code != 0
    assert f"asked to fail at call {call}" in failed.text
    assert empty.exists() == empty.state()
    empty.up()
    one_of_each(empty)


@pytest.mark.parametrize("call", [1, 5, 10])
def test_a_resource_that_exists_without_becoming_ready_is_kept_and_not_made_twice(empty: Engine, call: int) -> None:
    failed = empty.up(check=False, faults={"DOUBLE_FAIL_AT": str(call), "DOUBLE_FAULT_MODE": "partial"})
    assert failed.code != 0
    assert empty.exists() == empty.state()
    empty.up()
    one_of_each(empty)
    assert [c.name for c in mutations(empty) if c.op == "update"]


@pytest.mark.parametrize("call", CALLS)
def test_a_destroy_that_failed_at_any_call_is_finished_by_the_next(ready: Engine, call: int) -> None:
    assert ready.destroy(check=False, faults={"DOUBLE_FAIL_AT": str(call)}).code != 0
    assert ready.exists() == ready.state()
    assert len(ready.state()) > 0
    ready.destroy()
    assert ready.exists() == ready.state() == set()


@pytest.mark.parametrize("call", REPLACEMENT_CALLS)
def test_a_replacement_that_failed_at_any_call_is_finished_by_the_next(ready: Engine, call: int) -> None:
    ready.reconfigure("slots:userData", "second")
    assert ready.up(check=False, faults={"DOUBLE_FAIL_AT": str(call)}).code != 0
    ready.up()
    one_of_each(ready)
    instance = next(c for c in reversed(all_creates(ready)) if c.type == "aws:ec2/instance:Instance")
    assert instance.inputs["userData"] == "second"


def all_creates(engine: Engine) -> list[Call]:
    return [call for run in engine.journal.runs() for call in engine.calls("create", run=run) if call.outcome == "ok"]


def test_an_interrupt_in_the_middle_of_a_call_leaves_state_and_cloud_in_agreement(empty: Engine) -> None:
    with empty.running("up", faults={"DOUBLE_STALL_AT": "5"}) as run:
        run.wait_for_call(5)
        ended = run.interrupt()
    assert ended.code != 0
    assert empty.exists() == empty.state()
    empty.up()
    one_of_each(empty)


def test_after_a_power_cut_the_lock_is_taken_away_and_the_next_up_finishes(empty: Engine) -> None:
    with empty.running("up", faults={"DOUBLE_STALL_AT": "5"}) as run:
        run.wait_for_call(5)
        run.wait_until_saved()
        run.kill()
    locked = empty.up(check=False)
    assert "locked" in locked.text
    empty.cancel()
    empty.up()
    one_of_each(empty)


def test_what_a_power_cut_leaves_unknown_is_named_as_a_pending_operation(empty: Engine) -> None:
    """Pulumi cannot know whether an unanswered Create happened; here it did, and the name is the way to find it."""
    with empty.running("up", faults={"DOUBLE_STALL_URN": "Vpc::vpc", "DOUBLE_FAULT_MODE": "after"}) as run:
        cut = run.wait_for_call(1)
        while not any((empty.cloud / "objects").iterdir()):
            time.sleep(0.05)
        run.kill()
    empty.cancel()
    pending = empty.export()["deployment"]["pending_operations"]
    assert ("creating", cut.urn) in [(item["type"], item["resource"]["urn"]) for item in pending]
