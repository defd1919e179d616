"""Which part of a load test may be believed: users constant, few errors, Little's law closed.

A closed test of N users obeys N = X x (R + Z) (Little's law): X requests/s, R response time, Z time that a user waits
between requests. Where it does not, users were still arriving, the test was open, or they waited unsaid.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from sizing.calibration.model import Load, Sample

LITTLE: Final = 0.05
"""Largest |X(R+Z) - N| / N; S0's own six runs close to 0.015."""
ERRORS: Final = 0.01
"""Largest share of failed requests: failures cost other work than answers do."""
USERS: Final = 0.05
"""Users of one level lie this close together."""
WINDOW_SECONDS: Final = 10.0
WINDOW_CYCLES: Final = 3.0
"""A window is at least three request cycles long, so that what crosses its ends weighs little."""
WINDOW_REQUESTS: Final = 1000.0
"""Chance alone moves the rate of this many requests by 3 %, inside `LITTLE`."""
FEWEST_WINDOWS: Final = 3
_MS: Final = 1000.0


@dataclass(frozen=True, kw_only=True)
class Steady:
    """Means over the part of a test that may be believed.

    Attributes:
        users: virtual users, N.
        rps: requests completed per second, X.
        response_ms: mean response time, R.
        think_ms: time between requests that was stated, Z.
        errors: share of failed requests; None where the tool does not say.
        residual: (X(R+Z) - N) / N.
        seconds: how long this part is, s; None for a file with figures of the whole run only.
        windows: windows used, of all windows.
        bytes_per_request: received and sent; None where the tool does not say.
    """

    users: float
    rps: float
    response_ms: float
    think_ms: float
    errors: float | None
    residual: float
    seconds: float | None
    windows: tuple[int, int]
    bytes_per_request: float | None


class RefusedError(Exception):
    """A test that must not be fitted, with the figures that say so.

    Attributes:
        rule: what does not hold.
        fix: what to do.
    """

    def __init__(self, rule: str, fix: str) -> None:
        self.rule = rule
        self.fix = fix
        super().__init__(rule, fix)


def mean(samples: Sequence[Sample], users: float | None = None) -> Sample:
    """One sample for many: rates weighted by time, response times and errors by requests.

    Args:
        samples: at least one.
        users: the number of users where the samples do not say.
    """
    seconds = sum(sample.seconds for sample in samples)
    requests = sum(sample.rps * sample.seconds for sample in samples)
    sized = [sample for sample in samples if sample.bytes_per_request is not None]
    return Sample(
        seconds=seconds,
        rps=requests / seconds if seconds else 0.0,
        response_ms=_by_requests(samples, [sample.response_ms for sample in samples]),
        users=sum((sample.users if sample.users is not None else users or 0.0) * sample.seconds for sample in samples)
        / seconds
        if seconds
        else users,
        errors=None
        if all(sample.errors is None for sample in samples)
        else _by_requests(samples, [sample.errors or 0.0 for sample in samples]),
        bytes_per_request=_by_requests(sized, [sample.bytes_per_request or 0.0 for sample in sized]) if sized else None,
    )


def _by_requests(samples: Sequence[Sample], values: Sequence[float]) -> float:
    weights = [sample.rps * sample.seconds for sample in samples]
    total = sum(weights)
    return sum(weight * value for weight, value in zip(weights, values, strict=True)) / total if total else 0.0


def residual(sample: Sample, think_ms: float) -> float:
    """(X(R+Z) - N) / N of a sample whose users are known and not 0."""
    users = sample.users or 0.0
    return (sample.rps * (sample.response_ms + think_ms) / _MS - users) / users


