"""How a double answers Check, Diff and Create: the pure part, from property maps to property maps."""

import copy
import json
import os
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from catalogue import at, facts, render, scope, table
from cloud import Kept
from values import UNKNOWN, Unknown, plain

AUTONAMED = "pulumi.com/autonamed"


class RefusedError(Exception):
    """What AWS or the API server would refuse."""


def autoname(type_: str, urn: str, made: int, news: dict[str, Any], olds: dict[str, Any]) -> dict[str, Any]:
    """Fills in the name that the real provider would generate, or keeps the one that it generated before."""
    logical = urn.rpartition("::")[2]
    suffix = sha256(f"{urn} {made}".encode()).hexdigest()
    if type_.startswith("kubernetes:") and not facts(type_).name:
        metadata = news.get("metadata", {})
        if not isinstance(metadata, dict) or metadata.get("name") or metadata.get("generateName"):
            return news
        named = (at(olds, "metadata.annotations") or {}).get(AUTONAMED)
        name = at(olds, "metadata.name") if named else f"{logical}-{suffix[:8]}"
        annotations = {**metadata.get("annotations", {}), AUTONAMED: "true"}
        return {**news, "metadata": {**metadata, "name": name, "annotations": annotations}}
    key = facts(type_).name
    if not key or news.get(key) is not None or news.get(f"{key}Prefix") is not None:
        return news
    kept = olds.get(key) if key in olds.get("__defaults", []) else None
    name = kept or f"{logical[: facts(type_).name_limit - 8]}-{suffix[:7]}"
    return {**news, key: name, "__defaults": [key]}


def problems(type_: str, inputs: dict[str, Any]) -> list[tuple[str, str]]:
    """What the real provider's Check refuses before anything is created: property and reason."""
    limit, key = facts(type_).name_limit, facts(type_).name
    name = plain(inputs.get(key))
    if isinstance(name, str) and len(name) > limit:
        return [(key, f"{name!r} has {len(name)} characters; the most is {limit}")]
    return []


def difference(old: Any, new: Any, path: str = "") -> dict[str, str]:
    """Every changed property: its path and ADD, DELETE or UPDATE."""
    old, new = plain(old), plain(new)
    if isinstance(old, dict) and isinstance(new, dict):
        changes: dict[str, str] = {}
        for key in sorted({*old, *new}):
            if key != "__defaults":
                changes |= difference(old.get(key), new.get(key), _join(path, key))
        return changes
    if isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        changes = {}
        for index, (was, now) in enumerate(zip(old, new, strict=True)):
            changes |= difference(was, now, f"{path}[{index}]")
        return changes
    if old == new:
        return {}
    return {path: "ADD" if old is None else "DELETE" if new is None else "UPDATE"}


def _join(path: str, key: str) -> str:
    if not key.isidentifier():
        return f"{path}[{json.dumps(key)}]"
    return f"{path}.{key}" if path else key


def replaced(type_: str, old: dict[str, Any], new: dict[str, Any], configuration: Mapping[str, Any]) -> list[str]:
    """The changed paths that the real provider cannot change in place."""
    fixed = facts(type_).fixed(new, configuration)
    return [path for path in dict.fromkeys(fixed) if plain(at(old, path)) != plain(at(new, path))]


def keeps_its_name(type_: str, old: dict[str, Any], new: dict[str, Any]) -> bool:
    """Whether old and new object would carry one given name, so that the old one must go first."""
    if type_.startswith("kubernetes:"):
        if (at(new, "metadata.annotations") or {}).get(AUTONAMED) or facts(type_).name:
            return False
        same = all(at(old, path) == at(new, path) for path in ("metadata.name", "metadata.namespace"))
        return same and at(new, "metadata.name") is not None
    key = facts(type_).name
    name = new.get(key) if key else None
    return name is not None and name == old.get(key) and key not in new.get("__defaults", [])


