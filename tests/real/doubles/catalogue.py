"""What the doubles know about resource types, read from `types.yaml`: names, identifiers, outputs, refusals."""

import re
from collections import ChainMap
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from pathlib import Path
from string import Formatter
from typing import Any

import yaml
from values import UNKNOWN, Secret, Unknown, plain

ACCOUNT = "123456789012"


@dataclass(frozen=True, kw_only=True)
class TypeFacts:
    """One entry of `types.yaml`, whose head explains the fields."""

    id: str = ""
    name: str = ""
    name_limit: int = 255
    replace: list[str] = field(default_factory=list)
    fixed_unless: dict[str, list[str]] = field(default_factory=dict)
    outputs: dict[str, Any] = field(default_factory=dict)
    bumps: list[str] = field(default_factory=list)
    unique: list[list[str]] = field(default_factory=list)
    held_by: list[str] = field(default_factory=list)

    def fixed(self, inputs: dict[str, Any], configuration: Mapping[str, Any]) -> list[str]:
        """Paths that cannot change in place, given the object's inputs and the provider's configuration."""
        rules = [rule.partition(" if ") for rule in self.replace]
        paths = [path for path, _, condition in rules if not condition or plain(inputs.get(condition))]
        for switch, more in self.fixed_unless.items():
            if str(plain(configuration.get(switch, "false"))).lower() != "true":
                paths += more
        return paths


class UnknownTypeError(LookupError):
    """A resource type without an entry."""


@cache
def table() -> dict[str, Any]:
    """The whole of `types.yaml`."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return yaml.load((Path(__file__).parent / "types.yaml").read_text(), loader)  # noqa: S506 - a safe loader


def facts(type_: str) -> TypeFacts:
    """The entry of a type.

    Raises:
        UnknownTypeError: The type has none and its package has no entry for every type.
    """
    entries = table()[type_.partition(":")[0]]
    general = entries.get("*")
    own = entries.get(type_)
    if own is None and general is None:
        raise UnknownTypeError(f"the double does not know {type_}: add it to tests/real/doubles/types.yaml")
    merged = {**(general or {}), **(own or {})}
    if general and own:
        merged["replace"] = [*general["replace"], *own.get("replace", [])]
    if type_.endswith("Patch"):
        merged |= {"unique": [], "fixed_unless": {}}
    return TypeFacts(**merged)


def at(value: Any, path: str) -> Any:
    """The value at a dotted path; through a list, the list of what its items have there."""
    for step in path.split("."):
        if isinstance(value, list):
            value = [item.get(step) if isinstance(item, dict) else None for item in value]
        else:
            value = value.get(step) if isinstance(value, dict) else None
    return value


class _Digits(dict[str, str]):
    """Answers hexN, HEXN and byte from one hash."""

    def __missing__(self, key: str) -> str:
        if key == "byte":
            return str(4 + int(self["hex2"], 16) % 250)
        match = re.fullmatch(r"(hex|HEX)(\d+)", key)
        if not match:
            raise KeyError(key)
        digits = self["seed"][: int(match[2])]
        return digits.upper() if match[1] == "HEX" else digits


def scope(urn: str, generation: int, **known: Any) -> Mapping[str, Any]:
    """What templates may name: digits of the object's own hash, its logical name, and what is `known`."""
    digits = _Digits(seed=sha256(f"{urn} {generation}".encode()).hexdigest())
    return ChainMap({}, known, {"name": urn.rpartition("::")[2], "account": ACCOUNT, "namespace": "default"}, digits)


def render(template: Any, names: Mapping[str, Any]) -> Any:
    """Fills a template in; the result is secret or unknown when one of its parts is.

    Raises:
        KeyError: A part is absent.
    """
    if isinstance(template, dict):
        return {key: render(item, names) for key, item in template.items()}
    if not isinstance(template, str):
        return template
    fields = [name for _, name, _, _ in Formatter().parse(template) if name]
    used = [names[re.split(r"[.\[]", name)[0]] for name in fields]
    if any(isinstance(plain(value), Unknown) for value in used):
        return UNKNOWN
    text = Formatter().vformat(template, (), {key: plain(names[key]) for key in map(_first, fields)})
    return Secret(text) if any(isinstance(value, Secret) for value in used) else text


def _first(name: str) -> str:
    return re.split(r"[.\[]", name)[0]
