"""What a row of the comparison varies."""

from dataclasses import dataclass
from typing import Final, Literal

from config.types import PurchaseOption, Tolerance

Pools = Literal["as given", "dedicated", "shared"]
"""`as given`: the stack's own pools; `dedicated`: machines of its own for every service; `shared`: one pool."""

Control = Literal["own", "eks"]

X86: Final = ("x86_64",)
BOTH: Final = ("x86_64", "arm64")
TOLERANCES: Final[tuple[Tolerance, ...]] = ("none", "node", "zone")


@dataclass(frozen=True, kw_only=True)
class Choice:
    """One row: how machines are shared, what may fail, which machines, how they are paid, whose control plane."""

    pools: Pools
    tolerance: Tolerance
    architectures: tuple[str, ...] = X86
    option: PurchaseOption = "on-demand"
    control: Control = "own"

    @property
    def machines(self) -> str:
        """The architectures in words."""
        return "with arm64" if "arm64" in self.architectures else "x86"


def choices(options: tuple[PurchaseOption, ...]) -> tuple[Choice, ...]:
    """Every row, tolerance by tolerance: dedicated and shared pools, without and with arm64, each purchase option, EKS.

    Args:
        options: purchase options beside one another.
    """
    rows: list[Choice] = []
    for tolerance in TOLERANCES:
        rows += [
            Choice(pools=pools, tolerance=tolerance, architectures=architectures, option=option)
            for option in options
            for architectures in (X86, BOTH)
            for pools in ("dedicated", "shared")
        ]
        rows.append(Choice(pools="shared", tolerance=tolerance, control="eks"))
    return tuple(rows)
