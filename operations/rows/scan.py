"""Which test names which rows, read from the test files without running them."""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from operations.rows.load import ROWS_FILE
from operations.rows.requirement import Row, RowsError, Tier

_Test = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, kw_only=True)
class NamedTest:
    """A test function that names rows.

    Attributes:
        test: pytest's node id without the parameters, such as `tests/sizing/test_traffic.py::test_rps`.
        tier: the tier whose folder the file lies in.
        rows: the ids that it names, sorted.
    """

    test: str
    tier: Tier
    rows: tuple[str, ...]

    @property
    def path(self) -> Path:
        """The test file, from the root of the repository."""
        return Path(self.test.partition("::")[0])


def tier_of(path: Path) -> Tier:
    """Return the tier of a test file, given from the root: `tests/real`, `tests/boot`, or else unit."""
    match path.parts:
        case ("tests", ("real" | "boot") as folder, _, *_):
            return Tier(folder)
        case _:
            return Tier.UNIT


def scan_tests(root: Path) -> tuple[NamedTest, ...]:
    """Find the `pytest.mark.row` marks of test functions, their classes and their modules.

    Only literal marks count, so that a search for an id finds its tests: each argument is a string, and the
    mark is written `pytest.mark.row(...)` in a decorator (also inside `pytest.param`) or in `pytestmark`.

    Args:
        root: the repository.

    Returns:
        The tests that name a row, by path and then by place in the file.

    Raises:
        RowsError: a file is not Python, or a mark has no literal ids.
    """
    problems: list[str] = []
    found: list[NamedTest] = []
    for path in sorted((root / "tests").rglob("*.py")):
        relative = path.relative_to(root)
        text = path.read_text(encoding="utf-8")
        if "mark.row" not in text or not (path.name.startswith("test_") or path.stem.endswith("_test")):
            continue
        try:
            module = ast.parse(text)
        except SyntaxError as error:
            problems.append(f"{relative}:{error.lineno}: {error.msg}")
            continue
        for name, ids in _tests(module, frozenset(), relative, problems):
            if ids:
                test = f"{relative.as_posix()}::{name}"
                found.append(NamedTest(test=test, tier=tier_of(relative), rows=tuple(sorted(ids))))
    if problems:
        raise RowsError(problems)
    return tuple(found)


def unknown_ids(tests: tuple[NamedTest, ...], rows: Mapping[str, Row]) -> list[str]:
    """Return one line for each id that a test names and `docs/requirements.csv` does not have."""
    return [
        f"{test.test}: row {row_id!r} is not in {ROWS_FILE}; correct the mark"
        for test in tests
        for row_id in test.rows
        if row_id not in rows
    ]


def _tests(
    scope: ast.Module | ast.ClassDef, outer: frozenset[str], path: Path, problems: list[str]
) -> Iterator[tuple[str, frozenset[str]]]:
    shared = outer.union(
        *(
            _ids(statement.value, path, problems)
            for statement in scope.body
            if isinstance(statement, ast.Assign)
            and any(isinstance(target, ast.Name) and target.id == "pytestmark" for target in statement.targets)
        )
    )
    for statement in scope.body:
        if not isinstance(statement, _Test | ast.ClassDef):
            continue
        own = shared.union(*(_ids(decorator, path, problems) for decorator in statement.decorator_list))
        if isinstance(statement, ast.ClassDef):
            if statement.name.startswith("Test"):
                for name, ids in _tests(statement, own, path, problems):
                    yield f"{statement.name}::{name}", ids
        elif statement.name.startswith("test"):
            yield statement.name, own


def _ids(node: ast.expr, path: Path, problems: list[str]) -> frozenset[str]:
    ids: set[str] = set()
    for call in ast.walk(node):
        if not isinstance(call, ast.Call) or ast.unparse(call.func) != "pytest.mark.row":
            continue
        literal = [a.value for a in call.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
        if not literal or len(literal) != len(call.args) or call.keywords:
            problems.append(f"{path}:{call.lineno}: pytest.mark.row: write the ids as string literals")
        ids.update(literal)
    return frozenset(ids)
