"""Waiting: try, sleep, try again, until the condition has held often enough or the deadline is over."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from operations.gate.report import Finding


class GateError(Exception):
    """Something that waiting cannot mend, such as missing AWS credentials; the message is one line."""


class Clock(Protocol):
    """Time as a gate sees it."""

    def now(self) -> float:
        """Seconds from an arbitrary start; never goes back."""
        ...

    def sleep(self, seconds: float) -> None:
        """Do nothing for that long."""
        ...


class SystemClock:
    """The machine's monotonic clock."""

    def now(self) -> float:
        """Seconds from an arbitrary start; never goes back."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Do nothing for that long."""
        time.sleep(seconds)


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What one try found.

    Attributes:
        passed: the condition holds now.
        state: one line without figures that change from try to try, such as times: a new line means a change.
        findings: why it does not hold, the likeliest root first; empty when it does.
    """

    passed: bool
    state: str
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Pace:
    """How often to try.

    Attributes:
        first: seconds between the first tries, and between the tries that confirm a success.
        factor: each further pause after a failure is longer by this factor.
        cap: longest pause in seconds.
        successes: tries in a row that must succeed, because one good answer may come from the one healthy
            machine behind a load balancer or fall between two restarts.
    """

    first: float = 2.0
    factor: float = 1.5
    cap: float = 15.0
    successes: int = 1


def wait(
    probe: Callable[[float], Verdict],
    *,
    deadline: float,
    pace: Pace,
    clock: Clock,
    progress: Callable[[float, str], None],
) -> Verdict:
    """Try until the condition has held `pace.successes` times in a row or the deadline is over.

    Args:
        probe: one try; is given the seconds that are left, so that its own timeouts can be shorter.
        deadline: seconds in all. One try is always made; none starts after the deadline.
        pace: how often to try.
        clock: the time.
        progress: is given the seconds so far and the state, whenever the state changes.

    Returns:
        The passing verdict, or the last failing one.

    Raises:
        GateError: from `probe`.
    """
    start = clock.now()
    last, failure = "", Verdict(passed=False, state="nothing was tried")
    pause, streak = pace.first, 0
    while True:
        verdict = probe(deadline - (clock.now() - start))
        elapsed = clock.now() - start
        if verdict.state != last:
            last = verdict.state
            progress(elapsed, last)
        if verdict.passed:
            streak, pause = streak + 1, pace.first
            if streak >= pace.successes:
                return verdict
        else:
            streak, failure = 0, verdict
        left = deadline - elapsed
        if left > 0:
            clock.sleep(min(pause, left))
        if deadline - (clock.now() - start) <= 0:
            return _over(failure, streak, pace.successes)
        if not streak:
            pause = min(pause * pace.factor, pace.cap)


def _over(failure: Verdict, streak: int, successes: int) -> Verdict:
    if not streak:
        return failure
    state = f"held {streak} of {successes} times in a row when the time was over; before that: {failure.state}"
    return Verdict(passed=False, state=state, findings=failure.findings)
