"""Single requests, gathered by the second in which they completed. Memory grows with seconds, not with requests."""

from typing import Final

from sizing.calibration.model import Sample, UnreadableError

MOST_SECONDS: Final = 14 * 86_400
"""Two weeks. A longer span is a wrong clock rather than a load test."""

_COUNT, _FAILED, _ELAPSED, _USERS, _BYTES = range(5)


class Buckets:
    """Sums per second of requests, failures, response time, users and bytes."""

    def __init__(self) -> None:
        self._sums: dict[int, list[float]] = {}

    def add(self, end_ms: float, elapsed_ms: float, *, failed: bool, users: float = 0.0, size: float = 0.0) -> None:
        """Count one request that completed at `end_ms` (milliseconds of any clock).

        Raises:
            UnreadableError: the requests span more than `MOST_SECONDS`.
        """
        second = int(end_ms // 1000)
        sums = self._sums.get(second)
        if sums is None:
            if len(self._sums) >= MOST_SECONDS:
                raise UnreadableError("spans more than two weeks", "give the file of one test")
            sums = self._sums[second] = [0.0] * 5
        sums[_COUNT] += 1
        sums[_FAILED] += failed
        sums[_ELAPSED] += elapsed_ms
        sums[_USERS] += users
        sums[_BYTES] += size

    def seconds(self) -> range:
        """From the first second with a completed request to the last one.

        Raises:
            UnreadableError: as `add`.
        """
        if not self._sums:
            return range(0)
        first, last = min(self._sums), max(self._sums)
        if last - first >= MOST_SECONDS:
            raise UnreadableError("spans more than two weeks", "give the file of one test")
        return range(first, last + 1)

    def samples(self, users: dict[int, float] | None = None, *, counts_users: bool = False) -> tuple[Sample, ...]:
        """One sample a second.

        The first and the last second are left out where there are others: the test began and ended inside them.

        Args:
            users: users by second, where they are known from elsewhere.
            counts_users: whether `add` was told the users.
        """
        span = self.seconds()
        inner = span[1:-1] if len(span) > len(range(4)) else span
        return tuple(self._sample(second, users, counts_users=counts_users) for second in inner)

    def _sample(self, second: int, users: dict[int, float] | None, *, counts_users: bool) -> Sample:
        sums = self._sums.get(second)
        known = users.get(second) if users is not None else None
        if sums is None:
            return Sample(seconds=1.0, rps=0.0, response_ms=0.0, users=known, errors=0.0)
        count = sums[_COUNT]
        return Sample(
            seconds=1.0,
            rps=count,
            response_ms=sums[_ELAPSED] / count,
            users=sums[_USERS] / count if counts_users else known,
            errors=sums[_FAILED] / count,
            bytes_per_request=sums[_BYTES] / count if sums[_BYTES] else None,
        )
