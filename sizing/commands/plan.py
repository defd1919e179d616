"""`plan`: a plan from a stack or a traffic file, for people or programs."""

import argparse
import json
from dataclasses import replace
from typing import TYPE_CHECKING

from sizing.document import document
from sizing.plan import make_plan
from sizing.source import add_source, load
from sizing.tables import console, tables

if TYPE_CHECKING:
    from argparse import _SubParsersAction  # pyright: ignore[reportPrivateUsage] - argparse has no public name


def add_parser(commands: "_SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command `plan`."""
    parser = commands.add_parser("plan", help="print the plan")
    add_source(parser)
    parser.add_argument("--basis", choices=("arrival", "stress"), help="judge nodes by this basis instead")
    parser.add_argument("--format", choices=("text", "json"), default="text")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print the plan.

    Raises:
        ConfigError: the configuration cannot be planned.
    """
    config, stack = load(options)
    if options.basis:
        config = replace(config, traffic=replace(config.traffic, basis=options.basis))
    plan = make_plan(config, stack)
    if options.format == "json":
        print(json.dumps(document(plan), indent=2, ensure_ascii=False))
    else:
        out = console()
        for table in tables(plan):
            out.print(table)
    return 0
