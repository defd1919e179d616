"""`gate machine`: one control plane's machine, and no predecessor of it, has finished its bootstrap."""

from operations.gate.loop import Verdict
from operations.gate.report import Finding
from operations.gate.status import NodeReport, blame, read_reports
from operations.gate.store import Store, StoreError

FINISHED = "ready"
"""Phase that a node reports when all its steps are done."""


def judge_machine(reports: tuple[NodeReport, ...], node: str, instance: str) -> Verdict:
    """Say whether this instance has become this node.

    A replaced machine takes over its predecessor's node name, and with it the predecessor's last report; only the
    instance id tells the two apart.

    Args:
        reports: status entries of the nodes.
        node: Kubernetes node name.
        instance: EC2 instance id.
    """
    own = tuple(report for report in reports if report.node == node and report.instance == instance)
    if any(report.phase == FINISHED and report.state == "done" for report in own):
        return Verdict(passed=True, state=f"{node} is ready on {instance}")
    state = ", ".join(f"{report.phase} {report.state}" for report in own) or f"{instance} has reported nothing yet"
    findings = blame(own, "control-plane", 1) or (Finding(phase="bootstrap", node=node, symptom=state),)
    return Verdict(passed=False, state=f"{node}: {state}", findings=findings)


class MachineGate:
    """Asks Parameter Store for one node's report."""

    def __init__(self, store: Store, cluster: str, node: str, instance: str) -> None:
        self._store = store
        self._cluster = cluster
        self._node = node
        self._instance = instance

    def probe(self, left: float) -> Verdict:
        """Try once.

        Args:
            left: seconds until the deadline; Parameter Store answers well within any.

        Raises:
            GateError: AWS refuses the caller.
        """
        del left
        try:
            return judge_machine(read_reports(self._store, self._cluster), self._node, self._instance)
        except StoreError as error:
            finding = Finding(phase="parameter store", node="this machine", symptom=str(error))
            return Verdict(passed=False, state=str(error), findings=(finding,))

    def explain(self, verdict: Verdict) -> tuple[Finding, ...]:
        """Say why the last try failed."""
        return verdict.findings

    def output(self) -> str:
        """Nothing: only the passing matters."""
        return ""