def identifier(type_: str, names: Mapping[str, Any], inputs: dict[str, Any]) -> str:
    """The id of a new object."""
    if not type_.startswith("kubernetes:"):
        return plain(render(facts(type_).id, names))
    if facts(type_).name:
        return f"{plain(inputs.get('namespace', 'default'))}/{plain(inputs['name'])}"
    name, namespace = plain(at(inputs, "metadata.name")), plain(at(inputs, "metadata.namespace"))
    return name if plain(inputs.get("kind")) in table()["cluster_kinds"] else f"{namespace or 'default'}/{name}"


def outputs(type_: str, inputs: dict[str, Any], names: Mapping[str, Any]) -> dict[str, Any]:
    """What a new object answers: its inputs and the computed properties, unknown where `names` has unknowns."""
    result = copy.copy(inputs)
    result.pop("__defaults", None)
    for path, template in facts(type_).outputs.items():
        *parents, last = path.split(".")
        target = result
        for parent in parents:
            target[parent] = dict(target.get(parent) or {})
            target = target[parent]
        if target.get(last) is None:
            try:
                target[last] = render(template, names)
            except (KeyError, IndexError):
                continue
            if not parents:
                names[last] = target[last]  # type: ignore[index] - the scope's own first map
    return result


def previewed(type_: str, inputs: dict[str, Any]) -> dict[str, Any]:
    """What a preview of a Create answers: every computed property is unknown."""
    known = outputs(type_, inputs, scope("", 0, **inputs))
    computed = {path.partition(".")[0] for path in facts(type_).outputs} - set(inputs)
    return {**known, **dict.fromkeys(computed, UNKNOWN)}


def stdout_for(urn: str) -> str:
    """What a command printed: DOUBLE_STDOUT is a JSON object from a part of the URN to the text."""
    choices = json.loads(os.environ.get("DOUBLE_STDOUT", "{}"))
    return next((text for part, text in choices.items() if part in urn), "")


def refuse_create(item: Kept, others: list[Kept]) -> None:
    """Refuses what exists already, and an object in a namespace that does not.

    Raises:
        RefusedError: As AWS or the API server would.
    """
    for group in facts(item.type).unique:
        mine = [plain(at(item.inputs, path)) for path in group]
        for other in others:
            if other.type == item.type and any(mine) and mine == [plain(at(other.inputs, path)) for path in group]:
                raise RefusedError(f"AlreadyExists: {item.type} with {', '.join(group)} as {other.id}")
    namespace = plain(at(item.inputs, "metadata.namespace")) if item.package == "kubernetes" else None
    if namespace and namespace not in _namespaces(others):
        raise RefusedError(f"namespaces {namespace!r} not found")


def _namespaces(kept: list[Kept]) -> set[str]:
    found = set(table()["namespaces"])
    for item in kept:
        found |= set(table()["namespaces_brought_by"].get(item.type, []))
        if item.type == "kubernetes:core/v1:Namespace":
            found.add(plain(at(item.inputs, "metadata.name")))
        elif item.type == "kubernetes:helm.sh/v3:Release" and plain(item.inputs.get("createNamespace")):
            found.add(plain(item.inputs.get("namespace")))
    return found


def refuse_delete(item: Kept, others: list[Kept]) -> None:
    """Refuses to delete what another object still uses.

    Raises:
        RefusedError: As AWS would (DependencyViolation, VolumeInUse, DeleteConflict and their like).
    """
    handles = {item.id, plain(item.outputs.get("arn"))} - {None}
    for other in others:
        if other.type in facts(item.type).held_by and handles & _texts(plain(other.inputs)):
            raise RefusedError(f"DependencyViolation: {item.type} {item.id} is used by {other.type} {other.id}")


def _texts(value: Any) -> set[str]:
    if isinstance(value, dict):
        return set().union(*map(_texts, value.values()))
    if isinstance(value, list):
        return set().union(*map(_texts, value))
    return {value} if isinstance(value, str) and not isinstance(value, Unknown) else set()
