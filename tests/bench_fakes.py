"""Small problems and made-up figures for the tests of the bench."""

from decimal import Decimal

from benchmarks.measured import Machine, Outcome, Program, Results, Row, Usage
from sizing.packing import Machine as Bought
from sizing.packing import Pods, Problem

LARGE = Bought(
    name="c5a.large",
    type="c5a.large",
    cpu_m=1580,
    memory_mib=1904,
    pods=110,
    price=Decimal("0.086"),
    zones=frozenset("abc"),
)
SPOT = Bought(
    name="c5a.xlarge:spot",
    type="c5a.xlarge",
    cpu_m=3570,
    memory_mib=5700,
    pods=110,
    price=Decimal("0.06"),
    zones=frozenset("ac"),
    spot=True,
)


def problem(*pods, machines=(LARGE, SPOT), zones=("a", "b", "c")):
    return Problem(pods=pods, machines=machines, zones=zones)


def web(**changes):
    return Pods(**({"name": "web", "cpu_m": 500, "memory_mib": 512, "count": 4} | changes))


def usage(**changes):
    return Usage(**({"seconds": 1.5, "cpu_seconds": 1.25, "peak_mib": 120.0, "code": 0} | changes))


def outcome(cost, bound=None, **changes):
    values = {"nodes": 3, "seconds": 1.0, "usage": usage(), "how": "best fit"} | changes
    return Outcome(
        cost=None if cost is None else Decimal(cost), bound=None if bound is None else Decimal(bound), **values
    )


def row(case, ours, karpenter, mip=None, seed=1):
    outcomes = {"groundswell": ours, "karpenter": karpenter} | ({"mip": mip} if mip else {})
    return Row(case=case, seed=seed, pods=15, outcomes=outcomes)


def results(*rows, programs=None):
    return Results(
        date="2026-11-25",
        minutes=12.4,
        quick=False,
        mip_seconds=30,
        machine=Machine(
            cores=2,
            memory_gib=23.5,
            processor="AMD EPYC",
            system="Linux 6.18",
            versions=("Python 3.11.7", "Karpenter v1.14.1"),
            load_before=0.2,
            load_after=1.1,
            others=0.04,
        ),
        rows=rows,
        programs=programs or (Program(command="make -s plan", runs=(usage(),)),),
    )
