"""The curve of the page is the sweep's, around the planned users."""

from dataclasses import replace
from decimal import Decimal

import pytest

from sizing.price import cents
from sizing.report.chart import chart
from sizing.report.steps import steps_of
from sizing.sweep import sweep


@pytest.fixture(scope="module")
def config(dev_plan):
    return dev_plan.config


def test_steps_rise_with_users_and_cost_what_the_sweep_says(config):
    steps = steps_of(config, "dev")
    users = config.traffic.daily_active_users
    assert [step.users for step in steps] == sorted({step.users for step in steps})
    assert steps[0].users == users // 20
    assert steps[-1].users == users * 40
    assert len(steps) > 1
    found = sweep(config, users // 20, users * 40, stack="dev")
    assert [step.month for step in steps[: len(found)]] == [cents(step.answer.month) for step in found]
    assert {step.month for step in steps[len(found) :]} <= {steps[len(found) - 1].month}
    assert steps[0].what == ", ".join(f"{count} x {name}" for name, count in found[0].answer.nodes.items())


def test_the_drawing_reaches_to_the_last_users_that_were_looked_at(config):
    steps = steps_of(config, "dev")
    drawn = chart(steps, config.traffic.daily_active_users, Decimal("787.52"))
    assert drawn.path.startswith("M0 ")
    assert drawn.path.endswith("H1000")


def test_without_counted_users_there_is_no_curve(config):
    assert steps_of(replace(config, traffic=replace(config.traffic, daily_active_users=None)), "dev") == ()
