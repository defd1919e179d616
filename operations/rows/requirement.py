"""A requirement row and the kinds of test that it asks for."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

_CLAUSE = re.compile(r"(?P<letters>[UGMEKV](?:/[UGMEKV])*)(?=[:\s]|$)(?P<rest>.*)")
_LIKE = re.compile(r"\bas (S[0-9]-[0-9]{2}(?:, S[0-9]-[0-9]{2})*)")


class Tier(StrEnum):
    """One of the three test runs; the value is the name of its results file and of its `tests/` folder."""

    UNIT = "unit"
    REAL = "real"
    BOOT = "boot"

    @property
    def label(self) -> str:
        """What the tier runs."""
        return {"unit": "unit, golden", "real": "real parts", "boot": "boot"}[self.value]

    @property
    def door(self) -> str:
        """The command that runs the tier."""
        return {"unit": "make test", "real": "make test-real", "boot": "make test-boot"}[self.value]


TIER_OF_LETTER: Mapping[str, Tier] = {
    "U": Tier.UNIT,  # Pulumi mocks and plain Python
    "G": Tier.UNIT,  # golden or static check of a rendered text
    "M": Tier.UNIT,  # moto in place of AWS
    "E": Tier.REAL,  # etcd
    "K": Tier.REAL,  # kube-apiserver
    "V": Tier.BOOT,  # a virtual machine that boots
}


class RowsError(ValueError):
    """The rows, the notes, the marks or the recorded results contradict each other.

    Attributes:
        problems: one line each, all that were found.
    """

    def __init__(self, problems: list[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(problems))


@dataclass(frozen=True, kw_only=True)
class Need:
    """One thing that a row's offline check asks for.

    Attributes:
        tiers: the tiers that can show it, any one of them being enough; empty when the clause has no letter
            of its own ("as S0-29"), which `needs_of` resolves.
        like: rows whose proof this one shares.
        anywhere: whether the row's own test may be of any tier, because `like` says what is to be shown.
    """

    tiers: tuple[Tier, ...] = ()
    like: tuple[str, ...] = ()
    anywhere: bool = False


@dataclass(frozen=True, kw_only=True)
class Row:
    """One row of `docs/requirements.csv`, with its hand-kept note ("" without one)."""

    id: str
    capability: str
    source: str
    offline_check: str
    live_check: str
    note: str = ""

    @property
    def article(self) -> str:
        """The article that the row comes from, `S0` to `S4`."""
        return self.id.partition("-")[0]

    @property
    def only_aws(self) -> bool:
        """Whether nothing short of an AWS account can show the row."""
        return self.offline_check in {"", "-"}


def parse_check(check: str) -> tuple[Need, ...]:
    """Read the letters of an offline check.

    Clauses are parted by semicolons and open with a letter ("U: ...", "U golden: ...", "K strict", "K").
    Letters parted by a slash are alternatives, and so is what follows an "or" without a letter: a program
    that runs against stand-ins, which belongs to the real parts. A clause without a letter goes on with
    the one before it, unless it is the first and names another row.

    Args:
        check: the column `offline_check`.

    Returns:
        The needs in the order of the text; none when only AWS can show the row or nothing can be read.
    """
    needs: list[Need] = []
    for clause in (part.strip() for part in check.split(";")):
        like = tuple(row for found in _LIKE.findall(clause) for row in found.split(", "))
        match = _CLAUSE.match(clause)
        if match is None:
            if like and not needs:
                needs.append(Need(like=like))
            continue
        tiers = [TIER_OF_LETTER[letter] for letter in match["letters"].split("/")]
        if match["rest"].startswith(" or "):
            tiers.append(Tier.REAL)
        needs.append(Need(tiers=tuple(dict.fromkeys(tiers)), like=like))
    return tuple(dict.fromkeys(needs))


def needs_of(row: Row, rows: Mapping[str, Row]) -> tuple[Need, ...]:
    """Return what a row asks for, with "as Sx-nn" replaced by what that row asks for."""
    needs: list[Need] = []
    for need in parse_check(row.offline_check):
        if need.tiers:
            needs.append(need)
        else:
            needs += [
                Need(tiers=theirs.tiers, like=(other,), anywhere=True)
                for other in need.like
                for theirs in parse_check(rows[other].offline_check)
            ]
    return tuple(dict.fromkeys(needs))
