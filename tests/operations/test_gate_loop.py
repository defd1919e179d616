"""Waiting with a deadline, on a clock that only sleeping moves."""

import pytest
from gate_fakes import Clock

from operations.gate.loop import GateError, Pace, Verdict, wait
from operations.gate.report import Finding

GOOD = Verdict(passed=True, state="ready")
BAD = Verdict(
    passed=False, state="2 of 3", findings=(Finding(phase="join", node="ip-10-0-0-12", symptom="no status entry"),)
)


def run(answers, *, deadline=60.0, pace=None, clock=None):
    """Waits on a list of answers, the last of which repeats; gives the verdict, the tries' times, the progress."""
    clock = clock or Clock()
    tries, lines, remaining = [], [], iter(answers)
    state = {"answer": None}

    def probe(left):
        tries.append((clock.now() - 1000, left))
        state["answer"] = next(remaining, state["answer"])
        if isinstance(state["answer"], Exception):
            raise state["answer"]
        return state["answer"]

    verdict = wait(
        probe,
        deadline=deadline,
        pace=pace or Pace(),
        clock=clock,
        progress=lambda elapsed, text: lines.append((elapsed, text)),
    )
    return verdict, tries, lines


def test_a_gate_that_holds_at_once_passes_without_sleeping():
    clock = Clock()
    verdict, _, _ = run([GOOD], clock=clock)
    assert verdict == GOOD
    assert clock.sleeps == []


@pytest.mark.row("S4-13")
def test_a_gate_gives_up_at_its_deadline_and_starts_no_try_after_it():
    clock = Clock()
    verdict, tries, _ = run([BAD], deadline=100, clock=clock)
    assert verdict == BAD
    assert clock.now() - 1000 == 100
    assert all(when < 100 for when, _ in tries)


def test_a_gate_sleeps_between_all_tries_longer_and_longer_up_to_a_cap():
    clock = Clock()
    run([BAD], deadline=120, pace=Pace(first=2, factor=2, cap=10), clock=clock)
    assert clock.sleeps[:5] == [2, 4, 8, 10, 10]
    assert max(clock.sleeps) == 10
    assert min(clock.sleeps) > 0


def test_every_try_is_told_how_many_seconds_are_left():
    _, tries, _ = run([BAD], deadline=50)
    assert tries[0][1] == 50
    assert all(left == 50 - when for when, left in tries)


def test_a_try_that_outlasts_the_deadline_is_the_last_one():
    clock = Clock()
    tries = []

    def stalled(left):
        tries.append(left)
        clock.time += 200
        return BAD

    verdict = wait(stalled, deadline=100, pace=Pace(), clock=clock, progress=lambda *_: None)
    assert verdict == BAD
    assert tries == [100]


def test_one_good_answer_among_bad_ones_is_not_enough_where_answers_flap():
    verdict, tries, _ = run([GOOD, BAD, GOOD, GOOD, BAD, GOOD, GOOD, GOOD], pace=Pace(successes=3))
    assert verdict == GOOD
    assert len(tries) == 8


def test_a_gate_that_flaps_until_the_end_fails_and_says_what_it_saw_before():
    verdict, _, _ = run([BAD, GOOD], deadline=4, pace=Pace(first=2, successes=5))
    assert not verdict.passed
    assert verdict.state == "held 1 of 5 times in a row when the time was over; before that: 2 of 3"
    assert verdict.findings == BAD.findings


def test_progress_is_one_line_for_each_change_of_state():
    other = Verdict(passed=False, state="1 of 3")
    _, tries, lines = run([other, other, BAD, BAD, BAD, GOOD])
    assert len(tries) == 6
    assert [text for _, text in lines] == ["1 of 3", "2 of 3", "ready"]
    assert [elapsed for elapsed, _ in lines] == sorted(elapsed for elapsed, _ in lines)


def test_what_waiting_cannot_mend_ends_the_gate_at_once():
    clock = Clock()
    with pytest.raises(GateError, match="no credentials"):
        run([GateError("no credentials")], clock=clock)
    assert clock.sleeps == []
