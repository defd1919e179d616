"""Whole programs as a user starts them: seconds and memory from the command line to the last line of output."""

import sys
from collections.abc import Callable
from typing import Final

from benchmarks.measured import Program, Usage
from benchmarks.process import run

RUNS: Final = 3
ENOUGH_SECONDS: Final = 60
"""A program that took so long in all is not run again."""
COMMANDS: Final = (
    ("make", "-s", "plan"),
    ("python", "-m", "sizing", "plan", "--stack", "dev"),
    ("python", "-m", "sizing", "compare", "--stack", "dev"),
    ("python", "-m", "sizing", "sweep", "--stack", "dev", "--from", "25000", "--to", "250000"),
)


def measure(tell: Callable[[str], None], runs: int = RUNS) -> tuple[Program, ...]:
    """Run each command some times in the repository's root.

    Args:
        tell: called with a command line before each run.
        runs: how many times; fewer when the program is slow.
    """
    return tuple(_program(command, runs, tell) for command in COMMANDS)


def _program(command: tuple[str, ...], runs: int, tell: Callable[[str], None]) -> Program:
    line = " ".join(command)
    started = [sys.executable if word == "python" else word for word in command]
    usages: list[Usage] = []
    failure = ""
    for _ in range(runs):
        tell(line)
        ended = run(started)
        usages.append(ended.usage)
        if ended.usage.code:
            failure = (ended.errors.strip().splitlines() or [f"exit code {ended.usage.code}"])[-1]
        if failure or sum(usage.seconds for usage in usages) > ENOUGH_SECONDS:
            break
    return Program(command=line, runs=tuple(usages), failure=failure)
