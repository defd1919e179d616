"""The explanation as tables for terminals; written with rich. The report says the same with the same words."""

from collections.abc import Iterable, Iterator

from rich.box import SIMPLE_HEAD
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from sizing.explain.explain import Explanation
from sizing.explain.words import Reason, Tone, holds, pool_reasons, service_reasons
from sizing.model import Plan
from sizing.tables import heading

_STYLES = {"": "", "good": "green", "warn": "yellow", "bad": "red", "soft": "dim"}


def tables(plan: Plan, explanation: Explanation) -> Iterator[RenderableType]:
    """How far the plan holds, then every service, every pool, every loss."""
    yield heading(f"How far the plan of {plan.stack} holds")
    for line in holds(explanation):
        yield _text(line.text, line.tone)
    yield heading("Services")
    yield _reasons(service_reasons(plan, explanation))
    yield heading("Pools")
    yield _reasons(pool_reasons(explanation))
    yield heading(f"One machine or zone lost at the peak, basis {plan.basis}, before anything is started again")
    yield _failures(explanation)


def _text(text: str, tone: Tone) -> Text:
    return Text(text, style=_STYLES[tone])


def _reasons(reasons: Iterable[Reason]) -> Table:
    table = Table(box=SIMPLE_HEAD, show_header=False, pad_edge=False, show_edge=False)
    for column in ("name", "what", "why"):
        table.add_column(column, no_wrap=column == "what", overflow="fold")
    for reason in reasons:
        for place, entry in enumerate(reason.entries):
            last = place == len(reason.entries) - 1
            name = Text(reason.name if not place else "", style="bold")
            lines = Text("\n").join(_text(line.text, line.tone) for line in entry.lines)
            table.add_row(name, entry.name, lines, end_section=last)
    return table


def _failures(explanation: Explanation) -> Table:
    table = Table(box=SIMPLE_HEAD, header_style="bold", pad_edge=False, show_edge=False)
    for column in ("lost", "without a pod", "fewer pods, CPU of their requests"):
        table.add_column(column, overflow="fold")
    for failure in explanation.failures:
        fewer = [
            f"{name} {left.pods} of {left.of}" + ("" if left.share is None else f", {float(left.share):.0%}")
            for name, left in failure.left.items()
            if left.pods
        ]
        down = _text(", ".join(failure.down) or "none", "bad" if failure.down else "good")
        table.add_row(f"{failure.kind} {failure.name}", down, "; ".join(fewer) or "none")
    return table
