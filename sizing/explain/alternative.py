"""Other machines for one pool, judged."""

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, kw_only=True)
class Alternative:
    """Other machines for one pool.

    Attributes:
        what: the machines, such as `1 x c5a.large`.
        saves: USD a month less than the plan's.
        breaks: what no longer holds, in words; empty when nothing does.
    """

    what: str
    saves: Decimal
    breaks: tuple[str, ...]
