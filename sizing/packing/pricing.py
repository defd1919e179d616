"""Finds columns worth adding: a two-dimensional bounded knapsack whose one table answers for every machine at once.

Cell (c, m) of the table holds the most that pods of c grid steps of CPU and m of memory can be worth. Sizes and
machines are rounded down to the grid, for pricing only: the table never undervalues a pattern, so bounds stay valid. A
pattern that exceeds its machine then loses its least valuable pods. Single precision halves the time; its rounding
(below 1e-5 for 110 pods) is allowed for where bounds are stated.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from math import gcd
from typing import TYPE_CHECKING, Final

from sizing.packing.parts import Part

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Step = tuple[int, int, int, int, NDArray[np.uint8]]
    """Item, pods, grid steps of CPU and memory that they take, and a bit per cell: taking them there was better."""

CPU_STEP: Final = 50
"""Thousandths of a vCPU; finer only where the cells stay few."""
MEMORY_STEP: Final = 64
MOST_CELLS: Final = 620_000
"""Of the fine grid: 16 vCPU and 128 GiB in steps of 50m and 64 MiB."""
COARSER: Final = 4
"""The coarse grid's memory step counts so many fine ones."""
NEAR: Final = ((0, 0), (0, 1), (1, 0), (1, 1), (2, 0), (0, 2))
"""Cells read for each bin: its corner, and its neighbours, whose patterns differ and help the master just as much."""

Pattern = tuple[int, dict[int, int]]
"""Bin, and pods by item, that it holds."""


@dataclass(frozen=True, kw_only=True)
class Grid:
    """Steps of CPU (thousandths of a vCPU) and memory (MiB)."""

    cpu: int
    memory: int


def grids(part: Part) -> tuple[Grid, Grid]:
    """Choose a coarse and a fine grid: exact where the pods' sizes have a common step that leaves few enough cells."""
    cpu = reduce(gcd, (item.cpu for item in part.items)) or CPU_STEP
    memory = reduce(gcd, (item.memory for item in part.items)) or MEMORY_STEP
    widest, highest = max(each.cpu for each in part.bins), max(each.memory for each in part.bins)
    while (widest // cpu + 1) * (highest // memory + 1) > MOST_CELLS:
        cpu, memory = (CPU_STEP, memory) if cpu < CPU_STEP else (cpu, max(memory * 2, MEMORY_STEP))
    return Grid(cpu=cpu, memory=memory * COARSER), Grid(cpu=cpu, memory=memory)


class Table:
    """Prices the bins that admit the same items.

    Args:
        part: the part.
        bins: indices of those bins.
    """

    def __init__(self, part: Part, bins: Sequence[int]) -> None:
        self._part = part
        self.bins = tuple(bins)
        self.items = tuple(index for index in range(len(part.items)) if self._room(index))
        """Items that fit on one of the bins."""
        self._most = {index: self._room(index) for index in self.items}

    def _room(self, index: int) -> int:
        item, rooms = self._part.items[index], [0]
        for bought in (self._part.bins[each] for each in self.bins):
            if bought.takes(item):
                cpu = bought.cpu // item.cpu if item.cpu else item.cap
                memory = bought.memory // item.memory if item.memory else item.cap
                rooms.append(min(cpu, memory, bought.pods, item.cap))
        return max(rooms)

    def price(self, worth: Sequence[float], left: Sequence[int], grid: Grid) -> tuple[list[float], list[Pattern]]:
        """Find the most that each bin can hold.

        Args:
            worth: of one pod, by item.
            left: pods that may be used, by item.
            grid: steps of the table.

        Returns:
            For each of `bins` an upper bound on the worth of any pattern in it; and patterns close to it, which
            may exceed their bins by rounding.
        """
        import numpy as np  # noqa: PLC0415 - comes with the solver, and nothing else here needs it

        bins = [self._part.bins[index] for index in self.bins]
        table, steps = self._fill(worth, left, grid)
        corner_cpu = np.array([each.cpu // grid.cpu for each in bins])
        corner_memory = np.array([each.memory // grid.memory for each in bins])
        most = [float(value) for value in table[corner_cpu, corner_memory]]
        cpu = np.concatenate([np.maximum(corner_cpu - less, 0) for less, _ in NEAR])
        memory = np.concatenate([np.maximum(corner_memory - less, 0) for _, less in NEAR])
        patterns: list[Pattern] = [(index, {}) for _ in NEAR for index in self.bins]
        for item, pods, wide, high, bits in reversed(steps):
            fits = (cpu >= wide) & (memory >= high)
            there_cpu, there_memory = np.where(fits, cpu - wide, 0), np.where(fits, memory - high, 0)
            taken = fits & ((bits[there_cpu, there_memory >> 3] >> (7 - (there_memory & 7)) & 1) == 1)
            cpu, memory = cpu - wide * taken, memory - high * taken
            for index in np.flatnonzero(taken):
                held = patterns[index][1]
                held[item] = held.get(item, 0) + pods
        return most, patterns

    def completions(self, worth: Sequence[float], left: Sequence[int], grid: Grid) -> list["NDArray[np.float32]"]:
        """Give for each place in `items`, and for the end, the table of the items from there on."""
        import numpy as np  # noqa: PLC0415 - as above

        tables: list[NDArray[np.float32]] = []
        for place in range(len(self.items) + 1):
            rest = [0] * len(left)
            for index in self.items[place:]:
                rest[index] = left[index]
            tables.append(self._fill(worth, rest, grid)[0])
        return tables

    def _fill(
        self, worth: Sequence[float], left: Sequence[int], grid: Grid
    ) -> tuple["NDArray[np.float32]", list["Step"]]:
        import numpy as np  # noqa: PLC0415 - as above

        width = max(self._part.bins[index].cpu for index in self.bins) // grid.cpu
        height = max(self._part.bins[index].memory for index in self.bins) // grid.memory
        table = np.zeros((width + 1, height + 1), dtype=np.float32)
        raised, better = np.empty_like(table), np.empty(table.shape, dtype=np.bool_)
        steps: list[Step] = []
        for index in self.items:
            item = self._part.items[index]
            open_ = min(self._most[index], left[index]) if worth[index] > 0 else 0
            chunk = 1
            while open_ > 0:  # 1, 2, 4, ... and the rest: every number up to the whole is a sum of some of them
                pods = min(chunk, open_)
                open_, chunk = open_ - pods, chunk * 2
                wide, high = item.cpu * pods // grid.cpu, item.memory * pods // grid.memory
                if wide > width or high > height:
                    continue
                old, new, gain = table[wide:, high:], raised[wide:, high:], better[wide:, high:]
                np.add(table[: width + 1 - wide, : height + 1 - high], np.float32(worth[index] * pods), out=new)
                np.greater(new, old, out=gain)
                steps.append((index, pods, wide, high, np.packbits(gain, axis=1)))
                np.maximum(new, old, out=old)
        return table, steps
