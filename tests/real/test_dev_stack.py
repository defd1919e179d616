"""The shipped dev stack on the real engine: preview, up, a second up, refresh, destroy; one life, looked at often."""

import base64
import json
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from real.engine import Engine, Result
from real.gates import answers
from real.journal import Call, Made
from real.parts import REPOSITORY

from config.loader import load_stack_file
from config.secret_keys import secret_keys

pytestmark = pytest.mark.real

NETWORK = (
    "aws:ec2/vpc:Vpc",
    "aws:ec2/subnet:Subnet",
    "aws:ec2/internetGateway:InternetGateway",
    "aws:ec2/natGateway:NatGateway",
    "aws:ec2/routeTable:RouteTable",
    "aws:ec2/route:Route",
    "aws:ec2/routeTableAssociation:RouteTableAssociation",
)
NODES = ("aws:ec2/instance:Instance", "aws:autoscaling/group:Group")
LOAD_BALANCERS = ("aws:lb/loadBalancer:LoadBalancer",)
VOLUMES = ("aws:ebs/volume:Volume",)
DATA_STORES = ("aws:rds/instance:Instance", "aws:elasticache/replicationGroup:ReplicationGroup")
# Seconds that the first halves of the orders below take: long enough that what does not wait would overtake them.
SLOW_UP = {"Route::": 6, "NatGateway::": 2, "Command::travel-api": 4, "Command::travel-nodes": 3, "Namespace::": 1}
SLOW_DESTROY = {
    "LoadBalancer::": 3,
    "Volume::": 3,
    "rds/instance:Instance::": 3,
    "apps/v1:Deployment::": 1,
    "Kafka::": 1,
}


@dataclass(frozen=True, kw_only=True)
class Life:
    """One run of everything; `kept` and `leaks` are what was found between up and destroy."""

    engine: Engine
    canaries: Sequence[str]
    preview: Result
    kept_after_preview: set[Made]
    up: Result
    kept_after_up: set[Made]
    state_after_up: set[Made]
    canaries_known_to_the_doubles: Sequence[str]
    again: Result
    refresh: Result
    destroy: Result

    def calls(self, result: Result, *ops: str) -> list[Call]:
        return self.engine.calls(*ops, run=result.run)


def needed_secrets() -> dict[str, str]:
    """A canary for every secret that the dev stack asks for."""
    config = load_stack_file(REPOSITORY / "Pulumi.dev.yaml")
    return {key.full_name: secrets.token_hex(16) for key in secret_keys(config.databases, config.caches)}


def spellings(secret: str) -> set[bytes]:
    """The secret as text and inside base64, at each of the three alignments, without what its neighbours decide."""
    encoded = (base64.b64encode(bytes(shift) + secret.encode()).rstrip(b"=") for shift in range(3))
    return {secret.encode(), *(text[begin:-1] for text, begin in zip(encoded, (0, 2, 3), strict=True))}


def found_in(folder: Path, canaries: Sequence[str]) -> list[str]:
    """The files that hold one of the canaries."""
    looked_for = {spelling for canary in canaries for spelling in spellings(canary)}
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert files
    return [str(path) for path in files if any(spelling in path.read_bytes() for spelling in looked_for)]


@pytest.fixture(scope="module")
def life(new_stack: Callable[..., Engine]) -> Life:
    canaries = needed_secrets()
    engine = new_stack("dev", secrets=canaries)
    faults = answers("travel")
    slow = {**faults, "DOUBLE_SLOW": json.dumps(SLOW_UP)}
    preview = engine.preview(faults=faults)
    kept_after_preview = engine.exists()
    up = engine.up(faults=slow)
    kept_after_up, state_after_up = engine.exists(), engine.state()
    known = [
        canary
        for canary in canaries.values()
        if any(canary.encode() in path.read_bytes() for path in (engine.cloud / "objects").iterdir())
    ]
    return Life(
        engine=engine,
        canaries=list(canaries.values()),
        preview=preview,
        kept_after_preview=kept_after_preview,
        up=up,
        kept_after_up=kept_after_up,
        state_after_up=state_after_up,
        canaries_known_to_the_doubles=known,
        again=engine.up("--expect-no-changes", faults=faults),
        refresh=engine.refresh("--expect-no-changes", faults=faults),
        destroy=engine.destroy(faults={**faults, "DOUBLE_SLOW": json.dumps(SLOW_DESTROY)}),
    )


def of(calls: Sequence[Call], types: Sequence[str]) -> list[Call]:
    found = [call for call in calls if call.type in types]
    assert found, types
    return found


def gate(calls: Sequence[Call], kind: str) -> list[Call]:
    (found,) = (call for call in of(calls, ["command:local:Command"]) if f" gate {kind} " in call.inputs["create"])
    return [found]


