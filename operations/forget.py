"""`python -m operations forget`: deletes what a cluster's machines have left in Parameter Store.

Machines write there, Pulumi does not: without this, a cluster that is made again under the same name would find itself
initialised already and refuse to start.
"""

import argparse
import sys
from typing import TYPE_CHECKING

from operations.arguments import add_cluster
from userdata.parameters import ParameterTree

if TYPE_CHECKING:
    from argparse import _SubParsersAction  # pyright: ignore[reportPrivateUsage] - argparse has no public name


def add_parser(subparsers: "_SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the subcommand `forget`."""
    parser = subparsers.add_parser("forget", help=__doc__, description=__doc__)
    add_cluster(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Delete the parameters.

    Returns:
        0, or 1 after one line on standard error.
    """
    # boto3 takes a quarter of a second to import: not for `--help`.
    from operations.gate.loop import GateError  # noqa: PLC0415
    from operations.gate.store import StoreError, open_store  # noqa: PLC0415

    root = ParameterTree(cluster=arguments.cluster).root
    try:
        count = open_store(arguments.region).forget(root)
    except (GateError, StoreError) as error:
        sys.stderr.write(f"forget: {error}\n")
        return 1
    sys.stderr.write(f"forget: {count} parameters deleted below {root}\n")
    return 0
