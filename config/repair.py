"""Takes the faulty parts out of an object, so that rules across fields can be checked on what is left."""

import copy
from collections.abc import Iterable, Mapping
from typing import Final, cast

from pydantic_core import ErrorDetails

from config.errors import UNKNOWN_KEY, suggestion
from config.problems import join_path
from config.sections import MARKS, Part, Shape, keys_below, shape_at

STAND_INS: Final[Mapping[str, object]] = {
    "name": "stand-in",
    "traffic": {},
    "services": {"stand-in": {"pool": "stand-in", "image": "stand-in.example/stand-in:1"}},
    "pools": {"stand-in": {}},
}
"""Valid values for the keys that every configuration must have; rules that read them are left out."""


def repaired(
    data: Mapping[str, object], errors: Iterable[ErrorDetails], root: str, section: type
) -> tuple[dict[str, object], set[str]]:
    """Copy an object without its faulty parts.

    An unknown key is removed. A faulty value is removed, so that its default takes over; where there is none,
    the section around it goes, up to an item of a mapping or an optional key. What the whole configuration
    cannot do without gets a stand-in.

    Args:
        data: the object in JSON form.
        errors: pydantic's errors about it.
        root: first part of every key path.
        section: the dataclass that was validated.

    Returns:
        The copy, and the key paths that were taken out or could not be read; `x.*` is the set of keys of x.
    """
    copied = copy.deepcopy(dict(data))
    touched: set[str] = set()
    for error in errors:
        parts = tuple(error["loc"])
        if error["type"] == UNKNOWN_KEY:
            touched |= _meant(parts, root, section)
            _remove(copied, parts)
            continue
        target = _removable(tuple(part for part in _until_list(parts) if part not in MARKS), section)
        touched.add(_path(root, target))
        if len(target) == 1 and target[0] in STAND_INS:
            copied[str(target[0])] = STAND_INS[str(target[0])]
            continue
        parent = shape_at(section, target[:-1])
        if parent and (parent.kind == "mapping" or parent.alternative):
            touched.add(f"{_path(root, target[:-1])}.*")
        _remove(copied, target)
    return copied, touched


def _path(root: str, parts: Iterable[Part]) -> str:
    path = root
    for part in parts:
        path = join_path(path, part)
    return path


def _meant(parts: tuple[Part, ...], root: str, section: type) -> set[str]:
    close = suggestion(str(parts[-1]), keys_below(shape_at(section, parts[:-1])))
    return {_path(root, (*parts[:-1], close))} if close else set()


def _until_list(parts: tuple[Part, ...]) -> tuple[Part, ...]:
    """A list is replaced as a whole: what one missing item would mean to a rule is anybody's guess."""
    index = next((place for place, part in enumerate(parts) if isinstance(part, int)), len(parts))
    return parts[:index]


def _removable(parts: tuple[Part, ...], section: type) -> tuple[Part, ...]:
    while len(parts) > 1:
        parent = shape_at(section, parts[:-1])
        if parent is None or not _requires(parent, parts[-1]):
            return parts
        parts = parts[:-1]
    return parts


def _requires(parent: Shape, part: Part) -> bool:
    key = keys_below(parent).get(str(part))
    return key is not None and key.required


def _remove(data: dict[str, object], parts: tuple[Part, ...]) -> None:
    place = data
    for part in parts[:-1]:
        below = place.get(str(part))
        if not isinstance(below, dict):
            return
        place = cast("dict[str, object]", below)
    place.pop(str(parts[-1]), None)
