"""`gate api`: what passes, what does not, and whom it blames."""

import json
from dataclasses import replace

import pytest
from gate_fakes import (
    CLUSTER,
    CLUSTER_INFO,
    CREDENTIAL,
    SERVER_NAME,
    TOKEN,
    Store,
    api_server,
    certificates,
    etcd_pod,
    report,
    stored,
)

from operations.gate.api import ETCD_PODS, ApiFacts, ApiGate, judge_api
from operations.gate.causes import explain
from operations.gate.client import Endpoint
from operations.gate.loop import GateError
from operations.gate.objects import Pod
from operations.gate.status import parse_reports
from operations.gate.store import StoreError

A, B, C = (f"ip-10-0-{third}-10.ap-northeast-2.compute.internal" for third in (0, 1, 2))
READY = ApiFacts(etcd=tuple(Pod.model_validate(etcd_pod(name)) for name in (A, B, C)))


def reports(*entries):
    return parse_reports(stored(*entries))


def test_a_worker_that_reports_for_a_control_plane_is_not_believed():
    forged = {f"/groundswell/trip/status/worker/{A}": report(A, state="failed", cause="made up")}
    assert parse_reports(forged) == ()
    assert parse_reports({f"/groundswell/trip/status/control-plane/{B}": report(A)}) == ()
    assert [entry.node for entry in parse_reports(stored(report(A)))] == [A]


def test_the_gate_passes_when_as_many_etcd_members_are_ready_as_the_plan_has():
    verdict = judge_api(READY, 3)
    assert verdict.passed
    assert verdict.state == "API ready, 3 of 3 etcd members ready"
    assert verdict.findings == ()


@pytest.mark.parametrize("planned", [1, 5])
def test_more_or_fewer_members_than_planned_do_not_pass(planned):
    assert not judge_api(READY, planned).passed


def test_a_member_that_runs_without_being_ready_is_named_with_its_journal():
    pods = (*READY.etcd[:2], Pod.model_validate(etcd_pod(C, ready=False)))
    told = reports(report(C, journal=["etcd: waiting for leader"]))
    verdict = judge_api(replace(READY, etcd=pods, reports=told), 3)
    assert not verdict.passed
    assert verdict.state.startswith("2 of 3 etcd members ready")
    (finding,) = verdict.findings
    assert (finding.phase, finding.node) == ("etcd members", C)
    assert "Running but not Ready" in finding.symptom
    assert finding.journal == ("etcd: waiting for leader",)


def test_a_member_beyond_the_plan_is_told():
    extra = Pod.model_validate(etcd_pod("ip-10-0-3-10", ready=False))
    verdict = judge_api(replace(READY, etcd=(*READY.etcd, extra)), 3)
    assert not verdict.passed
    assert verdict.state.startswith("3 of 3 etcd members ready, 4 exist")


@pytest.mark.row("S0-43")
def test_before_anything_is_published_failed_machines_are_blamed_before_slow_and_silent_ones():
    told = reports(
        report(B, phase="packages", state="running", journal=["Get:1 containerd"]),
        report(A, phase="init", state="failed", cause="kubeadm init ended with 1", journal=["port 10250 is in use"]),
        report("ip-10-0-0-99", "worker", state="failed", cause="token expired"),
    )
    verdict = judge_api(ApiFacts(reports=told, published="nothing is published"), 3)
    assert verdict.state == f"nothing is published ({A}: init failed, {B}: packages running)"
    assert [(finding.phase, finding.node) for finding in verdict.findings] == [
        ("init", A),
        ("packages", B),
        ("boot", "1 of 3 control-plane machines"),
    ]
    causes = [explain(finding.symptom, finding.journal).cause for finding in verdict.findings]
    assert "kubelet was already running" in causes[0]
    assert "slow" in causes[1]
    assert "did not boot" in causes[2]


def test_no_status_entry_at_all_means_the_machines_did_not_boot_or_have_no_route():
    verdict = judge_api(ApiFacts(published="nothing is published"), 1)
    assert verdict.state == "nothing is published (no reports yet)"
    (finding,) = verdict.findings
    assert "no route to Systems Manager" in explain(finding.symptom).cause


def test_an_unready_api_is_blamed_on_the_endpoint_first_and_on_unfinished_machines_then():
    told = reports(report(A), report(B, state="failed", cause="token expired"), report(C))
    verdict = judge_api(ApiFacts(reports=told, readyz="/readyz: api:6443: connection refused"), 3)
    assert verdict.state == "/readyz: api:6443: connection refused"
    assert [finding.node for finding in verdict.findings] == ["endpoint", B]


