"""Brings an object from YAML, JSON or the engine into JSON form, and takes out what has no place in it."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, cast

from config.problems import HIDDEN, Problem, Said, join_path, shown
from config.secrecy import holds_secret, looks_secret
from config.secret_keys import cache_token, database_password

DEEPEST: Final = 24
"""Levels of nesting; the deepest key of the configuration is at level 7."""
MOST_NODES: Final = 50_000
"""Keys, items and values in all; YAML aliases can multiply a short file into more than memory holds."""

LONGEST_INTEGER: Final = 1024
"""Bits; Python refuses to write out integers of thousands of digits."""


@dataclass(kw_only=True)
class PlainTree:
    """What came out.

    Attributes:
        data: the object in JSON form, without the faulty parts.
        problems: what was wrong with those parts.
        touched: key paths of the parts that were left out.
    """

    data: dict[str, object]
    problems: list[Problem] = field(default_factory=list[Problem])
    touched: set[str] = field(default_factory=set[str])


_SECRET_OF: Final = {"databases": database_password, "caches": cache_token}


def as_mapping(value: object) -> Mapping[object, object] | None:
    """Give a value as a mapping with keys of any kind, or None when it is none."""
    return cast("Mapping[object, object]", value) if isinstance(value, Mapping) else None


class _TooLargeError(Exception):
    """More levels or nodes than any configuration has."""


class _Walk:
    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.touched: set[str] = set()
        self._nodes = 0

    def mapping(self, path: str, raw: Mapping[object, object], depth: int) -> dict[str, object]:
        plain: dict[str, object] = {}
        for key, value in raw.items():
            below = join_path(path, str(key))
            if not isinstance(key, str):
                self._refuse(below, value, f"the key {shown(key)} is not text", "write the key in quotes, or rename it")
            elif self._accepts(below, key, value):
                plain[key] = self._value(below, value, depth - 1)
        return plain

    def _list(self, path: str, raw: Iterable[object], depth: int) -> list[object]:
        places = ((join_path(path, index), item) for index, item in enumerate(raw))
        return [self._value(place, item, depth - 1) for place, item in places if self._accepts(place, "", item)]

    def _value(self, path: str, value: object, depth: int) -> object:
        self._nodes += 1
        if depth <= 0 or self._nodes > MOST_NODES:
            raise _TooLargeError
        if (mapping := as_mapping(value)) is not None:
            return self.mapping(path, mapping, depth)
        if isinstance(value, list | tuple):
            return self._list(path, cast("list[object]", value), depth)
        return _scalar(value)

    def _accepts(self, path: str, key: str, value: object) -> bool:
        if is_encrypted(value):
            rule = "is an encrypted value, which would make the whole object a secret"
            self._refuse(path, HIDDEN, rule, f"write it in clear, or {_own_key(path)}")
        elif looks_secret(key) and isinstance(value, str | int | float):
            rule = "its name says that it is a secret, and secrets stay out of this object"
            self._refuse(path, HIDDEN, rule, _own_key(path))
        elif holds_secret(value):
            rule = "looks like a secret, and secrets stay out of this object"
            self._refuse(path, HIDDEN, rule, _own_key(path))
        elif isinstance(value, str) and not _encodes(value):
            self._refuse(path, Said("…"), "holds half a character (a lone surrogate)", "write the text again")
        else:
            return True
        return False

    def _refuse(self, path: str, value: object, rule: str, fix: str) -> None:
        self.problems.append(Problem(path=path, value=value, rule=rule, fix=fix))
        self.touched.add(path)


def _own_key(path: str) -> str:
    """Say where a secret at this path belongs."""
    _, section, *rest = path.split(".")
    if section in _SECRET_OF and len(rest) > 1:
        return f"set it as its own key: {_SECRET_OF[section](rest[0]).command}"
    return "remove it: only databases and caches have secrets, in keys of their own"


def is_encrypted(value: object) -> bool:
    """Whether a value is one that Pulumi encrypted in the stack file."""
    mapping = as_mapping(value)
    return mapping is not None and set(mapping) == {"secure"}


def _encodes(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _scalar(value: object) -> object:
    if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() > LONGEST_INTEGER:
        return math.inf if value > 0 else -math.inf
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)


def plain_tree(raw: Mapping[str, object], root: str) -> PlainTree:
    """Copy an object into JSON form.

    Dates and other types that YAML or Python may deliver become text. Keys that are not text, secrets,
    encrypted values and texts that UTF-8 cannot write are taken out and reported.

    Args:
        raw: the object.
        root: first part of every key path, such as `cluster`.
    """
    walk = _Walk()
    try:
        data = walk.mapping(root, cast("Mapping[object, object]", raw), DEEPEST)
    except _TooLargeError:
        problem = Problem(
            path=root,
            value=Said("…"),
            rule=f"nests deeper than {DEEPEST} levels or holds more than {MOST_NODES} values",
            fix="look for a YAML alias (*name) that repeats itself",
        )
        return PlainTree(data={}, problems=[problem], touched={root})
    return PlainTree(data=data, problems=walk.problems, touched=walk.touched)
