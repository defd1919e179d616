"""How one line and the whole block are written."""

import pickle

import pytest

from config.problems import HIDDEN, MISSING, ConfigError, Problem, Said, join_path, last_key, shown
from config.secrecy import holds_secret, looks_secret


def line(path="cluster.name", value="x", rule="must not be x", fix="use y"):
    return str(Problem(path=path, value=value, rule=rule, fix=fix))


def test_a_line_is_path_value_rule_and_fix():
    assert line("cluster.pools.a.count", 0, "must be at least 1", "give 1") == (
        "cluster.pools.a.count: 0: must be at least 1; give 1"
    )


def test_the_block_counts_its_problems_and_names_the_source():
    one = Problem(path="cluster.a", value=1, rule="r", fix="f")
    two = Problem(path="cluster.b", value=[1], rule="r", fix="f")
    assert str(ConfigError([one], "x.yaml")) == "1 problem in x.yaml:\n  cluster.a: 1: r; f"
    assert str(ConfigError([one, two, one])) == (
        "2 problems in the cluster configuration:\n  cluster.a: 1: r; f\n  cluster.b: [1]: r; f"
    )


def test_an_error_survives_the_way_to_another_process():
    error = ConfigError([Problem(path="cluster.a", value={"b": 1}, rule="r", fix="f")], "x.yaml")
    copied = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes
    assert (str(copied), copied.problems, copied.source) == (str(error), error.problems, "x.yaml")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (MISSING, "absent"),
        (HIDDEN, "(not shown)"),
        (Said("two of them"), "two of them"),
        ("two", '"two"'),
        ("", '""'),
        (None, "null"),
        (True, "true"),
        (1.5, "1.5"),
        (["a", {"b": 1}], '["a", {"b": 1}]'),
        ("zwölf", '"zwölf"'),
        ("two\nlines\t\x1b[31m", '"two\\nlines\\t\\u001b[31m"'),
        ("right\u202eleft\u2028line", '"right\\u202eleft\\u2028line"'),
        ([[[[["deep"]]]]], '[[[["…"]]]]'),
        ("x" * 100, '"' + "x" * 70 + "…"),
    ],
)
def test_a_value_is_shown_as_one_short_printable_line(value, text):
    assert shown(value) == text


SECRETS = [
    "-----BEGIN RSA " + "PRIVATE KEY-----\nabc",
    "AKIA" + "IOSFODNN7EXAMPLE",
    "abcdef." + "0123456789abcdef",
    "mysql://shop:hunter2@db.test/shop",
    "jdbc:postgresql://shop:hunter2@db.test/shop",
]


@pytest.mark.parametrize("value", SECRETS)
def test_a_value_that_looks_like_a_secret_is_never_shown(value):
    assert holds_secret(value)
    for text in (shown(value), shown([value]), shown({"a": {"b": value}}), line(value=value)):
        assert value[:12] not in text
        assert "(not shown)" in text


@pytest.mark.parametrize(
    "value",
    ["registry.test:5000/shop", "http://user.test/path@x", "main1a.abc123.ap-northeast-2.rds.amazonaws.com", "1.36.4"],
)
def test_ordinary_values_are_not_taken_for_secrets(value):
    assert not holds_secret(value)


@pytest.mark.parametrize(
    "key",
    [
        "password",
        "DB_PASSWORD",
        "dbPassword",
        "admin-token",
        "clientSecret",
        "AWS_SECRET_ACCESS_KEY",
        "api_key",
        "x.pwd",
    ],
)
def test_keys_that_end_in_a_word_for_a_secret_are_recognised(key):
    assert looks_secret(key)
    assert "hunter2" not in line(f"cluster.services.a.settings.{key}", "hunter2")
    assert "hunter2" not in shown({"a": [{key: "hunter2"}]})


@pytest.mark.parametrize(
    "key", ["TOKEN_TTL_SECONDS", "password_min_length", "secretary", "keyboard", "KEY", "tokens_url"]
)
def test_keys_that_only_contain_such_a_word_are_not(key):
    assert not looks_secret(key)


@pytest.mark.parametrize(
    ("path", "key", "joined"),
    [
        ("cluster", "name", "cluster.name"),
        ("cluster.zones", 0, "cluster.zones[0]"),
        ("cluster.tags", "cost:center", "cluster.tags.cost:center"),
        ("cluster.labels", "a.b/c", 'cluster.labels["a.b/c"]'),
        ("cluster.tags", "", 'cluster.tags[""]'),
        ("cluster.tags", "a\nb", 'cluster.tags["a\\nb"]'),
    ],
)
def test_a_key_path_is_written_so_that_it_can_be_read_back(path, key, joined):
    assert join_path(path, key) == joined


@pytest.mark.parametrize(
    ("path", "key"),
    [("cluster.name", "name"), ("cluster.zones[3]", "zones"), ('cluster.labels["a.b/token"]', "b/token")],
)
def test_the_last_key_of_a_path_is_found(path, key):
    assert last_key(path) == key
