"""`python -m userdata render`: writes what a node will see, without AWS and without Pulumi."""

import argparse
import sys
from collections.abc import Collection
from pathlib import Path

from config.loader import load_stack_file, load_traffic_file
from config.problems import ConfigError
from sizing.model import Plan
from sizing.plan import make_plan
from userdata import render
from userdata.render import LIMIT_BYTES, UserData

EXIT_BAD_INPUT = 2


class _RefusedError(Exception):
    """Arguments that the plan does not know; the message is the line to print."""


def main(arguments: list[str] | None = None) -> int:
    """Run the command line.

    Returns:
        The exit code: 2 for arguments or a configuration that cannot be used.
    """
    options = _parser().parse_args(arguments)
    try:
        user_data = _render(_plan(options), options)
        _write(user_data, options.output)
    except (ConfigError, _RefusedError, ValueError) as error:
        print(error, file=sys.stderr)
        return EXIT_BAD_INPUT
    except OSError as error:
        print(f"--output: {error.filename}: {error.strerror}; name a folder to write to", file=sys.stderr)
        return EXIT_BAD_INPUT
    print(_sizes(user_data))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m userdata", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    command = commands.add_parser("render", help="write one node's files and its user data into a folder")
    source = command.add_mutually_exclusive_group(required=True)
    source.add_argument("--stack", help="read Pulumi.<STACK>.yaml of this folder")
    source.add_argument("--file", type=Path, help="read a file with the same structure without Pulumi")
    command.add_argument("--role", required=True, choices=("control-plane", "worker"))
    command.add_argument("--slot", help="control-plane slot; default: the first")
    command.add_argument("--pool", help="worker pool; default: the first")
    command.add_argument("--output", required=True, type=Path, help="folder; it is made when it is not there")
    return parser


def _plan(options: argparse.Namespace) -> Plan:
    if options.stack is not None:
        return make_plan(load_stack_file(Path(f"Pulumi.{options.stack}.yaml")), str(options.stack))
    return make_plan(load_traffic_file(options.file), options.file.stem)


def _render(plan: Plan, options: argparse.Namespace) -> UserData:
    if options.role == "worker":
        _unused("--slot", options.slot, "worker", "--pool")
        return render.worker(plan, _choose("--pool", options.pool, sorted(plan.pools)))
    _unused("--pool", options.pool, "control-plane", "--slot")
    return render.control_plane(plan, _choose("--slot", options.slot, sorted(plan.control_plane.slots)))


def _unused(option: str, value: str | None, role: str, instead: str) -> None:
    if value is not None:
        raise _RefusedError(f"{option}: {value}: has no meaning for --role {role}; use {instead}")


def _choose(option: str, value: str | None, known: Collection[str]) -> str:
    if value is None:
        return next(iter(known))
    if value not in known:
        raise _RefusedError(f"{option}: {value}: not in the plan; use one of {', '.join(known)}")
    return value


def _write(user_data: UserData, output: Path) -> None:
    data = user_data.gzipped
    for path, file in user_data.files.items():
        target = output / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(file.content, encoding="utf-8")
        target.chmod(file.mode)
    (output / "user-data.txt").write_text(user_data.cloud_config, encoding="utf-8")
    (output / "user-data.gz").write_bytes(data)


def _sizes(user_data: UserData) -> str:
    return (
        f"user data: {user_data.size} bytes gzipped, {LIMIT_BYTES} allowed,"
        f" {len(user_data.cloud_config.encode())} bytes of cloud-config, {len(user_data.files)} files"
    )


if __name__ == "__main__":
    sys.exit(main())
