"""`python -m benchmarks`: measure packing against Karpenter's scheduler and a plain MIP."""

import argparse
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter, ValidationError
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table as Printed

from benchmarks import karpenter, programs, runner, surroundings
from benchmarks.cases import SEEDS, Case, cases
from benchmarks.document import PICTURE, document, goals, machine
from benchmarks.measured import Results
from benchmarks.plot import plot
from benchmarks.tables import WORDS, Table, tables

ROOT: Final = Path(__file__).parent.parent
DOCUMENT: Final = ROOT / "docs" / "performance.md"
RECORD: Final = ROOT / "build" / "bench.json"
MIP_SECONDS: Final = 20
QUICK_MIP_SECONDS: Final = 5
EXIT_CANNOT: Final = 2
WIDEST: Final = 200


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    options = _parser().parse_args(arguments)
    wanted = tuple(case for case in cases() if case.key.startswith(options.only))
    known = tuple(case for case in wanted if not case.key.startswith(tuple(options.leave_out)))
    if not known:
        keys = "\n  ".join(case.key for case in cases())
        print(f"no case is left; the keys are\n  {keys}", file=sys.stderr)
        return EXIT_CANNOT
    try:
        results = (
            _read()
            if options.again
            else _measure(known, quick=options.quick, seeds=options.seeds, whole=not options.only)
        )
    except (karpenter.NotBuiltError, OSError, ValidationError) as error:
        print(f"benchmarks: {str(error).splitlines()[0]}", file=sys.stderr)
        return EXIT_CANNOT
    _show(known, results)
    if not (results.quick or options.only):
        DOCUMENT.write_text(document(cases(), results), encoding="utf-8")
        plot(known, results.rows, DOCUMENT.with_name(PICTURE))
        print(f"\nwritten: {DOCUMENT.relative_to(ROOT)} and {PICTURE} beside it")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a small part, in about a minute; prints only")
    parser.add_argument("--only", metavar="KEY", default="", help="the cases whose key begins like this; prints only")
    parser.add_argument(
        "--leave-out", metavar="KEY", default=[], action="append", help="not the cases whose key begins like this"
    )
    parser.add_argument("--seeds", type=int, choices=range(1, len(SEEDS) + 1), default=len(SEEDS), help="seeds a case")
    parser.add_argument("--again", action="store_true", help="measure nothing: show and write the last run again")
    return parser


def _read() -> Results:
    return TypeAdapter(Results).validate_json(RECORD.read_bytes())


def _measure(known: Sequence[Case], *, quick: bool, seeds: int, whole: bool) -> Results:
    program = karpenter.program()
    before, started = surroundings.now(), time.perf_counter()
    planned = runner.steps(known, quick=quick, seeds=seeds)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    mip_seconds = QUICK_MIP_SECONDS if quick else MIP_SECONDS
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=len(planned))

        def tell(step: runner.Step) -> None:
            progress.update(task, description=f"{step.case.title}, seed {step.seed}: {step.method}")
            progress.advance(task)

        rows = runner.measure(planned, program=program, mip_seconds=mip_seconds, tell=tell)
        runs = 1 if quick else programs.RUNS
        measured = programs.measure(lambda line: progress.update(task, description=line), runs) if whole else ()
    versions = {
        f"Karpenter {row.outcomes['karpenter'].how}" for row in rows if row.outcomes["karpenter"].cost is not None
    }
    results = Results(
        date=datetime.now(UTC).date().isoformat(),
        minutes=(time.perf_counter() - started) / 60,
        quick=quick,
        mip_seconds=mip_seconds,
        machine=surroundings.machine(before, surroundings.now(), sorted(versions)),
        rows=tuple(rows),
        programs=measured,
    )
    RECORD.parent.mkdir(exist_ok=True)
    RECORD.write_bytes(TypeAdapter(Results).dump_json(results, indent=1))
    return results


def _show(known: Sequence[Case], results: Results) -> None:
    # A terminal narrower than the tables wraps their lines; cutting figures off would be worse.
    out = Console(highlight=False, width=max(Console().width, WIDEST))
    for table in tables(known, results):
        out.print(f"\n{table.title}", style="bold")
        out.print(_printed(table))
    out.print()
    for line in (*machine(results), *goals(known, results)):
        print(line)


def _printed(table: Table) -> Printed:
    printed = Printed(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for name in table.header:
        printed.add_column(name, justify="left" if name in WORDS else "right", no_wrap=True)
    for row in table.rows:
        printed.add_row(*(cell.strip("`") for cell in row))
    return printed


if __name__ == "__main__":
    sys.exit(main())
