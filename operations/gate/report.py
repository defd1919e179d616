"""What a gate prints when it fails: phase, node, what was seen, probable cause, fix, the journal's end."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from operations.gate.causes import explain

SHOWN: Final = 4
"""Findings in full; a long list hides the first, which is the likeliest root."""

NODES_SHOWN: Final = 6
JOURNALS_SHOWN: Final = 2
JOURNAL_LINES: Final = 20

_SECRETS: Final = (
    # kubeadm bootstrap tokens: id, dot, secret
    (re.compile(r"\b([a-z0-9]{6})\.[a-z0-9]{16}\b"), r"\1.<hidden>"),
    (re.compile(r"(--certificate-key[ =])\S+"), r"\1<hidden>"),
    (
        re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(-----END [A-Z ]*PRIVATE KEY-----|$)", re.DOTALL),
        "<hidden key>",
    ),
    # Lines of PEM whose first line is not there any more; certificates look the same and are no loss.
    (re.compile(r"^\s*[A-Za-z0-9+/]{60,}={0,2}\s*$", re.MULTILINE), "<hidden>"),
    (re.compile(r"((?:client-key-data|clientKeyData)\"?\s*[:=]\s*)\S+"), r"\1<hidden>"),
    # JSON web tokens: base64 of '{"' opens each of the first two parts
    (re.compile(r"\beyJ[A-Za-z0-9_-]+\.eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*"), "<hidden token>"),
)


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that keeps a gate shut.

    Attributes:
        phase: step of the bootstrap, or part of the cluster.
        node: Kubernetes node name, or who else is concerned.
        symptom: what was seen, one line.
        journal: last lines of the node's journal, oldest first.
    """

    phase: str
    node: str
    symptom: str
    journal: tuple[str, ...] = ()


def redact(text: str) -> str:
    """Hide tokens, certificate keys and private keys that a journal may have caught."""
    for pattern, replacement in _SECRETS:
        text = pattern.sub(replacement, text)
    return text


def one_line(text: str) -> str:
    """Fold all white space, so that a message of several lines is one."""
    return " ".join(text.split())


def block(heading: str, findings: Iterable[Finding]) -> str:
    """Write the report of a failed gate.

    Args:
        heading: the first line.
        findings: why it failed; those with the same phase and symptom are put together.

    Returns:
        Lines without a last newline, secrets hidden.
    """
    groups: dict[tuple[str, str], list[Finding]] = {}
    for finding in findings:
        groups.setdefault((finding.phase, finding.symptom), []).append(finding)
    lines = [heading]
    for (phase, symptom), members in list(groups.items())[:SHOWN]:
        journals = [member for member in members if member.journal]
        cause = explain(symptom, [line for member in journals for line in member.journal])
        lines += [
            "",
            f"  phase    {phase}",
            f"  node     {_names([member.node for member in members])}",
            f"  seen     {one_line(symptom)}",
            f"  cause    {cause.cause}",
            f"  fix      {cause.fix}",
        ]
        for member in journals[:JOURNALS_SHOWN]:
            lines.append(f"  journal  {member.node}, last lines:")
            lines += [f"    | {line}" for line in _journal(member)]
    if len(groups) > SHOWN:
        lines += ["", f"  and {len(groups) - SHOWN} more findings"]
    return redact("\n".join(lines))


def _journal(finding: Finding) -> list[str]:
    # Hidden as one text: a private key spans lines.
    return redact("\n".join(finding.journal)).splitlines()[-JOURNAL_LINES:]


def _names(nodes: list[str]) -> str:
    more = f" and {len(nodes) - NODES_SHOWN} more" if len(nodes) > NODES_SHOWN else ""
    return ", ".join(nodes[:NODES_SHOWN]) + more
