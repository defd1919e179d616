"""Numbers inside JSON documents whose forms differ from version to version."""

import math
from collections.abc import Mapping
from typing import cast

from sizing.calibration.model import UnreadableError


def mapping(value: object) -> Mapping[str, object]:
    """The value as a mapping; an empty one for anything else."""
    return cast("Mapping[str, object]", value) if isinstance(value, dict) else {}


def optional(values: Mapping[str, object], *names: str) -> float | None:
    """The first of the named figures that is a number of at least 0, also when it is written as text."""
    for name in names:
        value = values.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            continue
        try:
            figure = float(value)
        except ValueError:
            continue
        if math.isfinite(figure) and figure >= 0:
            return figure
    return None


def required(values: Mapping[str, object], path: str, *names: str) -> float:
    """As `optional`.

    Raises:
        UnreadableError: none of them is there, with the path.
    """
    figure = optional(values, *names)
    if figure is None:
        raise UnreadableError(f"{path}.{names[0]} is no number of at least 0", "export the file again")
    return figure
