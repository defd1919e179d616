"""Puts the figures of calibration files where services name them, before the structure is checked."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, cast

from config.calibration import Calibration, read_calibration
from config.plain import as_mapping
from config.problems import ConfigError, Problem, join_path

KEY: Final = "calibration"
LONGEST_SOURCE: Final = 500
"""As `config.types.Text`."""
_REWRITE: Final = "write it with python -m sizing calibrate FILE... --server SERVER --output"


@dataclass(kw_only=True)
class Calibrated:
    """What came out.

    Attributes:
        data: the object, with figures from files.
        problems: files that cannot be used, one line each.
        touched: key paths of the demands that were left out for it.
    """

    data: dict[str, object]
    problems: list[Problem] = field(default_factory=list[Problem])
    touched: set[str] = field(default_factory=set[str])


def with_calibrations(data: Mapping[str, object], root: str, folder: Path) -> Calibrated:
    """Fill in `demand` of every service that names a calibration file.

    Args:
        data: the object in JSON form.
        root: first part of every key path.
        folder: where relative paths begin: the folder of the stack file.
    """
    result = Calibrated(data=dict(data))
    services = as_mapping(data.get("services"))
    if services is None:
        return result
    read: dict[str, Calibration | Problem] = {}
    filled = dict(cast("Mapping[str, object]", services))
    for name, service in filled.items():
        demand = as_mapping((as_mapping(service) or {}).get("demand"))
        named = demand.get(KEY) if demand is not None else None
        if demand is None or not isinstance(named, str):
            continue
        section = join_path(join_path(join_path(root, "services"), name), "demand")
        changed = dict(cast("Mapping[str, object]", service))
        found = _filled(cast("Mapping[str, object]", demand), named, section, folder, read)
        if isinstance(found, Problem):
            result.problems.append(found)
            result.touched.add(section)
            del changed["demand"]
        else:
            changed["demand"] = found
        filled[name] = changed
    result.data["services"] = filled
    return result


def _filled(
    demand: Mapping[str, object], named: str, section: str, folder: Path, read: dict[str, Calibration | Problem]
) -> dict[str, object] | Problem:
    path = f"{section}.{KEY}"
    if named not in read:
        read[named] = _read(named, path, folder)
    calibration = read[named]
    if isinstance(calibration, Problem):
        return Problem(path=path, value=named, rule=calibration.rule, fix=calibration.fix)
    figures = _figures(calibration, named)
    for key, value in demand.items():
        if key in figures and value != figures[key]:
            return Problem(
                path=f"{section}.{key}",
                value=value,
                rule=f"is not what {named} says ({figures[key]})",
                fix=f"remove it, or remove {KEY}",
            )
    return {**figures, **demand}


def _figures(calibration: Calibration, named: str) -> dict[str, object]:
    runs = len(calibration.runs)
    source = (
        f"{named}: {runs} load test{'s' if runs > 1 else ''} of {calibration.measured_on} on"
        f" {calibration.instance_type}, {calibration.cpu.series} CPU on {calibration.cpu.base_vcpu:g} vCPU"
    )
    figures: dict[str, object] = {
        "cpu_ms_per_request": calibration.cpu.ms_per_request,
        "source": source[:LONGEST_SOURCE],
    }
    threads = calibration.occupancy.get("threads")
    if threads is not None and threads.capacity.is_integer():
        figures |= {"threads": int(threads.capacity), "hold_ms": threads.per_request}
    return figures


def _read(named: str, path: str, folder: Path) -> Calibration | Problem:
    if Path(named).is_absolute():
        rule, fix = "must be a path from the folder of the stack file", "write it without the leading /"
        return Problem(path=path, value=named, rule=rule, fix=fix)
    try:
        return read_calibration(folder / named)
    except ConfigError as error:
        first = error.problems[0]
        more = f" ({len(error.problems) - 1} more)" if len(error.problems) > 1 else ""
        where = "" if first.path == str(folder / named) else f"{first.path}: "
        return Problem(
            path=path, value=named, rule=f"names a file that cannot be used: {where}{first.rule}{more}", fix=_REWRITE
        )
    except ValueError:  # a path with a zero byte
        return Problem(path=path, value=named, rule="is no path", fix=_REWRITE)
