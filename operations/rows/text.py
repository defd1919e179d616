"""The scoreboard for people: `make rows`."""

from datetime import datetime

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from operations.rows.board import Board, TierRun
from operations.rows.requirement import Row
from operations.rows.standing import Outcome, Standing, State
from operations.rows.tally import tally

_COLOUR = {
    State.PROVED: "green",
    State.PART: "yellow",
    State.BUILT: "yellow",
    State.ABSENT: "red",
    State.ONLY_AWS: "blue",
}


def print_board(board: Board, console: Console) -> None:
    """Print the counts, what is recorded of each tier, and every row that is not proved."""
    standings = list(board.standings.values())
    console.print(_counts(standings))
    for run in board.runs:
        console.print(f"  {_run_line(run)}", highlight=False)
    live = sum(standing.row.live_check not in {"", "-"} for standing in standings)
    console.print(
        f"  live: {live} rows also have a check on AWS; it needs an account and is not recorded here\n",
        highlight=False,
    )
    for state in (State.PART, State.BUILT, State.ABSENT, State.ONLY_AWS):
        if chosen := [standing for standing in standings if standing.state == state]:
            console.print(_missing(state, chosen))


def print_row(standing: Standing, console: Console) -> None:
    """Print one row with its checks and the tests that name it."""
    row = standing.row
    facts = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    facts.add_column(style="dim", no_wrap=True)
    facts.add_column(overflow="fold")
    facts.add_row(row.id, Text(row.capability, style="bold"))
    facts.add_row("source", Text(row.source))
    facts.add_row("offline", Text(row.offline_check))
    facts.add_row("live", Text(row.live_check))
    facts.add_row("state", Text("; ".join((standing.state, *standing.reasons)), style=_COLOUR[standing.state]))
    if row.note:
        facts.add_row("note", Text(row.note))
    for test, outcome in standing.tests:
        colour = {Outcome.PASSED: "green", Outcome.FAILED: "red"}.get(outcome, "yellow")
        facts.add_row(f"{test.tier} test", Text.assemble(test.test, ": ", (outcome, colour)))
    if not standing.tests:
        facts.add_row("tests", Text("none names this row"))
    console.print(facts)


def _counts(standings: list[Standing]) -> Table:
    table = Table(
        title="Requirement rows", title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=True
    )
    table.add_column("article")
    table.add_column("shown by")
    table.add_column("rows", justify="right")
    for state in State:
        table.add_column(state.value, justify="right", header_style=f"bold {_COLOUR[state]}")
    for line in tally(standings):
        whole = line.tier is None
        cells = [
            str(line.states[state] or "·") if whole or state in {State.PROVED, State.BUILT, State.ABSENT} else ""
            for state in State
        ]
        table.add_row(
            line.article if whole else "",
            "all it asks for" if line.tier is None else line.tier.label,
            str(line.rows),
            *cells,
            style="bold" if whole else "",
        )
        if not whole and line.tier == "boot":
            table.add_section()
    return table


def _run_line(run: TierRun) -> str:
    if not run.last:
        return f"{run.tier}: never run here (`{run.tier.door}`)"
    when = datetime.fromisoformat(run.last).strftime("%Y-%m-%d %H:%M UTC")
    stale = f", stale {run.stale}" if run.stale else ""
    outdated = "; the program has changed since" if run.outdated else ""
    return f"{run.tier}: last run {when}, tests recorded {run.tests}{stale}{outdated}"


def _missing(state: State, standings: list[Standing]) -> Table:
    table = Table(
        title=f"{state.value[0].upper()}{state.value[1:]}: {len(standings)}",
        title_justify="left",
        title_style=f"bold {_COLOUR[state]}",
        box=box.SIMPLE_HEAD,
        expand=True,
    )
    table.add_column("row", no_wrap=True)
    table.add_column("capability, and a note if there is one", ratio=1, overflow="fold")
    table.add_column("missing", width=28, overflow="fold")
    for standing in standings:
        row = standing.row
        table.add_row(row.id, _capability(row), Text(_gap(standing), style=_COLOUR[standing.state]))
    return table


def _capability(row: Row) -> Text:
    return Text.assemble(row.capability, (f"\n{row.note}", "dim")) if row.note else Text(row.capability)


def _gap(standing: Standing) -> str:
    if standing.state == State.ONLY_AWS:
        return f"only AWS: {standing.row.live_check}"
    return "\n".join(standing.reasons)
