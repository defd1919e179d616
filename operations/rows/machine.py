"""The scoreboard for other programs."""

import json
from collections.abc import Iterable

from operations.rows.board import Board
from operations.rows.standing import Standing
from operations.rows.tally import tally


def render(board: Board) -> str:
    """Return the board as JSON: every row with its tests, the counts, and what is recorded of each tier."""
    document = {
        "rows": [_row(standing) for standing in board.standings.values()],
        "counts": [
            {
                "article": line.article,
                "tier": line.tier,
                "rows": line.rows,
                "states": {str(state): count for state, count in line.states.items()},
            }
            for line in tally(board.standings.values())
        ],
        "runs": [
            {
                "tier": run.tier,
                "tests": run.tests,
                "stale": run.stale,
                "last": run.last,
                "outdated": run.outdated,
            }
            for run in board.runs
        ],
    }
    return _dump(document)


def render_rows(standings: Iterable[Standing]) -> str:
    """Return chosen rows as a JSON list."""
    return _dump([_row(standing) for standing in standings])


def _dump(document: object) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _row(standing: Standing) -> dict[str, object]:
    row = standing.row
    return {
        "id": row.id,
        "capability": row.capability,
        "source": row.source,
        "offline_check": row.offline_check,
        "live_check": row.live_check,
        "note": row.note,
        "state": standing.state,
        "tiers": {str(tier): state for tier, state in standing.tiers.items()},
        "reasons": list(standing.reasons),
        "tests": [{"test": test.test, "tier": test.tier, "outcome": outcome} for test, outcome in standing.tests],
    }
