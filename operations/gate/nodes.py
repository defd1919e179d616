"""`gate nodes`: exactly the planned nodes are Ready, known to the cloud provider and on the pod network."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from operations.gate.causes import UNINITIALISED
from operations.gate.client import ApiError, request_timeout
from operations.gate.evidence import POD_NETWORK, SCHEDULING, collect
from operations.gate.loop import Verdict
from operations.gate.objects import DaemonSet, Node, Nodes, condition, is_true
from operations.gate.report import Finding
from operations.gate.session import Session
from operations.gate.status import NodeReport, Role, blame, journal_of

NODES: Final = "/api/v1/nodes"
CALICO: Final = "/apis/apps/v1/namespaces/calico-system/daemonsets/calico-node"

CLOUD_PROVIDER: Final = "cloud provider"

_ORDER: Final = {POD_NETWORK: 1, "ready": 2, CLOUD_PROVIDER: 3, SCHEDULING: 4}
"""Phases whose trouble follows from that of earlier ones; the steps of a node's bootstrap come before all."""


@dataclass(frozen=True, kw_only=True)
class NodeFacts:
    """What one try learned.

    Attributes:
        nodes: all nodes.
        calico: the DaemonSet calico-system/calico-node, None if it is absent.
        reports: status entries of the nodes; None when the gate was not told where to read them.
    """

    nodes: tuple[Node, ...]
    calico: DaemonSet | None
    reports: tuple[NodeReport, ...] | None = None


def judge_nodes(facts: NodeFacts, control_planes: int, workers: int) -> Verdict:
    """Say whether the nodes are the plan's and fit for pods.

    The pod network counts as ready when its DaemonSet has been observed in its newest generation, every pod
    belongs to it, and as many pods are Ready (which is more than Running) as there are nodes.

    Args:
        facts: what was learned.
        control_planes: planned machines with the label node-role.kubernetes.io/control-plane.
        workers: planned machines without it.
    """
    planned = control_planes + workers
    ready = [node for node in facts.nodes if is_true(node.status.conditions, "Ready")]
    masters = sum(node.control_plane for node in ready)
    state = (
        f"Ready: {masters} of {control_planes} control planes, {len(ready) - masters} of {workers} workers;"
        f" calico-node {_counts(facts.calico)}"
    )
    findings = (
        *_registered(facts, "control-plane", control_planes),
        *_registered(facts, "worker", workers),
        *_calico(facts.calico, planned),
        *_unready(facts),
        *_unadopted(facts.nodes),
    )
    return Verdict(passed=not findings, state=_with_adoption(state, facts.nodes), findings=findings)


def _registered(facts: NodeFacts, role: Role, planned: int) -> tuple[Finding, ...]:
    names = [node.name for node in facts.nodes if node.control_plane == (role == "control-plane")]
    if len(names) > planned:
        symptom = f"{len(names)} {role} nodes registered, the plan has {planned}"
        return (Finding(phase="join", node=", ".join(sorted(names)), symptom=symptom),)
    if len(names) == planned:
        return ()
    missing = Finding(
        phase="join",
        node=f"{planned - len(names)} of {planned} {role} machines",
        symptom="not registered with the API server",
    )
    if facts.reports is None:
        return (missing,)
    return blame(facts.reports, role, planned, {node.name for node in facts.nodes}) or (missing,)


def _calico(calico: DaemonSet | None, nodes: int) -> tuple[Finding, ...]:
    if calico is None:
        symptom = "DaemonSet calico-system/calico-node is absent"
    elif calico.status.observed_generation != calico.metadata.generation:
        symptom = "the newest generation of DaemonSet calico-node has not been rolled out yet"
    elif calico.status.updated_number_scheduled != calico.status.desired_number_scheduled:
        symptom = f"calico-node: {calico.status.updated_number_scheduled} pods are of the newest generation"
    elif not calico.status.number_ready == calico.status.desired_number_scheduled == nodes:
        # The operator writes the modes that it was asked for into this list.
        mode = " (BGP mode)" if "bgp" in calico.setting("CLUSTER_TYPE").split(",") else ""
        symptom = f"calico-node: {_counts(calico)}, the plan has {nodes} nodes{mode}"
    else:
        return ()
    return (Finding(phase=POD_NETWORK, node="cluster", symptom=symptom),)


