"""The page's tables: traffic, failures, prices, steps of the cost."""

from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction

from sizing.arithmetic import exact
from sizing.explain.explain import Explanation
from sizing.explain.failures import Failure
from sizing.explain.words import listed, money, share
from sizing.model import Plan, Price
from sizing.report.cells import UNKNOWN, Cell, Row, Table, columns, plain, row, span


def traffic(plan: Plan) -> Table:
    """Users to target rate of every service, with the basis of each figure."""
    return Table(
        columns=columns(
            "service",
            "#users/day",
            "#requests/s, mean (arrival)",
            "#requests/s, peak (arrival)",
            "#VUsers (stress)",
            "#TPS (stress)",
            "#CPU at the peak (arrival)",
            "#CPU at the peak (stress)",
        ),
        rows=tuple(_traffic_rows(plan)),
    )


def _traffic_rows(plan: Plan) -> Iterator[Row]:
    target = exact(plan.config.headroom.utilisation_target)
    for name, service in plan.services.items():
        figures = service.traffic
        shares = [
            Cell(
                text=share(exact(service.utilisation[basis]), 1) if basis in service.utilisation else UNKNOWN,
                figure=f"service.{name}.utilisation.{basis}" if basis in service.utilisation else "",
                tone="bad" if basis in service.utilisation and exact(service.utilisation[basis]) > target else "",
            )
            for basis in ("arrival", "stress")
        ]
        if figures is None:
            yield row(name, *[UNKNOWN] * 5, *shares)
            continue
        yield row(
            name,
            Cell(text=span(figures.users), figure=f"service.{name}.dau" if figures.users else ""),
            Cell(text=span(figures.rps_mean), figure=f"service.{name}.rps_mean"),
            Cell(text=plain(figures.rps_peak), figure=f"service.{name}.rps_peak"),
            Cell(text=span(figures.vusers), figure=f"service.{name}.vusers" if figures.vusers else ""),
            Cell(text=span(figures.tps_target), figure=f"service.{name}.tps_target"),
            *shares,
        )


def failing(explanation: Explanation, most: Fraction) -> Table:
    """Every machine and zone lost alone."""
    return Table(
        columns=columns("lost", "#machines", "services without a pod", "others, with CPU of their requests", "holds"),
        rows=tuple(_failure(failure, most) for failure in explanation.failures),
    )


def _failure(failure: Failure, most: Fraction) -> Row:
    over = [name for name, left in failure.left.items() if left.share is not None and left.share > most]
    others = [
        f"{name} {left.pods} of {left.of} pods{'' if left.share is None else f', {share(left.share)}'}"
        for name, left in failure.left.items()
        if left.pods
    ]
    holds = not failure.down and not over
    return row(
        f"{failure.kind} {failure.name}",
        str(failure.machines),
        Cell(text=listed(failure.down), tone="bad" if failure.down else "soft"),
        Cell(text="; ".join(others) or "none", tone="warn" if over else "" if others else "soft"),
        Cell(
            text="yes" if holds else "no",
            tone="good" if holds else "bad",
            figure=f"failure.{failure.kind}.{failure.name}",
        ),
    )


def prices(plan: Plan) -> Table:
    """Every part of the month's price with the source and day of the price of a machine."""
    control, parts = plan.control_plane, plan.price.parts
    machines = f"{len(control.slots)} x {control.instance.name}"
    rows = [_price("control plane", "control_plane", machines, control.price, parts["control_plane"])]
    for name, pool in plan.pools.items():
        part = f"pool:{name}"
        rows.append(_price(f"pool {name}", part, f"{pool.count} x {pool.instance.name}", pool.price, parts[part]))
    total = row("all machines", "", "", "", "", Cell(text=money(plan.price.month), figure="price.month"), total=True)
    return Table(
        columns=columns("part", "machines", "#USD/hour each", "bought", "source, day", "#USD/month"),
        rows=(*rows, total),
    )


def _price(name: str, part: str, machines: str, price: Price, month: Decimal) -> Row:
    return row(
        name,
        machines,
        Cell(text=str(price.hour), figure=f"{part}.hour"),
        price.option,
        f"{price.source}, {price.date}",
        Cell(text=money(month), figure=f"price.parts.{part}"),
    )
