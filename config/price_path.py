"""Lets the path of a price file count from the folder of the stack file, as that of a calibration file does."""

from collections.abc import Mapping
from pathlib import Path

from config.plain import as_mapping


def with_price_path(data: Mapping[str, object], folder: Path) -> dict[str, object]:
    """Put the folder before `prices.file`, where that is a relative path.

    Args:
        data: the object in JSON form.
        folder: the folder of the stack file.
    """
    prices = as_mapping(data.get("prices"))
    named = prices.get("file") if prices is not None else None
    if prices is None or not isinstance(named, str) or not named:
        return dict(data)
    return {**data, "prices": {**prices, "file": str(folder / named)}}
