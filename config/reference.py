"""Writes `docs/configuration.md` from the dataclasses, the presets, the rules and the secret keys themselves."""

import inspect
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, is_dataclass
from ipaddress import IPv4Network
from typing import cast

from config import presets, rules
from config.problems import Said, shown
from config.schema import ClusterConfig
from config.secret_keys import CLUSTER_KEY, SecretKey, cache_token, database_password
from config.sections import Key, Shape, keys_of
from config.words import OBJECT_NAME, PATTERNS, SHORT_NAME, brief, plain_number

_INTRODUCTION = f"""\
# Configuration

<!-- Written by `python -m config reference`; a test compares the two. -->

One object describes one cluster: the value of `{CLUSTER_KEY}` in `Pulumi.<stack>.yaml`. The same structure, without
Pulumi around it, is what `python -m sizing plan --file FILE` reads.

Nothing is guessed: an unknown key, a wrong type, a value out of range and a contradiction between keys are errors, and
all of them are reported together, one line each, before anything is created:

```
cluster.pools.planner.count: 0: must be at least 1; give a whole number from 1 to 5000
```

`python -m config check --stack dev` (or `--file FILE`) reports them without doing anything else. Key paths in these
lines begin with `cluster`, which stands for the object. `<name>` in a path below is a name of your own choice.

A *short name* is {PATTERNS[SHORT_NAME]};
it becomes part of names in AWS. An *object name* is
{PATTERNS[OBJECT_NAME]}, as Kubernetes wants it.
"""


@dataclass(frozen=True, kw_only=True)
class _Place:
    """Where a section stands: its dataclass and the key paths that lead to it."""

    section: type
    paths: tuple[str, ...]


def reference() -> str:
    """Give the whole page as Markdown, with a line feed at the end."""
    parts = [_INTRODUCTION, _presets(), _secrets()]
    parts += [_section(place) for place in _places()]
    parts.append(_rules())
    return "\n".join(parts)


def _places() -> Iterator[_Place]:
    """Every section once, in the order in which the tree reaches it."""
    paths: dict[type, list[str]] = {}
    _collect(ClusterConfig, "", paths)
    for section, found in paths.items():
        yield _Place(section=section, paths=tuple(found))


def _collect(section: type, path: str, paths: dict[type, list[str]]) -> None:
    paths.setdefault(section, []).append(path)
    for key in keys_of(section).values():
        shape: Shape | None = key.shape
        below = f"{path}.{key.name}" if path else key.name
        while shape is not None and shape.kind == "mapping":
            below, shape = f"{below}.<name>", shape.item
        if shape is not None and shape.kind == "section":
            _collect(shape.base, below, paths)


def _section(place: _Place) -> str:
    title = ", ".join(f"`{path}`" for path in place.paths if path) or f"`{CLUSTER_KEY}`"
    rows = [(f"`{key.name}`", _type(key), _default(key), key.description) for key in keys_of(place.section).values()]
    table = _table(("Key", "Value", "Default", "Meaning"), rows)
    return f"## {title}\n\n{inspect.getdoc(place.section)}\n\n{table}"


def _type(key: Key) -> str:
    return brief(key.shape)


def _default(key: Key) -> str:
    if key.required:
        return "**required**"
    if key.shape.kind == "section" and key.default is not None:
        changed = _changed(key.default)
        return _plain_text(changed) if changed else "see there"
    return "none" if key.default is None else _plain_text(key.default)


def _changed(section: object) -> Mapping[str, object]:
    """What a section's default says beyond the defaults of its own keys."""
    keys = keys_of(type(section))
    return {name: value for name, value in vars(section).items() if name in keys and value != keys[name].default}


def _plain_text(value: object) -> str:
    return f"`{shown(_plain(value))}`"


def _plain(value: object) -> object:
    if isinstance(value, IPv4Network):
        return str(value)
    if isinstance(value, float):
        return Said(plain_number(value))
    if isinstance(value, tuple):
        return [_plain(item) for item in cast("tuple[object, ...]", value)]
    if is_dataclass(value):
        return {name: _plain(item) for name, item in vars(value).items()}
    return value


def _presets() -> str:
    intro = (
        "## Presets\n\nThe answers to these questions decide what other keys are when they are left out;"
        " every one can be overridden.\n"
    )
    return "\n".join([intro, *(_question(question) for question in presets.QUESTIONS)])


def _question(question: presets.Question) -> str:
    answers = question.answers
    keys = dict.fromkeys(key for answer in answers.values() for key in answer.values)
    rows = [
        (f"`{key.replace('*', '<name>')}`", *(_plain_text(answer.values[key]) for answer in answers.values()))
        for key in keys
    ]
    reasons = "\n".join(f"* `{name}`: {answer.reason}." for name, answer in answers.items())
    instead = "".join(
        f"\nWhere `{other}` is given, `{key.rpartition('.')[2]}` is not filled in.\n"
        for key, other in question.instead.items()
    )
    table = _table(("Key", *(f"`{name}`" for name in answers)), rows)
    return f"### `{question.path}`\n\n{reasons}\n\n{table}{instead}"


def _secrets() -> str:
    known: Iterable[SecretKey] = (database_password("<name>"), cache_token("<name>"))
    rows = [(f"`{key.full_name}`", key.meaning) for key in known]
    return (
        "## Secrets\n\nSecrets are keys of their own beside the object, one for each database and cache; inside it they"
        " are refused.\nSet them with `pulumi config set --secret KEY`, which asks for the value.\n\n"
        + _table(("Key", "Value"), rows)
    )


def _rules() -> str:
    """The first sentence of every rule's own description."""
    parts = ["## Rules across keys\n"]
    for title, group in rules.GROUPS.items():
        lines = "\n".join(f"* {(inspect.getdoc(rule) or '').splitlines()[0]}" for rule in group)
        parts.append(f"### {title}\n\n{lines}\n")
    return "\n".join(parts)


def _table(heading: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    heading = tuple(heading)
    lines = [heading, ("---",) * len(heading), *rows]
    return "".join(f"| {' | '.join(map(_cell, line))} |\n" for line in lines)


def _cell(text: str) -> str:
    return text.replace("|", r"\|")
