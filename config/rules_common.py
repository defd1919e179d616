"""What all rules share: key paths, "no such name" and the type of a rule."""

from collections.abc import Callable, Iterable, Iterator
from typing import Final, TypeAlias

from config.errors import suggestion
from config.problems import Problem, Said, join_path
from config.schema import ClusterConfig

Rule: TypeAlias = Callable[[ClusterConfig], Iterator[Problem]]
"""Reads a configuration whose single values are valid and yields the contradictions that it finds."""

ROOT: Final = "cluster"
"""First part of every key path."""

ALL: Final = "*"
"""As the last part of a path in `also`: the set of keys of a mapping."""


def at(*parts: str | int) -> str:
    """Give a key path below the root; `ALL` stays as it is."""
    path = ROOT
    for part in parts:
        path = f"{path}.{ALL}" if part == ALL else join_path(path, part)
    return path


def no_such(path: str, value: str, noun: str, known: Iterable[str], collection: str) -> Problem:
    """Report a reference to a name that does not exist.

    Args:
        path: where the reference stands.
        value: the name.
        noun: what it should name, such as `node pool`.
        known: the names there are.
        collection: key path of the mapping whose keys they are.
    """
    known = sorted(known)
    close = suggestion(value, known)
    listed = f"known: {', '.join(known)}" if known else f"there is none in {collection}"
    fix = f"did you mean {close}? {listed}" if close else listed
    return Problem(path=path, value=value, rule=f"names no {noun}", fix=fix, also=(f"{collection}.{ALL}",))


def figure(value: float) -> Said:
    """Write a number as people do: 480, not 480.0."""
    return Said(f"{value:g}")


def duplicates(values: Iterable[str]) -> list[str]:
    """Give the values that occur more than once, each once, in order."""
    values = list(values)
    return [value for value in dict.fromkeys(values) if values.count(value) > 1]
