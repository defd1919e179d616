"""`gate crds`: the API server serves the named custom resources."""

from collections.abc import Mapping, Sequence
from typing import Final

from operations.gate.client import ApiError, request_timeout
from operations.gate.loop import Verdict
from operations.gate.objects import Definition, condition, is_true
from operations.gate.report import Finding
from operations.gate.session import Session

DEFINITIONS: Final = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"


def judge_crds(definitions: Mapping[str, Definition | None]) -> Verdict:
    """Say whether every definition is served.

    Args:
        definitions: by name; None for one that does not exist.
    """
    findings = tuple(
        Finding(phase="custom resources", node=name, symptom=symptom)
        for name, definition in sorted(definitions.items())
        if (symptom := _missing(definition))
    )
    state = f"{len(definitions) - len(findings)} of {len(definitions)} CustomResourceDefinitions Established"
    return Verdict(passed=not findings, state=state, findings=findings)


def _missing(definition: Definition | None) -> str:
    if definition is None:
        return "no such CustomResourceDefinition"
    if definition.metadata.deletion_timestamp:
        return "the CustomResourceDefinition is being deleted"
    conditions = definition.status.conditions
    names = condition(conditions, "NamesAccepted")
    if names and names.status == "False":
        return f"NamesAccepted is False: {names.message}"
    return "" if is_true(conditions, "Established") else "the CustomResourceDefinition is not Established"


class CrdsGate:
    """Asks the API server for each definition by its name: a list of all would be megabytes."""

    def __init__(self, session: Session, names: Sequence[str]) -> None:
        self._session = session
        self._names = names

    def probe(self, left: float) -> Verdict:
        """Try once.

        Args:
            left: seconds until the deadline.

        Raises:
            GateError: waiting cannot help.
        """
        try:
            definitions = {
                name: self._session.read(Definition, f"{DEFINITIONS}/{name}", request_timeout(left))
                for name in self._names
            }
        except ApiError as error:
            finding = Finding(phase="api server", node="endpoint", symptom=str(error))
            return Verdict(passed=False, state=str(error), findings=(finding,))
        return judge_crds(definitions)

    def output(self) -> str:
        """Nothing: what passed is a fact about the cluster, not a value."""
        return ""

    def explain(self, verdict: Verdict) -> tuple[Finding, ...]:
        """Say why the last try failed."""
        return verdict.findings
