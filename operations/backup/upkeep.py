"""`python -m operations upkeep`: what the control planes' timers last found, slot by slot; alerts give status 1."""

import argparse
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pydantic import BaseModel, ConfigDict, ValidationError

from config.loader import load_stack_file
from config.problems import ConfigError
from sizing.plan import make_plan
from userdata.parameters import ParameterTree

if TYPE_CHECKING:
    from argparse import _SubParsersAction  # pyright: ignore[reportPrivateUsage] - argparse has no public name

DAY: Final = 86400
_REFUSED: Final = 2


class Snapshot(BaseModel):
    """The newest snapshot that a slot knows of; `at` in seconds since 1970."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    key: str
    at: int


class Etcd(BaseModel):
    """One slot's member; sizes in bytes, lag in entries of the log."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    members: int
    expected: int
    quota: int
    bytes: int
    in_use: int
    lag: int | None


class Upkeep(BaseModel):
    """What `metrics.sh` writes; certificates by file, seconds since 1970."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    slot: str
    at: str
    certificates: dict[str, int]
    snapshot: Snapshot | None
    alerts: tuple[str, ...]
    etcd: Etcd


def add_parser(subparsers: "_SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the subcommand `upkeep`."""
    parser = subparsers.add_parser("upkeep", help="what the control planes' timers last found", description=__doc__)
    parser.add_argument("--stack", required=True, help="reads Pulumi.<STACK>.yaml of this folder")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print the table.

    Returns:
        0 without alerts, 1 with alerts or after one line on standard error, 2 for a stack that cannot be read.
    """
    # boto3 takes a quarter of a second to import: not for `--help`.
    from operations.gate.loop import GateError  # noqa: PLC0415
    from operations.gate.store import StoreError, open_store  # noqa: PLC0415

    try:
        plan = make_plan(load_stack_file(Path(f"Pulumi.{arguments.stack}.yaml")), str(arguments.stack))
    except ConfigError as error:
        sys.stderr.write(f"{error}\n")
        return _REFUSED
    try:
        found = open_store(plan.config.region).below(ParameterTree(cluster=plan.name).maintenance)
    except (GateError, StoreError) as error:
        sys.stderr.write(f"upkeep: {error}\n")
        return 1
    text, alarmed = table(found, sorted(plan.control_plane.slots), time.time())
    sys.stdout.write(text)
    return 1 if alarmed else 0


def table(found: Mapping[str, str], slots: list[str], now: float) -> tuple[str, bool]:
    """Lay out what the slots report.

    Args:
        found: values of the slots' parameters, by name.
        slots: letters of the plan's slots.
        now: seconds since 1970.

    Returns:
        Lines, and whether somebody has to look: an alert, or a slot that reports nothing.
    """
    reports = dict(_read(found))
    lines, alarmed = list[str](), False
    for slot in slots:
        report = reports.get(slot)
        if report is None:
            lines.append(f"slot {slot}  reports nothing: see the journal of groundswell-metrics on it")
            alarmed = True
            continue
        end = min(report.certificates.values(), default=0)
        snapshot = f"{(now - report.snapshot.at) / 60:.0f} min old" if report.snapshot else "none"
        lag = "does not answer" if report.etcd.lag is None else f"lag {report.etcd.lag}"
        lines.append(
            f"slot {slot}  {report.at}  snapshot {snapshot}  certificates {(end - now) // DAY:.0f} d"
            f"  etcd {report.etcd.members}/{report.etcd.expected}, {_mib(report.etcd.bytes)} of"
            f" {_mib(report.etcd.quota)} MiB, {lag}"
        )
        lines += [f"        ALERT {alert}" for alert in report.alerts]
        alarmed = alarmed or bool(report.alerts)
    return "".join(f"{line}\n" for line in lines), alarmed


def _read(found: Mapping[str, str]) -> list[tuple[str, Upkeep]]:
    reports: list[tuple[str, Upkeep]] = []
    for text in found.values():
        try:
            report = Upkeep.model_validate_json(text)
        except ValidationError:
            continue
        reports.append((report.slot, report))
    return reports


def _mib(size: int) -> int:
    return size // 1024**2
