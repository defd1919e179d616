"""`gate nodes`: the planned nodes, the cloud provider, the pod network, and why they are not there."""

import json

import pytest
from gate_fakes import (
    SERVER_NAME,
    api_server,
    calico,
    calico_pod,
    certificates,
    conditions,
    node,
    report,
    stored,
)

from operations.gate.causes import explain
from operations.gate.client import ApiClient, Credential, Endpoint
from operations.gate.evidence import CALICO_EVENTS, CALICO_PODS, PENDING_PODS
from operations.gate.loop import GateError
from operations.gate.nodes import CALICO, NODES, NodeFacts, NodesGate, judge_nodes
from operations.gate.objects import DaemonSet, Node
from operations.gate.report import block
from operations.gate.status import parse_reports

NO_CNI = (
    "container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady "
    "message:Network plugin returns error: cni plugin not initialized"
)
UNINITIALISED = "node.cloudprovider.kubernetes.io/uninitialized"


def healthy():
    return [node("cp-a", control_plane=True), node("w-1"), node("w-2")]


def judge(nodes, daemon_set, *, reports=None, control_planes=1, workers=2):
    facts = NodeFacts(
        nodes=tuple(Node.model_validate(item) for item in nodes),
        calico=DaemonSet.model_validate(daemon_set) if daemon_set else None,
        reports=None if reports is None else parse_reports(stored(*reports)),
    )
    return judge_nodes(facts, control_planes, workers)


def causes_of(verdict):
    return [explain(finding.symptom, finding.journal).cause for finding in verdict.findings]


def test_the_gate_passes_with_exactly_the_planned_nodes_ready_and_calico_ready_on_all():
    verdict = judge(healthy(), calico(3, 3))
    assert verdict.passed
    assert verdict.state == "Ready: 1 of 1 control planes, 2 of 2 workers; calico-node 3 of 3 Ready"


@pytest.mark.row("S0-70", "S1-27")
@pytest.mark.parametrize(
    "daemon_set",
    [
        calico(3, 2),
        calico(2, 2),
        calico(4, 4),
        calico(0, 0),
        calico(3, 3, generation=4, observed=3),
        calico(3, 3, updated=2),
        None,
    ],
    ids=[
        "one pod runs but is not Ready",
        "a node has no pod",
        "more pods than nodes",
        "no pods",
        "a newer generation is not observed",
        "a pod is of an older generation",
        "no DaemonSet",
    ],
)
def test_the_gate_holds_until_as_many_calico_pods_of_the_newest_generation_are_ready_as_desired(daemon_set):
    verdict = judge(healthy(), daemon_set)
    assert not verdict.passed
    assert [finding.phase for finding in verdict.findings] == ["pod network"]


@pytest.mark.row("S0-70")
def test_calico_pods_that_run_without_being_ready_in_bgp_mode_point_at_port_179_and_protocol_4():
    verdict = judge(healthy(), calico(3, 0, cluster_type="k8s,operator,bgp"))
    assert "TCP 179 or IP protocol 4" in causes_of(verdict)[0]
    other = judge(healthy(), calico(3, 0, cluster_type="k8s,operator"))
    assert "179" not in causes_of(other)[0]


@pytest.mark.row("S3-20")
def test_nodes_without_a_pod_network_are_told_as_waiting_for_it_and_not_as_broken():
    nodes = [
        node("cp-a", control_plane=True, ready=False, message=NO_CNI),
        node("w-1", ready=False, message=NO_CNI),
        node("w-2", ready=False, message=NO_CNI),
    ]
    verdict = judge(nodes, None)
    assert not verdict.passed
    assert verdict.state.startswith("Ready: 0 of 1 control planes, 0 of 2 workers; calico-node absent")
    text = block("gate nodes", verdict.findings)
    assert "the Calico operator has not installed the pod network yet" in text
    assert "stays NotReady until Calico has written its CNI settings" in text
    assert "cp-a, w-1, w-2" in text


def test_a_ready_condition_that_is_unknown_or_missing_is_not_ready():
    unknown = node("w-1")
    unknown["status"]["conditions"][1] = {
        "type": "Ready",
        "status": "Unknown",
        "message": "Kubelet stopped posting node status.",
    }
    bare = node("w-2")
    bare["status"]["conditions"] = []
    verdict = judge([healthy()[0], unknown, bare], calico(3, 3))
    assert [finding.node for finding in verdict.findings] == ["w-1", "w-2"]
    assert "kubelet or the whole machine is down" in causes_of(verdict)[0]


def test_the_uninitialised_taint_points_at_the_cloud_controller():
    nodes = [*healthy()[:2], node("w-2", taints=[UNINITIALISED], addresses=[])]
    verdict = judge(nodes, calico(3, 3))
    assert not verdict.passed
    assert verdict.state.endswith("; 1 not initialised by the cloud provider")
    (finding,) = verdict.findings
    assert finding.node == "w-2"
    assert "cloud controller has not initialised" in causes_of(verdict)[0]


