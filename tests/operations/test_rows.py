import argparse
import csv
import json
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from operations import rows as command
from operations.rows.board import read_board
from operations.rows.load import COLUMNS, load_rows
from operations.rows.requirement import Need, RowsError, Tier, needs_of, parse_check
from operations.rows.results import Result, digest_of, load_results, save_results
from operations.rows.scan import scan_tests
from operations.rows.standing import Outcome, State
from operations.rows.tally import tally

REPOSITORY = Path(__file__).resolve().parents[2]

CHECKS = {
    "S0-01": "U: loads",
    "S0-02": "G: text; V: boots",
    "S0-03": "U: no key; K: works",
    "S0-04": "as S0-03",
    "S0-05": "U: as S0-01",
    "S0-06": "V/K: either",
    "S1-01": "-",
}


def write_rows(root, checks=None, notes="id,note\n"):
    (root / "docs").mkdir(exist_ok=True)
    with (root / "docs/requirements.csv").open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for row_id, check in (CHECKS if checks is None else checks).items():
            writer.writerow([row_id, f"capability | of {row_id}", "S0 A", check, "on AWS"])
    (root / "docs/requirements-notes.csv").write_text(notes)


def write_test(root, path, text):
    file = root / "tests" / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"import pytest\n\n{text}\n")


def name_rows(root, path, *ids):
    """Write one test function, `test_it`, that names the rows."""
    write_test(root, path, f"@pytest.mark.row({', '.join(map(repr, ids))})\ndef test_it(): pass")


def record(root, tier, **outcomes):
    """Record outcomes by row id, each of `test_it` in the only test file that names the row in that tier."""
    tests = {row: test for test in scan_tests(root) for row in test.rows if test.tier == tier}
    results = load_results(root, tier)
    for name, outcome in outcomes.items():
        row = name.replace("_", "-")
        test = tests[row]
        digest = digest_of(root / test.path)
        results[row] = [Result(test=test.test, outcome=outcome, digest=digest, when="2025-03-31T00:00:00+00:00")]
    save_results(root, tier, results)


@pytest.fixture
def root(tmp_path):
    write_rows(tmp_path)
    (tmp_path / "tests").mkdir()
    return tmp_path


def states(root):
    return {row_id: standing.state for row_id, standing in read_board(root).standings.items()}


def run(root, *arguments):
    parser = argparse.ArgumentParser()
    command.add_parser(parser.add_subparsers(required=True))
    return command.run(parser.parse_args(["rows", "--root", str(root), *arguments]))


# What the offline checks ask for


def test_every_one_of_the_238_rows_asks_for_a_tier_or_for_aws():
    rows = load_rows(REPOSITORY)
    articles = [row.article for row in rows.values()]
    assert {article: articles.count(article) for article in dict.fromkeys(articles)} == {
        "S0": 74,
        "S1": 34,
        "S2": 35,
        "S3": 37,
        "S4": 58,
    }
    for row in rows.values():
        needs = needs_of(row, rows)
        assert row.only_aws != bool(needs), row.id
        assert all(need.tiers for need in needs), row.id
        for need in needs:
            for other in need.like:
                theirs = {tier for need in parse_check(rows[other].offline_check) for tier in need.tiers}
                assert set(need.tiers) <= theirs, f"{row.id} refers to {other}, which has no such tier"


def test_every_letter_at_the_head_of_a_clause_is_read():
    """Counted independently: the parser must see each `U:`, `K strict`, `V/K` and lone `K` of the file."""
    heads = 0
    for row in load_rows(REPOSITORY).values():
        clauses = [clause.split() for clause in row.offline_check.split(";")]
        letters = {Tier.UNIT: "UGM", Tier.REAL: "EK", Tier.BOOT: "V"}
        words = [word for clause in clauses if set(word := clause[0].rstrip(":")) <= set("UGMEKV/")]
        heads += len(words)
        read = {tier for need in parse_check(row.offline_check) for tier in need.tiers}
        for tier, expected in letters.items():
            if any(set(expected) & set(word) for word in words):
                assert tier in read, row.id
    assert heads == 276


