"""One page that needs nothing else, says what the plan says, and is the same for the same plan."""

import copy
import re
from dataclasses import replace
from decimal import Decimal
from html.parser import HTMLParser

import pytest
from conftest import ROOT, dev_object, plan_of

from config.loader import load_stack_file
from sizing.__main__ import main
from sizing.document import document
from sizing.explain.explain import explain, times
from sizing.explain.layout import layout
from sizing.plan import make_plan
from sizing.price import cents
from sizing.report.chart import Step, chart
from sizing.report.nodes import COLOURS
from sizing.report.render import render

STEPS = (
    Step(users=1000, month=Decimal("787.52"), what="5 x c5a.xlarge"),
    Step(users=100_000, month=Decimal("913.08"), what="6 x c5a.xlarge"),
    Step(users=1_000_000, month=None, what=""),
)


class Reader(HTMLParser):
    """Figures by name, the whole text, tags left open, attributes that could point outside."""

    VOID = frozenset({"meta", "br", "line", "path", "link", "img"})

    def __init__(self, html):
        super().__init__()
        self.figures, self.texts, self.stack, self.links, self.ids = {}, [], [], [], []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.links += [value for key, value in attrs if key in {"src", "href", "action", "srcset", "data"}]
        if "id" in given:
            self.ids.append(given["id"])
        if tag not in self.VOID:
            self.stack.append((tag, given.get("data-figure")))

    def handle_endtag(self, tag):
        if tag not in self.VOID:
            opened, _ = self.stack.pop()
            assert opened == tag, (opened, tag)

    def handle_data(self, data):
        self.texts.append(data)
        for _, figure in self.stack:
            if figure:
                self.figures[figure] = self.figures.get(figure, "") + data

    @property
    def text(self):
        return " ".join(" ".join(self.texts).split())


@pytest.fixture(scope="module", params=["dev", "ha", "production"])
def both(request, plans):
    """Machines that were given, those of several zones, and packed ones."""
    packed = ROOT / "Pulumi.production.yaml"
    plan = plans[request.param] if request.param in plans else make_plan(load_stack_file(packed), "production")
    html = render(plan, STEPS)
    return plan, html, Reader(html)


def number(text):
    return Decimal(text.replace(",", ""))


def test_the_same_plan_gives_the_same_bytes(dev_plan):
    assert render(dev_plan, STEPS) == render(dev_plan, STEPS)


def test_the_page_is_well_formed_and_points_at_nothing_outside(both):
    _, html, reader = both
    assert reader.stack == []
    assert all(link.startswith("#") and link[1:] in reader.ids for link in reader.links)
    assert not re.search(r"<script|javascript:|@import|url\(|https?://|\son\w+=", html)


