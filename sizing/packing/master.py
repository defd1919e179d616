"""The covering master over columns (one node's pods at one price), solved by HiGHS. The only module that imports it.

HiGHS runs on one thread with a fixed seed and is stopped by counts of nodes and iterations, never by the clock, so the
same columns give the same answer.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from math import inf
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import highspy

Column = tuple[int, Mapping[int, int]]
"""Price, and what the column adds to each row."""


def solver_installed() -> bool:
    """HiGHS can be imported."""
    return find_spec("highspy") is not None


@dataclass(frozen=True, kw_only=True)
class Answer:
    """An integer master's answer. `bound` is proved, whether the search ended or was stopped."""

    amounts: tuple[int, ...]
    bound: float


def _solver() -> "highspy.Highs":
    import highspy  # noqa: PLC0415 - plans are made without it, too

    solver = highspy.Highs()
    for option, value in (("output_flag", False), ("threads", 1), ("parallel", "off"), ("random_seed", 1)):
        solver.setOptionValue(option, value)
    return solver


class Master:
    """min sum price x with sum column x >= need per row, x >= 0. Columns may be added, needs changed."""

    def __init__(self, needs: Sequence[float]) -> None:
        import numpy as np  # noqa: PLC0415 - comes with highspy

        self._np = np
        self._highs = _solver()
        self._highs.setOptionValue("presolve", "off")
        self._highs.setOptionValue("solver", "simplex")
        self.columns: list[Column] = []
        count = len(needs)
        self._highs.addRows(
            count,
            np.asarray(needs, dtype=np.float64),
            np.full(count, inf),
            0,
            np.zeros(count, dtype=np.int32),
            np.zeros(0, dtype=np.int32),
            np.zeros(0),
        )

    def add(self, columns: Sequence[Column]) -> None:
        """Append columns."""
        np = self._np
        sizes = [len(rows) for _, rows in columns]
        self._highs.addCols(
            len(columns),
            np.asarray([price for price, _ in columns], dtype=np.float64),
            np.zeros(len(columns)),
            np.full(len(columns), inf),
            sum(sizes),
            np.cumsum([0, *sizes[:-1]], dtype=np.int32),
            np.asarray([row for _, rows in columns for row in rows], dtype=np.int32),
            np.asarray([value for _, rows in columns for value in rows.values()], dtype=np.float64),
        )
        self.columns += columns

    def need(self, row: int, value: float) -> None:
        """Change one row's requirement."""
        self._highs.changeRowBounds(row, value, inf)

    def solve(self) -> tuple[float, Sequence[float], Sequence[float]]:
        """Solve the relaxation: its value, the amounts of the columns, the prices of the rows."""
        self._highs.run()
        solution = self._highs.getSolution()
        return self._highs.getInfo().objective_function_value, solution.col_value, solution.row_dual

    def solve_whole(self, start: Mapping[int, int], *, nodes: int, step: float) -> Answer:
        """Buy whole columns only.

        Args:
            start: a packing to start from: how often each column is bought.
            nodes: most branch-and-bound nodes.
            step: costs are multiples of it, so a bound less than that away proves the optimum.
        """
        import highspy  # noqa: PLC0415 - as above

        np, count = self._np, len(self.columns)
        whole = np.full(count, int(highspy.HighsVarType.kInteger), dtype=np.uint8)
        self._highs.changeColsIntegrality(count, np.arange(count, dtype=np.int32), whole)
        self._highs.setOptionValue("presolve", "on")
        self._highs.setOptionValue("mip_rel_gap", 0.0)
        self._highs.setOptionValue("mip_abs_gap", step * 0.999)
        self._highs.setOptionValue("mip_max_nodes", nodes)
        columns = np.asarray(list(start), dtype=np.int32)
        self._highs.setSolution(len(start), columns, np.asarray(list(start.values()), dtype=np.float64))
        self._highs.run()
        amounts = tuple(round(amount) for amount in self._highs.getSolution().col_value)
        return Answer(amounts=amounts, bound=self._highs.getInfo().mip_dual_bound)