@pytest.mark.parametrize(
    ("check", "needs"),
    [
        ("U golden: all values", [Need(tiers=(Tier.UNIT,))]),
        ("U/G: one version; V: held", [Need(tiers=(Tier.UNIT,)), Need(tiers=(Tier.BOOT,))]),
        ("U: type; 16 GiB in the plan", [Need(tiers=(Tier.UNIT,))]),
        ("U: gate program; fake API answers", [Need(tiers=(Tier.UNIT,))]),
        ("U: volume; K strict", [Need(tiers=(Tier.UNIT,)), Need(tiers=(Tier.REAL,))]),
        ("G: leader-elect; K", [Need(tiers=(Tier.UNIT,)), Need(tiers=(Tier.REAL,))]),
        ("V/K: order", [Need(tiers=(Tier.BOOT, Tier.REAL))]),
        ("V or container test", [Need(tiers=(Tier.BOOT, Tier.REAL))]),
        ("M: moves", [Need(tiers=(Tier.UNIT,))]),
        ("as S0-29", [Need(like=("S0-29",))]),
        ("V: as S0-22, S0-23", [Need(tiers=(Tier.BOOT,), like=("S0-22", "S0-23"))]),
        ("Kubernetes accepts it", []),
        ("U: type; the same as S0-29", [Need(tiers=(Tier.UNIT,))]),
        ("U/G/V: any", [Need(tiers=(Tier.UNIT, Tier.BOOT))]),
        ("-", []),
        ("", []),
    ],
)
def test_an_offline_check_is_read_clause_by_clause(check, needs):
    assert list(parse_check(check)) == needs


def test_wrong_rows_and_notes_are_all_reported_at_once(tmp_path):
    write_rows(
        tmp_path,
        {"S0-1": "U: a", "S0-02": "nothing", "S0-03": "as S9-01", "S0-04": "U: as S0-03"},
        notes="id,note\nS0-02,\nS0-99,gone\nS0-02,again\n",
    )
    with pytest.raises(RowsError) as caught:
        load_rows(tmp_path)
    text = "\n".join(caught.value.problems)
    for part in (
        "'S0-1': not a row id",
        "S0-02: 'nothing' names no letter",
        "S0-03: refers to S9-01, which is not a row",
        "S0-04: refers to S0-03, which is itself a reference",
        "requirements-notes.csv: S0-02: appears 2 times",
        "requirements-notes.csv: 'S0-99': no such row",
    ):
        assert part in text


def test_a_table_with_a_wrong_header_or_a_short_record_is_refused(tmp_path):
    write_rows(tmp_path)
    table = tmp_path / "docs/requirements.csv"
    table.write_text(table.read_text() + "S1-02,short\n")
    (tmp_path / "docs/requirements-notes.csv").write_text("row,note\n")
    with pytest.raises(RowsError) as caught:
        load_rows(tmp_path)
    assert caught.value.problems == (
        "requirements.csv: record 9: 2 cells; must be 5",
        "requirements-notes.csv: header 'row,note': must be 'id,note'",
    )


# Which tests name a row


def test_marks_of_functions_classes_modules_and_parameters_are_found(root):
    write_test(
        root,
        "sizing/test_a.py",
        """
pytestmark = [pytest.mark.row("S0-01")]

@pytest.mark.row("S0-02", "S0-03")
def test_two(): pass

@pytest.mark.parametrize("x", [1, pytest.param(2, marks=pytest.mark.row("S0-05"))])
async def test_parameter(x): pass

@pytest.mark.row("S0-04")
class TestGroup:
    pytestmark = pytest.mark.row("S0-06")
    def test_in_class(self): pass
    def helper(self): pass

class Helper:
    @pytest.mark.row("S1-01")
    def test_not_collected(self): pass
""",
    )
    name_rows(root, "boot/test_b.py", "S0-02")
    name_rows(root, "real/deep/test_c.py", "S0-03")
    write_test(root, "real_things/test_d.py", "@pytest.mark.row('S0-01')\ndef test_d(): pass")
    write_test(root, "helper.py", "@pytest.mark.row('S0-01')\ndef test_not_collected(): pass")
    found = {test.test: (test.tier, test.rows) for test in scan_tests(root)}
    assert found == {
        "tests/boot/test_b.py::test_it": (Tier.BOOT, ("S0-02",)),
        "tests/real/deep/test_c.py::test_it": (Tier.REAL, ("S0-03",)),
        "tests/real_things/test_d.py::test_d": (Tier.UNIT, ("S0-01",)),
        "tests/sizing/test_a.py::test_two": (Tier.UNIT, ("S0-01", "S0-02", "S0-03")),
        "tests/sizing/test_a.py::test_parameter": (Tier.UNIT, ("S0-01", "S0-05")),
        "tests/sizing/test_a.py::TestGroup::test_in_class": (Tier.UNIT, ("S0-01", "S0-04", "S0-06")),
    }


