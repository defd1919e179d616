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

STREAMS: Final = 24
"""Pods are poured in about so many streams, over all zones and purchase options."""
MOST_ALIKE: Final = 12
"""Streams of one zone and purchase option."""
SLOTS: Final = 2
"""Place of pod slots among the sizes of a stream and a bin: CPU, memory, slots."""
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
    spread = max(-(-item.count // item.cap) for item in part.items)
    amounts, duals, more = _pour(part, _streams(part.items), spread)
    more = min(floor(more * SCALE), *(each.price * SCALE for each in part.bins))
    prices = [_feasible(each, dual, more) for each, dual in zip(part.bins, duals, strict=True)]
    values = [_value(part, prices, item) for item in part.items]
    total = sum(value * item.count for value, item in zip(values, part.items, strict=True)) + more * spread
    return Fluid(
        bound=-(-total // (SCALE * part.step)) * part.step,
        amounts=amounts,
        values=tuple(value / SCALE for value in values),
        worth=_worth(part, amounts, prices),
    )


def _pour(part: Part, streams: Sequence["_Stream"], spread: int) -> tuple[tuple[float, ...], list[list[float]], float]:
    """Solve the linear program: amounts of the bins, their prices of all CPU, memory and slots, price of one more bin.

    Columns are bins, then the streams into the bins that admit them. Rows are streams, which must be poured whole; then
    bins and what may run out in them, as shares of one bin; then the spread.
    """
    kinds = range(len(part.bins))
    flows = [
        (k, index) for k, stream in enumerate(streams) for index in kinds if part.bins[index].admits(stream.sample)
    ]
    limits = [(index, kind) for index in kinds for kind in range(3) if kind < SLOTS or _crowded(part, part.bins[index])]
    rows = [[*(0.0 for _ in kinds), *(float(k == place) for k, _ in flows)] for place in range(len(streams))]
    for index, kind in limits:
        size = (part.bins[index].cpu, part.bins[index].memory, part.bins[index].pods)[kind] or 1
        poured = (-streams[k].sizes[kind] / size if into == index else 0.0 for k, into in flows)
        rows.append([*(float(each == index) for each in kinds), *poured])
    rows.append([*(1.0 for _ in kinds), *(0.0 for _ in flows)])
    costs = [*(float(each.price) for each in part.bins), *(0.0 for _ in flows)]
    best = cover(costs, rows, [*(1.0 for _ in streams), *(0.0 for _ in limits), float(spread)])
    duals = [[0.0, 0.0, 0.0] for _ in kinds]
    for (index, kind), price in zip(limits, best.prices[len(streams) : -1], strict=True):
        duals[index][kind] = price
    return best.amounts[: len(kinds)], duals, best.prices[-1]


def _crowded(part: Part, bought: Bin) -> bool:
    """Pods may be so small that the bin's slots run out first."""
    cpu, memory = min(item.cpu for item in part.items), min(item.memory for item in part.items)
    return bought.pods * cpu < bought.cpu and bought.pods * memory < bought.memory


class _Stream(NamedTuple):
    sample: Item
    """Any of its items; all have one zone and purchase option."""
    sizes: tuple[int, int, int]
    """CPU, memory and pods in all."""


def _streams(items: Sequence[Item]) -> list[_Stream]:
    streams: list[_Stream] = []
    sorts = sorted({(item.zone, item.spot) for item in items})
    most = max(2, min(MOST_ALIKE, STREAMS // len(sorts)))
    for zone, spot in sorts:
        alike = [item for item in items if (item.zone, item.spot) == (zone, spot)]
        alike.sort(key=lambda item: (item.memory / max(1, item.cpu), item.name))
        size = -(-len(alike) // most)
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
