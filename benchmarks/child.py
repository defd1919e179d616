"""One method on one problem, in a process of its own: `python -m benchmarks.child METHOD CASE SEED [SECONDS]`."""

import json
import sys
import time
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import cast

from benchmarks.cases import by_key
from sizing.packing import Node, Problem, pack


@dataclass(frozen=True, kw_only=True)
class Said:
    """What a child prints as JSON. Costs are USD per hour, `seconds` those of the method alone."""

    cost: Decimal | None
    bound: Decimal | None
    seconds: float
    how: str
    nodes: tuple[Node, ...]


def groundswell(problem: Problem) -> Said:
    """Our packer with its normal effort."""
    started = time.perf_counter()
    packing = pack(problem)
    seconds = time.perf_counter() - started
    return Said(cost=packing.cost, bound=packing.bound, seconds=seconds, how=packing.method, nodes=packing.nodes)


def mip(problem: Problem, seconds: int) -> Said:
    """A plain MIP under a time limit."""
    # The solver's bindings would count in the memory of the packer, which may do without them.
    from benchmarks.mip import solve  # noqa: PLC0415

    found = solve(problem, seconds)
    how = f"{found.status}, {found.columns} columns"
    return Said(cost=found.cost, bound=found.bound, seconds=found.seconds, how=how, nodes=found.nodes)


def main(arguments: list[str]) -> int:
    """Run the method and print what came out."""
    method, key, seed, *limit = arguments
    problem = by_key(key).build(int(seed))
    said = mip(problem, int(limit[0])) if method == "mip" else groundswell(problem)
    print(json.dumps(asdict(said), default=_plain))
    return 0


def _plain(value: object) -> object:
    return str(value) if isinstance(value, Decimal) else dict(cast("dict[str, int]", value))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
