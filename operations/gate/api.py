"""`gate api`: the API answers with the right certificate, and etcd has exactly the members of the plan."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from pydantic import BaseModel, ConfigDict, ValidationError

from operations.credential import CredentialError, parse_credential
from operations.gate.client import ApiClient, ApiError, Credential, Endpoint, request_timeout
from operations.gate.loop import Verdict
from operations.gate.objects import Pod, Pods
from operations.gate.report import Finding
from operations.gate.status import NodeReport, blame, journal_of, read_reports, summary
from operations.gate.store import Store, StoreError
from operations.kubeconfig import KubeconfigError, decode_authority
from userdata.parameters import ParameterTree

ETCD_PODS: Final = "/api/v1/namespaces/kube-system/pods?labelSelector=component%3Detcd"
"""Mirror pods of the static pods that kubeadm labels `component=etcd`, one per member."""

_READY: Final = 200


@dataclass(frozen=True, kw_only=True)
class ApiFacts:
    """What one try learned; the questions are asked in this order and end at the first problem.

    Attributes:
        reports: status entries of the nodes.
        published: problem with the published certificate authority, empty if there is none.
        readyz: problem with /readyz through the endpoint, empty if it answered 200.
        members: problem with asking for the etcd members, empty if there is none.
        etcd: the etcd pods.
    """

    reports: tuple[NodeReport, ...] = ()
    published: str = ""
    readyz: str = ""
    members: str = ""
    etcd: tuple[Pod, ...] = ()


def judge_api(facts: ApiFacts, members: int) -> Verdict:
    """Say whether the API is ready and etcd is the plan's.

    Args:
        facts: what was learned.
        members: etcd members that the plan has, which is its number of control planes.
    """
    if facts.published:
        missing = blame(facts.reports, "control-plane", members)
        unpublished = Finding(phase="publish", node="control plane", symptom=facts.published)
        return Verdict(
            passed=False,
            state=f"{facts.published} ({summary(facts.reports, 'control-plane')})",
            findings=missing or (unpublished,),
        )
    for phase, problem in (("api server", facts.readyz), ("etcd members", facts.members)):
        if problem:
            finding = Finding(phase=phase, node="endpoint", symptom=problem)
            unfinished = blame(facts.reports, "control-plane", members, _done(facts.reports))
            return Verdict(passed=False, state=problem, findings=(finding, *unfinished))
    ready = [pod for pod in facts.etcd if pod.ready]
    if len(ready) == len(facts.etcd) == members:
        return Verdict(passed=True, state=f"API ready, {members} of {members} etcd members ready")
    return _wrong_members(facts, len(ready), members)


def _wrong_members(facts: ApiFacts, ready: int, members: int) -> Verdict:
    state = f"{ready} of {members} etcd members ready"
    if len(facts.etcd) > members:
        state += f", {len(facts.etcd)} exist"
    unready = tuple(
        Finding(
            phase="etcd members",
            node=pod.spec.node_name or pod.metadata.name,
            symptom=f"{pod.metadata.name} is {pod.status.phase or 'Unknown'} but not Ready: {state}",
            journal=journal_of(facts.reports, pod.spec.node_name),
        )
        for pod in facts.etcd
        if not pod.ready
    )
    absent = blame(facts.reports, "control-plane", members, {pod.spec.node_name for pod in facts.etcd})
    other = Finding(phase="etcd members", node="control plane", symptom=state)
    return Verdict(
        passed=False,
        state=f"{state} ({summary(facts.reports, 'control-plane')})",
        findings=(*absent, *unready) or (other,),
    )


def _done(reports: tuple[NodeReport, ...]) -> set[str]:
    return {report.node for report in reports if report.state == "done"}


class _ClusterInfo(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    ca: str


class ApiGate:
    """Asks Parameter Store and the API server.

    Attributes:
        ca: the cluster's certificate authority, base64 of PEM, once a try has found it.
    """

    def __init__(
        self,
        store: Store,
        cluster: str,
        endpoint: Endpoint,
        members: int,
        connect: Callable[[Endpoint, Credential | None], ApiClient] = ApiClient,
    ) -> None:
        self._store = store
        self._names = ParameterTree(cluster=cluster)
        self._endpoint = endpoint
        self._members = members
        self._connect = connect
        self.ca = ""

    def probe(self, left: float) -> Verdict:
        """Try once.

        Args:
            left: seconds until the deadline.

        Raises:
            GateError: AWS refuses the caller.
        """
        try:
            reports = read_reports(self._store, self._names.cluster)
            return judge_api(self._ask(ApiFacts(reports=reports), left), self._members)
        except StoreError as error:
            finding = Finding(phase="parameter store", node="this machine", symptom=str(error))
            return Verdict(passed=False, state=str(error), findings=(finding,))

    def explain(self, verdict: Verdict) -> tuple[Finding, ...]:
        """Say why the last try failed."""
        return verdict.findings

    def output(self) -> str:
        """The gate's only line on standard output: public, and the same for the same cluster."""
        return json.dumps({"ca": self.ca})

    def _ask(self, facts: ApiFacts, left: float) -> ApiFacts:
        info = self._store.read(self._names.cluster_info)
        if info is None:
            return replace(facts, published="the control plane has not published its certificate authority")
        try:
            self.ca = _ClusterInfo.model_validate_json(info).ca
            endpoint = replace(self._endpoint, authority=decode_authority(self.ca))
            anonymous = self._connect(endpoint, None)
        except (ValidationError, KubeconfigError, ApiError):
            return replace(facts, published="the published certificate authority is not readable")
        try:
            status, body = anonymous.get("/readyz", request_timeout(left))
        except ApiError as error:
            return replace(facts, readyz=f"/readyz: {error}")
        if status != _READY:
            return replace(facts, readyz=f"/readyz answered {status}{_failed_checks(body)}")
        return self._ask_members(facts, endpoint, left)

    def _ask_members(self, facts: ApiFacts, endpoint: Endpoint, left: float) -> ApiFacts:
        text = self._store.read(self._names.credential)
        if text is None:
            return replace(facts, members="the operator credential is not published")
        try:
            found = parse_credential(text)
            client = self._connect(
                endpoint,
                Credential(certificate=found.client_certificate_data, key=found.client_key_data, token=found.token),
            )
            pods = client.read(Pods, ETCD_PODS, request_timeout(left))
        except CredentialError as error:
            return replace(facts, members=f"the operator credential: {error}")
        except ApiError as error:
            return replace(facts, members=str(error))
        return replace(facts, etcd=pods.items if pods else ())


def _failed_checks(body: bytes) -> str:
    """Checks that /readyz marks with `[-]`, as the API server lists them in its body."""
    failed = [line[3:].split(" ")[0] for line in body.decode(errors="replace").splitlines() if line.startswith("[-]")]
    return f": {', '.join(failed)}" if failed else ""
