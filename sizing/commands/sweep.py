"""`sweep`: from few users to many, the exact numbers at which the machines change, and why."""

import argparse
import json
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from rich.console import Console

from sizing.commands.compare import add_assumptions, assumed
from sizing.commands.prices import FAILED
from sizing.source import add_source, load
from sizing.tables import console, heading

if TYPE_CHECKING:
    from argparse import _SubParsersAction  # pyright: ignore[reportPrivateUsage] - argparse has no public name

MOST_USERS: Final = 10**10
MOST_POINTS: Final = 100
POINTS: Final = 12


def add_parser(commands: "_SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command `sweep`."""
    parser = commands.add_parser("sweep", help="find the numbers of users at which the machines change")
    add_source(parser)
    parser.add_argument("--from", dest="first", required=True, metavar="USERS", help="fewest daily active users")
    parser.add_argument("--to", dest="last", required=True, metavar="USERS", help="most daily active users")
    parser.add_argument(
        "--points", default=str(POINTS), metavar="N", help=f"numbers of users to look at where many change ({POINTS})"
    )
    parser.add_argument("--pools", choices=("shared", "dedicated", "as-given"), default="shared")
    parser.add_argument(
        "--tolerance", choices=("none", "node", "zone"), help="what may fail, instead of what the stack says"
    )
    parser.add_argument("--arm64", action="store_true", help="images are built for arm64 too")
    parser.add_argument("--option", choices=("on-demand", "spot", "reserved", "savings-plan"), default="on-demand")
    add_assumptions(parser)
    parser.add_argument("--format", choices=("text", "json"), default="text")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print the steps, and how far machines chosen by hand reach.

    Raises:
        ConfigError: the configuration cannot be used, or states no daily active users.
    """
    problems = list(_problems(options))
    for problem in problems:
        print(problem, file=sys.stderr)
    if problems:
        return FAILED
    # The packer brings its solver along: only who sweeps waits for it.
    from sizing.comparison.choice import BOTH, X86, Choice  # noqa: PLC0415
    from sizing.comparison.limits import limits  # noqa: PLC0415
    from sizing.comparison.sweep_tables import (  # noqa: PLC0415
        limits_document,
        limits_table,
        steps_document,
        steps_table,
    )
    from sizing.sweep import sweep  # noqa: PLC0415

    loaded, stack = load(options)
    given = assumed(options, loaded)
    if given is None:
        return FAILED
    config, families = given
    choice = Choice(
        pools="as given" if options.pools == "as-given" else options.pools,
        tolerance=options.tolerance or config.tolerance,
        architectures=BOTH if options.arm64 else X86,
        option=options.option,
    )
    with Console(stderr=True).status("") as status:
        steps = sweep(
            config,
            int(options.first),
            int(options.last),
            choice=choice,
            points=int(options.points),
            stack=stack,
            speeds=options.speeds,
            families=families,
            progress=lambda users: status.update(f"{users:,} users a day"),
        )
    reach = limits(config, stack)
    if options.format == "json":
        document = {"stack": stack, "basis": config.traffic.basis, "pools": choice.pools, "tolerance": choice.tolerance}
        document |= {"architectures": list(choice.architectures), "option": choice.option}
        document |= {"steps": steps_document(steps), "limits": limits_document(reach)}
        print(json.dumps(document, indent=2, ensure_ascii=False))
        return 0
    out = console()
    out.print(
        heading(
            f"{stack}, basis {config.traffic.basis}: {choice.pools} pools, {choice.machines}, {choice.option},"
            f" may fail: {choice.tolerance}; workers only"
        )
    )
    out.print(steps_table(steps))
    if not all(step.exact for step in steps[1:]):
        out.print("* a point that was looked at; machines changed somewhere before it, not exactly here")
    if reach:
        out.print(heading("How many users the machines chosen by hand bear"))
        out.print(limits_table(reach, config.headroom.utilisation_target, config.headroom.failed_utilisation))
    return 0


def _problems(options: argparse.Namespace) -> Iterator[str]:
    """One line for everything that is wrong with the numbers."""
    ranges = (("--from", options.first, 1, MOST_USERS), ("--to", options.last, 1, MOST_USERS))
    good: dict[str, int] = {}
    for name, text, low, high in (*ranges, ("--points", options.points, 2, MOST_POINTS)):
        number = _whole(text)
        if number is None or not low <= number <= high:
            yield f"{name}: {text}: must be a whole number from {low} to {high}; give one"
        else:
            good[name] = number
    if "--from" in good and "--to" in good and good["--from"] > good["--to"]:
        yield f"--from: {good['--from']}: must not be above --to ({good['--to']}); swap the two"


def _whole(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= len(str(MOST_USERS)) else None