def _counts(calico: DaemonSet | None) -> str:
    if calico is None:
        return "absent"
    return f"{calico.status.number_ready} of {calico.status.desired_number_scheduled} Ready"


def _unready(facts: NodeFacts) -> list[Finding]:
    findings: list[Finding] = []
    for node in facts.nodes:
        if is_true(node.status.conditions, "Ready"):
            continue
        found = condition(node.status.conditions, "Ready")
        symptom = f"NotReady: {found.message or found.reason}" if found else "NotReady: the kubelet has not reported"
        journal = journal_of(facts.reports or (), node.name)
        findings.append(Finding(phase="ready", node=node.name, symptom=symptom, journal=journal))
    return findings


def _unadopted(nodes: tuple[Node, ...]) -> list[Finding]:
    tainted = [
        Finding(phase=CLOUD_PROVIDER, node=node.name, symptom=f"taint {UNINITIALISED} remains")
        for node in nodes
        if _tainted(node)
    ]
    return tainted + [
        Finding(phase=CLOUD_PROVIDER, node=node.name, symptom="no InternalIP")
        for node in nodes
        if not _tainted(node) and not _addressed(node)
    ]


def _tainted(node: Node) -> bool:
    return any(taint.key == UNINITIALISED for taint in node.spec.taints)


def _addressed(node: Node) -> bool:
    # A node with two interfaces has several; any of them will do.
    return any(address.type == "InternalIP" and address.address for address in node.status.addresses)


def _with_adoption(state: str, nodes: tuple[Node, ...]) -> str:
    tainted = sum(_tainted(node) for node in nodes)
    bare = sum(not _tainted(node) and not _addressed(node) for node in nodes)
    state += f"; {tainted} not initialised by the cloud provider" if tainted else ""
    return state + (f"; {bare} without InternalIP" if bare else "")


class NodesGate:
    """Asks the API server; when the time is over, also the nodes' reports, the pods and their events."""

    def __init__(
        self,
        session: Session,
        control_planes: int,
        workers: int,
        reports: Callable[[], tuple[NodeReport, ...] | None] = lambda: None,
    ) -> None:
        self._session = session
        self._control_planes = control_planes
        self._workers = workers
        self._reports = reports
        self._facts: NodeFacts | None = None

    def probe(self, left: float) -> Verdict:
        """Try once.

        Args:
            left: seconds until the deadline.

        Raises:
            GateError: waiting cannot help.
        """
        self._facts = None
        try:
            nodes = self._session.read(Nodes, NODES, request_timeout(left))
            calico = self._session.read(DaemonSet, CALICO, request_timeout(left))
        except ApiError as error:
            finding = Finding(phase="api server", node="endpoint", symptom=str(error))
            return Verdict(passed=False, state=str(error), findings=(finding,))
        self._facts = NodeFacts(nodes=nodes.items if nodes else (), calico=calico)
        return self._judge(self._facts)

    def output(self) -> str:
        """Nothing: what passed is a fact about the cluster, not a value."""
        return ""

    def explain(self, verdict: Verdict) -> tuple[Finding, ...]:
        """Say why the last try failed, with everything that can be asked.

        Args:
            verdict: what that try found.

        Returns:
            Causes before their consequences: machines that have not joined, then the pod network, then nodes
            that wait for it, then the cloud provider, then pods that wait for nodes.
        """
        if self._facts is None:
            return verdict.findings
        facts = replace(self._facts, reports=self._reports())
        findings = (*self._judge(facts).findings, *collect(self._session))
        return tuple(sorted(findings, key=lambda finding: _ORDER.get(finding.phase, 0)))

    def _judge(self, facts: NodeFacts) -> Verdict:
        return judge_nodes(facts, self._control_planes, self._workers)
