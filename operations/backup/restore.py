"""`python -m operations restore`: orders the control planes to restore etcd, and follows what they do.

Nothing of the work is done here: the order is a parameter that every slot looks at each minute, so it reaches slots
whose API server is down, and it outlives this program.
"""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from config.loader import load_stack_file
from config.problems import ConfigError
from sizing.plan import make_plan

if TYPE_CHECKING:
    from argparse import _SubParsersAction  # pyright: ignore[reportPrivateUsage] - argparse has no public name

DEADLINE_SECONDS: Final = 3600
_REFUSED: Final = 2


def add_parser(subparsers: "_SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the subcommand `restore`."""
    parser = subparsers.add_parser("restore", help="restore etcd from a snapshot", description=__doc__)
    parser.add_argument("--stack", required=True, help="reads Pulumi.<STACK>.yaml of this folder")
    parser.add_argument(
        "--snapshot",
        default="latest",
        help="key of an object in the backup bucket; `latest` (default); `own`: the slot's own member",
    )
    parser.add_argument("--slot", default="a", help="slot that restores; the others join it (default: a)")
    parser.add_argument("--confirm", metavar="CLUSTER", help="the cluster's name: without it nothing is ordered")
    parser.add_argument("--cancel", action="store_true", help="take the last order back, if nothing was replaced yet")
    parser.add_argument("--deadline", type=int, default=DEADLINE_SECONDS, help="longest wait, s")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Order a restore.

    Returns:
        0 when every slot is done, 2 for arguments that cannot be used or without a confirmation, 1 otherwise.
    """
    try:
        plan = make_plan(load_stack_file(Path(f"Pulumi.{arguments.stack}.yaml")), str(arguments.stack))
    except ConfigError as error:
        sys.stderr.write(f"{error}\n")
        return _REFUSED
    slots = sorted(plan.control_plane.slots)
    if arguments.slot not in slots:
        sys.stderr.write(f"restore: --slot: {arguments.slot}: not in the plan; use one of {', '.join(slots)}\n")
        return _REFUSED
    if arguments.confirm not in {None, plan.name}:
        sys.stderr.write(f"restore: --confirm: {arguments.confirm}: not this cluster's name; write {plan.name}\n")
        return _REFUSED
    # boto3 takes a quarter of a second to import: not for `--help`.
    from operations.backup.carry import Wish, carry_out  # noqa: PLC0415

    return carry_out(
        plan,
        Wish(
            slot=arguments.slot,
            snapshot=arguments.snapshot,
            confirmed=arguments.confirm is not None,
            cancel=arguments.cancel,
            deadline_seconds=arguments.deadline,
        ),
    )
