"""Stack files and plain files: what YAML says, what it only seems to say, and every way in which it can be broken."""

import json
from pathlib import Path

import pytest
import yaml

from config.loader import load_cluster, load_stack_file, load_traffic_file
from config.problems import ConfigError
from config.secret_keys import CLUSTER_KEY
from config.yaml_file import read_yaml


@pytest.fixture
def file(tmp_path):
    def write(content, name="Pulumi.test.yaml"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


@pytest.fixture
def stack(file):
    def write(values):
        return file(yaml.safe_dump({"config": values}, sort_keys=False))

    return write


def problem_lines(load, path):
    with pytest.raises(ConfigError) as caught:
        load(path)
    heading, *lines = str(caught.value).splitlines()
    noun = "problem" if len(lines) == 1 else "problems"
    assert heading == f"{len(lines)} {noun} in {path.name}:"
    return [line.removeprefix("  ") for line in lines]


BROKEN = """
- case: a tab
  file: "a:\\n\\tb: 1\\n"
  says: |
    line 2: "b: 1": a tab cannot indent YAML; use spaces
- case: two colons
  file: "a: b: c\\n"
  says: |
    line 1: "a: b: c": a second `: ` on this line; put text that holds `: ` in quotes
- case: a line too far left
  file: "a:\\n    b: 1\\n  c: 2\\n"
  says: |
    line 3: "c: 2": does not line up with the lines before it; indent it like its neighbours
- case: a line that is no key
  file: "a: 1\\nb\\nc: 2\\n"
  says: |
    line 3: "c: 2": is no `key: value`; write it as `key: value`, with a space
- case: an open quote
  file: "a: 'b\\n"
  says: |
    line 2: "": a quote or bracket is not closed; close it
- case: an unknown alias
  file: "a: *b\\n"
  says: |
    line 1: "a: *b": refers to an anchor that is not defined; define it above, or put the text in quotes
- case: two documents
  file: "a: 1\\n---\\nb: 2\\n"
  says: |
    line 2: "---": a second document begins here; keep one document in the file
- case: another bracket
  file: "a: [1, 2}\\n"
  says: |
    line 1: "a: [1, 2}": is not YAML: expected ',' or ']', but got '}'; correct this line or the one before it
- case: keys that stand twice
  file: "a: 1\\nb:\\n  c: 1\\n  d: 2\\n  c: 3\\na: 4\\n"
  says: |
    line 6: "a": stands twice here (first on line 1) and only the last would count; remove one of the two
    line 5: "c": stands twice here (first on line 3) and only the last would count; remove one of the two
- case: a list as a key
  file: "? [1, 2]\\n: 3\\n"
  says: |
    line 1: …: a list or mapping cannot be a key; write a text as the key
- case: tags
  file: "a: !!python/object:os.system {}\\nb: !secret x\\nc: !!timestamp soon\\nd: !!int many\\n"
  says: |
    line 1: "tag:yaml.org,2002:python/object:os.system": is a YAML tag that this file may not use; remove the tag
    line 2: "!secret": is a YAML tag that this file may not use; remove the tag
    line 3: "tag:yaml.org,2002:timestamp": is a YAML tag that this file may not use; remove the tag
    line 4: "many": does not fit its YAML tag; remove the tag
- case: a control character
  file: "a: \\a\\n"
  says: |
    file: …: is not YAML: unacceptable character #x0007: special characters are not allowed; remove the character
"""


@pytest.mark.parametrize("case", [pytest.param(case, id=case["case"]) for case in yaml.safe_load(BROKEN)])
def test_yaml_that_is_broken_ends_in_lines_with_the_place(file, case):
    assert problem_lines(read_yaml, file(case["file"])) == case["says"].splitlines()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "…: is empty; write the configuration into it"),
        (b"# nothing but a comment\n", "…: is empty; write the configuration into it"),
        (b"- a\n- b\n", '["a", "b"]: must be a mapping; write it as `key: value`'),
        (b"hello\n", '"hello": must be a mapping; write it as `key: value`'),
        ("naïve: 1\n".encode("latin-1"), "…: is not UTF-8 at byte 2; save the file as UTF-8"),
        (b"[" * 5000, "…: is nested too deeply or refers to itself; look at its YAML aliases (*name)"),
    ],
)
def test_a_file_that_holds_no_mapping_is_refused_in_one_line(file, content, says):
    path = file(content)
    assert problem_lines(read_yaml, path) == [f"{path}: {says}"]


def test_a_file_that_is_not_there_is_refused_in_one_line(tmp_path):
    path = tmp_path / "Pulumi.none.yaml"
    fix = "give the name of a file that can be read"
    assert problem_lines(load_stack_file, path) == [f"{path}: absent: no such file or directory; {fix}"]
    assert problem_lines(load_traffic_file, tmp_path) == [f"{tmp_path}: absent: is a directory; {fix}"]


def test_text_that_yaml_1_1_would_convert_stays_text(file):
    content = "{day: 2026-11-21, time: 12:30, answer: yes, switch: off, number: 1_000, code: 007, country: NO}\n"
    assert read_yaml(file(content)) == {
        "day": "2026-11-21",
        "time": "12:30",
        "answer": "yes",
        "switch": "off",
        "number": "1_000",
        "code": "007",
        "country": "NO",
    }