def test_a_node_without_an_internal_address_is_not_ready_for_pods():
    verdict = judge([*healthy()[:2], node("w-2", addresses=[])], calico(3, 3))
    assert not verdict.passed
    assert "has no address" in causes_of(verdict)[0]


def test_a_node_with_two_interfaces_is_one_node():
    nodes = [*healthy()[:2], node("w-2", addresses=["10.0.0.12", "10.0.0.13"])]
    assert judge(nodes, calico(3, 3)).passed


def test_other_taints_do_not_hold_the_gate():
    nodes = [*healthy()[:2], node("w-2", taints=["groundswell/pool"])]
    assert judge(nodes, calico(3, 3)).passed


def test_a_control_plane_does_not_stand_in_for_a_worker():
    nodes = [node("cp-a", control_plane=True), node("cp-b", control_plane=True), node("w-1")]
    verdict = judge(nodes, calico(3, 3))
    symptoms = [finding.symptom for finding in verdict.findings]
    assert symptoms == [
        "2 control-plane nodes registered, the plan has 1",
        "not registered with the API server",
    ]


def test_a_worker_beyond_the_plan_holds_the_gate():
    verdict = judge([*healthy(), node("w-3")], calico(4, 4))
    assert not verdict.passed
    assert "3 worker nodes registered, the plan has 2" in [finding.symptom for finding in verdict.findings]


@pytest.mark.row("S0-43")
def test_a_worker_that_never_joined_is_named_with_cause_and_journal_from_its_own_report():
    reports = [
        report("w-1", "worker"),
        report("w-2", "worker", phase="join", state="failed", cause="token", journal=["kubeadm join", "failed"]),
        report("cp-a"),
    ]
    verdict = judge(healthy()[:2], calico(2, 2), reports=reports)
    finding = verdict.findings[0]
    assert (finding.phase, finding.node) == ("join", "w-2")
    assert finding.journal == ("kubeadm join", "failed")
    assert "bootstrap token had expired" in causes_of(verdict)[0]


def test_a_worker_that_has_reported_nothing_is_told_as_not_booted():
    verdict = judge(healthy()[:2], calico(2, 2), reports=[report("w-1", "worker")])
    assert verdict.findings[0].node == "1 of 2 worker machines"
    assert "did not boot" in causes_of(verdict)[0]


def test_a_node_that_the_api_knows_is_not_blamed_for_another_that_is_missing():
    reports = [report("w-1", "worker", phase="report", state="failed", cause="token")]
    verdict = judge(healthy()[:2], calico(2, 2), reports=reports)
    assert [finding.node for finding in verdict.findings if finding.phase != "pod network"] == [
        "1 of 2 worker machines"
    ]


def test_a_machine_that_reported_success_but_is_unknown_to_the_api_is_still_missing():
    reports = [report("w-1", "worker"), report("w-2", "worker")]
    verdict = judge(healthy()[:2], calico(2, 2), reports=reports)
    assert verdict.findings[0].symptom == "not registered with the API server"


def test_the_journal_of_a_node_that_is_not_ready_comes_from_its_report():
    nodes = [*healthy()[:2], node("w-2", ready=False, message="PLEG is not healthy")]
    reports = [report("w-2", "worker", journal=["kubelet started"])]
    verdict = judge(nodes, calico(3, 3), reports=reports)
    assert verdict.findings[0].journal == ("kubelet started",)


# Against a real TLS server


class _Session:
    """The operator's client without a kubeconfig."""

    def __init__(self, port):
        endpoint = Endpoint(host="127.0.0.1", port=port, server_name=SERVER_NAME, authority=certificates().authority)
        self.read = ApiClient(endpoint, Credential(certificate=certificates().certificate, key=certificates().key)).read


def answers(nodes, daemon_set, **more):
    found = {NODES: (200, {"items": nodes}), **more}
    return {**found, CALICO: (200, daemon_set)} if daemon_set else found


def test_the_gate_reads_nodes_and_the_daemon_set():
    asked = []
    with api_server(answers(healthy(), calico(3, 3)), asked) as port:
        assert NodesGate(_Session(port), 1, 2).probe(60).passed
    assert asked == [NODES, CALICO]


def test_a_cluster_without_calico_is_told_and_not_an_error():
    with api_server(answers(healthy(), None)) as port:
        verdict = NodesGate(_Session(port), 1, 2).probe(60)
    assert verdict.state.endswith("calico-node absent")


def test_an_api_that_goes_away_is_told_and_explained_without_further_questions():
    with api_server({NODES: (503, b"down")}) as port:
        gate = NodesGate(_Session(port), 1, 2)
        verdict = gate.probe(60)
    assert "answered 503" in verdict.state
    assert gate.explain(verdict) == verdict.findings


