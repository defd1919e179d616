"""Gatling: `js/stats.json` or `js/global_stats.json` of a report.

Figures are `{total, ok, ko}`, as numbers or (before 3.11) as text with "-" for none. The report does not say how many
users ran.
"""

from collections.abc import Mapping
from typing import Final

from sizing.calibration.model import Content, Sample, UnreadableError
from sizing.calibration.readers.plain import mapping, optional, required

_RATE: Final = "meanNumberOfRequestsPerSecond"


def recognised(document: object) -> bool:
    """Whether a JSON document is one of a Gatling report's."""
    return "numberOfRequests" in _statistics(document)


def _statistics(document: object) -> Mapping[str, object]:
    whole = mapping(document)
    return mapping(whole.get("stats")) or whole


def read(document: object) -> Content:
    """Read the figures of all requests: one sample over the whole test, ramps included.

    Raises:
        UnreadableError: a figure is absent.
    """
    figures = _statistics(document)
    counts = mapping(figures.get("numberOfRequests"))
    total = required(counts, "numberOfRequests", "total")
    rate = required(mapping(figures.get(_RATE)), _RATE, "total")
    if not rate:
        raise UnreadableError(f"{_RATE}.total is 0", "give a test that ran")
    sample = Sample(
        seconds=total / rate,
        rps=rate,
        response_ms=required(mapping(figures.get("meanResponseTime")), "meanResponseTime", "total"),
        errors=(optional(counts, "ko") or 0.0) / total if total else 0.0,
    )
    return Content(tool="Gatling", samples=(sample,))
