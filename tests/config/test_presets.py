"""What `purpose` decides, and that everything it decides can be decided otherwise."""

import dataclasses
import functools

import pytest

from config.loader import load_cluster
from config.presets import PURPOSE, QUESTIONS, with_presets
from config.schema import ClusterConfig
from config.schema_traffic import DEFAULT_PEAK_FACTOR
from config.sections import keys_of, shape_at
from config.types import Purpose

PRESETS = {purpose: answer.values for purpose, answer in PURPOSE.answers.items()}

OTHER = {
    "tolerance": "node",
    "network.zones": ["a", "c", "d"],
    "network.nat": "none",
    "control_plane.slots": {"a": "c", "b": "a", "e": "d"},
    "control_plane.instance_type": "m7g.large",
    "control_plane.schedulable": None,
    "control_plane.etcd_disk_gib": 8,
}


@pytest.fixture
def bare(changed):
    """The good configuration without anything that a preset fills in."""

    def make(purpose, changes=()):
        without = {"network": {"peered_cidrs": {}}, "control_plane": {}, "pools.front.zones": []}
        return changed({"purpose": purpose, **without, **dict(changes)})

    return make


def test_the_presets_are_those_of_the_three_purposes():
    assert set(PRESETS) == set(Purpose.__args__)


@pytest.mark.parametrize(
    ("purpose", "decided"),
    [
        ("education", ({"a": "a"}, ("a",), "single", True)),
        ("development", ({"a": "a"}, ("a",), "single", False)),
        ("production", ({"a": "a", "b": "b", "c": "c"}, ("a", "b", "c"), "per-zone", False)),
    ],
)
def test_a_purpose_decides_the_control_planes_and_their_zones(bare, purpose, decided):
    config = load_cluster(bare(purpose))
    control_plane, network = config.control_plane, config.network
    assert (control_plane.slots, network.zones, network.nat, control_plane.schedulable) == decided
    assert config.tolerance == ("zone" if purpose == "production" else "none")


def test_production_keeps_more_room_for_etcd(bare):
    disks = [load_cluster(bare(purpose)).control_plane.etcd_disk_gib for purpose in ("development", "production")]
    assert disks[0] < disks[1]


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.path)
def test_the_defaults_of_the_keys_and_of_the_default_answer_are_the_same(question):
    for path, value in {question.path: question.default, **question.answers[question.default].values}.items():
        *section, key = path.split(".")
        default = keys_of(shape_at(ClusterConfig, tuple(section)).base)[key].default
        if path == "traffic.peak_factor":
            assert (default, value) == (None, DEFAULT_PEAK_FACTOR)
        else:
            assert (list(default) if isinstance(default, tuple) else default) == value, path


@pytest.mark.parametrize("path", sorted({path for preset in PRESETS.values() for path in preset}))
@pytest.mark.parametrize("purpose", PRESETS)
def test_every_value_of_a_preset_can_be_overridden(bare, purpose, path):
    other = OTHER[path] if OTHER[path] is not None else not PRESETS[purpose][path]
    around = {
        "network.zones": {"control_plane.slots": {"a": "a"}},
        "control_plane.slots": {"network.zones": ["a", "c", "d"], "control_plane.instance_type": "t3.medium"},
        "network.nat": {"network.interface_endpoints": True},
    }
    pools = {"pools.front.zones": ["a"], "pools.back.zones": ["a"]}
    config = load_cluster(bare(purpose, {**around.get(path, {}), path: other, **pools}))
    got = functools.reduce(getattr, path.split("."), config)
    assert (list(got) if isinstance(got, tuple) else got) == other


def test_a_mapping_that_is_given_replaces_the_mapping_of_the_preset_as_a_whole():
    merged, filled = with_presets({"purpose": "production", "control_plane": {"slots": {"b": "b"}}})
    assert merged["control_plane"]["slots"] == {"b": "b"}
    assert "control_plane.slots" not in filled
    assert merged["control_plane"]["etcd_disk_gib"] == 40


def test_merging_leaves_the_given_object_as_it_was():
    given = {"purpose": "production", "network": {"zones": ["a"]}}
    with_presets(given)
    assert given == {"purpose": "production", "network": {"zones": ["a"]}}


def test_a_problem_with_a_value_of_the_preset_says_where_the_value_comes_from(bare, lines_of):
    (line,) = lines_of(bare("production", {"network.zones": ["a", "c"]}))
    assert line.startswith('cluster.control_plane.slots.b: "b": is none of network.zones (a, c); ')
    assert line.endswith(" (the value comes from purpose: production)")


def test_a_section_that_is_no_mapping_is_left_to_the_schema(bare, lines_of):
    (line,) = lines_of(bare("production", {"control_plane": "large"}))
    assert line.startswith('cluster.control_plane: "large": must be a mapping; give ')


@pytest.mark.parametrize("purpose", ["prod", None, 5, ["production"]])
def test_a_purpose_that_does_not_exist_counts_as_the_default_until_it_is_put_right(bare, lines_of, purpose):
    assert PURPOSE.answered(purpose) == "development"
    (line,) = lines_of(bare(purpose))
    assert line.startswith("cluster.purpose: ")


def test_presets_name_only_keys_that_exist():
    for question in QUESTIONS:
        for answer in question.answers.values():
            for path in (question.path, *answer.values):
                assert shape_at(ClusterConfig, tuple(path.split("."))) is not None


def test_what_the_preset_does_not_name_is_the_same_for_every_purpose(bare):
    configs = [dataclasses.asdict(load_cluster(bare(purpose))) for purpose in PRESETS]
    for config in configs:
        del config["purpose"]
        for path in {path for preset in PRESETS.values() for path in preset}:
            *section, key = path.split(".")
            del functools.reduce(dict.__getitem__, section, config)[key]
    assert configs[0] == configs[1] == configs[2]