def steady(load: Load, *, users: float | None, think_ms: float) -> Steady:
    """Find the part of a test that may be believed.

    Args:
        load: the test.
        users: virtual users, for tools that do not write them down.
        think_ms: time that a user waits between an answer and the next request, ms.

    Raises:
        RefusedError: there is no such part; with the figures.
    """
    if users is None and not any(sample.users for sample in load.samples):
        raise RefusedError(
            f"{load.tool} does not say how many users ran", "state users for this file in the server file"
        )
    samples = [sample for sample in load.samples if sample.users or users]
    whole = mean(samples, users)
    windows = [mean(part, users) for part in _windows(samples, _window_seconds(whole, think_ms))]
    level = _level(windows)
    if level is None:
        raise RefusedError(*_moving(windows))
    believed = [window for window in level if _believed(window, think_ms)]
    if len(believed) < min(FEWEST_WINDOWS, len(windows)):
        raise RefusedError(*_reason(load, mean(level), level, think_ms))
    figures = mean(believed)
    return Steady(
        users=figures.users or 0.0,
        rps=figures.rps,
        response_ms=figures.response_ms,
        think_ms=think_ms,
        errors=figures.errors,
        residual=residual(figures, think_ms),
        seconds=None if load.summary else figures.seconds,
        windows=(len(believed), len(windows)),
        bytes_per_request=figures.bytes_per_request,
    )


def _window_seconds(whole: Sample, think_ms: float) -> float:
    cycle = (whole.response_ms + think_ms) / _MS
    return max(WINDOW_SECONDS, WINDOW_CYCLES * cycle, WINDOW_REQUESTS / whole.rps if whole.rps else 0.0)


def _windows(samples: Sequence[Sample], seconds: float) -> Iterator[Sequence[Sample]]:
    """Whole windows; what is left at the end goes with the last one."""
    found: list[list[Sample]] = [[]]
    length = 0.0
    for sample in samples:
        if length >= seconds:
            found.append([])
            length = 0.0
        found[-1].append(sample)
        length += sample.seconds
    if length < seconds and len(found) > 1:
        found[-2].extend(found.pop())
    yield from found


def _level(windows: Sequence[Sample]) -> list[Sample] | None:
    """The windows of the number of users that ran longest; None where no two windows agree on one.

    Two levels that ran equally long are decided for the larger one: it says more about the ceiling.
    """
    if len(windows) == 1:
        return list(windows)
    candidates: list[tuple[float, float, list[Sample]]] = []
    for window in windows:
        users = window.users or 0.0
        near = [other for other in windows if abs((other.users or 0.0) - users) <= USERS * users]
        candidates.append((sum(other.seconds for other in near), users, near))
    _, _, best = max(candidates, key=lambda candidate: candidate[:2])
    return best if len(best) > 1 else None


def _believed(window: Sample, think_ms: float) -> bool:
    return abs(residual(window, think_ms)) <= LITTLE and (window.errors or 0.0) <= ERRORS


def _moving(windows: Sequence[Sample]) -> tuple[str, str]:
    users = [window.users or 0.0 for window in windows]
    return (
        f"users moved from {min(users):g} to {max(users):g} and never stayed on one level",
        "run the test longer with a constant number of users",
    )


def _reason(load: Load, figures: Sample, level: Sequence[Sample], think_ms: float) -> tuple[str, str]:
    failed = figures.errors or 0.0
    if failed > ERRORS:
        return f"{failed:.1%} of the requests failed, {ERRORS:.0%} is allowed", "mend the errors and run it again"
    users, rps = figures.users or 0.0, figures.rps
    held = rps * (figures.response_ms + think_ms) / _MS
    off = residual(figures, think_ms)
    if abs(off) <= LITTLE:
        good = sum(_believed(window, think_ms) for window in level)
        return (
            (
                f"only {good} of {len(level)} windows are steady (Little's residual at most {LITTLE:.0%}, errors"
                f" at most {ERRORS:.0%}), {FEWEST_WINDOWS} are needed"
            ),
            "run the test longer",
        )
    cycle = f"R + Z = {figures.response_ms:.4g} + {think_ms:.4g} ms"
    rule = (
        f"Little's law does not close: X (R + Z) = {held:.4g} with X = {rps:.4g}/s and {cycle}, but N = {users:.4g}"
        f" users ({off:+.1%}, {LITTLE:.0%} allowed)"
    )
    if off > 0:
        return rule, "more requests were under way than there were users: state users, or a smaller think_ms"
    closing = users / rps * _MS - figures.response_ms if rps else 0.0
    said = "" if load.pause_ms is None else f" (the file itself implies {load.pause_ms:.4g} ms)"
    return (
        rule,
        f"the test was open, or users waited: if they did, state think_ms, {closing:.4g} ms would close it{said}",
    )
