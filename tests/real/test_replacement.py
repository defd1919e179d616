"""Replacing machines on the real engine: one slot at a time, in the right order, and what a slot owns stays."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path

import pytest
from real.engine import Engine
from real.journal import Call

pytestmark = pytest.mark.real

INSTANCE = "aws:ec2/instance:Instance"
ATTACHMENT = "aws:ec2/volumeAttachment:VolumeAttachment"


@pytest.fixture(scope="module")
def three_slots_ready(new_stack: Callable[..., Engine]) -> Engine:
    engine = new_stack("three", program="slots", secrets={"slots:password": "correct-horse"})
    engine.reconfigure("slots:slots", "a,b,c")
    engine.up()
    return engine


@pytest.fixture
def three_slots(three_slots_ready: Engine, tmp_path: Path) -> Engine:
    return three_slots_ready.copy(tmp_path / "stack")


def sequence(calls: Sequence[Call], *types: str) -> list[str]:
    return [f"{call.op} {call.name}" for call in calls if call.type in types]


def test_changed_user_data_replaces_one_instance_after_the_other(three_slots: Engine) -> None:
    three_slots.reconfigure("slots:userData", "second")
    three_slots.up()
    calls = three_slots.calls("create", "update", "delete")
    assert sequence(calls, INSTANCE) == ["delete a", "create a", "delete b", "create b", "delete c", "create c"]
    for earlier, later in pairwise(calls):
        if INSTANCE in (earlier.type, later.type):
            assert earlier.ended is not None
            assert earlier.ended < later.begun


def test_what_a_slot_owns_outlives_its_instance(three_slots: Engine) -> None:
    before = three_slots.state()
    three_slots.reconfigure("slots:userData", "second")
    three_slots.up()
    replaced = {made.urn for made in before - three_slots.state()}
    assert {urn.split("::")[2].rpartition("$")[2] for urn in replaced} == {
        INSTANCE,
        ATTACHMENT,
        "command:local:Command",
    }


def test_a_volume_is_detached_before_its_instance_goes_and_attached_to_the_next(three_slots: Engine) -> None:
    three_slots.reconfigure("slots:userData", "second")
    three_slots.up()
    calls = [call for call in three_slots.calls("create", "delete") if call.name == "b"]
    assert [f"{call.op} {call.type}" for call in calls] == [
        f"delete {ATTACHMENT}",
        f"delete {INSTANCE}",
        f"create {INSTANCE}",
        f"create {ATTACHMENT}",
    ]


def test_a_failure_in_one_slot_leaves_the_later_slots_alone(three_slots: Engine) -> None:
    three_slots.reconfigure("slots:userData", "second")
    failed = three_slots.up(check=False, faults={"DOUBLE_FAIL_URN": f"{INSTANCE}::b"})
    assert failed.code != 0
    calls = three_slots.calls("create", "update", "delete")
    assert sequence(calls, INSTANCE) == ["delete a", "create a", "delete b"]


def test_the_preview_of_a_replacement_names_the_property_that_forces_it(three_slots: Engine) -> None:
    three_slots.reconfigure("slots:userData", "second")
    preview = three_slots.preview()
    assert preview.changes["replace"] == 7
    diffs = {call.name: call.replaces for call in three_slots.calls("diff") if call.type == INSTANCE}
    assert diffs == {slot: ["userData"] for slot in "abc"}
    assert three_slots.exists() == three_slots.state()