def test_the_price_and_all_its_parts_are_the_plans(both):
    plan, _, reader = both
    assert number(reader.figures["price.month"][: len(reader.figures["price.month"]) // 2]) == plan.price.month
    for part, amount in plan.price.parts.items():
        assert number(reader.figures[f"price.parts.{part}"]) == amount
    for pool in plan.pools.values():
        assert f"{pool.price.source}, {pool.price.date}" in reader.text
    for missing in plan.price.unpriced:
        assert missing in reader.text


def test_every_traffic_figure_is_the_plans(both):
    plan, _, reader = both
    said = document(plan)["services"]
    for name, service in said.items():
        if service["rps_peak"] is None:
            assert f"service.{name}.rps_peak" not in reader.figures
            continue
        assert float(number(reader.figures[f"service.{name}.rps_peak"])) == service["rps_peak"]
        for key in ("dau", "rps_mean", "vusers", "tps_target"):
            ends = [float(number(end)) for end in reader.figures[f"service.{name}.{key}"].split(" to ")]
            assert ends == sorted({service[key]["low"], service[key]["high"]}), (name, key)
        for basis, value in service["utilisation"].items():
            shown = reader.figures[f"service.{name}.utilisation.{basis}"]
            assert float(shown.rstrip("%")) == pytest.approx(value * 100, abs=0.05)


def test_every_machine_is_there_with_its_price_and_its_requests(both):
    plan, _, reader = both
    places = layout(plan)
    assert {f"node-{place.key}" for place in places} <= set(reader.ids)
    for place in places:
        assert number(reader.figures[f"node.{place.key}.month"]) == cents(place.price.month)
        assert reader.figures[f"node.{place.key}.cpu_m"].startswith(f"{place.requested.cpu_m:,}m")
        assert reader.figures[f"node.{place.key}.memory_mib"].startswith(f"{place.requested.memory_mib:,} MiB")


def test_every_pod_of_a_service_is_a_tile(both):
    plan, html, _ = both
    for index, (name, service) in enumerate(plan.services.items()):
        tiles = re.findall(rf'<div class="pod c{index}" [^>]*>{name}<', html)
        assert len(tiles) == service.max_replicas


def test_headline_figures_are_the_plans(both):
    plan, _, reader = both
    explanation = explain(plan)
    assert int(reader.figures["machines"]) == plan.worker_count + len(plan.control_plane.slots)
    assert number(reader.figures["daily_active_users"]) == plan.config.traffic.daily_active_users
    assert int(reader.figures["warnings"]) == len(plan.warnings)
    assert reader.figures["stop.factor"] == f"{times(explanation.stops[plan.basis].factor)} x"


def test_every_warning_stands_there_with_its_code(both):
    plan, _, reader = both
    assert plan.warnings
    for notice in plan.warnings:
        assert notice.code in reader.texts
        assert notice.text in reader.texts


def test_every_loss_stands_there_with_what_it_leaves(both):
    plan, _, reader = both
    for failure in explain(plan).failures:
        verdict = reader.figures[f"failure.{failure.kind}.{failure.name}"]
        assert verdict == ("no" if failure.down else "yes")


def test_the_cost_curve_ends_where_no_plan_holds_and_marks_the_plan():
    drawn = chart(STEPS, 25000, Decimal("787.52"))
    assert drawn.path == "M0 212.48 H666.67 V86.92 H1000"
    assert [mark.label for mark in drawn.rows] == ["0", "250", "500", "750", "1,000"]
    assert [mark.label for mark in drawn.columns] == ["1k", "10k", "100k", "1M"]
    assert drawn.now.label == "this plan 787.52 USD"
    assert float(drawn.now.percent) == pytest.approx(46.6, abs=0.1)


def test_a_curve_of_one_step_and_a_plan_dearer_than_all_steps_are_drawn():
    drawn = chart(STEPS[:1], 1000, Decimal(2345))
    assert drawn.path == "M0 803.12 H1000"
    assert drawn.rows[-1].label == "4,000"


def test_costs_that_lie_far_apart_get_a_logarithmic_axis():
    steps = [Step(users=10**power, month=Decimal(10) ** power, what="") for power in range(3, 6)]
    drawn = chart(steps, 1000, Decimal(1000))
    assert [mark.label for mark in drawn.rows] == ["1,000", "2,000", "5,000", "10,000", "20,000", "50,000", "100,000"]
    assert drawn.path == "M0 1000 H500 V500 H1000 V0 H1000"
    assert "both axes are logarithmic" in drawn.caption


def test_text_from_the_configuration_is_escaped(dev_plan):

    shown = render(replace(dev_plan, stack="<script>alert(1)</script>"))
    assert "<script>" not in shown
    assert "&lt;script&gt;" in shown


def test_every_service_colour_carries_white_text():
    """WCAG 2.1, 1.4.3: a contrast of at least 4.5 for text of this size."""

    def luminance(colour):
        parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    for colour in COLOURS:
        assert 1.05 / (luminance(colour) + 0.05) >= 4.5, colour


def test_the_command_writes_one_file_and_says_which(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(ROOT)
    path = tmp_path / "page.html"
    assert main(["report", "--stack", "dev", "--output", str(path)]) == 0
    assert capsys.readouterr().out.strip() == str(path)
    assert path.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_cannot_be_written_is_one_line(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(ROOT)
    assert main(["report", "--stack", "dev", "--output", str(tmp_path / "none" / "page.html")]) == 2
    assert "no such file or directory; name a file that can be written" in capsys.readouterr().err


def test_a_plan_without_measured_costs_and_counted_users_has_a_page_without_those_figures():
    raw = copy.deepcopy(dev_object())
    for service in raw["services"].values():
        service.pop("demand", None)
    del raw["traffic"]["daily_active_users"]
    raw["services"]["accommodation"]["traffic"] = {"requests_per_second": {"peak": 3}}
    plan = plan_of(raw, "test")
    reader = Reader(render(plan, STEPS))
    assert "stop.factor" not in reader.figures
    assert "daily_active_users" not in reader.figures
    assert "Not judged, because no cost of a request is measured: gateway, member, planner" in reader.text
    assert "cost" not in reader.ids