def in_cluster(calls: Sequence[Call]) -> list[Call]:
    found = [call for call in calls if call.type.startswith("kubernetes:")]
    assert len(found) > 50
    return found


def assert_before(first: Sequence[Call], second: Sequence[Call]) -> None:
    """Every call of `first` was answered before any call of `second` began."""
    late = max(first, key=lambda call: call.ended or 0)
    early = min(second, key=lambda call: call.begun)
    assert late.ended is not None
    assert late.ended < early.begun, f"{late.op} {late.urn} ended after {early.op} {early.urn} began"


def test_a_preview_creates_nothing_and_announces_what_up_then_creates(life: Life) -> None:
    assert life.kept_after_preview == set()
    assert {call.preview for call in life.calls(life.preview, "create")} == {True}
    assert life.preview.changes == life.up.changes
    assert set(life.up.changes) == {"create"}


def test_up_creates_every_resource_once(life: Life) -> None:
    assert life.kept_after_up == life.state_after_up
    assert len({made.urn for made in life.kept_after_up}) == len(life.kept_after_up) > 200
    assert life.calls(life.up, "update", "delete") == []


def test_a_second_up_changes_nothing(life: Life) -> None:
    assert set(life.again.changes) == {"same"}
    assert life.calls(life.again, "create", "update", "delete") == []


def test_a_refresh_finds_no_drift(life: Life) -> None:
    assert set(life.refresh.changes) == {"same"}
    assert len(life.calls(life.refresh, "read")) == len(life.kept_after_up)


def test_destroy_leaves_nothing_behind(life: Life) -> None:
    assert life.engine.exists() == set()
    assert life.engine.state() == set()
    deleted = life.calls(life.destroy, "delete")
    assert {call.outcome for call in deleted} == {"ok"}
    assert len(deleted) == len(life.kept_after_up)


@pytest.mark.row("S0-16")
def test_the_network_and_its_routes_stand_before_any_machine_starts(life: Life) -> None:
    created = life.calls(life.up, "create")
    assert_before(of(created, NETWORK), of(created, NODES))


@pytest.mark.row("S0-16")
def test_the_api_gate_passes_before_anything_is_created_in_the_cluster(life: Life) -> None:
    created = life.calls(life.up, "create")
    assert_before(of(created, ["aws:ec2/instance:Instance"]), gate(created, "api"))
    assert_before(gate(created, "api"), in_cluster(created))


@pytest.mark.row("S0-16")
def test_the_pod_network_comes_before_the_nodes_gate_and_the_nodes_gate_before_what_runs_on_them(life: Life) -> None:
    created = life.calls(life.up, "create")
    assert_before(of(created, ["kubernetes:operator.tigera.io/v1:Installation"]), gate(created, "nodes"))
    assert_before(gate(created, "nodes"), of(created, ["kubernetes:kafka.strimzi.io/v1:Kafka"]))
    assert_before(gate(created, "nodes"), of(created, ["kubernetes:apps/v1:Deployment"]))


def test_namespaces_stand_before_what_lives_in_them(life: Life) -> None:
    created = in_cluster(life.calls(life.up, "create"))
    namespaces = {call.name: call for call in created if call.type == "kubernetes:core/v1:Namespace"}
    checked = 0
    by_real_name = {call.inputs["metadata"]["name"]: call for call in namespaces.values()}
    for call in created:
        home = by_real_name.get(call.inputs.get("metadata", {}).get("namespace"))
        if home:
            assert_before([home], [call])
            checked += 1
    assert checked > 20


@pytest.mark.parametrize("kinds", [LOAD_BALANCERS, VOLUMES, DATA_STORES], ids=" ".join)
def test_on_destroy_what_stands_in_the_network_goes_before_it(life: Life, kinds: Sequence[str]) -> None:
    deleted = life.calls(life.destroy, "delete")
    assert_before(of(deleted, kinds), of(deleted, ["aws:ec2/subnet:Subnet", "aws:ec2/vpc:Vpc"]))


def test_on_destroy_what_runs_in_the_cluster_goes_before_the_machines_it_runs_on(life: Life) -> None:
    deleted = life.calls(life.destroy, "delete")
    assert_before(in_cluster(deleted), of(deleted, NODES))


@pytest.mark.row("S0-46")
def test_no_secret_value_stands_in_the_state_in_clear(life: Life) -> None:
    """State, its backup and the whole history of all five runs; the doubles prove that the values were really used."""
    assert sorted(life.canaries_known_to_the_doubles) == sorted(life.canaries)
    assert found_in(life.engine.backend, life.canaries) == []


@pytest.mark.row("S0-46")
def test_no_secret_value_is_printed_or_exported(life: Life) -> None:
    for result in (life.preview, life.up, life.again, life.refresh, life.destroy):
        assert not [canary for canary in life.canaries if canary in result.output]
    assert found_in(life.engine.workspace, life.canaries) == []