def test_a_mark_without_literal_ids_and_a_file_that_is_not_python_are_refused(root):
    write_test(root, "test_a.py", "@pytest.mark.row(*ROWS)\ndef test_a(): pass")
    write_test(root, "test_b.py", "@pytest.mark.row()\ndef test_b(): pass")
    write_test(root, "test_c.py", "@pytest.mark.row('S0-01')\ndef test_c(: pass")
    with pytest.raises(RowsError) as caught:
        scan_tests(root)
    first, second, third = caught.value.problems
    assert first == "tests/test_a.py:3: pytest.mark.row: write the ids as string literals"
    assert second == "tests/test_b.py:3: pytest.mark.row: write the ids as string literals"
    assert third.startswith("tests/test_c.py:4: ")


# Where a row stands


def test_a_row_named_by_no_test_is_absent_and_one_without_offline_check_is_for_aws_only(root):
    assert set(states(root).values()) == {State.ABSENT, State.ONLY_AWS}
    assert states(root)["S1-01"] == State.ONLY_AWS


@pytest.mark.parametrize(
    ("outcome", "state"), [("passed", State.PROVED), ("failed", State.BUILT), ("skipped", State.BUILT)]
)
def test_only_a_pass_proves_a_row(root, outcome, state):
    name_rows(root, "test_a.py", "S0-01")
    assert states(root)["S0-01"] == State.BUILT
    record(root, Tier.UNIT, S0_01=outcome)
    assert states(root)["S0-01"] == state


def test_a_result_of_a_changed_test_file_does_not_count(root):
    name_rows(root, "test_a.py", "S0-01")
    record(root, Tier.UNIT, S0_01="passed")
    with (root / "tests/test_a.py").open("a") as file:
        file.write("# changed\n")
    standing = read_board(root).standings["S0-01"]
    assert standing.state == State.BUILT
    assert standing.reasons == ("unit: test changed since it ran",)


def test_a_result_of_a_removed_test_file_leaves_the_row_absent(root):
    name_rows(root, "test_a.py", "S0-01")
    record(root, Tier.UNIT, S0_01="passed")
    (root / "tests/test_a.py").unlink()
    board = read_board(root)
    assert board.standings["S0-01"].state == State.ABSENT
    assert (board.runs[0].tests, board.runs[0].stale) == (0, 1)


def test_one_failed_parameter_or_one_failed_test_unproves_a_row(root):
    name_rows(root, "test_a.py", "S0-01")
    name_rows(root, "test_b.py", "S0-01")
    digest = {name: digest_of(root / f"tests/{name}") for name in ("test_a.py", "test_b.py")}

    def state(*results):
        found = [
            Result(
                test=f"tests/{test}",
                outcome=outcome,
                digest=digest[test[:9]],
                when="2025-03-31T00:00:00+00:00",
            )
            for test, outcome in results
        ]
        save_results(root, Tier.UNIT, {"S0-01": found})
        return states(root)["S0-01"]

    assert state(("test_a.py::test_it[1]", "passed"), ("test_a.py::test_it[2]", "passed")) == State.PROVED
    assert state(("test_a.py::test_it[1]", "passed"), ("test_a.py::test_it[2]", "skipped")) == State.PROVED
    assert state(("test_a.py::test_it[1]", "passed"), ("test_a.py::test_it[2]", "failed")) == State.BUILT
    assert state(("test_a.py::test_it", "passed"), ("test_b.py::test_it", "failed")) == State.BUILT


def test_a_row_with_letters_of_two_tiers_is_part_proved_until_both_pass(root):
    name_rows(root, "test_a.py", "S0-02")
    record(root, Tier.UNIT, S0_02="passed")
    standing = read_board(root).standings["S0-02"]
    assert standing.state == State.PART
    assert standing.reasons == ("boot: no test",)
    name_rows(root, "boot/test_b.py", "S0-02")
    assert read_board(root).standings["S0-02"].reasons == ("boot: test not run",)
    record(root, Tier.BOOT, S0_02="passed")
    assert states(root)["S0-02"] == State.PROVED


