"""`python -m operations SUBCOMMAND`: the day-2 programs."""

import argparse
import importlib
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final, Protocol, cast

from operations.arguments import OneLineParser

if TYPE_CHECKING:
    from argparse import _SubParsersAction  # pyright: ignore[reportPrivateUsage] - argparse has no public name

SUBCOMMANDS: Final = {
    "plan": ("operations.preview", "tables of traffic, nodes, firewall and price, and the tree of resources"),
    "graph": ("operations.preview", "the recorded graph of resources"),
    "rows": ("operations.rows", "which requirement rows are proved by a test that ran and passed"),
    "gate": ("operations.gate", "wait until a part of the cluster is ready, or say why it is not"),
    "forget": ("operations.forget", "delete the cluster's parameters, once its machines are gone"),
    "memory": ("operations.memory", "read back from running nodes how much memory each instance type has"),
    "restore": ("operations.backup.restore", "restore etcd from a snapshot"),
    "drill": ("operations.backup.drill", "prove the newest snapshot in a throw-away etcd"),
    "upkeep": ("operations.backup.upkeep", "what the control planes' timers last found"),
    "credential": ("operations.credential", "print the operator's ExecCredential"),
}
"""Subcommand to the module that adds its parser, and what it does."""

_INTERRUPTED: Final = 130  # 128 + SIGINT, what shells expect


class Subcommands(Protocol):
    """What a module of subcommands offers."""

    def add_parser(self, subparsers: "_SubParsersAction[argparse.ArgumentParser]") -> None:
        """Add its parsers; each sets `run`, a function from the arguments to an exit status."""
        ...


def main(arguments: Sequence[str]) -> int:
    """Run one subcommand.

    Args:
        arguments: what follows the program's name.

    Returns:
        The exit status.
    """
    parser = _parser()
    subparsers = parser.add_subparsers(metavar="SUBCOMMAND", required=True)
    # Only the chosen module is imported: the scoreboard must not wait for Pulumi, nor a plan for boto3.
    chosen = SUBCOMMANDS.get(arguments[0], ("", ""))[0] if arguments else ""
    for name, (module, about) in SUBCOMMANDS.items():
        if module != chosen:
            subparsers.add_parser(name, help=about)
    if chosen:
        cast("Subcommands", importlib.import_module(chosen)).add_parser(subparsers)
    parsed = parser.parse_args(arguments)
    run = cast("Callable[[argparse.Namespace], int]", parsed.run)
    try:
        return run(parsed)
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        return _INTERRUPTED


def _parser() -> argparse.ArgumentParser:
    return OneLineParser(prog="python -m operations", description=__doc__)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
