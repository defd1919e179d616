"""k6: the end-of-test summary, from `handleSummary` (figures below `.values`) or `--summary-export` (without)."""

from collections.abc import Mapping
from typing import Final

from sizing.calibration.model import Content, Sample
from sizing.calibration.readers.plain import mapping, optional, required

_MS: Final = 1000.0


def recognised(document: object) -> bool:
    """Whether a JSON document is a k6 summary of an HTTP test."""
    return "http_reqs" in mapping(mapping(document).get("metrics"))


def read(document: object) -> Content:
    """Read a summary: one sample over the whole test, ramps included.

    Raises:
        UnreadableError: rate or response time is absent.
    """
    metrics = mapping(mapping(document).get("metrics"))
    requests, response = _values(metrics, "http_reqs"), _values(metrics, "http_req_duration")
    rate = required(requests, "metrics.http_reqs", "rate")
    count = optional(requests, "count") or 0.0
    duration_ms = optional(mapping(mapping(document).get("state")), "testRunDurationMs")
    response_ms = required(response, "metrics.http_req_duration", "avg")
    data = [optional(_values(metrics, name), "count") for name in ("data_received", "data_sent")]
    sample = Sample(
        seconds=duration_ms / _MS if duration_ms else count / rate if rate else 0.0,
        rps=rate,
        response_ms=response_ms,
        users=optional(_values(metrics, "vus"), "max") or optional(_values(metrics, "vus_max"), "value", "max"),
        errors=optional(_values(metrics, "http_req_failed"), "rate", "value"),
        bytes_per_request=sum(part for part in data if part) / count if count and any(data) else None,
    )
    return Content(tool="k6", samples=(sample,), pause_ms=_pause(metrics, count, response_ms))


def _values(metrics: Mapping[str, object], name: str) -> Mapping[str, object]:
    metric = mapping(metrics.get(name))
    return mapping(metric.get("values")) or metric


def _pause(metrics: Mapping[str, object], requests: float, response_ms: float) -> float | None:
    """Time of an iteration that is no request, spread over its requests: sleeps and the script's own work."""
    iterations = optional(_values(metrics, "iterations"), "count")
    length_ms = optional(_values(metrics, "iteration_duration"), "avg")
    if not iterations or length_ms is None or not requests:
        return None
    return max(length_ms * iterations / requests - response_ms, 0.0)