def test_a_test_of_a_tier_that_the_row_does_not_ask_for_proves_nothing(root):
    name_rows(root, "test_a.py", "S0-06")
    record(root, Tier.UNIT, S0_06="passed")
    standing = read_board(root).standings["S0-06"]
    assert (standing.state, standing.reasons) == (State.BUILT, ("boot: no test",))


@pytest.mark.parametrize(("path", "tier"), [("boot/test_a.py", Tier.BOOT), ("real/test_a.py", Tier.REAL)])
def test_letters_parted_by_a_slash_are_alternatives(root, path, tier):
    name_rows(root, path, "S0-06")
    record(root, tier, S0_06="passed")
    assert states(root)["S0-06"] == State.PROVED


def test_a_row_that_refers_to_another_needs_its_proof_and_a_test_of_its_own(root):
    name_rows(root, "test_a.py", "S0-03")
    name_rows(root, "real/test_b.py", "S0-03")
    record(root, Tier.UNIT, S0_03="passed")
    record(root, Tier.REAL, S0_03="passed")
    assert states(root)["S0-04"] == State.ABSENT
    name_rows(root, "test_c.py", "S0-04")
    record(root, Tier.UNIT, S0_04="passed")
    assert states(root)["S0-04"] == State.PROVED
    record(root, Tier.REAL, S0_03="failed")
    standing = read_board(root).standings["S0-04"]
    assert (standing.state, standing.reasons) == (State.PART, ("real: waits for S0-03",))


def test_a_lettered_reference_waits_for_the_other_row(root):
    name_rows(root, "test_a.py", "S0-05")
    record(root, Tier.UNIT, S0_05="passed")
    standing = read_board(root).standings["S0-05"]
    assert (standing.state, standing.reasons) == (State.BUILT, ("unit: waits for S0-01",))
    name_rows(root, "test_b.py", "S0-01")
    record(root, Tier.UNIT, S0_01="passed")
    assert states(root)["S0-05"] == State.PROVED


def test_the_tally_counts_every_row_once_per_article_and_once_per_tier_that_it_needs(root):
    name_rows(root, "test_a.py", "S0-01", "S0-02")
    record(root, Tier.UNIT, S0_01="passed", S0_02="passed")
    lines = {(line.article, line.tier): line for line in tally(read_board(root).standings.values())}
    assert list(lines)[:4] == [("S0", None), ("S0", Tier.UNIT), ("S0", Tier.REAL), ("S0", Tier.BOOT)]
    assert all(sum(line.states.values()) == line.rows for line in lines.values())
    whole = lines["all", None]
    assert (whole.rows, whole.states[State.PROVED], whole.states[State.PART]) == (7, 1, 1)
    assert whole.states[State.ONLY_AWS] == lines["S1", None].states[State.ONLY_AWS] == 1
    assert (lines["S0", Tier.UNIT].rows, lines["S0", Tier.UNIT].states[State.PROVED]) == (5, 2)
    assert (lines["S0", Tier.BOOT].rows, lines["S0", Tier.BOOT].states[State.ABSENT]) == (2, 2)


# What is printed


def test_the_board_fits_100_columns_and_shows_reasons_and_notes(root, capsys):
    write_rows(root, notes="id,note\nS0-02,the machine comes later\n")
    name_rows(root, "test_a.py", "S0-01", "S0-02")
    record(root, Tier.UNIT, S0_01="passed", S0_02="passed")
    assert run(root) == 0
    lines = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    assert max(map(len, lines)) <= 100
    assert "all       all it asks for      7        1             1                   ·        4          1" in (
        line.strip() for line in lines
    )
    part = lines.index("Part proved: 1")
    assert lines[part + 4].split(" ")[2] == "S0-02"
    assert lines[part + 4].endswith("boot: no test")
    assert lines[part + 5].strip() == "the machine comes later"
    assert "  boot: never run here (`make test-boot`)" in lines
    assert any(line.endswith("only AWS: on AWS") for line in lines)
    assert not any(line.strip().startswith("S0-01 ") for line in lines)


