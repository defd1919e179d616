"""The reference page is made from the code, whole, and stands in the repository as it is made."""

import re
from pathlib import Path

import pytest

from config import rules
from config.presets import QUESTIONS
from config.reference import reference
from config.schema import ClusterConfig
from config.sections import keys_of, shape_of
from config.words import PATTERNS, words

PAGE = Path(__file__).parents[2] / "docs" / "configuration.md"


def sections(section, found):
    """The section and every section below it."""
    if section not in found:
        found.append(section)
        for key in keys_of(section).values():
            shape = key.shape
            while shape is not None and shape.kind == "mapping":
                shape = shape.item
            if shape is not None and shape.kind == "section":
                sections(shape.base, found)
    return found


def test_the_page_in_the_repository_is_the_one_that_is_made_now():
    """After a change: `python -m config reference > docs/configuration.md`."""
    assert PAGE.read_text(encoding="utf-8") == reference()


def test_every_key_of_every_section_has_its_row_with_a_description():
    page = reference()
    for section in sections(ClusterConfig, []):
        for key in keys_of(section).values():
            assert key.description, f"{section.__name__}.{key.name}"
            cells = f"| `{key.name}` | "
            assert any(
                line.startswith(cells) and line.endswith(f" | {key.description} |") for line in page.splitlines()
            ), f"{section.__name__}.{key.name}"


def test_every_section_stands_on_the_page_once_under_all_its_paths():
    titles = re.findall(r"^## (`.*)$", reference(), re.MULTILINE)
    paths = [path for title in titles for path in title.replace("`", "").split(", ")]
    assert len(paths) == len(set(paths))
    assert len(titles) == len(sections(ClusterConfig, []))
    assert {"services.<name>.resources", "kafka.resources", "headroom.platform_share"} <= set(paths)


def test_every_preset_and_every_rule_stands_on_the_page():
    page = reference()
    for question in QUESTIONS:
        assert f"### `{question.path}`" in page
        for name, answer in question.answers.items():
            assert f"* `{name}`: {answer.reason}." in page
            assert all(f"| `{path.replace('*', '<name>')}` | " in page for path in answer.values)
    count = sum(len(group) for group in rules.GROUPS.values())
    assert len(re.findall(r"^\* [A-Z].*\.$", page.partition("## Rules across keys")[2], re.MULTILINE)) == count


def test_every_pattern_of_the_configuration_has_words_and_every_word_a_pattern():
    def patterns(shape):
        if shape is None:
            return set()
        return ({shape.pattern} - {None}) | patterns(shape.key) | patterns(shape.item)

    used = set()
    for section in sections(ClusterConfig, []):
        for key in keys_of(section).values():
            used |= patterns(key.shape)
            assert words(key.shape)
    assert used == set(PATTERNS)


def test_the_example_of_an_error_line_on_the_page_is_a_real_one(changed, lines_of):
    (line,) = lines_of(changed({"pools.planner": {"count": 0}, "services.orders.pool": "planner"}))
    assert f"```\n{line}\n```" in reference()


def test_the_page_has_no_line_with_trailing_space_and_ends_with_one_line_feed():
    page = reference()
    assert page == "\n".join(line.rstrip() for line in page.splitlines()) + "\n"


def test_a_type_that_no_field_uses_is_a_mistake_in_the_schema():
    with pytest.raises(TypeError, match="no configuration field has the type"):
        shape_of(int | list[int])
    with pytest.raises(TypeError, match="int is no configuration section"):
        keys_of(int)
