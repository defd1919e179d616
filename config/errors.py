"""Turns pydantic's errors into problems: the rule in plain words, and what to write instead."""

import difflib
from collections.abc import Iterable, Mapping
from ipaddress import AddressValueError, IPv4Network, NetmaskValueError
from types import MappingProxyType
from typing import Final, cast

from pydantic_core import ErrorDetails

from config.problems import MISSING, Problem, join_path, shown
from config.sections import KEY_OF_MAPPING, MARKS, Part, Shape, keys_below, shape_at
from config.words import plain_number, words
from userdata.pins import check_compatibility

SHORTEST_BEGINNING: Final = 3
"""Characters from which on the beginning of a name is taken for the name."""

UNKNOWN_KEY: Final = "unexpected_keyword_argument"
ABSENT_KEY: Final = "missing"

_CALICO_ONLY: Final = "the pod network is always Calico: choose its mode with calico.mode"
_OWN_ADDRESS: Final = "leave it out: nodes advertise their private address, read from their own metadata"
_HINTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        **dict.fromkeys(("cni", "flannel", "cilium", "weave"), _CALICO_ONLY),
        **dict.fromkeys(("advertise_address", "node_ip", "public_ip", "elastic_ip"), _OWN_ADDRESS),
        "masters": "name one slot per control plane: control_plane.slots: {a: a, b: b, c: c}",
        "ingress_nginx": "the way in for users is `entry`",
    }
)
"""Keys that people expect although no key of that name exists."""

AMAZON_LINUX: Final = "amazon-linux-2023"
_SYSTEMS: Final[Mapping[str, str]] = MappingProxyType(
    dict.fromkeys(("amazon-linux-2", "amazonlinux2", "al2"), "amazon-linux-2")
)
"""Names of systems that are known, and known not to work."""


def problem_of(error: ErrorDetails, root: str, section: type) -> Problem:
    """Say one of pydantic's errors in our words.

    Args:
        error: an element of `ValidationError.errors()`.
        root: first part of the key path.
        section: the dataclass that was validated.
    """
    parts: tuple[Part, ...] = tuple(part for part in error["loc"] if part not in MARKS)
    path = root
    for part in parts:
        path = join_path(path, part)
    kind, value = error["type"], cast("object", error["input"])
    if kind == UNKNOWN_KEY:
        rule, fix = _unknown_key(str(parts[-1]), shape_at(section, parts[:-1]))
        return Problem(path=path, value=value, rule=rule, fix=fix)
    if kind == ABSENT_KEY:
        return Problem(path=path, value=MISSING, rule="is required", fix=_give(section, parts))
    if KEY_OF_MAPPING in error["loc"]:
        mapping = shape_at(section, parts[:-1])
        named = words(mapping.key) if mapping and mapping.key else "another one"
        return Problem(path=path, value=str(parts[-1]), rule="the key has the wrong form", fix=f"use {named}")
    shape = shape_at(section, parts)
    rule, fix = _wrong_value(error, value, shape) if shape else (error["msg"], "correct it")
    return Problem(path=path, value=value, rule=rule, fix=fix)


def suggestion(key: str, known: Iterable[str]) -> str | None:
    """Give the known key that a misspelt one most resembles, or None."""
    known = list(known)
    begun = [name for name in known if len(key) >= SHORTEST_BEGINNING and name.startswith(key)]
    close = begun or difflib.get_close_matches(key.lower(), known, n=1, cutoff=0.7)
    return close[0] if close else None


def _unknown_key(key: str, parent: Shape | None) -> tuple[str, str]:
    known = keys_below(parent)
    close = suggestion(key, known)
    listed = f"(known keys: {', '.join(known)})"
    if close:
        return "is not a known key", f"did you mean {close}? {listed}"
    hint = _HINTS.get(key.lower().replace("-", "_"))
    return "is not a known key", hint or f"remove it {listed}"


def _give(section: type, parts: tuple[Part, ...]) -> str:
    key = keys_below(shape_at(section, parts[:-1])).get(str(parts[-1]))
    return f"give {words(key.shape)} ({key.description})" if key else "give it"


def _wrong_value(error: ErrorDetails, value: object, shape: Shape) -> tuple[str, str]:
    limits = error.get("ctx", {})
    limit = next((f"{text} {plain_number(limits[name])}" for name, text in _LIMITS if name in limits), None)
    if limit:
        return f"must be {limit}", f"give {words(shape)}"
    if error["type"] == "too_short":
        return "must not be empty", f"give {words(shape)}"
    if shape.base is IPv4Network:
        return _network(value)
    if shape.choices:
        return _choice(value, shape)
    if error["type"].startswith("string_") and isinstance(value, str):
        return "has the wrong form", f"give {words(shape)}"
    return _wrong_type(value, shape)


def _wrong_type(value: object, shape: Shape) -> tuple[str, str]:
    if shape.base is str and isinstance(value, bool | int | float):
        noun = "true or false" if isinstance(value, bool) else "a number"
        return f"must be text, not {noun}", f'put it in quotes: "{shown(value)}"'
    if shape.base in {int, float} and isinstance(value, str) and _is_number(value):
        return "must be a number, not text", "write it without quotes"
    if shape.base is bool:
        return "must be true or false", "write true or false, without quotes"
    return f"must be {_NOUNS.get(shape.base, 'a mapping')}", f"give {words(shape)}"


_NOUNS: Final[Mapping[type, str]] = MappingProxyType(
    {str: "text", int: "a whole number", float: "a number", tuple: "a list"}
)
_LIMITS: Final = (("ge", "at least"), ("gt", "more than"), ("le", "at most"))


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _choice(value: object, shape: Shape) -> tuple[str, str]:
    listed = f"must be one of {', '.join(shape.choices)}"
    if not isinstance(value, str):
        return listed, "choose one of them"
    system = _SYSTEMS.get(value.lower())
    if system is not None and AMAZON_LINUX in shape.choices:
        reason, _, _ = (check_compatibility(system, "") or listed).partition("; ")
        return reason, f"use {AMAZON_LINUX}"
    close = suggestion(value, shape.choices)
    return listed, f"did you mean {close}?" if close else "choose one of them"


def _network(value: object) -> tuple[str, str]:
    wrong = "must be an IPv4 network", "give one such as 10.0.0.0/16"
    if not isinstance(value, str):
        return wrong
    try:
        network = IPv4Network(value, strict=False)
    except (AddressValueError, NetmaskValueError, ValueError):
        return wrong
    return "has bits set behind the prefix, so it names an address inside a network", f"give {network}"
