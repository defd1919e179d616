import re
import xml.etree.ElementTree as ET
from decimal import Decimal

from bench_fakes import outcome, results, row, usage
from pydantic import TypeAdapter

from benchmarks.cases import cases
from benchmarks.document import document, goals, markdown
from benchmarks.measured import Program, Results
from benchmarks.plot import plot
from benchmarks.tables import Table, tables
from benchmarks.verdict import misses, out_of_reach, percent, surprises

CASES = cases()
ZONES = "platform/zone/c5a/flat"
MANY = "services/50/all/x86"
MET = row(ZONES, outcome("1.29", "1.29"), outcome("2.064", how="v1.14.1"), outcome("1.29", "1.29", how="Optimal"))
LARGE = [
    row(MANY, outcome("10.1", "10"), outcome("12"), outcome(None), seed=1),
    row(
        MANY, outcome("10.3", "10", seconds=11.0, usage=usage(peak_mib=350.0, cpu_seconds=12.0)), outcome("11"), seed=2
    ),
    row(MANY, outcome("10.1", "10"), outcome("10"), seed=3),
]


def case(key):
    return next(case for case in CASES if case.key == key)


def test_every_table_of_the_document_is_well_formed_and_lines_up():
    text = document(CASES, results(MET, *LARGE))
    found = re.findall(r"(?:^\|.*\n)+", text, flags=re.MULTILINE)
    assert len(found) == 4
    for table in found:
        lines = table.splitlines()
        assert len({len(line) for line in lines}) == 1, table
        assert len({line.count("|") for line in lines}) == 1, table
        assert re.fullmatch(r"\|(-{3,}:?\|)+", lines[1]), lines[1]
        assert len(lines) >= 3


def test_the_document_says_when_where_with_what_and_under_what_load():
    text = document(CASES, results(MET))
    assert "2026-11-25, 12 minutes" in text
    assert "2 cores (AMD EPYC), 23.5 GiB, Linux 6.18" in text
    assert "Python 3.11.7, Karpenter v1.14.1" in text
    assert "other programs took 4% of the machine's CPU time" in " ".join(text.split())
    assert "30 s on the clock at most" in text
    assert "{" not in text
    assert all(len(line) <= 120 or line.startswith("|") for line in text.splitlines())


def test_figures_are_months_gaps_savings_and_medians_with_the_worst():
    platform, services, effort, programs = tables(CASES, results(MET, *LARGE))
    assert platform.rows == (
        ("three zones, c5a, 7.5 % of memory lost", "15", "941.70", "0.0 %", "1506.72", "37.5 %", "941.70", "met"),
    )
    assert services.rows[0][2:] == ("7373.00", "1.0 % (3.0 %)", "8030.00", "6.4 % (-1.0 %)", "-", "missed on 2 of 3")
    assert effort.rows[1][1:] == ("1.00 (11.00)", "1.2", "350", "1.00 (1.00)", "120", "1.00", "120", "best fit")
    assert programs.rows == (("`make -s plan`", "1", "1.50", "1.25", "120"),)


def test_goals_that_were_missed_are_named_with_the_figure():
    assert misses(case(ZONES), MET) == ()
    assert misses(case(MANY), LARGE[0]) == ()
    assert misses(case(MANY), LARGE[1]) == (
        "gap 3.0 %, goal 2.0 %",
        "6.4 % below Karpenter, goal 10.0 %",
        "11.0 s, goal 10 s",
        "350 MiB, goal 300 MiB",
    )
    assert misses(case(MANY), LARGE[2]) == ("-1.0 % below Karpenter, goal 10.0 %",)
    short = row(MANY, outcome("10.1", "9.8"), outcome("11"))
    assert misses(case(MANY), short) == ("gap 3.1 %, goal 2.0 %", "8.2 % below Karpenter, goal 10.0 %")
    assert out_of_reach(case(MANY), short) is None
    assert percent(out_of_reach(case(MANY), LARGE[1])) == "9.1 %"
    assert any("no packing can be more than 9.1 % below" in line for line in goals(CASES, results(*LARGE)))
    dear = row(ZONES, outcome("1.3", "1.29", faults=("web: 3 of 4 pods are placed",)), outcome("2"), outcome("1.29"))
    assert misses(case(ZONES), dear) == (
        "gap 0.8 %, goal 0.0 %",
        "949.00 USD a month, the optimum is 941.70",
        "dearer than the plain MIP by 0.8 %",
        "breaks a rule: web: 3 of 4 pods are placed",
    )
    none = row(ZONES, outcome(None, how="exit code 1: nothing said"), outcome("2"))
    assert misses(case(ZONES), none) == ("no packing: exit code 1: nothing said",)
    (*_, left) = goals(CASES, results(MET, *LARGE))
    assert left.startswith("Not run this time: no tolerance, c5a, no memory lost; ")
    assert next(iter(goals(CASES, results(MET, *LARGE)))) == "2 of 4 instances met every goal of theirs."


def test_a_comparison_that_cannot_be_trusted_is_said():
    odd = row(ZONES, outcome("1.29", "1.29"), outcome("2", faults=("web: 3 of 4 pods are placed",)))
    assert surprises(CASES, [MET]) == ()
    assert surprises(CASES, [odd]) == (
        "three zones, c5a, 7.5 % of memory lost, seed 1: karpenter breaks a rule: web: 3 of 4 pods are placed",
        "three zones, c5a, 7.5 % of memory lost: Karpenter costs 1460.00 USD a month, 1506.72 was measured before",
    )
    broken = row(MANY, outcome("1", "1"), outcome(None, how="exit code 2: no types", usage=usage(code=2)))
    assert surprises(CASES, [broken]) == (
        "50 services, all sizes differ, x86, seed 1: karpenter failed: exit code 2: no types",
    )


def test_a_program_that_failed_is_a_failure_and_not_a_figure():
    failed = Program(command="python -m sizing sweep", runs=(usage(code=2),), failure="invalid choice: 'sweep'")
    (*_, programs) = tables(CASES, results(MET, programs=(failed,)))
    assert programs.rows == (("`python -m sizing sweep`", "failed", "-", "-", "-"),)
    assert list(goals(CASES, results(MET, programs=(failed,))))[-1] == (
        "Failed: `python -m sizing sweep`: invalid choice: 'sweep'"
    )


def test_cells_cannot_break_a_table():
    table = Table(title="t", note="n", header=("a", "b"), rows=(("x | y", "1"),))
    assert markdown(table).splitlines()[2].replace("\\|", "").count("|") == 3


def test_equal_figures_give_the_same_picture_byte_for_byte(tmp_path):
    first, second = tmp_path / "1.svg", tmp_path / "2.svg"
    for path in (first, second):
        plot(CASES, (MET, *LARGE), path)
    assert first.read_bytes() == second.read_bytes()
    texts = [element.text for element in ET.parse(first).iter("{http://www.w3.org/2000/svg}text")]  # noqa: S314 - ours
    assert {"groundswell", "Karpenter's scheduler", "plain MIP", "services", "seconds"} <= set(texts)
    assert b"2026" not in first.read_bytes()


def test_a_run_survives_its_record():
    adapter = TypeAdapter(Results)
    again = adapter.validate_json(adapter.dump_json(results(MET)))
    assert again == results(MET)
    assert again.rows[0].outcomes["groundswell"].cost == Decimal("1.29")