def test_the_plain_scalars_of_yaml_are_what_they_look_like(file):
    content = "{a: 1, b: -2, c: 0x10, d: 1.5, e: 1e3, f: .5, g: true, h: False, i: null, j: ~, k: , l: '1', m: a}\n"
    assert list(read_yaml(file(content)).values()) == [
        1,
        -2,
        16,
        1.5,
        1000.0,
        0.5,
        True,
        False,
        None,
        None,
        None,
        "1",
        "a",
    ]


def test_anchors_and_merge_keys_work_and_may_be_overridden(file):
    content = "base: &base {count: 1, zones: [a]}\nother:\n  <<: *base\n  count: 2\n"
    assert read_yaml(file(content))["other"] == {"count": 2, "zones": ["a"]}


def test_a_byte_order_mark_is_no_part_of_the_first_key(file):
    assert read_yaml(file(b"\xef\xbb\xbfname: x\n")) == {"name": "x"}


def test_an_unquoted_day_arrives_as_text(good, file):
    good["prices"] = {"as_of": "DAY"}
    path = file(yaml.safe_dump(good).replace("DAY", "2026-11-21"))
    assert load_traffic_file(path).prices.as_of == "2026-11-21"


def test_aliases_that_multiply_end_in_one_line(file):
    levels = [f"l{level}: &l{level} [{', '.join([f'*l{level - 1}'] * 9)}]" for level in range(1, 9)]
    path = file("\n".join(["l0: &l0 [x]", *levels]))
    fix = "look for a YAML alias (*name) that repeats itself"
    assert problem_lines(load_traffic_file, path) == [
        f"cluster: …: nests deeper than 24 levels or holds more than 50000 values; {fix}"
    ]


def test_an_alias_of_itself_ends_in_one_line(file):
    (line,) = problem_lines(load_traffic_file, file("tags: &a {b: *a}\n"))
    assert line.startswith("cluster: …: nests deeper than 24 levels")


def test_a_line_that_holds_a_password_is_not_printed(file):
    (line,) = problem_lines(read_yaml, file("db_password: hunter2: x\n"))
    assert "hunter2" not in line


def test_the_shipped_stack_is_good():
    assert load_stack_file(Path(__file__).parents[2] / "Pulumi.dev.yaml").name == "travel"


@pytest.mark.parametrize("form", ["object", "text"])
def test_a_stack_file_gives_the_same_as_the_object_alone(good, stack, form):
    value = good if form == "object" else json.dumps(good)
    assert load_stack_file(stack({CLUSTER_KEY: value})) == load_cluster(good)


def test_a_plain_file_gives_the_same_as_the_object_alone(good, file):
    assert load_traffic_file(file(yaml.safe_dump(good), "traffic.yaml")) == load_cluster(good)


@pytest.mark.parametrize(
    ("values", "line"),
    [
        (
            {},
            "config.groundswell:cluster: absent: is required; write the cluster below `config: groundswell:cluster:`",
        ),
        (
            {"groundswell:clutser": {}},
            "config.groundswell:cluster: absent: is required; rename groundswell:clutser to groundswell:cluster",
        ),
        (
            {CLUSTER_KEY: 5},
            "config.groundswell:cluster: 5: must be a mapping; write it as `key: value` lines",
        ),
        (
            {CLUSTER_KEY: "{"},
            'config.groundswell:cluster: "{": must be a mapping or the JSON text of one; write the configuration below',
        ),
        (
            {CLUSTER_KEY: {"secure": "v1:abc"}},
            "config.groundswell:cluster: (encrypted): must be readable, because it decides which resources there are; ",
        ),
        (None, "config: null: must be a mapping; write it as `key: value` lines"),
    ],
)
def test_a_stack_file_without_a_readable_cluster_says_what_to_write(stack, values, line):
    (found,) = problem_lines(load_stack_file, stack(values))
    assert found.startswith(line)


def test_secrets_stand_beside_the_cluster_encrypted_and_under_their_right_names(good, stack):
    values = {
        CLUSTER_KEY: good,
        "groundswell:database-main-password": {"secure": "v1:abc"},
        "groundswell:cache-sessions-token": {"secure": "v1:abc"},
        "aws:profile": "anything of another project",
    }
    assert load_stack_file(stack(values)).name == "shop"
    values["groundswell:database-main-password"] = "hunter2"
    values["groundswell:cache-session-token"] = "hunter2"
    password, token = problem_lines(load_stack_file, stack(values))
    assert password.startswith("config.groundswell:database-main-password: (not shown): is a secret in clear text; ")
    assert password.endswith(": pulumi config set --secret groundswell:database-main-password")
    assert token.startswith("config.groundswell:cache-session-token: (not shown): is not a known key; did you mean ")
    assert token.endswith(" groundswell:cache-sessions-token?")


def test_problems_of_the_file_and_of_the_cluster_in_it_come_together(good, stack):
    good["control_plane"]["slots"] = {"a": "a", "b": "c"}
    lines = problem_lines(load_stack_file, stack({CLUSTER_KEY: good, "groundswell:other": 1}))
    assert [line.partition(": ")[0] for line in lines] == ["config.groundswell:other", "cluster.control_plane.slots"]
