"""What is to be packed, on what, and what came out. Plain values; every rung of the ladder reads and writes these."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from sizing.model import HOURS_PER_MONTH

FREE_TO_CHOOSE: Final = None
"""`Pods.zones` of pods that may stand in any zone."""


@dataclass(frozen=True, kw_only=True)
class Pods:
    """Equal pods of one service, or of one part of the platform.

    Raises:
        ValueError: a negative size or count, a cap below one, or zones that do not sum to the count.
    """

    name: str
    """Unique within the problem."""
    cpu_m: int
    """Thousandths of a vCPU, each."""
    memory_mib: int
    """MiB, each."""
    count: int
    """Pods over all zones."""
    per_node: int | None = None
    """Most of them on one node; None: as many as fit."""
    zones: Mapping[str, int] | None = FREE_TO_CHOOSE
    """Pods per zone letter, summing to `count`; None: anywhere."""
    group: str = ""
    """Pods of different groups never share a node. "" is the shared pool; a dedicated service has its own."""
    spot: bool = True
    """May run on machines bought as spot."""

    def __post_init__(self) -> None:
        if min(self.cpu_m, self.memory_mib, self.count) < 0:
            raise ValueError(f"{self.name}: sizes and counts must not be negative")
        if self.per_node is not None and self.per_node < 1:
            raise ValueError(f"{self.name}: at least one pod must be allowed on a node, not {self.per_node}")
        if self.zones is not None and (
            sum(self.zones.values()) != self.count or min(self.zones.values(), default=0) < 0
        ):
            raise ValueError(f"{self.name}: pods per zone {dict(self.zones)} do not sum to {self.count}")


@dataclass(frozen=True, kw_only=True)
class Machine:
    """One thing that may be bought: an instance type under one purchase option.

    Raises:
        ValueError: a price of zero or less; such a machine would make every bound meaningless.
    """

    name: str
    """Unique key, such as "c5a.xlarge" or "c5a.xlarge:spot"."""
    type: str
    """Instance type."""
    cpu_m: int
    """Thousandths of a vCPU left for `Pods`, after reserves and DaemonSets; burstable types at their baseline."""
    memory_mib: int
    """MiB left for `Pods`."""
    pods: int
    """Pod slots left for `Pods`."""
    price: Decimal
    """USD per hour."""
    zones: frozenset[str]
    """Letters of the zones that offer it."""
    spot: bool = False

    def __post_init__(self) -> None:
        if not (self.price.is_finite() and self.price > 0):
            raise ValueError(f"{self.name}: the price must be above 0, not {self.price}")


@dataclass(frozen=True, kw_only=True)
class Problem:
    """Pods to place on machines bought in zones.

    Raises:
        ValueError: two pods or two machines of one name, or pods in a zone that the problem does not have.
    """

    pods: tuple[Pods, ...]
    machines: tuple[Machine, ...]
    zones: tuple[str, ...]

    def __post_init__(self) -> None:
        for what in (self.pods, self.machines):
            names = [each.name for each in what]
            if len(set(names)) < len(names):
                raise ValueError(f"names must be unique: {sorted({name for name in names if names.count(name) > 1})}")
        for pods in self.pods:
            strange = sorted(set(pods.zones or ()) - set(self.zones))
            if strange:
                raise ValueError(f"{pods.name}: zones {strange} are not among {list(self.zones)}")


@dataclass(frozen=True, kw_only=True)
class Node:
    """One machine that is bought, where it stands, and what runs on it."""

    machine: str
    """`Machine.name`."""
    zone: str
    group: str
    pods: Mapping[str, int]
    """Pods by `Pods.name`; only what is there."""


@dataclass(frozen=True, kw_only=True)
class Packing:
    """The best packing found, and what is proved about it."""

    nodes: tuple[Node, ...]
    """Ordered by group, zone, machine."""
    cost: Decimal
    """USD per hour, exact."""
    bound: Decimal
    """USD per hour that no packing of the same problem can undercut."""
    method: str
    """The rungs that gave the parts of this packing."""
    notes: tuple[str, ...] = ()

    @property
    def gap(self) -> Decimal:
        """What the packing costs above the bound, as a share of the bound; 0 when proved optimal."""
        return (self.cost - self.bound) / self.bound if self.bound else Decimal(0)

    @property
    def proved(self) -> bool:
        """No packing of the same problem is cheaper."""
        return self.cost == self.bound

    @property
    def month(self) -> Decimal:
        """USD per month of 730 hours."""
        return self.cost * HOURS_PER_MONTH


class NoFitError(Exception):
    """Pods that no machine on offer can hold.

    Attributes:
        pods: one line for each of them: name, size, where it had to go, and the largest machine there.
    """

    pods: tuple[str, ...]

    def __init__(self, pods: tuple[str, ...]) -> None:
        self.pods = pods
        super().__init__("no machine holds " + "; ".join(pods))
