"""`report`: one plan as one HTML file that needs nothing else."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from config.problems import ConfigError, Problem
from sizing.plan import make_plan
from sizing.source import add_source, load

if TYPE_CHECKING:
    from argparse import _SubParsersAction  # pyright: ignore[reportPrivateUsage] - argparse has no public name


def add_parser(commands: "_SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command `report`."""
    parser = commands.add_parser("report", help="write the plan as one HTML page")
    add_source(parser)
    parser.add_argument("--output", type=Path, help="file to write; absent: build/report-<stack>.html")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Write the page.

    Raises:
        ConfigError: the configuration cannot be planned, or the file cannot be written.
    """
    from rich.console import Console  # noqa: PLC0415

    from sizing.report.render import render  # noqa: PLC0415 - only this command needs Jinja and HiGHS
    from sizing.report.steps import steps_of  # noqa: PLC0415

    config, stack = load(options)
    with Console(stderr=True).status("packing machines for fewer and for more users"):
        text = render(make_plan(config, stack), steps_of(config, stack))
    path: Path = options.output or Path("build") / f"report-{stack}.html"
    try:
        if options.output is None:
            path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        rule = (error.strerror or "cannot be written").lower()
        problem = Problem(path="--output", value=str(path), rule=rule, fix="name a file that can be written")
        raise ConfigError([problem], "the command") from error
    print(path)
    return 0
