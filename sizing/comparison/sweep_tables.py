"""Steps and limits as tables that fit 100 columns, and as plain values for programs."""

from collections.abc import Iterable

from rich.table import Table

from sizing.comparison.document import answer_document
from sizing.comparison.limits import Limit
from sizing.comparison.tables import counts, money
from sizing.sweep import Step
from sizing.tables import UNKNOWN, new_table

NEVER = "never"


def steps_table(steps: Iterable[Step]) -> Table:
    """Users, machines, costs, what changed and why."""
    heads = ("users/day", "workers", "USD/month", "gap", "changed", "because")
    drawn = new_table(*heads, numbers=("users/day", "USD/month", "gap"))
    for step in steps:
        answer = step.answer
        drawn.add_row(
            f"{step.users:,}{' ' if step.exact else '*'}",
            counts(answer.nodes) or UNKNOWN,
            money(answer.workers),
            UNKNOWN if answer.gap is None else f"{answer.gap:.1%}",
            ", ".join(step.changed),
            answer.refused or "; ".join(step.cause),
        )
    return drawn


def limits_table(limits: Iterable[Limit], target: float, failed: float) -> Table:
    """How many users each hand-chosen pool bears."""
    heads = (f"{target:.0%} until", "100% until", f"{failed:.0%} with one lost")
    drawn = new_table("pool", "machines", "services", "CPU now", *heads, numbers=("CPU now", *heads))
    for limit in limits:
        drawn.add_row(
            limit.pool,
            limit.machines,
            ", ".join(limit.services),
            f"{float(limit.busy):.1%}",
            *(f"{users:,}" if users else NEVER for users in (limit.comfortable_until, limit.full_until)),
            f"{limit.survives_until:,}" if limit.survives_until else NEVER,
        )
    return drawn


def steps_document(steps: Iterable[Step]) -> list[dict[str, object]]:
    """The steps as a list of objects."""
    return [
        {
            "users": step.users,
            "exact": step.exact,
            **answer_document(step.answer),
            "changed": list(step.changed),
            "cause": list(step.cause),
        }
        for step in steps
    ]


def limits_document(limits: Iterable[Limit]) -> list[dict[str, object]]:
    """The limits as a list of objects."""
    return [
        {
            "pool": limit.pool,
            "machines": limit.machines,
            "services": list(limit.services),
            "busy": round(float(limit.busy), 6),
            "comfortable_until": limit.comfortable_until,
            "full_until": limit.full_until,
            "survives_until": limit.survives_until,
        }
        for limit in limits
    ]