@pytest.mark.parametrize(("changed", "said"), [(-1, ""), (60, "; the program has changed since")])
def test_a_run_that_is_older_than_the_program_says_so(root, capsys, changed, said):
    name_rows(root, "test_a.py", "S0-01")
    name_rows(root, "test_b.py", "S0-02")
    record(root, Tier.UNIT, S0_01="passed", S0_02="passed")
    (root / "tests/test_b.py").unlink()
    run_at = datetime(2025, 3, 31, tzinfo=UTC).timestamp()
    os.utime(root / "tests/test_a.py", (run_at + changed, run_at + changed))
    run(root)
    line = f"  unit: last run 2025-03-31 00:00 UTC, tests recorded 1, stale 1{said}"
    assert line in capsys.readouterr().out.splitlines()


def test_one_row_is_shown_with_the_tests_that_name_it(root, capsys):
    name_rows(root, "test_a.py", "S0-02")
    name_rows(root, "boot/test_b.py", "S0-02")
    record(root, Tier.UNIT, S0_02="passed")
    name_rows(root, "test_c.py", "S0-02")
    assert run(root, "--row", "S0-02") == 0
    text = capsys.readouterr().out
    assert "part proved; boot: test not run" in text
    assert "tests/test_a.py::test_it: passed" in text
    assert "tests/test_c.py::test_it: not run" in text
    assert "tests/boot/test_b.py::test_it: not run" in text


def test_the_json_carries_every_row_the_counts_and_the_runs(root, capsys):
    name_rows(root, "test_a.py", "S0-02")
    record(root, Tier.UNIT, S0_02="passed")
    assert run(root, "--format", "json") == 0
    board = json.loads(capsys.readouterr().out)
    rows = {row["id"]: row for row in board["rows"]}
    assert list(rows) == list(CHECKS)
    assert rows["S0-02"]["state"] == State.PART
    assert rows["S0-02"]["tiers"] == {"unit": "proved", "boot": "absent"}
    assert rows["S0-02"]["tests"] == [{"test": "tests/test_a.py::test_it", "tier": "unit", "outcome": Outcome.PASSED}]
    assert board["counts"][-4]["states"]["part proved"] == 1
    assert board["runs"][0] == {
        "tier": "unit",
        "tests": 1,
        "stale": 0,
        "last": "2025-03-31T00:00:00+00:00",
        "outdated": True,
    }
    assert run(root, "--format", "json", "--row", "S0-02") == 0
    assert json.loads(capsys.readouterr().out) == [rows["S0-02"]]


def test_the_page_is_the_same_whatever_ran(root, capsys):
    name_rows(root, "test_a.py", "S0-02")
    assert run(root, "--format", "markdown") == 0
    before = capsys.readouterr().out
    record(root, Tier.UNIT, S0_02="passed")
    run(root, "--format", "markdown")
    assert capsys.readouterr().out == before
    assert (
        r"| S0-02 | capability \| of S0-02 | G: text; V: boots "
        "| test_a.py: `test_it`<br>none yet: boot | on AWS |" in before.splitlines()
    )
    assert "| S0 | 6 | 0 | 1 | 5 | 0 |" in before


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--row", "S9-99"], "--row: S9-99: not in docs/requirements.csv"),
        (
            ["--row", "S0-01", "--format", "markdown"],
            "--row: the page has every row; use --format text or json",
        ),
    ],
)
def test_a_wrong_argument_ends_in_one_line(root, capsys, arguments, problem):
    assert run(root, *arguments) == 2
    output = capsys.readouterr()
    assert (output.out, output.err) == ("", f"{problem}\n")


def test_a_mark_with_an_unknown_id_and_a_broken_results_file_end_in_one_line(root, capsys):
    (root / "build/rows").mkdir(parents=True)
    (root / "build/rows/real.json").write_text('{"tier": "real"}')
    assert run(root) == 2
    assert capsys.readouterr().err == (
        "build/rows/real.json: not a results file; delete it and run `make test-real` again\n"
    )
    name_rows(root, "test_a.py", "S0-77")
    assert run(root) == 2
    assert capsys.readouterr().err == (
        "tests/test_a.py::test_it: row 'S0-77' is not in docs/requirements.csv; correct the mark\n"
    )


def test_the_page_in_docs_is_the_one_that_the_marks_give(capsys):
    """`python -m operations rows --format markdown > docs/requirements.md` brings it up to date."""
    assert run(REPOSITORY, "--format", "markdown") == 0
    assert capsys.readouterr().out == (REPOSITORY / "docs/requirements.md").read_text(encoding="utf-8")
