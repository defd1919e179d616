"""How many rows of each article stand where, as whole rows and by tier."""

from collections.abc import Iterable
from dataclasses import dataclass

from operations.rows.requirement import Tier
from operations.rows.standing import Standing, State


@dataclass(frozen=True, kw_only=True)
class Tally:
    """One line of the scoreboard.

    Attributes:
        article: `S0` to `S4`, or `all`.
        tier: the tier, or None for whole rows.
        rows: how many rows the line is about; those that need the tier, if there is one.
        states: how many of them stand where; all add up to `rows`.
    """

    article: str
    tier: Tier | None
    rows: int
    states: dict[State, int]


def tally(standings: Iterable[Standing]) -> tuple[Tally, ...]:
    """Count, for each article and then for all: the whole rows, then each tier."""
    known = list(standings)
    articles = dict.fromkeys(standing.row.article for standing in known)
    return tuple(
        _count(article, tier, [s for s in known if article in {s.row.article, "all"}])
        for article in (*articles, "all")
        for tier in (None, *Tier)
    )


def _count(article: str, tier: Tier | None, standings: list[Standing]) -> Tally:
    states = [s.state if tier is None else s.tiers[tier] for s in standings if tier is None or tier in s.tiers]
    return Tally(
        article=article,
        tier=tier,
        rows=len(states),
        states={state: states.count(state) for state in State},
    )
