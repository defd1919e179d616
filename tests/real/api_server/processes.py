"""Programs that run beside a test, each with a log of its own, and none of them after it."""

import socket
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from real.api_server.client import until

SHOWN_LINES = 15
READY_SECONDS = 90


class _Running(NamedTuple):
    name: str
    process: subprocess.Popen[bytes]
    log: Path


class Processes:
    """Starts programs in a folder and ends the ones that it started, no others."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._running: list[_Running] = []

    def start(self, program: Path, flags: Mapping[str, str]) -> None:
        """Start a program; what it writes goes to a file of its name."""
        log = self.folder / f"{program.name}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [program, *(f"--{flag}={value}" for flag, value in flags.items())],
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        self._running.append(_Running(program.name, process, log))

    def wait(self, condition: Callable[[], bool], what: str) -> None:
        """Wait until something holds.

        Raises:
            RuntimeError: a program has ended, or the time is over; the last lines of the newest program say more.
        """

        def holds() -> bool:
            ended = [each for each in self._running if each.process.poll() is not None]
            if ended:
                raise RuntimeError(_last_words(ended[0], f"ended with {ended[0].process.returncode}"))
            return condition()

        try:
            until(holds, what, READY_SECONDS)
        except TimeoutError as error:
            raise RuntimeError(_last_words(self._running[-1], str(error))) from error

    def stop(self) -> None:
        """End all of them at once, the newest first; what they keep is thrown away."""
        for each in reversed(self._running):
            each.process.kill()
        for each in reversed(self._running):
            each.process.wait()
        self._running.clear()


def _last_words(running: _Running, problem: str) -> str:
    lines = running.log.read_text(errors="replace").splitlines()[-SHOWN_LINES:]
    return "\n".join([f"{running.name}: {problem}; it wrote last:", *lines])


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
