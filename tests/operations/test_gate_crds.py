"""`gate crds`: a definition counts when the API server serves it."""

import pytest
from gate_fakes import SERVER_NAME, api_server, certificates, conditions

from operations.gate.causes import explain
from operations.gate.client import ApiClient, Credential, Endpoint
from operations.gate.crds import DEFINITIONS, CrdsGate, judge_crds
from operations.gate.objects import Definition

KAFKA = "kafkas.kafka.strimzi.io"
POOL = "kafkanodepools.kafka.strimzi.io"


def definition(name, *, deleted=False, **states):
    metadata = {"name": name, **({"deletionTimestamp": "2026-01-01T00:00:00Z"} if deleted else {})}
    return {"metadata": metadata, "status": {"conditions": conditions(**states)}}


def served(name):
    return definition(name, NamesAccepted=True, Established=True)


def judge(**found):
    return judge_crds({name: body and Definition.model_validate(body) for name, body in found.items()})


def test_the_gate_passes_when_all_are_established():
    verdict = judge(**{KAFKA: served(KAFKA), POOL: served(POOL)})
    assert verdict.passed
    assert verdict.state == "2 of 2 CustomResourceDefinitions Established"


@pytest.mark.parametrize(
    ("body", "cause"),
    [
        (None, "operator or chart that brings the definition has not run"),
        (definition(KAFKA), "operator or chart"),
        (definition(KAFKA, NamesAccepted=True, Established=False), "operator or chart"),
        (definition(KAFKA, NamesAccepted=False, Established=False), "already uses one of the names"),
        (definition(KAFKA, deleted=True, NamesAccepted=True, Established=True), "or is being deleted"),
    ],
    ids=["absent", "new", "not established", "names taken", "being deleted"],
)
def test_one_that_is_not_served_holds_the_gate_and_is_named(body, cause):
    verdict = judge(**{KAFKA: body, POOL: served(POOL)})
    assert not verdict.passed
    assert verdict.state == "1 of 2 CustomResourceDefinitions Established"
    (finding,) = verdict.findings
    assert finding.node == KAFKA
    assert cause in explain(finding.symptom).cause


def session(port):
    endpoint = Endpoint(host="127.0.0.1", port=port, server_name=SERVER_NAME, authority=certificates().authority)
    return ApiClient(endpoint, Credential(certificate=certificates().certificate, key=certificates().key))


def test_each_definition_is_asked_for_by_its_name():
    asked = []
    with api_server({f"{DEFINITIONS}/{KAFKA}": (200, served(KAFKA))}, asked) as port:
        verdict = CrdsGate(session(port), [KAFKA, POOL]).probe(60)
    assert asked == [f"{DEFINITIONS}/{KAFKA}", f"{DEFINITIONS}/{POOL}"]
    assert [finding.node for finding in verdict.findings] == [POOL]


def test_an_api_that_goes_away_is_told():
    gate = CrdsGate(session(1), [KAFKA])
    verdict = gate.probe(60)
    assert verdict.state == "127.0.0.1:1: connection refused"
    assert gate.explain(verdict) == verdict.findings
    assert gate.output() == ""


def test_a_definition_that_was_just_made_is_read_and_not_yet_established():
    """Seen on a real API server: until its first condition is written, the list is null."""
    made = Definition.model_validate({"metadata": {"name": "a.b"}, "status": {"conditions": None}})
    verdict = judge_crds({"a.b": made})
    assert not verdict.passed
    assert "not Established" in verdict.findings[0].symptom
