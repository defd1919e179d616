"""All rows with their standing, read from the repository."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path

from operations.rows.load import load_rows
from operations.rows.requirement import RowsError, Tier
from operations.rows.results import Result, digest_of, load_results, newest_source
from operations.rows.scan import scan_tests, unknown_ids
from operations.rows.standing import Standing, outcome_of, stand


@dataclass(frozen=True, kw_only=True)
class TierRun:
    """What is recorded of a tier's runs.

    Attributes:
        tier: the tier.
        tests: how many tests with a row have a result that counts.
        stale: how many have one that does not, because the test file changed or went away.
        last: start of the last run in UTC, ISO 8601; "" when the tier never ran.
        outdated: whether a program file changed after that, so that the results speak of an earlier program.
    """

    tier: Tier
    tests: int
    stale: int
    last: str
    outdated: bool


@dataclass(frozen=True, kw_only=True)
class Board:
    """All rows with their standing, and what is recorded of each tier."""

    standings: Mapping[str, Standing]
    runs: tuple[TierRun, ...]


def read_board(root: Path, *, recorded: bool = True) -> Board:
    """Read rows, marks and recorded results, and say where every row stands.

    Args:
        root: the repository.
        recorded: whether to read the results; without them nothing is proved, and the board says only which
            tests name a row.

    Raises:
        RowsError: one of them is wrong; every problem of the first wrong kind is named.
    """
    rows = load_rows(root)
    tests = scan_tests(root)
    if problems := unknown_ids(tests, rows):
        raise RowsError(problems)
    results = {tier: load_results(root, tier) if recorded else {} for tier in Tier}

    @cache
    def digest(path: Path) -> str:
        return digest_of(root / path)

    def fresh(result: Result) -> bool:
        return result.digest == digest(result.path)

    def known(row_id: str, tier: Tier, test: str) -> list[tuple[Result, bool]]:
        found = results[tier].get(row_id, [])
        return [(result, fresh(result)) for result in found if result.function == test]

    named = {
        row_id: tuple((test, outcome_of(known(row_id, test.tier, test.test))) for test in tests if row_id in test.rows)
        for row_id in rows
    }
    changed = newest_source(root) if recorded else 0.0
    runs: list[TierRun] = []
    for tier in Tier:
        single = {result.test: result for found in results[tier].values() for result in found}
        runs.append(_tier_run(tier, {result: fresh(result) for result in single.values()}, changed))
    return Board(standings={row_id: stand(row, rows, named) for row_id, row in rows.items()}, runs=tuple(runs))


def _tier_run(tier: Tier, results: Mapping[Result, bool], changed: float) -> TierRun:
    last = max((result.when for result in results), default="")
    return TierRun(
        tier=tier,
        tests=sum(results.values()),
        stale=len(results) - sum(results.values()),
        last=last,
        outdated=bool(last) and datetime.fromisoformat(last).timestamp() < changed,
    )
