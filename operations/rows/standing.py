"""Where each row stands: what it asks for, against the tests that name it and what they last gave."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from operations.rows.requirement import Need, Row, Tier, needs_of
from operations.rows.results import Result
from operations.rows.scan import NamedTest


class State(StrEnum):
    """What can be said of a row, or of one tier of a row."""

    PROVED = "proved"
    PART = "part proved"
    BUILT = "built, not proved"
    ABSENT = "absent"
    ONLY_AWS = "only AWS"


class Outcome(StrEnum):
    """What a test function last gave for a row, over all its parameters that ran."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"
    STALE = "changed since it ran"
    NOT_RUN = "not run"


Named = Mapping[str, tuple[tuple[NamedTest, Outcome], ...]]

# Worst first: a need of alternatives takes its best tier, a tier the worst of its needs.
_ORDER = (State.ABSENT, State.BUILT, State.PROVED)


@dataclass(frozen=True, kw_only=True)
class Standing:
    """One row and where it stands.

    Attributes:
        row: the row.
        tests: the tests that name it and what each last gave.
        tiers: for each tier that it needs, `PROVED`, `BUILT` or `ABSENT`.
        state: the row as a whole.
        waits_for: rows that it refers to ("as S0-29") and that are not proved themselves.
    """

    row: Row
    tests: tuple[tuple[NamedTest, Outcome], ...]
    tiers: Mapping[Tier, State]
    state: State
    waits_for: tuple[str, ...]

    @property
    def reasons(self) -> tuple[str, ...]:
        """For each needed tier that is not proved, one phrase that says why."""
        return tuple(
            f"{tier}: {self._reason(tier, state)}" for tier, state in self.tiers.items() if state != State.PROVED
        )

    def _reason(self, tier: Tier, state: State) -> str:
        if state == State.ABSENT:
            return "no test"
        outcomes = [outcome for test, outcome in self.tests if test.tier == tier]
        for outcome in (Outcome.FAILED, Outcome.STALE, Outcome.NOT_RUN, Outcome.SKIPPED):
            if outcome in outcomes and (outcome == Outcome.FAILED or Outcome.PASSED not in outcomes):
                return f"test {outcome}"
        return f"waits for {', '.join(self.waits_for)}" if self.waits_for else "its tests did not all pass"


def outcome_of(results: Iterable[tuple[Result, bool]]) -> Outcome:
    """Bring the results of one function's parameters together.

    Args:
        results: each result, and whether its test file is still the same.
    """
    known = list(results)
    fresh = {result.outcome for result, same_file in known if same_file}
    for outcome in (Outcome.FAILED, Outcome.PASSED, Outcome.SKIPPED):
        if outcome in fresh:
            return outcome
    return Outcome.STALE if known else Outcome.NOT_RUN


def state_of(outcomes: Iterable[Outcome]) -> State:
    """Return what the tests of one tier show: a pass proves, unless another test that names the row fails."""
    known = set(outcomes)
    if not known:
        return State.ABSENT
    return State.PROVED if Outcome.PASSED in known and Outcome.FAILED not in known else State.BUILT


def stand(row: Row, rows: Mapping[str, Row], named: Named) -> Standing:
    """Say where a row stands.

    Args:
        row: the row.
        rows: all rows by id.
        named: for each row, the tests that name it and what each last gave.
    """
    needs = needs_of(row, rows)
    tiers: dict[Tier, State] = {}
    for need in needs:
        states = {tier: _need_state(row, need, tier, named) for tier in need.tiers}
        best = max(states, key=lambda tier: _ORDER.index(states[tier]))
        tiers[best] = min(states[best], tiers.get(best, State.PROVED), key=_ORDER.index)
    ordered = {tier: tiers[tier] for tier in Tier if tier in tiers}
    likes = dict.fromkeys((tier, other) for need in needs for tier in need.tiers for other in need.like)
    return Standing(
        row=row,
        tests=named[row.id],
        tiers=ordered,
        state=_whole(row, list(ordered.values()), named=bool(named[row.id])),
        waits_for=tuple(dict.fromkeys(o for tier, o in likes if _tier_state(o, tier, named) != State.PROVED)),
    )


def _whole(row: Row, states: list[State], *, named: bool) -> State:
    if row.only_aws:
        return State.ONLY_AWS
    if all(state == State.PROVED for state in states):
        return State.PROVED
    if State.PROVED in states:
        return State.PART
    return State.BUILT if named else State.ABSENT


def _tier_state(row_id: str, tier: Tier, named: Named) -> State:
    return state_of(outcome for test, outcome in named[row_id] if test.tier == tier)


def _need_state(row: Row, need: Need, tier: Tier, named: Named) -> State:
    own = state_of(outcome for _, outcome in named[row.id]) if need.anywhere else _tier_state(row.id, tier, named)
    if own == State.PROVED and any(_tier_state(other, tier, named) != State.PROVED for other in need.like):
        return State.BUILT
    return own
