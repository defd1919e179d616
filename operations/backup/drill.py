"""`python -m operations drill`: proves that a snapshot can be restored, in a throw-away etcd on this machine.

The snapshot is checked by the same program as on the nodes, restored as there, and served; with a kube-apiserver at
hand its API answers on top. What comes out is how old the data are (RPO) and how long it took (RTO).
"""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from config.loader import load_stack_file
from config.problems import ConfigError
from sizing.plan import make_plan

if TYPE_CHECKING:
    from argparse import _SubParsersAction  # pyright: ignore[reportPrivateUsage] - argparse has no public name

_REFUSED = 2


def add_parser(subparsers: "_SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the subcommand `drill`."""
    parser = subparsers.add_parser("drill", help="prove the newest snapshot", description=__doc__)
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--stack", help="the newest snapshot of the stack's bucket")
    source.add_argument("--file", type=Path, help="a snapshot on this machine; no AWS is asked")
    parser.add_argument(
        "--programs", type=Path, help="folder with etcd, etcdctl, etcdutl and maybe kube-apiserver (default: PATH)"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Run the drill.

    Returns:
        0 when the snapshot serves, 2 for arguments that cannot be used, 1 after one line on standard error.
    """
    # boto3 takes a quarter of a second to import: not for `--help`.
    from operations.backup.proof import prove_file, prove_stack  # noqa: PLC0415

    if arguments.file is not None:
        return prove_file(arguments.file, arguments.programs)
    try:
        plan = make_plan(load_stack_file(Path(f"Pulumi.{arguments.stack}.yaml")), str(arguments.stack))
    except ConfigError as error:
        sys.stderr.write(f"{error}\n")
        return _REFUSED
    return prove_stack(plan, arguments.programs)
