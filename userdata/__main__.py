"""What a node will see, written into a folder, without AWS and without Pulumi."""

import argparse
import shutil
import sys
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Final

from config.loader import load_stack_file, load_traffic_file
from config.problems import ConfigError
from sizing.model import Plan
from sizing.plan import make_plan
from userdata import mirror, render
from userdata.nodefiles import NodeFile
from userdata.render import LIMIT_BYTES, UserData

EXIT_BAD_INPUT: Final = 2
GOLDEN: Final = {"control-plane-a": ("control-plane", "a"), "worker-planner": ("worker", "planner")}
"""Nodes of the dev stack whose user data is kept in the repository: name of the folder to role and slot or pool."""


class _RefusedError(Exception):
    """Arguments that the plan does not know; the message is the line to print."""


def main(arguments: list[str] | None = None) -> int:
    """Run the command line.

    Returns:
        The exit code: 2 for arguments or a configuration that cannot be used.
    """
    options = _parser().parse_args(arguments)
    try:
        shown = options.run(options)
    except (ConfigError, _RefusedError, ValueError) as error:
        print(error, file=sys.stderr)
        return EXIT_BAD_INPUT
    except OSError as error:
        option = "--output" if "output" in options else "--sums"
        print(f"{option}: {error.filename}: {error.strerror}; name a folder that you may use", file=sys.stderr)
        return EXIT_BAD_INPUT
    print(shown)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m userdata", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    golden = commands.add_parser("golden", help="rewrite the user data that the tests compare with")
    golden.add_argument("--output", type=Path, default=Path("tests/golden/dev"), help="default: tests/golden/dev")
    golden.set_defaults(run=_golden)
    command = commands.add_parser("render", help="write one node's files and its user data into a folder")
    command.set_defaults(run=_render)
    _add_source(command)
    command.add_argument("--role", required=True, choices=("control-plane", "worker"))
    command.add_argument("--slot", help="control-plane slot; default: the first")
    command.add_argument("--pool", help="worker pool; default: the first")
    command.add_argument("--output", required=True, type=Path, help="folder; it is made when it is not there")
    sizes = commands.add_parser("sizes", help="print the bytes of every machine's user data")
    sizes.set_defaults(run=_every_size)
    _add_source(sizes)
    holds = commands.add_parser("mirror", help="list the files that a mirror of the node programs must hold")
    holds.set_defaults(run=_mirror)
    _add_source(holds)
    holds.add_argument("--sums", type=Path, help="print the sums of the image archives in this folder instead")
    return parser


def _add_source(command: argparse.ArgumentParser) -> None:
    source = command.add_mutually_exclusive_group(required=True)
    source.add_argument("--stack", help="read Pulumi.<STACK>.yaml of this folder")
    source.add_argument("--file", type=Path, help="read a file with the same structure without Pulumi")


def _every_size(options: argparse.Namespace) -> str:
    machines = render.every_machine(_plan(options))
    width = max(map(len, machines))
    lines = [f"{'machine':{width}}  gzipped  of {LIMIT_BYTES:,}  plain  files"]
    for name, user_data in machines.items():
        plain = len(user_data.cloud_config.encode())
        share = f"{user_data.size / LIMIT_BYTES:.0%}"
        lines.append(f"{name:{width}}  {user_data.size:>7,}  {share:>9}  {plain:>5,}  {len(user_data.files):>5}")
    return "\n".join(lines)


def _mirror(options: argparse.Namespace) -> str:
    plan = _plan(options)
    return mirror.listing(plan) if options.sums is None else mirror.stated_sums(plan, options.sums)


def _plan(options: argparse.Namespace) -> Plan:
    if options.stack is not None:
        return make_plan(load_stack_file(Path(f"Pulumi.{options.stack}.yaml")), str(options.stack))
    return make_plan(load_traffic_file(options.file), options.file.stem)


def _golden(options: argparse.Namespace) -> str:
    """Programs are left out: they stand in the user data, and as files they would be checked without their comments."""
    plan = make_plan(load_stack_file(Path("Pulumi.dev.yaml")), "dev")
    for name, (role, key) in GOLDEN.items():
        folder = options.output / name
        shutil.rmtree(folder, ignore_errors=True)
        user_data = render.worker(plan, key) if role == "worker" else render.control_plane(plan, key)
        _write_files({path: file for path, file in user_data.files.items() if not path.endswith(".sh")}, folder)
        (folder / "user-data.txt").write_text(user_data.cloud_config, encoding="utf-8")
    return f"written: {', '.join(str(options.output / name) for name in GOLDEN)}"


def _render(options: argparse.Namespace) -> str:
    user_data = _chosen(_plan(options), options)
    data = user_data.gzipped
    _write_files(user_data.files, options.output)
    (options.output / "user-data.txt").write_text(user_data.cloud_config, encoding="utf-8")
    (options.output / "user-data.gz").write_bytes(data)
    return _sizes(user_data)


def _chosen(plan: Plan, options: argparse.Namespace) -> UserData:
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


def _write_files(files: Mapping[str, NodeFile], output: Path) -> None:
    for path, file in files.items():
        target = output / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(file.content, encoding="utf-8")
        target.chmod(file.mode)


def _sizes(user_data: UserData) -> str:
    return (
        f"user data: {user_data.size} bytes gzipped, {LIMIT_BYTES} allowed,"
        f" {len(user_data.cloud_config.encode())} bytes of cloud-config, {len(user_data.files)} files"
    )


if __name__ == "__main__":
    sys.exit(main())
