"""What is wrong with a configuration: one line for each problem, all of them in one error."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, cast

from config.secrecy import holds_secret, looks_secret

LONGEST_VALUE: Final = 72
"""Characters of a value that are printed; the rest is cut."""

_PLAIN_KEY: Final = re.compile(rf"[A-Za-z0-9_/:-]{{1,{LONGEST_VALUE}}}")
_DEPTH_SHOWN: Final = 3


class Said(str):
    """Words of ours in the place of a value; printed without quotes."""

    __slots__ = ()


MISSING: Final = Said("absent")
"""The value of a key that is not there."""

HIDDEN: Final = Said("(not shown)")
"""A value that must not be printed."""


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One thing that is wrong, printed as `path: value: rule; fix`.

    Attributes:
        path: key path from the root of the object, such as `cluster.pools.planner.count`.
        value: what was found there; `MISSING` for a key that is not there, `Said` for words of our own. It is
            shortened when printed, and not printed at all when the key or the value looks like a secret.
        rule: what holds for the value, as a clause: "must be at least 1".
        fix: what to do, as an imperative: "give a number from 1 to 5000".
        also: further key paths that the rule read (`cluster.services.*`: the set of keys there). A problem is
            left out when one of its paths could not be read, because it might vanish once that is put right.
    """

    path: str
    value: object
    rule: str
    fix: str
    also: tuple[str, ...] = ()

    def __str__(self) -> str:
        hidden = looks_secret(last_key(self.path)) and not isinstance(self.value, Said)
        value = HIDDEN if hidden else shown(self.value)
        return f"{self.path}: {value}: {_one_line(self.rule)}; {_one_line(self.fix)}"


class ConfigError(Exception):
    """A configuration that cannot be used, with every problem that was found.

    Attributes:
        problems: all problems, in the order in which they were found, without repetitions.
        source: the file or object that they are about.
    """

    problems: tuple[Problem, ...]
    source: str

    def __init__(self, problems: Iterable[Problem], source: str = "the cluster configuration") -> None:
        self.problems = tuple({str(problem): problem for problem in problems}.values())
        self.source = source
        super().__init__(self.problems, source)

    def __str__(self) -> str:
        """Give the block that people see: a heading and one indented line for each problem."""
        noun = "problem" if len(self.problems) == 1 else "problems"
        heading = f"{len(self.problems)} {noun} in {self.source}:"
        return "\n".join([heading, *(f"  {problem}" for problem in self.problems)])


def join_path(path: str, key: object) -> str:
    """Append one key (or one list index) to a key path, quoting keys that would make the path ambiguous."""
    if isinstance(key, int) and not isinstance(key, bool):
        return f"{path}[{key}]"
    text = str(key)
    return f"{path}.{text}" if _PLAIN_KEY.fullmatch(text) else f"{path}[{shown(text)}]"


def last_key(path: str) -> str:
    """Give the last key of a path, list indexes left out."""
    return re.sub(r"\[\d+\]$", "", path).rpartition(".")[2].rstrip('"]')


def shown(value: object) -> str:
    """Give a value as one short line: JSON, printable, at most `LONGEST_VALUE` characters, never a secret."""
    if isinstance(value, Said):
        return value
    masked = _masked(value, _DEPTH_SHOWN)
    text = masked if isinstance(masked, Said) else _one_line(json.dumps(masked, ensure_ascii=False, default=str))
    return text if len(text) <= LONGEST_VALUE else f"{text[: LONGEST_VALUE - 1]}…"


def _masked(value: object, depth: int) -> object:
    if isinstance(value, Mapping):
        items = cast("Mapping[object, object]", value).items()
        return {str(key): HIDDEN if looks_secret(str(key)) else _below(item, depth) for key, item in items}
    if isinstance(value, list | tuple):
        return [_below(item, depth) for item in cast("Sequence[object]", value)[:LONGEST_VALUE]]
    return HIDDEN if holds_secret(value) else value


def _below(item: object, depth: int) -> object:
    return _masked(item, depth - 1) if depth else "…"


def _one_line(text: str) -> str:
    return "".join(char if char.isprintable() else f"\\u{ord(char):04x}" for char in text)
