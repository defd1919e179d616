"""Reduce upstream CustomResourceDefinitions to what a strict validator needs.

Usage: python tests/schemas/reduce.py CRD.yaml ... --output tests/schemas

Of each file the schema of the used version is kept, without descriptions, status, CEL rules and the branches
that `UNUSED` names; the result is one line of JSON per kind, `<kind>.<group>.json`. A branch that was cut is an
unknown field for the tests, so whoever uses it has to take it in again.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import yaml

VERSION = "v1"
CUT = {"description", "x-kubernetes-validations", "example", "externalDocs"}
UNUSED = {
    "Installation": (
        "WindowsDaemonSet",
        "UpgradeDaemonSet",
        "csiNodeDriverDaemonSet",
        "azure",
        "certificateManagement",
        "ffinity",
        "windowsNodes",
    ),
    "Kafka": ("cruiseControl", "tieredStorage", "jmxOptions"),
}
"""Endings of property names by kind; `ffinity` is every affinity."""


def without_prose(node: Any) -> Any:
    """The schema without keywords that describe; properties that happen to bear such a name stay."""
    if isinstance(node, list):
        return [without_prose(item) for item in node]
    if not isinstance(node, dict):
        return node
    return {
        key: {name: without_prose(schema) for name, schema in value.items()}
        if key == "properties"
        else without_prose(value)
        for key, value in node.items()
        if key not in CUT
    }


def without_branches(node: Any, endings: tuple[str, ...]) -> Any:
    """The schema without the properties whose names end in one of `endings`, at any depth."""
    if isinstance(node, list):
        return [without_branches(item, endings) for item in node]
    if not isinstance(node, dict):
        return node
    return {
        key: {name: without_branches(schema, endings) for name, schema in value.items() if not name.endswith(endings)}
        if key == "properties"
        else without_branches(value, endings)
        for key, value in node.items()
    }


def reduce_definition(definition: dict[str, Any]) -> dict[str, Any]:
    """Group, version, kind, scope and schema of one CustomResourceDefinition."""
    spec = definition["spec"]
    kind = spec["names"]["kind"]
    (version,) = (entry for entry in spec["versions"] if entry["name"] == VERSION and entry["served"])
    schema = without_prose(version["schema"]["openAPIV3Schema"])
    schema["properties"].pop("status", None)
    schema = without_branches(schema, UNUSED.get(kind, ()))
    return {
        "group": spec["group"],
        "version": VERSION,
        "kind": kind,
        "scope": spec["scope"],
        "schema": schema,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="Reduce CustomResourceDefinitions to their structure.")
    parser.add_argument("definitions", nargs="+", type=Path)
    parser.add_argument("--output", type=Path, required=True)
    arguments = parser.parse_args()
    for path in arguments.definitions:
        reduced = reduce_definition(yaml.safe_load(path.read_text(encoding="utf-8")))
        target = arguments.output / f"{reduced['kind'].lower()}.{reduced['group']}.json"
        target.write_text(json.dumps(reduced, separators=(",", ":"), sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
