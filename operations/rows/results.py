"""What the test runs recorded: `build/rows/<tier>.json`, one list of test results per row."""

import hashlib
from pathlib import Path

from pydantic import TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from operations.rows.requirement import RowsError, Tier

RESULTS_FOLDER = Path("build/rows")
_SOURCES = {".py", ".sh", ".yaml"}


@dataclass(frozen=True, kw_only=True)
class Result:
    """The outcome of one test for one row.

    Attributes:
        test: pytest's node id, with the parameters.
        outcome: `passed`, `failed` or `skipped`.
        digest: SHA-256 of the test file as it was collected. The result counts while the file is the same.
        when: start of the run in UTC, ISO 8601 to the millisecond.
    """

    test: str
    outcome: str
    digest: str
    when: str

    @property
    def path(self) -> Path:
        """The test file, from the root of the repository."""
        return Path(self.test.partition("::")[0])

    @property
    def function(self) -> str:
        """The node id without the parameters."""
        return self.test.partition("[")[0]


Results = dict[str, list[Result]]


@dataclass(frozen=True, kw_only=True)
class TierResults:
    """A results file.

    Attributes:
        tier: the tier that ran.
        rows: by row id, the results of the tests that name the row.
    """

    tier: str
    rows: Results


_FILE = TypeAdapter(TierResults)


def digest_of(path: Path) -> str:
    """Return the SHA-256 of a test file in hexadecimal, "" when there is no such file."""
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""


def newest_source(root: Path) -> float:
    """Return when a program, script or YAML file outside hidden folders and `build/` last changed.

    Args:
        root: the repository.

    Returns:
        Seconds since the epoch, 0 when there is no such file.
    """
    tops = [top for top in root.iterdir() if not top.name.startswith(".") and top.name != "build"]
    files = [file for top in tops for file in ([top] if top.is_file() else top.rglob("*"))]
    return max((file.stat().st_mtime for file in files if file.suffix in _SOURCES), default=0.0)


def load_results(root: Path, tier: Tier) -> Results:
    """Read what the runs of a tier recorded.

    Args:
        root: the repository.
        tier: the tier.

    Returns:
        The results by row id; empty when the tier never ran.

    Raises:
        RowsError: the file is not one that a run writes.
    """
    path = root / RESULTS_FOLDER / f"{tier}.json"
    if not path.exists():
        return {}
    try:
        return _FILE.validate_json(path.read_bytes()).rows
    except ValidationError as error:
        raise RowsError(
            [f"{RESULTS_FOLDER / path.name}: not a results file; delete it and run `{tier.door}` again"]
        ) from error


def save_results(root: Path, tier: Tier, results: Results) -> Path:
    """Write the results of a tier, sorted by row and test; a reader never sees half a file.

    Args:
        root: the repository.
        tier: the tier.
        results: the results by row id; rows without a result are left out.

    Returns:
        The file, from the root of the repository.
    """
    path = RESULTS_FOLDER / f"{tier}.json"
    rows = {row: sorted(results[row], key=lambda result: result.test) for row in sorted(results) if results[row]}
    (root / RESULTS_FOLDER).mkdir(parents=True, exist_ok=True)
    part = root / path.with_suffix(".part")
    part.write_bytes(_FILE.dump_json(TierResults(tier=tier, rows=rows), indent=1) + b"\n")
    part.replace(root / path)
    return path
