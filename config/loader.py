"""From a stack file, a plain file or the engine's object to a `ClusterConfig`, or to every problem at once."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import cast

from config.errors import suggestion
from config.plain import as_mapping, is_encrypted
from config.problems import HIDDEN, MISSING, ConfigError, Problem, Said, join_path
from config.schema import ClusterConfig
from config.secret_keys import CLUSTER_KEY, PROJECT, secret_keys
from config.validation import validated
from config.yaml_file import read_yaml

CLUSTER_PATH = f"config.{CLUSTER_KEY}"
HERE = Path()


def load_cluster(raw: Mapping[str, object], source: str = CLUSTER_KEY, folder: Path = HERE) -> ClusterConfig:
    """Validate the value of `groundswell:cluster`.

    Args:
        raw: the object as JSON, YAML or the engine delivers it.
        source: what the error's heading names.
        folder: where the paths of the files that it names begin; the engine starts the program in the project's.

    Raises:
        ConfigError: with every problem.
    """
    return validated(cast("Mapping[str, object]", _mapping(raw, CLUSTER_PATH, source)), source, folder)


def load_stack_file(path: Path) -> ClusterConfig:
    """Validate `config: groundswell:cluster` of a `Pulumi.<stack>.yaml`.

    Raises:
        ConfigError: with every problem of the file or of the object in it.
    """
    source = path.name
    values = _mapping(read_yaml(path).get("config", {}), "config", source)
    if CLUSTER_KEY not in values:
        raise ConfigError([_no_cluster(values)], source)
    raw = _object(values[CLUSTER_KEY], source)
    keys = list(_other_keys(values, raw))
    try:
        config = validated(cast("Mapping[str, object]", raw), source, path.parent)
    except ConfigError as error:
        raise ConfigError([*keys, *error.problems], source) from error
    if keys:
        raise ConfigError(keys, source)
    return config


def load_traffic_file(path: Path) -> ClusterConfig:
    """Validate a YAML file that holds the object itself, without Pulumi around it.

    Raises:
        ConfigError: with every problem of the file or of the object in it.
    """
    return validated(read_yaml(path), path.name, path.parent)


def _mapping(value: object, path: str, source: str) -> Mapping[object, object]:
    mapping = as_mapping(value)
    if mapping is None:
        problem = Problem(path=path, value=value, rule="must be a mapping", fix="write it as `key: value` lines")
        raise ConfigError([problem], source)
    return mapping


def _object(value: object, source: str) -> Mapping[object, object]:
    """Read the object itself; the engine hands structured values over as JSON text."""
    if isinstance(value, str):
        try:
            value = cast("object", json.loads(value))
        except (ValueError, RecursionError):
            rule, fix = "must be a mapping or the JSON text of one", "write the configuration below the key, indented"
            problem = Problem(path=CLUSTER_PATH, value=value, rule=rule, fix=fix)
            raise ConfigError([problem], source) from None
    if is_encrypted(value):
        rule = "must be readable, because it decides which resources there are"
        fix = "write it in clear, without secrets: they have keys of their own"
        raise ConfigError([Problem(path=CLUSTER_PATH, value=Said("(encrypted)"), rule=rule, fix=fix)], source)
    return _mapping(value, CLUSTER_PATH, source)


def _no_cluster(values: Mapping[object, object]) -> Problem:
    close = suggestion(CLUSTER_KEY, map(str, values))
    fix = f"rename {close} to {CLUSTER_KEY}" if close else f"write the cluster below `config: {CLUSTER_KEY}:`"
    return Problem(path=CLUSTER_PATH, value=MISSING, rule="is required", fix=fix)


def _other_keys(values: Mapping[object, object], raw: Mapping[object, object]) -> Iterator[Problem]:
    """Keys of the project beside the cluster are its secrets, by their right names and encrypted."""
    names = [[str(name) for name in as_mapping(raw.get(kind)) or ()] for kind in ("databases", "caches")]
    known = {key.full_name: key for key in secret_keys(*names)}
    for key, value in values.items():
        full_name = str(key)
        if not full_name.startswith(f"{PROJECT}:") or full_name == CLUSTER_KEY:
            continue
        path = join_path("config", full_name)
        if full_name not in known:
            close = suggestion(full_name, known)
            fix = f"did you mean {close}?" if close else f"known keys: {', '.join((CLUSTER_KEY, *known))}"
            yield Problem(path=path, value=HIDDEN, rule="is not a known key", fix=fix)
        elif not is_encrypted(value):
            fix = f"change it at its source, then set it again: {known[full_name].command}"
            yield Problem(path=path, value=HIDDEN, rule="is a secret in clear text", fix=fix)
