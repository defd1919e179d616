"""What `make bench` packs: the travel platform, and random services of stated numbers and pod sizes, with the goals."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal

from benchmarks import families
from sizing.packing import Problem

Section = Literal["platform", "services"]

SEEDS: Final = (1, 2, 3)
MIXES: Final = ((52, "52 pod sizes"), (102, "102 pod sizes"), (None, "all sizes differ"))
COUNTS: Final = (5, 10, 20, 50, 500)
TYPES: Final = (("c5a", ("c5a",)), ("x86", families.X86))
LOST: Final = Decimal("0.075")
"""Share of memory that the hypervisor takes by Karpenter's default."""
THREE_ZONES: Final = ("a", "b", "c")
_EXACT_SERVICES: Final = 10
"""Up to here the plain MIP runs on every seed; beyond it uses up its budget every time and runs on one, or on none."""
_MIP_FAMILY_SERVICES: Final = 50
"""The most services for which it runs on one family alone."""


@dataclass(frozen=True, kw_only=True)
class Goal:
    """What a case must reach; None where nothing is asked.

    Attributes:
        gap: largest share of the bound that the cost may lie above it.
        seconds: longest time of packing.
        month: USD a month that the packing may cost at most, for a case whose optimum is known.
        saving: least share by which the packing must undercut Karpenter's.
    """

    gap: Decimal
    seconds: float
    month: Decimal | None = None
    saving: Decimal = Decimal(0)


@dataclass(frozen=True, kw_only=True)
class Case:
    """One line of the tables.

    Attributes:
        key: names the case on the command line of a child process.
        services: how many.
        build: the problem of a seed.
        karpenter_month: what Karpenter's scheduler is known to cost, USD a month, measured apart from this program.
        mip_seeds: the seeds on which the plain MIP runs.
        quick: part of the short run, with its first seed.
    """

    key: str
    section: Section
    title: str
    services: int
    build: Callable[[int], Problem]
    seeds: tuple[int, ...]
    goal: Goal
    karpenter_month: Decimal | None = None
    mip_seeds: tuple[int, ...]
    quick: bool


@dataclass(frozen=True, kw_only=True)
class _Known:
    month: str
    karpenter: str


_PLATFORM: Final = {
    ("none", "c5a", 0): _Known(month="502.24", karpenter="502.24"),
    ("none", "x86", 0): _Known(month="502.24", karpenter="502.24"),
    ("zone", "c5a", 0): _Known(month="753.36", karpenter="753.36"),
    ("zone", "x86", 0): _Known(month="753.36", karpenter="753.36"),
    ("none", "c5a", 1): _Known(month="565.02", karpenter="565.02"),
    ("none", "x86", 1): _Known(month="565.02", karpenter="619.04"),
    ("zone", "c5a", 1): _Known(month="941.70", karpenter="1506.72"),
    ("zone", "x86", 1): _Known(month="874.54", karpenter="1121.28"),
}
"""Proved optimum and Karpenter v1.14.1's cost by tolerance, types, and whether 7.5 % of memory is lost."""


def cases() -> tuple[Case, ...]:
    """All cases, the small ones first."""
    return (*_platform(), *_services())


def by_key(key: str) -> Case:
    """The case of a key.

    Raises:
        KeyError: there is none.
    """
    return {case.key: case for case in cases()}[key]


def _platform() -> Iterator[Case]:
    for (tolerance, types, lost), known in _PLATFORM.items():
        unseen = LOST if lost else Decimal(0)
        across = THREE_ZONES if tolerance == "zone" else ()
        offered = dict(TYPES)[types]

        def build(
            _: int, offered: tuple[str, ...] = offered, unseen: Decimal = unseen, across: tuple[str, ...] = across
        ) -> Problem:
            return families.five_services(offered, unseen=unseen, across=across)

        yield Case(
            key=f"platform/{tolerance}/{types}/{unseen}",
            section="platform",
            title=f"{'three zones' if across else 'no tolerance'}, {types}, {_lost(unseen)}",
            services=len(families.FIVE_SERVICES),
            build=build,
            seeds=SEEDS[:1],
            goal=Goal(gap=Decimal(0), seconds=3, month=Decimal(known.month)),
            karpenter_month=Decimal(known.karpenter),
            mip_seeds=SEEDS[:1],
            quick=True,
        )


def _lost(share: Decimal) -> str:
    return f"{share * 100:.1f} % of memory lost" if share else "no memory lost"


def _services() -> Iterator[Case]:
    for count in COUNTS:
        for types, offered in TYPES:
            # One family alone leaves little to choose; the mix that is hardest to solve stands for it.
            for sizes, mix in MIXES if types == "x86" else MIXES[-1:]:

                def build(
                    seed: int, count: int = count, sizes: int | None = sizes, offered: tuple[str, ...] = offered
                ) -> Problem:
                    return families.family(count, seed, sizes=sizes, families=offered)

                yield Case(
                    key=f"services/{count}/{sizes or 'all'}/{types}",
                    section="services",
                    title=f"{count} services, {mix}, {types}",
                    services=count,
                    build=build,
                    seeds=SEEDS,
                    goal=_goal(count, sizes, types),
                    mip_seeds=_mip_seeds(count, types),
                    quick=sizes is None and types == "x86" and count in {5, 10, 50},
                )


def _mip_seeds(count: int, types: str) -> tuple[int, ...]:
    if types != "x86" and count > _MIP_FAMILY_SERVICES:
        return ()
    return SEEDS if count <= _EXACT_SERVICES else SEEDS[:1]


def _goal(count: int, sizes: int | None, types: str) -> Goal:
    saving = Decimal("0.10") if types == "x86" and count >= 50 else Decimal(0)  # noqa: PLR2004 - the goal's own limit
    if count <= 5:  # noqa: PLR2004 - as above
        return Goal(gap=Decimal(0), seconds=3, saving=saving)
    if count <= 20:  # noqa: PLR2004 - as above
        return Goal(gap=Decimal("0.035"), seconds=5, saving=saving)
    if count <= 50:  # noqa: PLR2004 - as above
        return Goal(gap=Decimal("0.02"), seconds=10, saving=saving)
    gap = {52: Decimal("0.01"), 102: Decimal("0.015"), None: Decimal("0.03")}[sizes]
    return Goal(gap=gap, seconds=30, saving=saving)
