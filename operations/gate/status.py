"""What the nodes report about their own bootstrap, and who is to blame when some are missing."""

from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from typing import Literal

from pydantic import Field, ValidationError

from operations.gate.causes import NO_STATUS, UNFINISHED
from operations.gate.objects import Part
from operations.gate.report import Finding
from operations.gate.store import Store
from userdata.parameters import ParameterTree

Role = Literal["control-plane", "worker"]


class NodeReport(Part):
    """One status entry.

    Attributes:
        node: Kubernetes node name.
        role: what the machine is to become.
        phase: step of the bootstrap.
        instance: EC2 instance id; a replaced machine has the same node name and another id.
        state: where that step stands.
        cause: why it failed; empty otherwise.
        journal: last lines, oldest first.
    """

    node: str
    role: Role
    phase: str = Field(min_length=1)
    instance: str = ""
    state: Literal["running", "done", "failed"]
    cause: str | None = None
    journal: tuple[str, ...] = ()


def parse_reports(entries: Mapping[str, str]) -> tuple[NodeReport, ...]:
    """Read status entries; one that is none must not keep a gate from the others, so it is left out.

    Args:
        entries: entries by name. One that does not stand under the role and the node that it tells of is not believed:
            workers may write in their own branch only, and nobody answers for a control plane there.
    """
    reports: list[NodeReport] = []
    for name, entry in entries.items():
        with suppress(ValidationError):
            report = NodeReport.model_validate_json(entry)
            if name.endswith(f"/status/{report.role}/{report.node}"):
                reports.append(report)
    return tuple(reports)


def read_reports(store: Store, cluster: str) -> tuple[NodeReport, ...]:
    """Read the status entries of a cluster's nodes.

    Raises:
        StoreError: no answer this time.
        GateError: AWS refuses the caller.
    """
    return parse_reports(store.below(ParameterTree(cluster=cluster).statuses))


def summary(reports: Iterable[NodeReport], role: Role) -> str:
    """Where the machines of a role stand, one line: `ip-10-0-0-10: kubeadm-init running`."""
    of_role = sorted((report for report in reports if report.role == role), key=lambda report: report.node)
    return ", ".join(f"{report.node}: {report.phase} {report.state}" for report in of_role) or "no reports yet"


def blame(
    reports: Collection[NodeReport], role: Role, expected: int, present: Collection[str] = ()
) -> tuple[Finding, ...]:
    """Say why machines of a role are missing.

    Args:
        reports: all status entries; entries of machines that are gone may be among them.
        role: the role that is short.
        expected: how many machines the plan has.
        present: nodes that the API server already knows; they are not to blame.

    Returns:
        Failed machines first, then unfinished ones, then those that have reported nothing.
    """
    of_role = sorted((report for report in reports if report.role == role), key=lambda report: report.node)
    absent = [report for report in of_role if report.node not in present]
    failed = [_finding(report, report.cause or "failed") for report in absent if report.state == "failed"]
    running = [_finding(report, UNFINISHED) for report in absent if report.state == "running"]
    known = {report.node for report in of_role} | set(present)
    silent = expected - len(known)
    nothing = [Finding(phase="boot", node=f"{silent} of {expected} {role} machines", symptom=NO_STATUS)]
    return (*failed, *running, *(nothing if silent > 0 else []))


def journal_of(reports: Iterable[NodeReport], node: str) -> tuple[str, ...]:
    """Last journal lines that a node has reported, none when it has not."""
    return next((report.journal for report in reports if report.node == node), ())


def _finding(report: NodeReport, symptom: str) -> Finding:
    return Finding(phase=report.phase, node=report.node, symptom=symptom, journal=report.journal)
