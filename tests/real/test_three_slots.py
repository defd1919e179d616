"""The three-slot stack on the real engine: a change of every machine's user data, and what it must leave alone."""

import copy
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import pytest
from conftest import ha_object
from real.engine import Engine
from real.gates import answers
from real.journal import Call, Made

from config.loader import load_cluster
from config.secret_keys import CLUSTER_KEY, secret_keys

pytestmark = pytest.mark.real

INSTANCE = "aws:ec2/instance:Instance"
REPLACED_WITH_A_MACHINE = {INSTANCE, "aws:ec2/volumeAttachment:VolumeAttachment", "command:local:Command"}


@dataclass(frozen=True, kw_only=True)
class Change:
    """One change: the calls it made, and what existed before and after."""

    calls: list[Call]
    before: set[Made]
    after: set[Made]
    state: set[Made]


def plain(value: object) -> object:
    """The value as a stack file can hold it."""
    return json.loads(json.dumps(value, default=str))


@pytest.fixture(scope="module")
def change(new_stack: Callable[..., Engine]) -> Change:
    cluster = ha_object()
    config = load_cluster(cluster)
    needed = {key.full_name: secrets.token_hex(16) for key in secret_keys(config.databases, config.caches)}
    engine = new_stack("ha", settings={CLUSTER_KEY: plain(cluster)}, secrets=needed)
    engine.up(faults=answers(config.name))
    before = engine.exists()
    changed = copy.deepcopy(cluster)
    changed["kubernetes"]["max_pods"] = 100
    engine.reconfigure(CLUSTER_KEY, plain(changed))
    engine.up(faults={**answers(config.name), "DOUBLE_SLOW": json.dumps({"Command::ha-control-plane": 2})})
    return Change(
        calls=engine.calls("create", "update", "delete"), before=before, after=engine.exists(), state=engine.state()
    )


def test_control_planes_are_replaced_one_after_the_other(change: Change) -> None:
    machines = [call for call in change.calls if call.type == INSTANCE]
    assert [f"{call.op} {call.name}" for call in machines] == [
        f"{op} ha-control-plane-{slot}" for slot in "abc" for op in ("delete", "create")
    ]
    for earlier, later in pairwise(machines):
        assert earlier.ended is not None
        assert earlier.ended < later.begun


def test_interfaces_volumes_and_everything_in_the_cluster_outlive_the_machines(change: Change) -> None:
    gone = {made.urn.split("::")[2].rpartition("$")[2] for made in change.before - change.after}
    assert gone == REPLACED_WITH_A_MACHINE
    assert {made.urn for made in change.before} == {made.urn for made in change.after}
    assert change.after == change.state


def gates(change: Change, kind: str) -> list[Call]:
    """The runs of one kind of gate; a deletion runs nothing."""
    return [call for call in change.calls if f" gate {kind} " in call.inputs.get("create", "") and call.op != "delete"]


def test_a_machine_goes_only_after_the_one_before_it_has_joined(change: Change) -> None:
    joined = {call.name: call for call in gates(change, "machine")}
    gone = {call.name: call for call in change.calls if call.type == INSTANCE and call.op == "delete"}
    assert list(joined) == list(gone) == [f"ha-control-plane-{slot}" for slot in "abc"]
    for earlier, later in pairwise(gone):
        assert (joined[earlier].ended or 0) < gone[later].begun
        assert joined[earlier].ended is not None


def test_the_api_gate_is_asked_again_after_the_last_machine(change: Change) -> None:
    (gate,) = gates(change, "api")
    assert all(call.ended is not None and call.ended < gate.begun for call in change.calls if call.type == INSTANCE)
