"""Runs every method on every seed of every case, each in a fresh process, and judges what comes out."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from statistics import median
from typing import Final

from pydantic import TypeAdapter

from benchmarks import karpenter
from benchmarks.cases import Case
from benchmarks.child import Said
from benchmarks.judge import faults
from benchmarks.measured import Method, Outcome, Row
from benchmarks.process import Finished, run
from sizing.packing import Problem

KARPENTER_RUNS: Final = 3
"""Its scheduler breaks ties between zones at random: with zones the cheapest run counts, and the median time."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """One method on one seed of a case."""

    case: Case
    seed: int
    method: Method


def steps(cases: Sequence[Case], *, quick: bool, seeds: int) -> tuple[Step, ...]:
    """What a run does, in order.

    Args:
        cases: what there is.
        quick: only the first seed of the cases that are part of the short run.
        seeds: the most seeds of one case.
    """
    return tuple(
        Step(case=case, seed=seed, method=method)
        for case in cases
        if case.quick or not quick
        for seed in case.seeds[: 1 if quick else seeds]
        for method in ("groundswell", "karpenter", "mip")
        if method != "mip" or seed in case.mip_seeds
    )


def measure(planned: Sequence[Step], *, program: Path, mip_seconds: int, tell: Callable[[Step], None]) -> list[Row]:
    """Carry the steps out.

    Args:
        planned: the steps; those of one seed of one case follow each other.
        program: Karpenter's scheduler.
        mip_seconds: time limit of the plain MIP.
        tell: called before each step.
    """
    rows: dict[tuple[str, int], Row] = {}
    for step in planned:
        tell(step)
        problem = step.case.build(step.seed)
        place = (step.case.key, step.seed)
        if place not in rows:
            pods = sum(pods.count for pods in problem.pods)
            rows[place] = Row(case=step.case.key, seed=step.seed, pods=pods, outcomes={})
        theirs = step.method == "karpenter"
        outcome = _karpenter(problem, program) if theirs else _child(step, problem, mip_seconds)
        rows[place].outcomes[step.method] = outcome
    return list(rows.values())


def _child(step: Step, problem: Problem, mip_seconds: int) -> Outcome:
    limit = [str(mip_seconds)] if step.method == "mip" else []
    ended = run([sys.executable, "-m", "benchmarks.child", step.method, step.case.key, str(step.seed), *limit])
    if ended.usage.code:
        return failed(ended)
    said = TypeAdapter(Said).validate_json(ended.output)
    return Outcome(
        cost=said.cost,
        bound=said.bound,
        nodes=len(said.nodes),
        seconds=said.seconds,
        usage=ended.usage,
        how=said.how,
        faults=() if said.cost is None else _faults(problem, said),
    )


def _faults(problem: Problem, said: Said | karpenter.Answer) -> tuple[str, ...]:
    prices = {machine.name: machine.price for machine in problem.machines}
    bought = sum((prices.get(node.machine, Decimal(0)) for node in said.nodes), Decimal(0))
    wrong = [] if bought == said.cost else [f"the nodes cost {bought}, not {said.cost}"]
    return (*wrong, *faults(problem, said.nodes, exact_zones=isinstance(said, Said)))


def _karpenter(problem: Problem, program: Path) -> Outcome:
    question = karpenter.question(problem)
    zoned = any(pods.zones is not None for pods in problem.pods)
    ended = [run([str(program)], text=question) for _ in range(KARPENTER_RUNS if zoned else 1)]
    for each in ended:
        if each.usage.code:
            return failed(each)
    answers = [(karpenter.answer(problem, each.output), each.usage) for each in ended]
    best, usage = min(answers, key=lambda pair: pair[0].cost)
    return Outcome(
        cost=best.cost,
        bound=None,
        nodes=len(best.nodes),
        seconds=median(answer.seconds for answer, _ in answers),
        usage=usage,
        how=best.version,
        faults=_faults(problem, best),
    )


def failed(ended: Finished) -> Outcome:
    """A process that gave no answer: the last line that it said stands for it."""
    said = ended.errors.strip().splitlines()
    how = f"exit code {ended.usage.code}: {said[-1] if said else 'nothing said'}"
    return Outcome(cost=None, bound=None, nodes=0, seconds=ended.usage.seconds, usage=ended.usage, how=how)


def gap(row: Row, method: Method) -> Decimal | None:
    """What a method's packing costs above the bound that our packer proved, as a share of the bound."""
    outcome, ours = row.outcomes.get(method), row.outcomes["groundswell"]
    if outcome is None or outcome.cost is None or not ours.bound:
        return None
    return outcome.cost / ours.bound - 1


def saving(row: Row) -> Decimal | None:
    """By what share of Karpenter's cost our packing undercuts it; negative when ours is dearer."""
    ours, theirs = row.outcomes["groundswell"].cost, row.outcomes["karpenter"].cost
    return None if ours is None or theirs is None else 1 - ours / theirs
