"""Whatever is done to a configuration, the loader answers with a configuration or with lines."""

import contextlib
import copy
import json
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from config.loader import load_cluster
from config.problems import ConfigError
from config.yaml_file import read_yaml
from sizing.plan import make_plan

SHEET = read_yaml(Path(__file__).parents[2] / "examples" / "s0.yaml")

settings.register_profile(
    "config",
    max_examples=150,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
quiet = settings(settings.get_profile("config"))

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=40),
    st.sampled_from(
        [
            "a",
            "b",
            "10.0.0.0/16",
            "0.0.0.0/0",
            "c5a.xlarge",
            "production",
            "latest",
            "main",
            "x" * 300,
            "\ud800",
            2**2000,
        ]
    ),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=3),
    max_leaves=6,
)
KEYS = st.one_of(
    st.text(max_size=12), st.sampled_from(["name", "pool", "zones", "count", "*", "a.b", "DB_PASSWORD"]), st.integers()
)


def places(value, path=()):
    """Every mapping and list in an object, by its path."""
    if isinstance(value, dict | list):
        yield path
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for key, item in items:
            yield from places(item, (*path, key))


def below(value, path):
    for part in path:
        value = value[part]
    return value


@st.composite
def mutated(draw, raw):
    """The object after one to five changes: a value replaced, a key taken out, a key put in, two parts swapped."""
    raw = copy.deepcopy(raw)
    for _ in range(draw(st.integers(1, 5))):
        place = below(raw, draw(st.sampled_from(list(places(raw)))))
        present = list(place) if isinstance(place, dict) else list(range(len(place)))
        action = draw(st.sampled_from(["replace", "remove", "add", "copy"]))
        if action == "add" or not present:
            if isinstance(place, dict):
                place[draw(KEYS)] = draw(VALUES)
            else:
                place.append(draw(VALUES))
        elif action == "remove":
            del place[draw(st.sampled_from(present))]
        elif action == "copy":
            place[draw(st.sampled_from(present))] = copy.deepcopy(below(raw, draw(st.sampled_from(list(places(raw))))))
        else:
            place[draw(st.sampled_from(present))] = draw(VALUES)
    return raw


def answer(raw):
    """The configuration, or the lines of the error; any other exception is a failure of the test."""
    try:
        return load_cluster(raw)
    except ConfigError as caught:
        error = caught
    lines = str(error).splitlines()
    assert len(lines) == 1 + len(error.problems) > 1, "an error without a problem helps nobody"
    assert all(line.isprintable() for line in lines)
    return lines


@quiet
@given(data=st.data())
def test_a_mutated_configuration_gives_a_configuration_or_lines_and_never_another_error(good, data):
    raw = data.draw(mutated(good))
    assert answer(raw) == answer(copy.deepcopy(raw)), "the same input gives the same answer"


@quiet
@given(data=st.data())
def test_a_mutated_sheet_gives_a_plan_or_lines_and_never_another_error(data):
    """The example states figures of every kind, so its mutations reach the rules about them and the notices."""
    raw = data.draw(mutated(SHEET))
    config = answer(raw)
    if not isinstance(config, list):
        with contextlib.suppress(ConfigError):
            plan = make_plan(config, "mutated")
            assert all(notice.text.isprintable() for notice in plan.warnings)


@quiet
@given(raw=st.dictionaries(KEYS, VALUES, max_size=6))
def test_any_object_gives_lines(raw):
    assert isinstance(answer(raw), list)


@quiet
@given(raw=VALUES)
def test_any_value_in_place_of_the_object_gives_lines(raw):
    assert isinstance(answer(raw), list)


@quiet
@given(data=st.data())
def test_what_json_can_carry_gives_the_same_answer_after_the_way_through_json(good, data):
    raw = data.draw(mutated(good))
    try:
        carried = json.loads(json.dumps(raw))
    except (TypeError, ValueError):
        return
    if carried == raw:
        assert answer(carried) == answer(raw)
