"""Judges Kubernetes objects offline: Kubernetes' own kinds by their published schemas, custom ones by their CRD's."""

import functools
import json
from pathlib import Path

import jsonschema
import kubernetes_validate

KUBERNETES = "1.36"
SCHEMAS = {
    (f"{schema['group']}/{schema['version']}", schema["kind"]): schema
    for schema in (json.loads(path.read_text()) for path in (Path(__file__).parent / "schemas").glob("*.json"))
}
CLUSTER_SCOPED = {"ClusterRoleBinding", "Namespace", "PersistentVolume", "StorageClass"}
"""Kinds of Kubernetes' own that we make and that have no namespace; the published schemas do not tell."""

TEXTS = {"type": "object", "additionalProperties": {"type": "string"}}
METADATA = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "pattern": r"^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$"},
        "namespace": {"type": "string", "pattern": r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$"},
        "labels": TEXTS,
        "annotations": TEXTS,
    },
    "required": ["name"],
    "additionalProperties": False,
}


def strict(schema):
    """The JSON schema of a CRD schema, with every field that it does not know refused."""
    if isinstance(schema, list):
        return [strict(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    open_ended = schema.get("x-kubernetes-preserve-unknown-fields", False)
    result = {key: strict(value) for key, value in schema.items() if key not in {"properties", "default"}}
    if "properties" in schema:
        result["properties"] = {name: strict(each) for name, each in schema["properties"].items()}
        if not open_ended and "additionalProperties" not in schema:
            result["additionalProperties"] = False
    return result


def problems(manifest):
    """What the API server would refuse, one line each; an unknown kind is refused too."""
    name = f"{manifest['kind']} {manifest['metadata'].get('namespace', '')}/{manifest['metadata']['name']}"
    found = [f"{name}: metadata: {error.message}" for error in _errors(METADATA, manifest["metadata"])]
    custom = SCHEMAS.get((manifest["apiVersion"], manifest["kind"]))
    cluster_scoped = custom["scope"] == "Cluster" if custom else manifest["kind"] in CLUSTER_SCOPED
    if cluster_scoped == ("namespace" in manifest["metadata"]):
        found.append(f"{name}: {'has' if cluster_scoped else 'lacks'} a namespace")
    if custom:
        schema = _strict_schema(manifest["apiVersion"], manifest["kind"])
        found += [f"{name}: {error.json_path}: {error.message}" for error in _errors(schema, manifest)]
    else:
        try:
            kubernetes_validate.validate(manifest, KUBERNETES, strict=True)
        except (kubernetes_validate.ValidationError, kubernetes_validate.SchemaNotFoundError) as error:
            found.append(f"{name}: {error}")
    return found


@functools.cache
def _strict_schema(version, kind):
    schema = strict(SCHEMAS[version, kind]["schema"])
    schema["properties"]["metadata"] = METADATA
    return schema


def _errors(schema, value):
    return jsonschema.Draft202012Validator(schema).iter_errors(value)
