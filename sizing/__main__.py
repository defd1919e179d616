"""`python -m sizing plan`: a plan from a stack or a traffic file, for people or programs."""

import argparse
import json
import sys
from dataclasses import replace
from pathlib import Path

from config.loader import load_stack_file, load_traffic_file
from config.problems import ConfigError
from config.schema import ClusterConfig
from sizing.document import document
from sizing.plan import make_plan
from sizing.tables import console, tables

EXIT_BAD_INPUT = 2


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    options = _parser().parse_args(arguments)
    try:
        config, stack = _load(options)
        if options.basis:
            config = replace(config, traffic=replace(config.traffic, basis=options.basis))
        plan = make_plan(config, stack)
    except ConfigError as error:
        print(error, file=sys.stderr)
        return EXIT_BAD_INPUT
    if options.format == "json":
        print(json.dumps(document(plan), indent=2, ensure_ascii=False))
    else:
        out = console()
        for table in tables(plan):
            out.print(table)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sizing", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    plan = commands.add_parser("plan", help="print the plan")
    source = plan.add_mutually_exclusive_group(required=True)
    source.add_argument("--stack", help="read Pulumi.<STACK>.yaml of this folder")
    source.add_argument("--file", type=Path, help="read a file with the same structure without Pulumi")
    plan.add_argument("--basis", choices=("arrival", "stress"), help="judge nodes by this basis instead")
    plan.add_argument("--format", choices=("text", "json"), default="text")
    return parser


def _load(options: argparse.Namespace) -> tuple[ClusterConfig, str]:
    if options.stack:
        return load_stack_file(Path(f"Pulumi.{options.stack}.yaml")), str(options.stack)
    return load_traffic_file(options.file), options.file.stem


if __name__ == "__main__":
    sys.exit(main())
