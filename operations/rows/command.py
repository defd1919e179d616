"""`python -m operations rows`: the project's scoreboard."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from operations.rows import machine, markdown, text
from operations.rows.board import read_board
from operations.rows.requirement import RowsError

if TYPE_CHECKING:
    from argparse import _SubParsersAction  # pyright: ignore[reportPrivateUsage] - argparse has no public name

_REPOSITORY = Path(__file__).resolve().parents[2]
_WIDTH = 100  # columns, where the output is no terminal that knows better


def add_parser(subparsers: "_SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the subcommand `rows`."""
    parser = subparsers.add_parser(
        "rows",
        help="which requirement rows are proved by a test that ran and passed",
        description="Where every row of docs/requirements.csv stands, by the tests that name it.",
    )
    parser.add_argument("--format", choices=("text", "json", "markdown"), default="text")
    parser.add_argument("--row", action="append", default=[], metavar="ID", help="only this row, with its tests")
    parser.add_argument("--root", type=Path, default=_REPOSITORY, help="the repository to read (default: this one)")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print the scoreboard.

    Args:
        arguments: what the parser of `add_parser` gives.

    Returns:
        0, or 2 when the rows, marks, results or arguments are wrong; each problem is one line on stderr.
    """
    try:
        _print(arguments.root, arguments.format, arguments.row)
    except RowsError as error:
        for problem in error.problems:
            sys.stderr.write(f"{problem}\n")
        return 2
    return 0


def _print(root: Path, form: str, chosen: list[str]) -> None:
    if form == "markdown" and chosen:
        raise RowsError(["--row: the page has every row; use --format text or json"])
    board = read_board(root, recorded=form != "markdown")
    if unknown := [row_id for row_id in chosen if row_id not in board.standings]:
        raise RowsError([f"--row: {row_id}: not in docs/requirements.csv" for row_id in unknown])
    standings = [board.standings[row_id] for row_id in chosen]
    console = Console(width=None if sys.stdout.isatty() else _WIDTH)
    if form == "markdown":
        sys.stdout.write(markdown.render(board))
    elif form == "json":
        sys.stdout.write(machine.render_rows(standings) if chosen else machine.render(board))
    elif chosen:
        for standing in standings:
            text.print_row(standing, console)
    else:
        text.print_board(board, console)