def test_entries_that_are_no_status_are_left_out():
    name = f"/groundswell/trip/status/control-plane/{B}"
    for entry in ("", "{}", "[1]", "broken", f'{{"node": "{B}", "role": "king", "phase": "a", "state": "done"}}'):
        assert [told.node for told in parse_reports({name: entry, **stored(report(A))})] == [A]


# Against a real TLS server and a parameter store in memory


def gate(values, port, *, members=3):
    endpoint = Endpoint(host="127.0.0.1", port=port, server_name=SERVER_NAME, authority="")
    return ApiGate(Store(values), CLUSTER, endpoint, members)


def values(changed=()):
    usual = {
        CLUSTER_INFO: certificates().cluster_info,
        CREDENTIAL: certificates().exec_credential,
        **stored(report(A)),
    }
    return {name: value for name, value in {**usual, **dict(changed)}.items() if value is not None}


def answers(*pods, readyz=(200, b"ok")):
    return {"/readyz": readyz, ETCD_PODS: (200, {"items": list(pods)})}


def test_the_gate_asks_readyz_without_and_the_members_with_the_operators_credential():
    asked = []
    with api_server(answers(etcd_pod(A), etcd_pod(B), etcd_pod(C)), asked) as port:
        tried = gate(values(), port)
        assert tried.probe(60).passed
    assert asked == ["/readyz", ETCD_PODS]
    assert json.loads(tried.output()) == {"ca": certificates().authority_base64}


@pytest.mark.parametrize(
    ("changed", "state"),
    [
        ({CLUSTER_INFO: None}, "has not published its certificate authority"),
        ({CLUSTER_INFO: "{}"}, "authority is not readable"),
        ({CLUSTER_INFO: '{"ca": "bm9uc2Vuc2U="}'}, "authority is not readable"),
        ({CREDENTIAL: None}, "the operator credential is not published"),
        ({CREDENTIAL: "{}"}, "the operator credential: not an ExecCredential"),
    ],
)
def test_every_missing_or_broken_parameter_keeps_the_gate_shut(changed, state):
    with api_server(answers(etcd_pod(A))) as port:
        verdict = gate(values(changed), port, members=1).probe(60)
    assert not verdict.passed
    assert state in verdict.state
    assert verdict.findings


def test_readyz_that_fails_names_the_failing_checks():
    body = b"[+]ping ok\n[-]etcd failed: reason withheld\n[-]poststarthook/rbac failed\n"
    with api_server(answers(readyz=(500, body))) as port:
        verdict = gate(values(), port).probe(60)
    assert verdict.state == "/readyz answered 500: etcd, poststarthook/rbac"
    assert "API server is down or restarting" in explain(verdict.findings[0].symptom).cause


def test_an_endpoint_with_another_clusters_certificate_keeps_the_gate_shut():
    with api_server(answers(etcd_pod(A))) as port:
        stranger = replace(certificates(), authority=certificates().stranger)
        verdict = gate(values({CLUSTER_INFO: stranger.cluster_info}), port, members=1).probe(60)
    assert "certificate verify failed" in verdict.state


def test_an_endpoint_that_refuses_connections_is_told():
    verdict = gate(values(), 1).probe(60)
    assert verdict.state == "/readyz: 127.0.0.1:1: connection refused"


def test_a_credential_that_may_not_list_pods_is_told():
    refused = {**answers(), ETCD_PODS: (403, {"message": "pods is forbidden"})}
    with api_server(refused) as port:
        verdict = gate(values(), port).probe(60)
    assert "answered 403: pods is forbidden" in verdict.state
    assert "does not allow" in explain(verdict.findings[0].symptom).cause


def test_a_parameter_store_that_fails_for_a_moment_does_not_end_the_gate():
    tried = gate(values({CLUSTER_INFO: StoreError("Parameter Store: ThrottlingException")}), 1)
    verdict = tried.probe(60)
    assert not verdict.passed
    assert verdict.state == "Parameter Store: ThrottlingException"


def test_a_parameter_store_that_refuses_ends_the_gate():
    with pytest.raises(GateError):
        gate(values({CLUSTER_INFO: GateError("AWS answered AccessDeniedException")}), 1).probe(60)


def test_no_verdict_holds_a_secret_of_the_credential():
    broken = json.dumps({"status": {"clientKeyData": "canary-key"}, "token": TOKEN})
    with api_server(answers(etcd_pod(A))) as port:
        verdict = gate(values({CREDENTIAL: broken}), port, members=1).probe(60)
    assert "canary" not in repr(verdict)
    assert TOKEN not in repr(verdict)
