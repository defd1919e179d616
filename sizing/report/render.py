"""Writes the page: the template, filled; the same plan gives the same bytes."""

from collections.abc import Sequence
from importlib.resources import files

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from sizing.explain.explain import explain
from sizing.model import Plan
from sizing.report.chart import Step
from sizing.report.page import page_of


def render(plan: Plan, steps: Sequence[Step] = ()) -> str:
    """The whole page of one plan.

    Args:
        plan: the plan.
        steps: cost against daily users.
    """
    folder = files("sizing.report")
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, keep_trailing_newline=True)
    template = environment.from_string(folder.joinpath("page.html").read_text(encoding="utf-8"))
    # Our own style sheet is the only text that stands in the page as it is.
    style = Markup(folder.joinpath("style.css").read_text(encoding="utf-8"))  # noqa: S704
    page = page_of(plan, explain(plan), steps)
    return template.render(page=page, style=style)
