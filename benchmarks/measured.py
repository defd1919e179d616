"""What was measured, as plain values that survive a JSON file."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal

Method = Literal["groundswell", "karpenter", "mip"]
METHODS: Final[tuple[Method, ...]] = ("groundswell", "karpenter", "mip")


@dataclass(frozen=True, kw_only=True)
class Usage:
    """What one process took from start to end, those it started included.

    Attributes:
        seconds: on the clock.
        cpu_seconds: of all cores together, user and system: what another load on the machine hardly changes.
        peak_mib: largest resident memory of any one process, MiB.
        code: exit code; negative for a signal.
    """

    seconds: float
    cpu_seconds: float
    peak_mib: float
    code: int


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What one method made of one problem.

    Attributes:
        cost: USD per hour; None when no packing was found.
        bound: USD per hour that no packing undercuts, where the method proves one.
        nodes: machines bought.
        seconds: of the method alone, without starting the process and building the problem.
        usage: of the whole process.
        how: the rungs of the ladder, the solver's status, or the scheduler's version.
        faults: rules of the problem that the packing breaks; empty is right.
    """

    cost: Decimal | None
    bound: Decimal | None
    nodes: int
    seconds: float
    usage: Usage
    how: str
    faults: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Row:
    """All methods on one seed of one case."""

    case: str
    seed: int
    pods: int
    outcomes: dict[Method, Outcome]


@dataclass(frozen=True, kw_only=True)
class Program:
    """One command line as a user gives it, run several times."""

    command: str
    runs: tuple[Usage, ...]
    failure: str = ""
    """The last line it said, when it failed."""


@dataclass(frozen=True, kw_only=True)
class Machine:
    """Where and with what it was measured, and what else the machine was doing.

    Attributes:
        others: share of the machine's CPU time that processes outside the bench took while it ran.
    """

    cores: int
    memory_gib: float
    processor: str
    system: str
    versions: tuple[str, ...]
    load_before: float
    load_after: float
    others: float


@dataclass(frozen=True, kw_only=True)
class Results:
    """One run of the bench."""

    date: str
    minutes: float
    quick: bool
    mip_seconds: int
    machine: Machine
    rows: tuple[Row, ...]
    programs: tuple[Program, ...]
