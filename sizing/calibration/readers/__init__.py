"""One reader for each tool, and the choice between them by what the file begins with."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Final

from sizing.calibration.model import Content, Load, Progress, UnreadableError, no_progress
from sizing.calibration.readers import gatling, gatling_log, jmeter, k6, locust, ngrinder
from sizing.calibration.readers.delimited import fields

HEAD_BYTES: Final = 64 * 1024
LARGEST_JSON: Final = 64 * 1024 * 1024
"""Summaries are kilobytes; what is larger is no summary (k6's `--out json` writes one line a sample)."""
KNOWN: Final = "nGrinder, k6, Locust, JMeter or Gatling"

_TABLES: Final[tuple[tuple[frozenset[str], Callable[[Path, Progress], Content]], ...]] = (
    (jmeter.COLUMNS, jmeter.read),
    (locust.HISTORY_COLUMNS, locust.read_history),
    (locust.TOTAL_COLUMNS, locust.read_totals),
    (ngrinder.COLUMNS, ngrinder.read),
)


def read(path: Path, progress: Progress = no_progress) -> Load:
    """Read one load-test file of any of the tools.

    Args:
        path: the file.
        progress: is told the bytes read so far, for large files.

    Raises:
        UnreadableError: the file is missing, of no known form, or says nothing.
    """
    try:
        with path.open("rb") as stream:
            head = stream.read(HEAD_BYTES)
        content = _reader(path, head)(path, progress)
        with path.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        reason = (error.strerror or "cannot be read").lower()
        raise UnreadableError(reason, "give the name of a file that can be read") from error
    if not content.samples or not any(sample.rps > 0 for sample in content.samples):
        raise UnreadableError(f"is of {content.tool} but holds no completed request", "give a test that ran")
    return Load(
        path=path,
        tool=content.tool,
        sha256=digest,
        samples=content.samples,
        peak_rps=content.peak_rps,
        pause_ms=content.pause_ms,
    )


def _reader(path: Path, head: bytes) -> Callable[[Path, Progress], Content]:
    if not head.strip():
        raise UnreadableError("is empty", f"give a result of {KNOWN}")
    if b"\0" in head:
        raise _binary(path)
    text = head.decode("utf-8-sig", errors="replace")
    if text.lstrip().startswith("{"):
        return _json
    if text.lstrip().startswith("<"):
        raise UnreadableError("is XML", "for JMeter set jmeter.save.saveservice.output_format=csv")
    if gatling_log.recognised(text):
        return gatling_log.read
    columns = set(fields(text.splitlines()[0]))
    for needed, reader in _TABLES:
        if needed <= columns:
            return reader
    rule, fix = f"is no result of {KNOWN} that is known here", "give one of the files that docs/calibration.md names"
    if text.lstrip().startswith("var "):
        rule, fix = "is JavaScript", "for Gatling give js/stats.json or js/global_stats.json of the report"
    raise UnreadableError(rule, fix)


def _binary(path: Path) -> UnreadableError:
    if path.name.endswith(".log"):
        return UnreadableError(
            "is binary: Gatling writes simulation.log so since 3.12",
            "give js/stats.json or js/global_stats.json of the same report",
        )
    return UnreadableError("is binary", f"give a result of {KNOWN} as text")


def _json(path: Path, progress: Progress) -> Content:
    if path.stat().st_size > LARGEST_JSON:
        raise UnreadableError(
            "is JSON of more than 64 MiB, so no summary", "for k6 give the file of --summary-export or handleSummary"
        )
    try:
        document: object = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        rule = "is not one JSON document"
        raise UnreadableError(rule, "for k6 give the file of --summary-export, not of --out json") from error
    progress(path.stat().st_size)
    for recognised, reader in ((k6.recognised, k6.read), (gatling.recognised, gatling.read)):
        if recognised(document):
            return reader(document)
    raise UnreadableError("is JSON, but neither a k6 summary nor a Gatling report", "give one of them")
