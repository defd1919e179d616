"""The calibration file as text: the same runs give the same bytes."""

from dataclasses import asdict
from typing import Final, cast

import yaml

from config.calibration import Calibration
from config.plain import as_mapping

HEAD: Final = """\
# Written by `python -m sizing calibrate`: what one request costs, measured. A stack names this file:
#   demand: {calibration: <path from the stack file>}
"""


def document(calibration: Calibration) -> str:
    """The whole file."""
    body = yaml.safe_dump(
        _plain(asdict(calibration)), sort_keys=False, allow_unicode=True, width=118, default_flow_style=None
    )
    return HEAD + body


def _plain(value: object) -> object:
    """Tuples as lists, which YAML has, and whole numbers without a fraction."""
    mapping = as_mapping(value)
    if mapping is not None:
        return {str(key): _plain(item) for key, item in mapping.items()}
    if isinstance(value, tuple):
        return [_plain(item) for item in cast("tuple[object, ...]", value)]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value
