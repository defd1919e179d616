"""Every wrong configuration of `wrong/*.yaml`, alone: its lines come, all of them and no others."""

from pathlib import Path

import pytest
import yaml

WRONG = [
    pytest.param(case, id=f"{path.stem}: {case['case']}")
    for path in sorted((Path(__file__).parent / "wrong").glob("*.yaml"))
    for case in yaml.safe_load(path.read_text(encoding="utf-8"))
]


@pytest.mark.parametrize("case", WRONG)
def test_it_is_refused_with_its_lines_and_no_others(changed, lines_of, case):
    lines = lines_of(changed(case.get("change", {}) | dict.fromkeys(case.get("without", ()), ...)))
    expected = case["says"].splitlines()
    assert [line[: len(start)] for line, start in zip(lines, expected, strict=True)] == expected
    for line in lines:
        path, _, rest = line.partition(": ")
        assert path.startswith("cluster.")
        assert rest.count("; ") == 1, "the rule and the fix are told apart by the only semicolon"
        assert line.isprintable()


def test_there_are_many_wrong_configurations_and_no_two_of_the_same_name():
    assert len({case.id for case in WRONG}) == len(WRONG) > 150
