"""`docs/requirements.md`: the rows and the tests that name them, from the files alone."""

from operations.rows.board import Board
from operations.rows.standing import Standing, State

_HEAD = """\
# Requirement rows

<!-- Made by `python -m operations rows --format markdown` from requirements.csv, requirements-notes.csv and
the marks in the tests. Change those and run it again. -->

Each row is one capability. Its offline check says by letter what has to show it:

| letter | means | tier | run by |
|---|---|---|---|
| U | Pulumi mocks and plain Python | unit | `make test` |
| G | golden or static check of a rendered text | unit | `make test` |
| M | moto in place of AWS | unit | `make test` |
| E | etcd | real | `make test-real` |
| K | kube-apiserver | real | `make test-real` |
| V | a virtual machine that boots | boot | `make test-boot` |

A row is proved when every tier that its check asks for has a test that names the row, ran and passed, no test
of that tier that names it failed, and the test's file is still the one that ran. "As S0-29" asks for the same
proof as that row, and for a test that names this one too. Letters parted by a slash are alternatives.

This page is made without running anything: it says which tests name a row, and `make rows` says which of them
passed. A live check needs an AWS account and is an operator's to do.
"""


def render(board: Board) -> str:
    """Return the page.

    Args:
        board: the board without recorded results, so that the same files give the same bytes.
    """
    standings = list(board.standings.values())
    articles = tuple(dict.fromkeys(standing.row.article for standing in standings))
    parts = [_HEAD, _summary(standings, articles)]
    for article in articles:
        parts.append(f"\n## {article}\n\n| row | capability | offline check | tests that name it | live check |\n")
        parts.append("|---|---|---|---|---|\n")
        parts += [_line(standing) for standing in standings if standing.row.article == article]
    return "".join(parts)


def _summary(standings: list[Standing], articles: tuple[str, ...]) -> str:
    lines = ["\n| article | rows | named in every tier asked for | in some | in none | only AWS |\n"]
    lines.append("|---|--:|--:|--:|--:|--:|\n")
    for article in (*articles, "all"):
        chosen = [standing for standing in standings if article in {standing.row.article, "all"}]
        places = [_place(standing) for standing in chosen]
        cells = (len(chosen), *(places.count(place) for place in ("every", "some", "none", "aws")))
        lines.append(f"| {article} | {' | '.join(map(str, cells))} |\n")
    return "".join(lines)


def _place(standing: Standing) -> str:
    if standing.row.only_aws:
        return "aws"
    if not standing.tests:
        return "none"
    return "some" if State.ABSENT in standing.tiers.values() else "every"


def _line(standing: Standing) -> str:
    row = standing.row
    cells = (row.id, row.capability, row.offline_check, _tests(standing), row.live_check)
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |\n"


def _tests(standing: Standing) -> str:
    names: dict[str, list[str]] = {}
    for test, _ in standing.tests:
        path, _, name = test.test.removeprefix("tests/").partition("::")
        names.setdefault(path, []).append(f"`{name}`")
    parts = [f"{path}: {', '.join(found)}" for path, found in names.items()]
    absent = [tier for tier, state in standing.tiers.items() if state == State.ABSENT]
    if absent:
        parts.append(f"none yet: {', '.join(absent)}")
    if standing.row.note:
        parts.append(standing.row.note)
    return "<br>".join(parts)
