"""Structure first, then the rules across fields, and every problem of both at once.

The faulty parts are taken out of the object, the rules are checked on what is left, and a rule that would have
read one of those parts is not judged.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from config.calibrated import with_calibrations
from config.errors import problem_of
from config.plain import plain_tree
from config.presets import with_presets
from config.price_path import with_price_path
from config.problems import ConfigError, Problem
from config.repair import repaired
from config.rules import check
from config.rules_common import ROOT
from config.schema import ClusterConfig

_ROUNDS: Final = 8
"""Repairs in a row: taking a part out can leave a mapping empty that must not be."""


@cache
def _adapter() -> TypeAdapter[ClusterConfig]:
    return TypeAdapter(ClusterConfig)


def validated(raw: Mapping[str, object], source: str, folder: Path) -> ClusterConfig:
    """Validate one cluster's object.

    Args:
        raw: the object as JSON, YAML or the engine delivers it.
        source: what the error's heading names.
        folder: where the paths of the files that it names begin.

    Raises:
        ConfigError: with every problem, in the order of their key paths.
    """
    tree = plain_tree(raw, ROOT)
    if ROOT in tree.touched:
        raise ConfigError(tree.problems, source)
    calibrated = with_calibrations(tree.data, ROOT, folder)
    data, filled = with_presets(with_price_path(calibrated.data, folder))
    config, problems = _checked(data, tree.touched | calibrated.touched)
    problems = [*tree.problems, *calibrated.problems, *problems]
    if config is None or problems:
        raise ConfigError(sorted(_explained(problems, filled), key=lambda item: item.path), source)
    return config


def _checked(data: Mapping[str, object], touched: set[str]) -> tuple[ClusterConfig | None, list[Problem]]:
    problems: list[Problem] = []
    unread = set(touched)
    for attempt in range(_ROUNDS):
        try:
            config = _adapter().validate_json(json.dumps(data))
        except ValidationError as error:
            errors = _own_errors(error.errors(include_url=False))
            if attempt == 0:
                problems += _readable((problem_of(item, ROOT, ClusterConfig) for item in errors), touched)
            data, taken_out = repaired(data, errors, ROOT, ClusterConfig)
            unread |= taken_out
        else:
            return config, [*problems, *_readable(check(config), unread)]
    return None, problems


def _own_errors(errors: Iterable[ErrorDetails]) -> list[ErrorDetails]:
    """Leave out "too few items" of a list whose items were refused: that is a consequence."""
    errors = list(errors)
    return [
        error
        for error in errors
        if error["type"] != "too_short"
        or not any(other["loc"][: len(error["loc"])] == error["loc"] for other in errors if other is not error)
    ]


def _readable(problems: Iterable[Problem], unread: set[str]) -> Iterator[Problem]:
    """Leave out problems that rest on a part that could not be read."""
    for problem in problems:
        if not any(_is_below(path, part) for path in (problem.path, *problem.also) for part in unread):
            yield problem


def _is_below(path: str, part: str) -> bool:
    return path == part or path.startswith((f"{part}.", f"{part}["))


def _explained(problems: Iterable[Problem], filled: Mapping[str, str]) -> Iterator[Problem]:
    """Say where a value comes from that the person did not write."""
    for problem in problems:
        origins = (answer for path, answer in filled.items() if _is_below(problem.path, f"{ROOT}.{path}"))
        origin = next(origins, None)
        yield problem if origin is None else replace(problem, fix=f"{problem.fix} (the value comes from {origin})")
