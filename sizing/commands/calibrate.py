"""`calibrate`: what one request costs, from load-test files and the server's figures."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from config.problems import ConfigError, Problem, Said
from sizing.calibration.model import Load, UnreadableError

if TYPE_CHECKING:
    from argparse import _SubParsersAction  # pyright: ignore[reportPrivateUsage] - argparse has no public name

LARGE_BYTES: Final = 8 * 1024 * 1024
"""From here on reading takes long enough to show how far it is."""


def add_parser(commands: "_SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command `calibrate`."""
    parser = commands.add_parser("calibrate", help="fit what one request costs to load tests")
    parser.add_argument(
        "files", nargs="+", type=Path, metavar="FILE", help="results of nGrinder, k6, Locust, JMeter or Gatling"
    )
    parser.add_argument("--server", type=Path, help="how busy the server was: see docs/calibration.md")
    parser.add_argument("--output", type=Path, help="write the calibration file that a stack names")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Check the tests, fit them, print and write what came out.

    Raises:
        ConfigError: a file cannot be read or a test must not be used; all of them together. Nothing is written then.
    """
    from sizing.calibration.calibrate import calibrate, judge  # noqa: PLC0415 - only this command needs them
    from sizing.calibration.document import document  # noqa: PLC0415
    from sizing.calibration.server import read_server  # noqa: PLC0415
    from sizing.calibration.tables import checked, fitted  # noqa: PLC0415
    from sizing.tables import console  # noqa: PLC0415

    files: Sequence[Path] = options.files
    if options.output and not options.server:
        rule, fix = "needs the server's figures", "give --server: see docs/calibration.md"
        raise ConfigError([Problem(path="--output", value=str(options.output), rule=rule, fix=fix)], "the command")
    loads, problems = _read(files)
    server = None
    try:
        server = read_server(options.server) if options.server else None
    except ConfigError as error:
        problems += error.problems
    else:
        judged, refused = judge(loads, server)
        problems += refused
        if not problems:
            out = console()
            for table in checked(judged):
                out.print(table)
            if server is None:
                out.print("\nNo --server: how busy the server was is not known, so nothing is fitted.")
                return 0
            calibration = calibrate(judged, server)
            if options.output:
                _write(options.output, document(calibration))
            for table in fitted(calibration):
                out.print(table)
            return 0
    raise ConfigError(problems, "the load tests")


def _read(files: Sequence[Path]) -> tuple[list[Load], list[Problem]]:
    from rich.console import Console  # noqa: PLC0415 - as above
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn  # noqa: PLC0415

    from sizing.calibration.readers import read  # noqa: PLC0415

    loads: list[Load] = []
    problems: list[Problem] = []
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    sizes = [path.stat().st_size if path.is_file() else 0 for path in files]
    with Progress(*columns, console=Console(stderr=True), transient=True, disable=sum(sizes) < LARGE_BYTES) as progress:
        for path, size in zip(files, sizes, strict=True):
            task = progress.add_task(path.name, total=size)
            try:
                loads.append(read(path, lambda done, task=task: progress.update(task, completed=done)))
            except UnreadableError as error:
                problems.append(Problem(path=str(path), value=Said("…"), rule=error.rule, fix=error.fix))
    return loads, problems


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        rule = (error.strerror or "cannot be written").lower()
        problem = Problem(path="--output", value=str(path), rule=rule, fix="name a file that can be written")
        raise ConfigError([problem], "the command") from error