@pytest.mark.row("S0-43", "S0-70")
def test_the_explanation_names_the_node_of_each_unready_calico_pod_and_what_its_probe_said():
    events = {
        "items": [
            {
                "involvedObject": {"name": "calico-node-x2"},
                "message": "Readiness probe failed: calico/node is not ready: BIRD is not ready: BGP not established",
            }
        ]
    }
    pods = {"items": [calico_pod("calico-node-x1", "cp-a"), calico_pod("calico-node-x2", "w-2", ready=False)]}
    more = {CALICO_PODS: (200, pods), CALICO_EVENTS: (200, events), PENDING_PODS: (200, {"items": []})}
    with api_server(answers(healthy(), calico(3, 2), **more)) as port:
        gate = NodesGate(_Session(port), 1, 2)
        findings = gate.explain(gate.probe(60))
    text = block("gate nodes", findings)
    assert "node     w-2" in text
    assert "calico-node is Running but not Ready: Readiness probe failed" in text
    assert "TCP 179 or IP protocol 4" in text


@pytest.mark.row("S3-20")
def test_the_explanation_tells_why_system_pods_are_pending_before_the_pod_network_exists():
    waiting = {
        "metadata": {"name": "coredns-5d7-abc", "namespace": "kube-system"},
        "status": {
            "phase": "Pending",
            "conditions": [
                {
                    "type": "PodScheduled",
                    "status": "False",
                    "message": "0/1 nodes are available: 1 node(s) had untolerated taint "
                    "{node.kubernetes.io/not-ready: }.",
                }
            ],
        },
    }
    nobodys = {**waiting, "metadata": {"name": "planner", "namespace": "planner"}}
    more = {PENDING_PODS: (200, {"items": [waiting, nobodys]})}
    nodes = [node("cp-a", control_plane=True, ready=False, message=NO_CNI)]
    with api_server(answers(nodes, None, **more)) as port:
        gate = NodesGate(_Session(port), 1, 0)
        findings = gate.explain(gate.probe(60))
    assert [finding.phase for finding in findings] == ["pod network", "ready", "scheduling"]
    text = block("gate nodes", findings)
    assert "pod kube-system/coredns-5d7-abc" in text
    assert "Pending is normal until the pod network exists" in text
    assert "planner" not in text


def test_the_explanation_tells_of_images_that_cannot_be_pulled():
    pod = {
        "metadata": {"name": "calico-node-x1", "namespace": "calico-system"},
        "spec": {"nodeName": "w-1"},
        "status": {
            "phase": "Pending",
            "conditions": conditions(PodScheduled=True, Ready=False),
            "containerStatuses": [{"name": "calico-node", "state": {"waiting": {"reason": "PodInitializing"}}}],
            "initContainerStatuses": [
                {
                    "name": "install-cni",
                    "state": {"waiting": {"reason": "ImagePullBackOff", "message": "toomanyrequests"}},
                }
            ],
        },
    }
    more = {CALICO_PODS: (200, {"items": [pod]}), PENDING_PODS: (200, {"items": [pod]})}
    with api_server(answers(healthy(), calico(3, 2), **more)) as port:
        gate = NodesGate(_Session(port), 1, 2)
        text = block("gate nodes", gate.explain(gate.probe(60)))
    assert "Pending: ImagePullBackOff toomanyrequests" in text
    assert "an image cannot be pulled" in text


def test_the_nodes_reports_are_read_only_for_the_explanation():
    reads = []

    def reports():
        reads.append(1)
        return parse_reports(stored(report("w-2", "worker", state="failed", cause="no space left on device")))

    with api_server(answers(healthy()[:2], calico(2, 2))) as port:
        gate = NodesGate(_Session(port), 1, 2, reports)
        verdict = gate.probe(60)
        assert reads == []
        findings = gate.explain(verdict)
    assert reads == [1]
    assert findings[0].node == "w-2"


def test_evidence_that_cannot_be_had_does_not_hide_what_is_known():
    class Gone(_Session):
        def __init__(self, port):
            super().__init__(port)
            read = self.read

            def once(kind, path, timeout):
                if path in {NODES, CALICO}:
                    return read(kind, path, timeout)
                raise GateError("aws: not installed")

            self.read = once

    with api_server(answers(healthy(), calico(3, 2))) as port:
        gate = NodesGate(Gone(port), 1, 2)
        findings = gate.explain(gate.probe(60))
    assert [finding.phase for finding in findings] == ["pod network"]


def test_an_answer_that_is_no_node_list_is_told():
    with api_server({NODES: (200, json.dumps({"items": "x"}).encode())}) as port:
        verdict = NodesGate(_Session(port), 1, 2).probe(60)
    assert verdict.state == "/api/v1/nodes: the answer is not a Nodes"
