"""Rung 3, column generation: the Gilmore-Gomory relaxation, its columns, and Farley's bound.

A column is what one node may hold. The master buys fractions of columns until every pod is covered; pricing finds
columns that its row prices call too cheap. At any time, row prices scaled down until no column is too cheap are a
feasible dual, whose value is a lower bound (Farley 1990), long before the master has converged. Prices are smoothed
towards those of the best bound (Wentges 1997), which roughly halves the rounds.
"""

from collections.abc import Sequence
from typing import Final

from sizing.packing.master import Master
from sizing.packing.parts import Load, Part
from sizing.packing.pricing import Grid, Pattern, Table, grids

SMOOTHING: Final = 0.5
ROUNDING: Final = 1e-5
"""Relative error of single precision over a node's pods, and of HiGHS's feasibility; bounds are lowered by it."""


class Columns:
    """The columns of one part, the master over them, and what the relaxation has proved.

    Args:
        part: the part.
        loads: a packing to start from.
        floor: a lower bound that is known already.
    """

    def __init__(self, part: Part, loads: Sequence[Load], floor: int) -> None:
        self.part = part
        self.needs = [item.count for item in part.items]
        self.master = Master(self.needs)
        self.coarse, self.fine = grids(part)
        self.bound = 0.0
        self._floor = floor
        self.worth: list[float] = [0.0] * len(part.items)
        """Of one pod, by item: row prices under which no column is worth more than its price."""
        self.bins: list[int] = []
        """Bin of each column of the master."""
        self._seen: set[object] = set()
        sorts: dict[object, list[int]] = {}
        for index, each in enumerate(part.bins):
            sorts.setdefault((each.zone, each.spot), []).append(index)
        self.tables = [Table(part, bins) for bins in sorts.values()]
        self.add([(index, dict(pods)) for index, pods in loads])

    def add(self, patterns: Sequence[Pattern]) -> int:
        """Append patterns that are new; gives their number."""
        new: list[Pattern] = []
        for bought, pods in patterns:
            key = (bought, tuple(sorted(pods.items())))
            if pods and key not in self._seen:
                self._seen.add(key)
                new.append((bought, pods))
        if new:
            self.master.add([(self.part.bins[bought].price, pods) for bought, pods in new])
            self.bins += [bought for bought, _ in new]
        return len(new)

    def price(
        self, worth: Sequence[float], left: Sequence[int], grid: Grid, judge: Sequence[float] | None = None
    ) -> tuple[float, int]:
        """Price all bins and append the patterns that the master lacks.

        Args:
            worth: of one pod, by item.
            left: pods that may be used, by item.
            grid: steps of the tables.
            judge: worth by which patterns are kept, where it differs from the one they are sought by.

        Returns:
            How many times its price the best pattern may be worth, and how many patterns were appended.
        """
        highest, kept = 0.0, list[Pattern]()
        for table in self.tables:
            most, patterns = table.price(worth, left, grid)
            prices = [self.part.bins[index].price for index in table.bins]
            highest = max(highest, *(value / price for value, price in zip(most, prices, strict=True)))
            kept += [found for found in patterns if self._repair(found, worth) > 0]
        judged = judge or worth
        return highest, self.add([found for found in kept if self._reduced(found, judged) > 0])

    def _reduced(self, found: Pattern, worth: Sequence[float]) -> float:
        """What a pattern is worth above its price; rounding counts as nothing."""
        price = self.part.bins[found[0]].price
        return sum(worth[item] * count for item, count in found[1].items()) - price * (1 + ROUNDING / 10)

    def _repair(self, found: Pattern, worth: Sequence[float]) -> int:
        """Take pods out of a pattern until it fits its bin; gives what is left of it."""
        items, bought, pods = self.part.items, self.part.bins[found[0]], found[1]
        cpu = sum(items[item].cpu * count for item, count in pods.items()) - bought.cpu
        memory = sum(items[item].memory * count for item, count in pods.items()) - bought.memory
        slots = sum(pods.values()) - bought.pods
        while cpu > 0 or memory > 0 or slots > 0:
            item = min(pods, key=lambda item: (worth[item], item))
            cpu, memory, slots = cpu - items[item].cpu, memory - items[item].memory, slots - 1
            pods[item] -= 1
            if not pods[item]:
                del pods[item]
        return len(pods)

    def relax(self, rounds: int, tolerance: float) -> None:
        """Generate columns until bound and master meet.

        Args:
            rounds: most times that bins are priced.
            tolerance: share of the master's value that may be left between them.
        """
        grid = self.coarse
        for _ in range(rounds):
            value, _, prices = self.master.solve()
            share = SMOOTHING if self.bound else 0.0
            sought = [share * old + (1 - share) * new for old, new in zip(self.worth, prices, strict=True)]
            added = self._round(sought, grid, prices)
            if not added and share:
                added = self._round(prices, grid, prices)
            if not added or value - max(self.bound, self._floor) <= tolerance * value:
                if grid == self.fine:
                    return
                grid = self.fine

    def _round(self, sought: Sequence[float], grid: Grid, prices: Sequence[float]) -> int:
        highest, added = self.price(sought, self.needs, grid, prices)
        scale = max(1.0, highest) * (1 + ROUNDING)
        proved = sum(worth * need for worth, need in zip(sought, self.needs, strict=True)) / scale
        if proved > self.bound:
            self.bound, self.worth = proved, [max(0.0, worth) / scale for worth in sought]
        return added
