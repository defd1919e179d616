"""The design questions beside `purpose`: what runs, what it needs most, how its traffic comes; and what follows."""

import pytest

from config.loader import load_cluster
from config.presets import QUESTIONS, with_presets
from config.schema import ClusterConfig
from config.sections import shape_at
from sizing.plan import make_plan

FREE = {
    "purpose": "development",
    "pools": {"front": {}, "back": {}},
    "network": {"zones": ["a", "c"], "peered_cidrs": {"office": "10.20.0.0/16"}},
    "headroom": {"platform_share": {"cpu_m": 200, "memory_mib": 512}},
    "traffic.peak_factor": ...,
    "kafka": ...,
    "services.catalog.kafka": ...,
}
"""The pools choose their machines themselves."""


def families(config):
    return {name: pool.families for name, pool in config.pools.items()}


@pytest.mark.row("S2-02")
def test_every_question_is_a_typed_key_with_exactly_the_answers_that_decide_something():
    assert {question.path for question in QUESTIONS} == {"purpose", "workload", "resource_bias", "traffic.shape"}
    for question in QUESTIONS:
        shape = shape_at(ClusterConfig, tuple(question.path.split(".")))
        assert set(shape.choices) == set(question.answers)
        keys = {tuple(answer.values) for answer in question.answers.values()}
        assert len(keys) == 1, "every answer answers the same keys"
        assert len({str(answer.values) for answer in question.answers.values()}) == len(question.answers)


@pytest.mark.row("S2-02", "S2-35")
@pytest.mark.parametrize(
    ("answers", "family"),
    [({}, "c5a"), ({"workload": "web"}, "c5a"), ({"workload": "analytics"}, "r5a"),
     ({"resource_bias": "balanced"}, "m5a"), ({"workload": "analytics", "resource_bias": "cpu"}, "c5a"),
     ({"resource_bias": "memory"}, "r5a")],
)  # fmt: skip
def test_what_runs_and_what_it_needs_most_choose_the_family_of_the_machines(changed, answers, family):
    plan = make_plan(load_cluster(changed(FREE | answers)), "questions")
    chosen = {part.instance.family for pool in plan.config.pools for part in plan.parts_of(pool)}
    assert chosen == {family}


@pytest.mark.row("S2-35")
def test_bursty_pods_get_burstable_machines(changed):
    config = load_cluster(changed(FREE | {"resource_bias": "bursty"}))
    assert set(families(config).values()) == {("t3", "t3a")}
    plan = make_plan(config, "questions")
    assert {part.instance.family for part in plan.parts_of("back")} <= {"t3", "t3a"}


def test_a_pool_may_answer_for_itself(changed):
    config = load_cluster(changed(FREE | {"workload": "analytics", "pools.front": {"resource_bias": "balanced"}}))
    assert families(config) == {"front": ("m5a",), "back": ("r5a",)}


def test_what_a_pool_names_stays(changed):
    pools = {"pools.front": {"families": ["c6i"]}, "pools.back": {"instance_type": "c5a.2xlarge", "count": 2}}
    config = load_cluster(changed(FREE | {"resource_bias": "memory"} | pools))
    assert config.pools["front"].families == ("c6i",)
    assert config.pools["back"].instance_type == "c5a.2xlarge"


def test_analytics_may_fill_machines_further(changed):
    targets = [
        load_cluster(changed(FREE | {"workload": kind})).headroom.utilisation_target for kind in ("web", "analytics")
    ]
    assert targets == [0.6, 0.8]


@pytest.mark.row("S2-02")
def test_the_shape_of_traffic_decides_the_peak_and_what_autoscalers_keep_free(changed):
    """Catalog at most: 20,000 users x 12.5 requests / 86,400 s, times the factor of the shape and the margin of 2."""
    peaks, targets = [], []
    for shape in ("steady", "daily", "bursty"):
        plan = make_plan(load_cluster(changed(FREE | {"traffic.shape": shape})), shape)
        peaks.append(float(plan.services["catalog"].traffic.rps_peak_exact))
        targets.append(plan.services["catalog"].capacity.scale_percent)
    mean = 20_000 * 12.5 / 86_400
    assert peaks == pytest.approx([mean * factor * 2 for factor in (1.25, 2, 4)], abs=1e-6)
    assert targets[0] >= targets[1] > targets[2]


def test_a_share_of_the_busiest_hour_says_it_instead_of_the_shape(changed):
    config = load_cluster(changed(FREE | {"traffic.shape": "bursty", "traffic.peak_hour_share": 0.1}))
    assert config.traffic.peak_factor is None
    assert config.headroom.growth_per_minute == 1.0


def test_each_value_says_which_answer_it_comes_from():
    given = {"workload": "analytics", "traffic": {}, "pools": {"one": {}, "two": {"resource_bias": "cpu"}}}
    filled = with_presets(given)[1]
    assert filled["resource_bias"] == "workload: analytics"
    assert filled["pools.one.families"] == "resource_bias: memory"
    assert filled["pools.two.families"] == "resource_bias: cpu"
    assert filled["traffic.peak_factor"] == "traffic.shape: daily"


def test_a_problem_with_a_value_of_an_answer_names_the_answer(changed, lines_of):
    zones = {"network.zones": ["a", "b"], "pools.front": {"resource_bias": "memory", "zones": ["b"]}}
    (line,) = lines_of(changed(FREE | zones))
    assert line.startswith("cluster.pools.front.families: ")
    assert line.endswith(" (the value comes from resource_bias: memory)")
