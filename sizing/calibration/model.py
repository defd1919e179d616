"""What a load-test file says, before anything is judged: rates per interval, the same for every tool."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


class UnreadableError(Exception):
    """A file that cannot be used, with the reason and what to do, each as one clause.

    Attributes:
        rule: what is wrong, as in `config.problems.Problem`.
        fix: what to do.
    """

    def __init__(self, rule: str, fix: str) -> None:
        self.rule = rule
        self.fix = fix
        super().__init__(rule, fix)


@dataclass(frozen=True, kw_only=True)
class Sample:
    """Rates over one interval of a test.

    Attributes:
        seconds: length of the interval, s; the weight of the sample.
        rps: requests completed per second, failed ones included.
        response_ms: mean response time of them, ms.
        users: virtual users that ran; None where the tool does not say.
        errors: share of the requests that failed; None where the tool does not say.
        bytes_per_request: bytes received and sent for one request; None where the tool does not say.
    """

    seconds: float
    rps: float
    response_ms: float
    users: float | None = None
    errors: float | None = None
    bytes_per_request: float | None = None


@dataclass(frozen=True, kw_only=True)
class Load:
    """One load-test file.

    Attributes:
        path: the file.
        tool: which tool wrote it.
        sha256: check sum of the file's bytes.
        samples: in order of time; a single one when the file holds only the figures of the whole run.
        peak_rps: highest rate of one interval, requests/s; None where the file does not say.
        pause_ms: time between requests that the file itself implies, ms; a hint, never used unasked.
    """

    path: Path
    tool: str
    sha256: str
    samples: tuple[Sample, ...]
    peak_rps: float | None = None
    pause_ms: float | None = None

    @property
    def summary(self) -> bool:
        """Whether the file holds only the figures of the whole run."""
        return len(self.samples) == 1


@dataclass(frozen=True, kw_only=True)
class Content:
    """What a reader found in its file; the caller adds name and check sum."""

    tool: str
    samples: tuple[Sample, ...]
    peak_rps: float | None = None
    pause_ms: float | None = None


Progress = Callable[[int], None]
"""Is told how many bytes of the file have been read so far."""


def no_progress(_: int) -> None:
    """Tell nobody."""
