"""`docs/performance.md` from the figures of a run."""

from collections.abc import Iterator, Sequence
from textwrap import fill
from typing import Final

from benchmarks.cases import Case
from benchmarks.measured import Machine, Results
from benchmarks.runner import KARPENTER_RUNS, saving
from benchmarks.tables import WORDS, Table, tables
from benchmarks.verdict import misses, out_of_reach, percent, surprises

PICTURE: Final = "performance.svg"
WIDTH: Final = 120
"""Columns of prose; tables are as wide as they are."""
_INTRODUCTION = """\
# Performance

Written by `make bench`; do not edit. Every figure was measured in one run: the packer, Karpenter's own provisioning
scheduler and a plain MIP on the same pods, the same types and the same reserves, each in a fresh process.
"""
_METHODS = """\
## What is compared

* **groundswell**: `sizing.packing.pack` with its normal effort. It proves the bound itself.
* **Karpenter**: its provisioning scheduler, driven as a library by `tools/karpenter`, from no nodes, with
  every type's overhead set so that exactly our allocatable is left. A cap of pods per node is a host name spread with
  that skew, even zones are a zone spread with skew 1. Each of its nodes is bought as the cheapest type that it leaves
  open. It breaks ties between zones at random, so with zones the cheapest of {runs} runs counts. Consolidation, which
  it would run later on nodes that exist, is not part of it.
* **plain MIP**: the assignment problem written down directly for HiGHS, {mip_seconds} s on the clock at most, with half
  as many nodes again as first-fit buys. "-" where it found no packing in that time.

All packings, whoever made them, are checked by the same program against every rule of the problem: allocatable, caps,
zones, groups, counts.

## What is assumed

* Prices and zone offers of the committed catalogue, on demand, Seoul. x86 types are c5a, c6i, c7i, m5a and r5a up to
  4xlarge; burstable types are left out, because a worker counts them at their baseline.
* Reserves of the kubelet at 110 pods a node, 350m and 320 MiB of DaemonSets a node. Random services lose 7.5 % of the
  catalogue's memory to the hypervisor; the travel platform is shown with and without that loss.
* Random services: 2 to 12 replicas, 0.1 to 2 vCPU, 1 to 6 GiB per vCPU, at most a third of the replicas on one node, no
  zones. The seeds are part of the cases, so that a run repeats.
* The travel platform: its five services at their stress targets: 15 pods; 17 or 18 with such caps that any one node
  may fail (`pack_tolerant` chose them; all methods pack the same ones); 21 spread evenly over three zones.
  "Memory as read on machines" takes what `sizing/memory.csv` knows of a type, 7.5 % less than the catalogue otherwise.
"""
_GOALS = """\
By number of services: gap 0 % in 3 s at 5, 3.5 % in 5 s at 10 and 20, 2 % in 10 s at 50, and in 30 s at 500: 1 %, 1.5 %
and 3 % with 52, 102 and all different pod sizes. Under 300 MiB, never dearer than Karpenter, 10 % cheaper from 50
services on x86 types. Time is the clock's or the CPU's, whichever is less: an idle machine needs no longer.
"""
_REPEAT = """\
## Repeat it

    make bench            # all of it; rewrites this file and its picture
    make bench QUICK=1    # a small part in about a minute; prints only
"""


def document(cases: Sequence[Case], results: Results) -> str:
    """The whole document as Markdown."""
    return "\n".join(_parts(cases, results))


def _parts(cases: Sequence[Case], results: Results) -> Iterator[str]:
    yield _INTRODUCTION
    yield "\n".join(_bullet(line) for line in machine(results)) + "\n"
    yield f"## Goals\n\n{_GOALS}"
    yield "\n".join(_bullet(line) for line in goals(cases, results)) + "\n"
    yield f"![Cost above the bound and seconds by number of services]({PICTURE})\n"
    for table in tables(cases, results):
        yield f"## {table.title}\n\n{fill(table.note, WIDTH)}\n\n{markdown(table)}\n"
    yield _METHODS.format(runs=KARPENTER_RUNS, mip_seconds=results.mip_seconds)
    yield _REPEAT


def _bullet(line: str) -> str:
    return fill(
        line, WIDTH, initial_indent="* ", subsequent_indent="  ", break_long_words=False, break_on_hyphens=False
    )


def machine(results: Results) -> Iterator[str]:
    """When, where and under what load it was measured."""
    measured: Machine = results.machine
    yield f"Date: {results.date}, {results.minutes:.0f} minutes in all"
    yield (f"Machine: {measured.cores} cores ({measured.processor}), {measured.memory_gib:.1f} GiB, {measured.system}")
    yield f"Versions: {', '.join(measured.versions)}"
    yield (
        f"Load: other programs took {measured.others:.0%} of the machine's CPU time meanwhile; one-minute load"
        f" {measured.load_before:.1f} before and {measured.load_after:.1f} after. Seconds on the clock are longer for"
        " it, CPU seconds hardly are."
    )


def goals(cases: Sequence[Case], results: Results) -> Iterator[str]:
    """One line for each goal that was missed and each surprise; one line that all were met otherwise."""
    by_key = {case.key: case for case in cases}
    missed = [(by_key[row.case], row.seed, misses(by_key[row.case], row)) for row in results.rows]
    lines = [f"{case.title}, seed {seed}: {'; '.join(each)}" for case, seed, each in missed if each]
    yield f"{len(results.rows) - len(lines)} of {len(results.rows)} instances met every goal of theirs."
    yield from (f"Missed: {line}" for line in lines)
    for row in results.rows:
        most = out_of_reach(by_key[row.case], row)
        if most is not None:
            yield (
                f"Out of reach: {by_key[row.case].title}, seed {row.seed}: {percent(saving(row))} below Karpenter, and"
                f" no packing can be more than {percent(most)} below"
            )
    yield from (f"Doubt: {line}" for line in surprises(cases, results.rows))
    run = {row.case for row in results.rows}
    left = [case.title for case in cases if case.key not in run]
    if left:
        yield f"Not run this time: {'; '.join(left)}."
    yield from (f"Failed: `{each.command}`: {each.failure}" for each in results.programs if each.failure)


def markdown(table: Table) -> str:
    """A table whose columns line up in the source too."""
    cells = [tuple(cell.replace("|", "\\|") for cell in row) for row in (table.header, *table.rows)]
    widths = [max(3, *(len(row[column]) for row in cells)) for column in range(len(table.header))]
    right = [name not in WORDS for name in table.header]

    def line(row: Sequence[str]) -> str:
        padded = (
            cell.rjust(width) if flush else cell.ljust(width)
            for cell, width, flush in zip(row, widths, right, strict=True)
        )
        return f"| {' | '.join(padded)} |"

    rule = "|".join(f"-{'-' * width}{':' if flush else '-'}" for width, flush in zip(widths, right, strict=True))
    return "\n".join([line(cells[0]), f"|{rule}|", *(line(row) for row in cells[1:])])
