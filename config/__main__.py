"""`python -m config`: check a stack or a file, or print the reference page."""

import argparse
import sys
from pathlib import Path

from config.loader import load_stack_file, load_traffic_file
from config.problems import ConfigError
from config.reference import reference
from sizing.plan import make_plan

EXIT_BAD_INPUT = 2


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    options = _parser().parse_args(arguments)
    if options.command == "reference":
        sys.stdout.write(reference())
        return 0
    path: Path = options.file or Path(f"Pulumi.{options.stack}.yaml")
    try:
        config = load_traffic_file(path) if options.file else load_stack_file(path)
        make_plan(config, path.name)  # whether pods, quotas and the platform fit the machines is found while planning
    except ConfigError as error:
        print(error, file=sys.stderr)
        return EXIT_BAD_INPUT
    services, pools = len(config.services), len(config.pools)
    print(f"ok: {path.name}: cluster {config.name}, {services} services on {pools} pools in {config.region}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m config", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser("reference", help="print the page about every key, as Markdown")
    check = commands.add_parser("check", help="report every problem of a configuration, and do nothing else")
    source = check.add_mutually_exclusive_group(required=True)
    source.add_argument("--stack", help="read Pulumi.<STACK>.yaml of this folder")
    source.add_argument("--file", type=Path, help="read a file with the same structure without Pulumi")
    return parser


if __name__ == "__main__":
    sys.exit(main())
