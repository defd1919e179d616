"""Reads YAML strictly: no key twice, no guessed dates or numbers, one clear line for whatever is wrong.

Only what the YAML 1.2 core schema calls null, boolean, integer and float is converted; `yes`, `2026-01-31`
and `12:30` stay text, as they do for the Pulumi engine.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Protocol, cast

import yaml

from config.problems import HIDDEN, MISSING, ConfigError, Problem, Said
from config.secrecy import looks_secret

_TAG: Final = "tag:yaml.org,2002:"
_FLOAT: Final = (
    r"[-+]?(?:\.[0-9]+|[0-9]+\.[0-9]*)(?:[eE][-+]?[0-9]+)?|[-+]?[0-9]+[eE][-+]?[0-9]+"
    r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
)
_SCALARS: Final = {
    f"{_TAG}null": (r"~|null|Null|NULL|", ("~", "n", "N", "")),
    f"{_TAG}bool": (r"true|True|TRUE|false|False|FALSE", tuple("tTfF")),
    f"{_TAG}int": (r"[-+]?(?:0|[1-9][0-9]{0,99})|0x[0-9a-fA-F]{1,99}", tuple("-+0123456789")),
    f"{_TAG}float": (_FLOAT, tuple("-+.0123456789")),
    f"{_TAG}merge": (r"<<", ("<",)),
}
"""Tag to the form of its scalars and the characters that they begin with."""

_COLLECTIONS: Final = {f"{_TAG}map", f"{_TAG}seq", f"{_TAG}str"}
_HINTS: Final = (
    ("'\\t'", "a tab cannot indent YAML", "use spaces"),
    ("mapping values are not allowed", "a second `: ` on this line", "put text that holds `: ` in quotes"),
    ("expected <block end>", "does not line up with the lines before it", "indent it like its neighbours"),
    ("could not find expected ':'", "is no `key: value`", "write it as `key: value`, with a space"),
    (
        "undefined alias",
        "refers to an anchor that is not defined",
        "define it above, or put the text in quotes",
    ),
    ("another document", "a second document begins here", "keep one document in the file"),
    ("found unexpected end of stream", "a quote or bracket is not closed", "close it"),
)


def _resolvers() -> dict[str, list[tuple[str, re.Pattern[str]]]]:
    table: dict[str, list[tuple[str, re.Pattern[str]]]] = {}
    for tag, (pattern, first) in _SCALARS.items():
        for character in first:
            table.setdefault(character, []).append((tag, re.compile(rf"(?:{pattern})\Z")))
    return table


class _CoreLoader(yaml.SafeLoader):
    """PyYAML's safe loader with the core schema's scalars only."""

    yaml_implicit_resolvers = _resolvers()


class _Constructor(Protocol):
    def construct_document(self, node: yaml.Node) -> object: ...


def read_yaml(path: Path) -> dict[str, object]:
    """Read a file that holds one mapping.

    Args:
        path: the file; its name stands in the heading of the error.

    Raises:
        ConfigError: the file is missing, not UTF-8, not YAML, empty or no mapping, or gives a key twice.
    """
    text = _text(path)
    try:
        loader = _CoreLoader(text)
        node = loader.get_single_node()
        problems = [] if node is None else list(_node_problems(node, set()))
        data = None if node is None or problems else cast("_Constructor", loader).construct_document(node)
    except yaml.YAMLError as error:
        raise ConfigError([_syntax(error, text)], path.name) from error
    except (RecursionError, ValueError) as error:
        reason = "is nested too deeply or refers to itself"
        raise ConfigError(
            [_about_file(path, Said("…"), reason, "look at its YAML aliases (*name)")], path.name
        ) from error
    if problems:
        raise ConfigError(problems, path.name)
    if data is None:
        raise ConfigError([_about_file(path, Said("…"), "is empty", "write the configuration into it")], path.name)
    if not isinstance(data, dict):
        raise ConfigError([_about_file(path, data, "must be a mapping", "write it as `key: value`")], path.name)
    return cast("dict[str, object]", data)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        problem = _about_file(path, Said("…"), f"is not UTF-8 at byte {error.start}", "save the file as UTF-8")
        raise ConfigError([problem], path.name) from error
    except OSError as error:
        reason = (error.strerror or "cannot be read").lower()
        problem = _about_file(path, MISSING, reason, "give the name of a file that can be read")
        raise ConfigError([problem], path.name) from error


def _about_file(path: Path, value: object, rule: str, fix: str) -> Problem:
    return Problem(path=str(path), value=value, rule=rule, fix=fix)


def _node_problems(node: yaml.Node, seen: set[int]) -> Iterator[Problem]:
    if id(node) in seen:
        return
    seen.add(id(node))
    if isinstance(node, yaml.ScalarNode):
        yield from _scalar_problems(node)
    elif node.tag not in _COLLECTIONS:
        yield _line(node, node.tag, "is a YAML tag that this file may not use", "remove the tag")
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _node_problems(item, seen)
    elif isinstance(node, yaml.MappingNode):
        yield from _duplicates(node)
        for key, value in node.value:
            yield from _node_problems(key, seen)
            yield from _node_problems(value, seen)


def _scalar_problems(node: yaml.ScalarNode) -> Iterator[Problem]:
    if node.tag in _COLLECTIONS:
        return
    if node.tag not in _SCALARS:
        yield _line(node, node.tag, "is a YAML tag that this file may not use", "remove the tag")
    elif not re.fullmatch(_SCALARS[node.tag][0], node.value):
        yield _line(node, node.value, "does not fit its YAML tag", "remove the tag")


def _duplicates(node: yaml.MappingNode) -> Iterator[Problem]:
    first: dict[str, int] = {}
    for key, _ in node.value:
        if not isinstance(key, yaml.ScalarNode):
            yield _line(key, Said("…"), "a list or mapping cannot be a key", "write a text as the key")
        elif key.value in first:
            yield _line(
                key,
                key.value,
                f"stands twice here (first on line {first[key.value]}) and only the last would count",
                "remove one of the two",
            )
        else:
            first[key.value] = key.start_mark.line + 1


def _line(node: yaml.Node, value: str, rule: str, fix: str) -> Problem:
    return Problem(path=f"line {node.start_mark.line + 1}", value=value, rule=rule, fix=fix)


def _syntax(error: yaml.YAMLError, text: str) -> Problem:
    if not isinstance(error, yaml.MarkedYAMLError) or error.problem_mark is None:
        reason = str(error).splitlines()[0]
        return Problem(path="file", value=Said("…"), rule=f"is not YAML: {reason}", fix="remove the character")
    number: int = error.problem_mark.line
    line = next(iter(text.splitlines()[number:]), "").strip()
    reason = error.problem or "is not YAML"
    rule, fix = next(
        ((rule, fix) for mark, rule, fix in _HINTS if mark in reason),
        (f"is not YAML: {reason}", "correct this line or the one before it"),
    )
    value = HIDDEN if looks_secret(line.partition(":")[0]) else line
    return Problem(path=f"line {number + 1}", value=value, rule=rule, fix=fix)
