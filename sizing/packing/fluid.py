"""The fluid bound: pods are poured, not placed. Instant, exact, and needs no solver.

Any share of a pod may go to any kind of bin that admits it; what is poured into a kind must fit the CPU, memory and pod
slots of as many of them as are bought, and there must be as many bins as the widest spread needs. It is a relaxation,
so its least cost is a lower bound. Which kind a pod goes to matters: memory-heavy machines are cheap by the MiB, but
pods that would use them have to exist.

The dual has prices a, b, g of CPU, memory and slots for each kind of bin, and d for one more bin, with
C a + M b + P g + d <= price; a pod is worth c a + m b + g where that is least. Pods of nearly equal memory per CPU are
poured together to find good prices; the bound is then computed from these, in whole numbers, for the pods as they are.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import floor
from typing import Final, NamedTuple

from sizing.packing.covering import cover
from sizing.packing.parts import Bin, Item, Part

STREAMS: Final = 12
"""Pods of one zone and purchase option are poured in at most so many streams."""
SCALE: Final = 10**9
"""Prices per thousandth of a vCPU and per MiB are kept as whole multiples of a billionth."""

Prices = tuple[int, int, int]
"""Of CPU, memory and slots in one kind of bin, times `SCALE`."""


@dataclass(frozen=True, kw_only=True)
class Fluid:
    """The relaxation's answer, in the part's price unit."""

    bound: int
    """Rounded up to what a packing can cost at all."""
    amounts: tuple[float, ...]
    """How many of each bin."""
    values: tuple[float, ...]
    """What a pod is worth, by item: no bin holds pods worth more than its price."""
    worth: tuple[float, float]
    """What one thousandth of a vCPU and one MiB are worth over all bins; at least one is above 0."""


def fluid(part: Part) -> Fluid:
    """Solve the relaxation of one part."""
    streams = _streams(part.items)
    spread = max(-(-item.count // item.cap) for item in part.items)
    kinds, count = len(part.bins), len(part.bins) + len(streams) * len(part.bins)
    rows: list[list[float]] = []
    for place, stream in enumerate(streams):
        row = [0.0] * count
        for index, each in enumerate(part.bins):
            row[kinds + place * kinds + index] = float(each.admits(stream.sample))
        rows.append(row)
    for index, each in enumerate(part.bins):
        for kind, size in enumerate((each.cpu, each.memory, each.pods)):
            row = [0.0] * count
            row[index] = 1.0
            for place, stream in enumerate(streams):
                row[kinds + place * kinds + index] = -stream.sizes[kind] / size if size else 0.0
            rows.append(row)
    rows.append([1.0] * kinds + [0.0] * (count - kinds))
    costs = [*(float(each.price) for each in part.bins), *(0.0 for _ in range(count - kinds))]
    best = cover(costs, rows, [*(1.0 for _ in streams), *(0.0 for _ in range(3 * kinds)), float(spread)])
    first = len(streams)
    found = [best.prices[first + 3 * index : first + 3 * index + 3] for index in range(kinds)]
    more = min(floor(best.prices[-1] * SCALE), *(each.price * SCALE for each in part.bins))
    prices = [_feasible(each, dual, more) for each, dual in zip(part.bins, found, strict=True)]
    values = [_value(part, prices, item) for item in part.items]
    total = sum(value * item.count for value, item in zip(values, part.items, strict=True)) + more * spread
    return Fluid(
        bound=-(-total // (SCALE * part.step)) * part.step,
        amounts=best.amounts[:kinds],
        values=tuple(value / SCALE for value in values),
        worth=_worth(part, best.amounts, prices),
    )


class _Stream(NamedTuple):
    sample: Item
    """Any of its items; all have one zone and purchase option."""
    sizes: tuple[int, int, int]
    """CPU, memory and pods in all."""


def _streams(items: Sequence[Item]) -> list[_Stream]:
    streams: list[_Stream] = []
    for zone, spot in sorted({(item.zone, item.spot) for item in items}):
        alike = [item for item in items if (item.zone, item.spot) == (zone, spot)]
        alike.sort(key=lambda item: (item.memory / max(1, item.cpu), item.name))
        size = -(-len(alike) // STREAMS)
        for first in range(0, len(alike), size):
            poured = alike[first : first + size]
            sizes = [(item.cpu * item.count, item.memory * item.count, item.count) for item in poured]
            cpu, memory, pods = (sum(each) for each in zip(*sizes, strict=True))
            streams.append(_Stream(poured[0], (cpu, memory, pods)))
    return streams


def _feasible(bought: Bin, dual: Sequence[float], more: int) -> Prices:
    """Round a bin's prices down to whole numbers that its own price allows."""
    sizes = (bought.cpu, bought.memory, bought.pods)
    prices = [floor(price / size * SCALE) if size else 0 for price, size in zip(dual, sizes, strict=True)]
    spent = sum(price * size for price, size in zip(prices, sizes, strict=True))
    allowed = bought.price * SCALE - more
    if spent > allowed:
        prices = [price * allowed // spent for price in prices]
    return prices[0], prices[1], prices[2]


def _value(part: Part, prices: Sequence[Prices], item: Item) -> int:
    return min(
        cpu * item.cpu + memory * item.memory + slot
        for each, (cpu, memory, slot) in zip(part.bins, prices, strict=True)
        if each.admits(item)
    )


def _worth(part: Part, amounts: Sequence[float], prices: Sequence[Prices]) -> tuple[float, float]:
    cpu = memory = cpus = memories = 0.0
    for each, amount, price in zip(part.bins, amounts, prices, strict=False):
        cpus, memories = cpus + amount * each.cpu, memories + amount * each.memory
        cpu, memory = cpu + amount * each.cpu * price[0], memory + amount * each.memory * price[1]
    if cpu > 0 or memory > 0:
        return cpu / max(1.0, cpus) / SCALE, memory / max(1.0, memories) / SCALE
    # Only pod slots or the spread bind: weigh both by what the largest bin has.
    return 1 / max(1, *(each.cpu for each in part.bins)), 1 / max(1, *(each.memory for each in part.bins))
