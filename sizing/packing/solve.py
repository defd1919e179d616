"""`pack`: climbs the ladder for each part of a problem and keeps the best packing and the best bound."""

from dataclasses import dataclass
from decimal import Decimal

from sizing.packing.best_fit import best_fit
from sizing.packing.fluid import fluid
from sizing.packing.nodes import cost
from sizing.packing.parts import Load, Part, assemble, cut
from sizing.packing.problem import Packing, Problem


@dataclass(frozen=True, kw_only=True)
class Effort:
    """How far to climb. Limits count steps, never seconds, so that equal input gives equal output."""

    solver: bool = True
    """Use HiGHS where it is installed."""


NORMAL = Effort()


@dataclass(frozen=True, kw_only=True)
class Solved:
    """The best of one part, in its price unit."""

    loads: list[Load]
    bound: int
    method: str


def pack(problem: Problem, *, effort: Effort = NORMAL) -> Packing:
    """Pack pods on the cheapest machines.

    Args:
        problem: pods, machines and zones.
        effort: how far to climb.

    Raises:
        NoFitError: naming every pod that fits on no machine.
    """
    parts = cut(problem)
    solved = [(part, _climb(part, effort)) for part in parts]
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
    )


def _climb(part: Part, effort: Effort) -> Solved:
    del effort
    relaxed = fluid(part)
    return Solved(loads=best_fit(part, relaxed), bound=relaxed.bound, method="best fit")
