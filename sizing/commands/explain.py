"""`explain`: what decided, what a smaller choice breaks, what is left, and the load at which the plan stops holding."""

import argparse
from typing import TYPE_CHECKING

from sizing.plan import make_plan
from sizing.source import add_source, load

if TYPE_CHECKING:
    from argparse import _SubParsersAction  # pyright: ignore[reportPrivateUsage] - argparse has no public name


def add_parser(commands: "_SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command `explain`."""
    parser = commands.add_parser("explain", help="why the plan is as it is, and how far it holds")
    add_source(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print the explanation of a plan.

    Raises:
        ConfigError: the configuration cannot be planned.
    """
    from sizing.explain.explain import explain  # noqa: PLC0415 - only this command needs them
    from sizing.explain.tables import tables  # noqa: PLC0415
    from sizing.tables import console  # noqa: PLC0415

    config, stack = load(options)
    plan = make_plan(config, stack)
    out = console()
    for table in tables(plan, explain(plan)):
        out.print(table)
    return 0
