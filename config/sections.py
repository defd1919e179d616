"""Walks the configuration dataclasses: which keys a section has, and what may stand at a key path.

The same walk serves the reference page, the words of an error line and the repair of a faulty object, so that
they cannot tell different stories.
"""

import types
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Final, Literal, TypedDict, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, MinLen
from pydantic import StringConstraints
from pydantic.dataclasses import is_pydantic_dataclass
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

Part = str | int
"""One step of a key path: a key, or the index in a list."""

Kind = Literal["section", "mapping", "list", "value"]

KEY_OF_MAPPING: Final = "[key]"
"""pydantic's mark for an error in a mapping's key instead of its value."""

LIST: Final = "[list]"
MAPPING: Final = "[mapping]"
"""Our marks for the form that was judged, where a key may be a list of names or a mapping from names."""

MARKS: Final = frozenset({KEY_OF_MAPPING, LIST, MAPPING})
"""Parts of an error's location that are no part of a key path."""


@dataclass(frozen=True, kw_only=True)
class Shape:
    """What may stand at one place: a section, a mapping, a list or a single value.

    Attributes:
        kind: which of the four.
        base: the Python type: the dataclass of a section, `str`, `int`, a network, ….
        optional: whether null is allowed.
        item: shape of a mapping's values or a list's items.
        key: shape of a mapping's keys.
        choices: the allowed values, where they are listed.
        low: lowest number; not allowed itself when `above` is set.
        high: highest number.
        shortest: smallest number of characters or items.
        longest: largest number of characters.
        pattern: regular expression that a text matches.
        alternative: for a list, the mapping that may stand there instead; `key` is then the mapping's.
    """

    kind: Kind
    base: type
    optional: bool = False
    item: "Shape | None" = None
    key: "Shape | None" = None
    choices: tuple[str, ...] = ()
    low: float | None = None
    above: bool = False
    high: float | None = None
    shortest: int = 0
    longest: int | None = None
    pattern: str | None = None
    alternative: "Shape | None" = None


class _Limits(TypedDict, total=False):
    low: float
    above: bool
    high: float
    shortest: int
    longest: int | None
    pattern: str | None


@dataclass(frozen=True, kw_only=True)
class Key:
    """One key of a section.

    Attributes:
        name: the key.
        shape: what may stand there.
        description: what it means and in which unit.
        required: whether it has no default.
        default: the default, built afresh; None for a required key.
    """

    name: str
    shape: Shape
    description: str
    required: bool
    default: object


def keys_of(section: type) -> Mapping[str, Key]:
    """Give the keys of one configuration dataclass, in the order in which they are declared.

    Raises:
        TypeError: `section` is no configuration dataclass.
    """
    if not is_pydantic_dataclass(section):
        raise TypeError(f"{section.__name__} is no configuration section")
    return {name: _key(name, info) for name, info in section.__pydantic_fields__.items()}


def keys_below(shape: Shape | None) -> Mapping[str, Key]:
    """Give the keys of the section that stands at a place; empty where none does."""
    return keys_of(shape.base) if shape is not None and shape.kind == "section" else {}


def _key(name: str, info: FieldInfo) -> Key:
    default: object = info.get_default(call_default_factory=True, validated_data={})
    return Key(
        name=name,
        shape=shape_of(info.annotation, tuple(info.metadata)),
        description=info.description or "",
        required=info.is_required(),
        default=None if default is PydanticUndefined else default,
    )


def shape_of(annotation: object, metadata: tuple[object, ...] = ()) -> Shape:
    """Read a type annotation.

    Args:
        annotation: the annotation of a field, or of a part of one.
        metadata: constraints that were written beside it.

    Raises:
        TypeError: an annotation that configuration fields do not use.
    """
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return shape_of(arguments[0], (*arguments[1:], *metadata))
    if origin in {Union, types.UnionType}:
        return _union(annotation, arguments, metadata)
    if origin is Literal:
        return Shape(kind="value", base=str, choices=arguments)
    limits = _limits(metadata)
    if origin is tuple:
        return replace(Shape(kind="list", base=tuple, item=shape_of(arguments[0])), **limits)
    if origin is Mapping:
        key, item = arguments
        return replace(Shape(kind="mapping", base=dict, key=shape_of(key), item=shape_of(item)), **limits)
    if isinstance(annotation, type):
        kind: Kind = "section" if is_pydantic_dataclass(annotation) else "value"
        return replace(Shape(kind=kind, base=annotation), **limits)
    raise TypeError(f"no configuration field has the type {annotation}")


def _union(annotation: object, arguments: tuple[object, ...], metadata: tuple[object, ...]) -> Shape:
    inner = [part for part in arguments if part is not types.NoneType]
    if len(inner) == 1:
        return replace(shape_of(inner[0], metadata), optional=True)
    names, mapping, *rest = (shape_of(part) for part in inner)
    if (names.kind, mapping.kind) != ("list", "mapping") or rest:
        raise TypeError(f"no configuration field has the type {annotation}")
    return replace(names, key=mapping.key, alternative=mapping)


def _limits(metadata: tuple[object, ...]) -> _Limits:
    limits: _Limits = {}
    for constraint in metadata:
        match constraint:
            case Ge(ge=low):
                limits["low"] = _number(low)
            case Gt(gt=low):
                limits["low"] = _number(low)
                limits["above"] = True
            case Le(le=high):
                limits["high"] = _number(high)
            case MinLen(min_length=shortest):
                limits["shortest"] = shortest
            case StringConstraints(pattern=str() as pattern):
                limits["pattern"] = pattern
            case StringConstraints(min_length=shortest, max_length=longest):
                limits["shortest"] = shortest or 0
                limits["longest"] = longest
            case FieldInfo(metadata=nested):
                limits |= _limits(tuple(nested))
            case _:
                pattern = getattr(constraint, "pattern", None)
                if isinstance(pattern, str):
                    limits["pattern"] = pattern
    return limits


def _number(limit: object) -> float:
    if not isinstance(limit, int | float):
        raise TypeError(f"{limit} is no numeric limit")
    return limit


def shape_at(root: type, path: tuple[Part, ...]) -> Shape | None:
    """Give the shape at a key path below the section `root`, or None where no key of that name exists."""
    shape = Shape(kind="section", base=root)
    for part in path:
        found = shape.key if part == KEY_OF_MAPPING else _below(shape, part)
        if found is None:
            return None
        shape = found
    return shape


def _below(shape: Shape, part: Part) -> Shape | None:
    if shape.kind == "section":
        key = keys_of(shape.base).get(str(part))
        return key.shape if key else None
    return shape.alternative.item if shape.alternative and isinstance(part, str) else shape.item
