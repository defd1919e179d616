"""The fluid bound: pods are poured, not placed. Instant, exact, and needs no solver.

Capacity bought must cover what is asked for, resource by resource, over every set of bins that some pods are confined
to (one zone, on-demand machines), and there must be as many bins as the widest spread needs. It is a relaxation, so its
least cost is a lower bound; the prices of its rows say what a vCPU and a MiB are worth, which the heuristics use.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil

from sizing.packing.covering import cover
from sizing.packing.parts import Item, Part


@dataclass(frozen=True, kw_only=True)
class Fluid:
    """The relaxation's answer, in the part's price unit."""

    bound: int
    """Rounded up to what a packing can cost at all."""
    amounts: tuple[Fraction, ...]
    """How many of each bin."""
    worth: tuple[float, float]
    """What one thousandth of a vCPU and one MiB are worth; at least one is above 0."""


def fluid(part: Part) -> Fluid:
    """Solve the relaxation of one part."""
    rows: list[tuple[list[int], int]] = []
    for items, bins in _confined(part):
        inside = [index in bins for index in range(len(part.bins))]
        sizes = [(each.cpu, each.memory, each.pods, 1) for each in part.bins]
        wanted = (
            sum(item.cpu * item.count for item in items),
            sum(item.memory * item.count for item in items),
            sum(item.count for item in items),
            max(-(-item.count // item.cap) for item in items),
        )
        for kind, need in enumerate(wanted):
            rows.append(([size[kind] * here for size, here in zip(sizes, inside, strict=True)], need))
    best = cover([each.price for each in part.bins], [row for row, _ in rows], [need for _, need in rows])
    return Fluid(
        bound=ceil(best.cost / part.step) * part.step,
        amounts=best.amounts,
        worth=_worth(part, best.prices),
    )


def _confined(part: Part) -> Iterator[tuple[list[Item], set[int]]]:
    """Sets of items with the bins that they are confined to: everything, each zone, and the same without spot."""
    for spot in (True, False):
        for zone in sorted({"", *(item.zone for item in part.items)}):
            items = [item for item in part.items if zone in ("", item.zone) and (spot or not item.spot)]
            bins = {i for i, each in enumerate(part.bins) if zone in ("", each.zone) and (spot or not each.spot)}
            if items:
                yield items, bins
        if not any(each.spot for each in part.bins):
            return


def _worth(part: Part, prices: Sequence[Fraction]) -> tuple[float, float]:
    cpu, memory = float(sum(prices[0::4])), float(sum(prices[1::4]))
    if cpu > 0 or memory > 0:
        return cpu, memory
    # Only pod slots or the spread bind: weigh both by what the largest bin has.
    return 1 / max(1, *(each.cpu for each in part.bins)), 1 / max(1, *(each.memory for each in part.bins))
