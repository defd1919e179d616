"""Steps from few users to many: exact, whole where there are few, and told with their causes."""

from dataclasses import replace
from itertools import pairwise

import pytest

from config.problems import ConfigError
from config.schema_traffic import Rate, ServiceTraffic
from sizing.compare import question_of
from sizing.comparison.choice import Choice
from sizing.comparison.limits import limits
from sizing.comparison.scaling import at_users
from sizing.comparison.search import Search
from sizing.sweep import grid, sweep

DEDICATED = Choice(pools="dedicated", tolerance="none")


@pytest.fixture(scope="module")
def steps(stress):
    return sweep(stress, 10_000, 40_000, choice=DEDICATED, families=("c5a",))


def test_every_step_is_exact_one_user_fewer_has_other_machines(stress, steps):
    search = Search(question_of(stress, families=("c5a",)), DEDICATED)
    assert len(steps) > 5
    for step in steps[1:]:
        assert step.exact
        assert search.answer(step.users).nodes == step.answer.nodes
        assert search.answer(step.users - 1).nodes != step.answer.nodes


def test_between_two_steps_nothing_changes(stress, steps):
    search = Search(question_of(stress, families=("c5a",)), DEDICATED)
    for step, following in pairwise(steps):
        for users in range(step.users, following.users, 97):
            assert search.answer(users).nodes == step.answer.nodes


def test_a_step_says_what_changed_and_why(steps):
    step = next(step for step in steps if "accommodation 3 to 4" in str(step.cause))
    assert step.users == 14_401, "7,200 users are 1,200 TPS, 1.792 vCPU, 3 pods at 60 %; 7,201 are 1,220 TPS and need 4"
    assert step.changed == ("+1 c5a.2xlarge", "-1 c5a.xlarge")
    assert step.cause[0] == "accommodation 3 to 4 pods (CPU above 60% at the peak)"
    assert step.cause[-1].endswith("% taken")
    assert all(change[0] in "+-" for change in step.changed)


def test_costs_never_fall_when_users_grow(steps):
    costs = [step.answer.workers for step in steps]
    assert costs == sorted(costs)


def test_equal_input_gives_equal_steps(stress, steps):
    assert sweep(stress, 10_000, 40_000, choice=DEDICATED, families=("c5a",)) == steps


def test_a_range_with_many_changes_is_sampled_and_says_so(stress):
    found = sweep(stress, 10_000, 1_000_000, choice=DEDICATED, points=4, families=("c5a",))
    assert [step.users for step in found if not step.exact] == [10_000, 46_416, 215_443, 1_000_000]
    exact = [step for step in found if step.exact]
    assert len(exact) == 3
    search = Search(question_of(stress, families=("c5a",)), DEDICATED)
    for step in exact:
        assert search.answer(step.users - 1).nodes != step.answer.nodes


def test_one_number_of_users_is_one_step(stress):
    (step,) = sweep(stress, 25_000, 25_000, choice=DEDICATED, families=("c5a",))
    assert (step.users, step.changed, step.cause) == (25_000, (), ())


def test_a_choice_that_cannot_be_had_is_one_step_with_its_reason(stress):
    (step,) = sweep(stress, 10_000, 40_000, choice=replace(DEDICATED, option="spot"), families=("c5a",))
    assert step.answer.refused == "no spot price of any type is known"


@pytest.mark.parametrize(
    ("first", "last", "points", "expected"),
    [(1, 1000, 4, (1, 10, 100, 1000)), (5, 5, 2, (5,)), (1, 3, 12, (1, 2, 3))],
)
def test_the_grid_holds_both_ends_and_grows_by_a_constant_factor(first, last, points, expected):
    assert grid(first, last, points) == expected


def test_every_figure_of_traffic_grows_with_the_users(stress):
    doubled = at_users(stress, 50_000)
    assert doubled.traffic.daily_active_users == 50_000
    assert (doubled.services["planner"].traffic.users.low, doubled.services["planner"].traffic.users.high) == (
        25_000,
        40_000,
    )
    assert doubled.services["member"].traffic.requests_per_second.peak == 180
    assert (
        doubled.services["accommodation"].traffic.share_of_users
        == stress.services["accommodation"].traffic.share_of_users
    )
    assert at_users(stress, 25_000) == stress


def test_without_daily_users_there_is_nothing_to_scale(stress):
    rate = ServiceTraffic(requests_per_second=Rate(peak=10.0))
    services = {name: replace(service, traffic=rate, routes=()) for name, service in stress.services.items()}
    bare = replace(stress, traffic=replace(stress.traffic, daily_active_users=None), services=services)
    for ask in (lambda: sweep(bare, 1, 2), lambda: limits(bare)):
        with pytest.raises(ConfigError, match="daily_active_users: absent: is what a sweep scales"):
            ask()


def test_hand_chosen_machines_are_told_to_the_user_how_far_they_reach(dev_plan):
    config = replace(dev_plan.config, traffic=replace(dev_plan.config.traffic, basis="stress"))
    planner, accommodation = limits(config)
    assert (accommodation.pool, accommodation.machines) == ("accommodation", "1 x c5a.xlarge")
    assert float(accommodation.busy) == pytest.approx(0.784088)
    assert accommodation.comfortable_until == 19_200, "800 VUsers are 1,600 TPS: 2.3896 of 4 vCPU; 810 are 60.5 %"
    assert accommodation.full_until == 31_920
    assert (accommodation.survives_until, planner.survives_until) == (0, 0)
    assert planner.comfortable_until == 90_000


def test_a_second_machine_survives_up_to_a_number_of_users(dev_plan):
    config = replace(dev_plan.config, traffic=replace(dev_plan.config.traffic, basis="stress"))
    pools = {name: replace(pool, count=2) for name, pool in config.pools.items()}
    accommodation = limits(replace(config, pools=pools))[1]
    assert accommodation.survives_until == 27_120
    assert accommodation.comfortable_until > 19_200
