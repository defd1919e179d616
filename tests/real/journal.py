"""What the doubles wrote down: every call, and what exists because of them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple


class Made(NamedTuple):
    """A resource that exists: a URN that stands here twice was made twice."""

    urn: str
    id: str


@dataclass(frozen=True, kw_only=True)
class Call:
    """One call that a double received. `ended` is None when the answer never came."""

    op: str
    type: str
    urn: str
    id: str
    inputs: dict[str, Any]
    preview: bool
    run: str
    call: int
    begun: int
    ended: int | None
    outcome: str
    replaces: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The logical name."""
        return self.urn.rpartition("::")[2]


def made_by_providers(resources: Sequence[Mapping[str, Any]]) -> set[Made]:
    """The entries of a state that a provider made: neither components nor the providers themselves."""
    return {
        Made(entry["urn"], entry["id"])
        for entry in resources
        if entry.get("custom") and not entry["type"].startswith("pulumi:")
    }


class Journal:
    """The journal that all runs of a stack share."""

    def __init__(self, cloud: Path) -> None:
        self.path = cloud / "journal.jsonl"

    def entries(self) -> list[dict[str, Any]]:
        """All lines, in the order of their numbers."""
        return [json.loads(line) for line in self.path.read_text().splitlines()] if self.path.exists() else []

    def runs(self) -> list[str]:
        """The names of all runs that called a double, the first first."""
        return list(dict.fromkeys(entry["run"] for entry in self.entries()))

    def exists(self) -> set[Made]:
        """What exists, told from the answers."""
        found: set[Made] = set()
        for entry in self.entries():
            if entry["phase"] != "end" or entry["preview"] or not entry.get("id"):
                continue
            if entry["op"] == "create":
                found.add(Made(entry["urn"], entry["id"]))
            elif entry["op"] == "delete" and entry["outcome"] == "ok":
                found.discard(Made(entry["urn"], entry["id"]))
        return found

    def calls(self, run: str, *ops: str) -> list[Call]:
        """The calls of a run, in the order they began."""
        begun: dict[int, dict[str, Any]] = {}
        calls: list[Call] = []
        for entry in self.entries():
            if entry["run"] != run:
                continue
            number = entry.get("call", 0)
            if entry["phase"] == "begin":
                begun[number] = entry
                continue
            calls.append(_call(begun.pop(number, entry), entry))
        calls += [_call(entry, None) for entry in begun.values()]
        return sorted((call for call in calls if not ops or call.op in ops), key=lambda call: call.begun)


def _call(begin: Mapping[str, Any], end: Mapping[str, Any] | None) -> Call:
    last = end or {}
    return Call(
        op=begin["op"],
        type=begin["type"],
        urn=begin["urn"],
        id=last.get("id") or begin.get("id", ""),
        inputs=begin.get("inputs", {}),
        preview=begin["preview"],
        run=begin["run"],
        call=begin.get("call", 0),
        begun=begin["seq"],
        ended=last.get("seq"),
        outcome=last.get("outcome", "never answered"),
        replaces=begin.get("replaces", []),
    )
