"""`pack`: climbs the ladder for each part of a problem and keeps the best packing and the best bound.

1. best-fit decreasing; 2. ruin and recreate; 3. column generation; 4. diving; 5. a MIP over all columns that could
still help. Rungs 3 to 5 need HiGHS. The ladder is left as soon as cost and bound meet.
"""

from dataclasses import dataclass
from decimal import Decimal
from math import ceil
from typing import Final

from sizing.packing.best_fit import best_fit
from sizing.packing.classes import Classes, classes
from sizing.packing.columns import Columns
from sizing.packing.dive import dive, dive_again
from sizing.packing.exact import exact
from sizing.packing.fluid import fluid
from sizing.packing.master import solver_installed
from sizing.packing.nodes import cost
from sizing.packing.parts import Load, Part, assemble, cut
from sizing.packing.problem import Packing, Problem
from sizing.packing.ruin import ruin_and_recreate

FEW_ITEMS: Final = 24
"""Up to so many items, only those are merged for which merging loses nothing."""
TIGHT: Final = 1e-6
LOOSE: Final = 2e-3
"""What column generation may leave open, as a share: little where the last rung needs its prices."""
NOISE: Final = 1e-6
"""Of a step, by which HiGHS's own bounds may be off."""
RUINS_PER_NODE: Final = 4_000
"""Few nodes have few ways to be emptied."""
NO_SOLVER: Final = "highspy is not installed: no column generation, so the packing may be dearer and its gap is wide"


@dataclass(frozen=True, kw_only=True)
class Effort:
    """How far to climb. Limits count steps, never seconds, so that equal input gives equal output."""

    ruins: int = 20_000
    """Steps of ruin and recreate."""
    ruins_alone: int = 60_000
    """The same where no solver follows."""
    rounds: int = 250
    """Rounds of column generation."""
    classes: int = 150
    """Most different pods for column generation, times the zones and purchase options that are priced apart: with more,
    its rounds take longer than ruin and recreate needs."""
    dives: int = 20
    """Dives for a few nodes each."""
    emptied: int = 5
    """Nodes that are emptied for one dive."""
    columns: int = 2_000
    """Most columns of the last rung's MIP."""
    nodes: int = 40
    """Most branch-and-bound nodes of it."""
    solver: bool = True
    """Use HiGHS where it is installed."""


NORMAL: Final = Effort()


@dataclass(frozen=True, kw_only=True)
class Solved:
    """The best of one part, in its price unit."""

    loads: list[Load]
    bound: int
    method: str


def pack(problem: Problem, *, effort: Effort = NORMAL, ceiling: Decimal | None = None) -> Packing:
    """Pack pods on the cheapest machines.

    Args:
        problem: pods, machines and zones.
        effort: how far to climb.
        ceiling: stop where the bound shows that the packing cannot cost less than this (USD per hour).

    Raises:
        NoFitError: naming every pod that fits on no machine.
    """
    parts = cut(problem)
    solver = effort.solver and solver_installed()
    solved: list[tuple[Part, Solved]] = []
    for part in parts:
        # With several parts the others' costs would have to come off the ceiling first; it is rarely worth it.
        hopeless = None if ceiling is None or len(parts) > 1 else ceiling / part.unit / max(1, len(part.copies))
        solved.append((part, _climb(part, effort, hopeless, solver=solver)))
    total, bound = Decimal(0), Decimal(0)
    for part, best in solved:
        copies = max(1, len(part.copies))
        total += cost(part, best.loads) * part.unit * copies
        bound += best.bound * part.unit * copies
    return Packing(
        nodes=assemble(problem, [(part, best.loads) for part, best in solved]),
        cost=total,
        bound=bound,
        method=", ".join(sorted({best.method for _, best in solved})),
        notes=() if solver or not effort.solver else (NO_SOLVER,),
    )


class _Climb:
    """The best so far of one part, while the ladder is climbed."""

    def __init__(self, kinds: Classes, hopeless: Decimal | None) -> None:
        self.kinds = kinds
        self.hopeless = hopeless
        self.relaxed = fluid(kinds.merged)
        self.bound = self.relaxed.bound
        self.classes = best_fit(kinds.merged, self.relaxed)
        """The best packing of the merged part, whose services may not fit it."""
        self.loads = kinds.back(self.classes, self.relaxed)
        self.method = "best fit"

    def offer(self, loads: list[Load], method: str) -> None:
        """Keep a packing of classes, and the services' packing that follows from it, where they are cheaper."""
        if cost(self.kinds.merged, loads) < cost(self.kinds.merged, self.classes):
            self.classes = loads
        back = self.kinds.back(loads, self.relaxed)
        if cost(self.kinds.part, back) < cost(self.kinds.part, self.loads):
            self.loads, self.method = back, method

    def prove(self, bound: float) -> None:
        """Raise the bound; between two multiples of the prices' common step no packing can cost anything."""
        step = self.kinds.part.step
        self.bound = max(self.bound, ceil(bound / step - NOISE) * step)

    @property
    def done(self) -> bool:
        """Nothing is left to gain."""
        settled = cost(self.kinds.part, self.loads) <= self.bound
        return settled or (self.hopeless is not None and self.bound >= self.hopeless)


def _climb(part: Part, effort: Effort, hopeless: Decimal | None, *, solver: bool) -> Solved:
    best = _Climb(classes(part, exactly=len(part.items) <= FEW_ITEMS), hopeless)
    merged = best.kinds.merged
    sorts = len({(each.zone, each.spot) for each in merged.bins})
    solver = solver and len(merged.items) * sorts <= effort.classes
    if not best.done:
        steps = min(effort.ruins if solver else effort.ruins_alone, RUINS_PER_NODE * len(best.classes))
        best.offer(ruin_and_recreate(merged, best.classes, best.relaxed, steps), "ruin and recreate")
    if solver and not best.done:
        _with_solver(best, effort)
    return Solved(loads=best.loads, bound=best.bound, method=best.method)


def _with_solver(best: _Climb, effort: Effort) -> None:
    merged = best.kinds.merged
    columns = Columns(merged, best.classes, best.relaxed.bound)
    few = len(merged.items) <= FEW_ITEMS
    columns.relax(effort.rounds, TIGHT if few else LOOSE)
    best.prove(columns.bound)
    if not best.done:
        # From a dive of its own: a packing that ruin and recreate has settled leaves no node worth emptying.
        start = dive(columns, columns.needs, columns.coarse)
        best.offer(dive_again(columns, start, effort.dives, effort.emptied), "diving")
    if not best.done:
        proof = exact(columns, best.classes, most=effort.columns, nodes=effort.nodes)
        best.offer(proof.loads, "direct")
        best.prove(proof.bound)
