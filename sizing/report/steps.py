"""Cost against daily users for the chart, from the sweep: the same services on the cheapest shared machines."""

from dataclasses import replace
from typing import Final

from config.schema import ClusterConfig
from sizing.comparison.choice import Choice
from sizing.price import cents
from sizing.report.chart import Step
from sizing.sweep import sweep

DOWN: Final = 20
UP: Final = 40
"""The chart reaches from a twentieth of the planned users to forty times as many."""


def steps_of(config: ClusterConfig, stack: str) -> tuple[Step, ...]:
    """Every step of the cost around the planned users and the end of the range; none without counted users.

    Raises:
        ConfigError: the traffic cannot be scaled by users.
    """
    users = config.traffic.daily_active_users
    if users is None:
        return ()
    choice = Choice(pools="shared", tolerance=config.tolerance)
    found = sweep(config, max(users // DOWN, 1), users * UP, choice=choice, stack=stack)
    steps = [
        Step(
            users=step.users,
            month=None if step.answer.month is None else cents(step.answer.month),
            what=step.answer.refused or ", ".join(f"{count} x {name}" for name, count in step.answer.nodes.items()),
        )
        for step in found
    ]
    if steps[-1].users < users * UP:
        steps.append(replace(steps[-1], users=users * UP))  # nothing changes up to there
    return tuple(steps)
