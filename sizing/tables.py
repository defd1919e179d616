"""The plan as tables for people, for any terminal width; written with rich."""

from collections.abc import Iterator
from decimal import Decimal

from rich.box import SIMPLE_HEAD
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from sizing.document import BASES
from sizing.model import HOURS_PER_MONTH, FirewallRule, Plan, Span
from sizing.price import cents

UNKNOWN = "-"


NARROWEST = 100
"""Columns that the tables need; a narrower terminal wraps lines instead of losing figures."""


def console() -> Console:
    """Where tables are printed, never narrower than they can be read."""
    return Console(highlight=False, width=max(Console().width, NARROWEST))


def heading(text: str) -> Text:
    """The line above a table."""
    return Text(f"\n{text}", style="bold")


def tables(plan: Plan) -> Iterator[RenderableType]:
    """Every table of the plan, each below its heading, in reading order."""
    traffic = plan.config.traffic
    used = {plan.control_plane.price, *(pool.price for pool in plan.pools.values())}
    sources = "; ".join(sorted({f"{price.source}, {price.date}" for price in used}))
    yield heading(
        f"Traffic of {plan.stack}: response time {traffic.response_time_target_ms:g} ms,"
        f" nodes judged by basis {plan.basis}"
    )
    yield traffic_table(plan)
    yield heading(
        f"Sessions, think time, and the burst that {traffic.burst_percentile:g} % of seconds at the peak stay within"
    )
    yield sessions_table(plan)
    yield heading("Pods")
    yield pods_table(plan)
    yield heading(f"Capacity at the peak (basis {plan.basis})")
    yield capacity_table(plan)
    yield heading("Nodes")
    yield nodes_table(plan)
    if plan.packings:
        yield heading("Packing: what is proved of the machines that were chosen")
        yield packing_table(plan)
    yield heading("Memory of the nodes: what the plan counts on")
    yield memory_table(plan)
    options = ", ".join(sorted({price.option for price in used}))
    yield heading(f"Price: {options} Linux in {plan.config.region} ({sources})")
    yield price_table(plan)
    yield heading("Firewall")
    yield firewall_table(plan)
    yield heading("Warnings")
    yield warnings_table(plan)


def new_table(*columns: str, numbers: tuple[str, ...] = ()) -> Table:
    """A table without frames whose columns line up; those of `numbers` stand at the right and never wrap."""
    table = Table(box=SIMPLE_HEAD, header_style="bold", pad_edge=False, show_edge=False)
    for column in columns:
        right = column in numbers
        table.add_column(column, justify="right" if right else "left", no_wrap=right, overflow="fold")
    return table


def _range(span: Span | None) -> str:
    if span is None:
        return UNKNOWN
    low, high = (f"{_trim(value):,}" for value in (span.low, span.high))
    return low if low == high else f"{low}..{high}"


def _trim(value: Decimal) -> Decimal:
    return value.quantize(Decimal(1)) if value == value.to_integral_value() else value


def traffic_table(plan: Plan) -> Table:
    """The load-test sheet: users to target TPS, each column with the basis of its figures."""
    heads = {
        "users/day": "dau",
        "requests/day": "requests_per_day",
        "RPS mean": "rps_mean",
        "RPS peak": "rps_peak",
        "VUsers": "vusers",
        "target TPS": "tps_target",
    }
    columns = {f"{head}\n({BASES[key]})": head for head, key in heads.items()}
    table = new_table("service", *columns, numbers=tuple(columns))
    for name, service in plan.services.items():
        traffic = service.traffic
        if traffic is None:
            table.add_row(name, *[UNKNOWN] * len(columns))
        else:
            table.add_row(
                name,
                _range(traffic.users),
                _range(traffic.requests_per_day),
                f"{traffic.rps_mean.low}..{traffic.rps_mean.high}",
                f"{traffic.rps_peak}",
                _range(traffic.vusers),
                _range(traffic.tps_target),
            )
    return table


def sessions_table(plan: Plan) -> Table:
    """Where each service's figures come from, a user's pauses, and the busiest second at the peak."""
    heads = {
        "sessions/day": "sessions_per_day",
        "think time s": "think_seconds",
        "RPS burst": "rps_burst",
    }
    columns = [f"{head}\n({BASES[key]})" for head, key in heads.items()]
    table = new_table("service", *columns, "figures from", numbers=tuple(columns))
    for name, service in plan.services.items():
        traffic = service.traffic
        if traffic is None:
            table.add_row(name, *[UNKNOWN] * (len(columns) + 1))
            continue
        think = traffic.think_seconds
        table.add_row(
            name,
            _range(traffic.sessions_per_day),
            UNKNOWN if think is None else f"{think.normalize():f}",
            f"{traffic.rps_burst:,}",
            f"sum of {traffic.sum_of}" if traffic.derived_from else _source(plan, name),
        )
    return table


def _source(plan: Plan, name: str) -> str:
    given = plan.config.services[name].traffic
    return "a known rate" if given is not None and given.requests_per_second is not None else "its users"


def pods_table(plan: Plan) -> Table:
    """Pods, requests, quotas and CPU use of every service."""
    table = new_table(
        "service",
        "pods",
        "request each",
        "limit each",
        "quota",
        "CPU at peak",
        "note",
        numbers=("pods", "request each", "limit each", "quota"),
    )
    for name, service in plan.services.items():
        quota = plan.quotas[name]
        table.add_row(
            name,
            f"{service.min_replicas}..{service.max_replicas}",
            f"{service.requests.cpu_m}m {service.requests.memory_mib}Mi",
            f"{service.limits.cpu_m}m {service.limits.memory_mib}Mi",
            f"{quota.requests.cpu_m}m {quota.requests.memory_mib}Mi",
            ", ".join(f"{share:.1%} {basis}" for basis, share in service.utilisation.items()) or UNKNOWN,
            "; ".join(service.notes),
        )
    return table


def capacity_table(plan: Plan) -> Table:
    """What the peak asks of every service, which resource decides, and what its pods can do."""
    figures = ("peak/s", "busy vCPU", "pods", "after a loss", "in use", "HPA %", "mean ms", "up to /s")
    table = new_table("service", *figures, "decided by", numbers=figures)
    for name, service in plan.services.items():
        found = service.capacity
        table.add_row(
            name,
            f"{found.rate:,.1f}",
            UNKNOWN if found.cpu_m is None else f"{found.cpu_m / 1000:,.2f}",
            str(found.at_peak),
            str(found.after_loss),
            UNKNOWN if found.utilisation is None else f"{found.utilisation:.1%}",
            str(found.scale_percent),
            UNKNOWN if found.response_ms is None else f"{found.response_ms:,.2f}",
            UNKNOWN if found.ceiling_rps is None else f"{found.ceiling_rps:,.0f}",
            found.scarce,
        )
    return table


def packing_table(plan: Plan) -> Table:
    """Cost, proved bound and gap of every pool whose machines sizing chose."""
    figures = ("nodes", "USD/month", "at least", "gap")
    table = new_table("pool", "survives", *figures, "found by", numbers=figures)
    for name, packing in plan.packings.items():
        survives = {"none": "nothing", "node": "any one node", "zone": "any one zone"}[packing.tolerance]
        table.add_row(
            name,
            survives,
            str(len(packing.nodes)),
            f"{cents(packing.cost * HOURS_PER_MONTH):,}",
            f"{cents(packing.bound * HOURS_PER_MONTH):,}",
            f"{packing.gap:.2%}",
            "; ".join((packing.method, *packing.notes)),
        )
    return table


def nodes_table(plan: Plan) -> Table:
    """Machines with price and reason."""
    table = new_table(
        "role",
        "type",
        "count",
        "zones",
        "vCPU",
        "GiB",
        "USD/h",
        "USD/month",
        "reason",
        numbers=("count", "vCPU", "GiB", "USD/h", "USD/month"),
    )
    control = plan.control_plane
    rows = [
        (
            "control plane",
            control.instance,
            len(control.slots),
            [s.zone for s in control.slots.values()],
            control.price,
            control.reason,
        )
    ] + [(pool.pool, pool.instance, pool.count, pool.zones, pool.price, pool.reason) for pool in plan.pools.values()]
    for role, instance, count, zones, price, reason in rows:
        table.add_row(
            role,
            instance.name,
            str(count),
            ",".join(zones),
            str(instance.vcpu),
            f"{instance.memory_gib:g}",
            str(price.hour),
            f"{cents(price.month * count)}",
            reason,
        )
    return table


def memory_table(plan: Plan) -> Table:
    """Per type: the catalogue's memory, what systems were seen to have of it, and what is left for pods."""
    table = new_table(
        "type",
        "catalogue MiB",
        "seen MiB",
        "for pods MiB",
        "seen by",
        numbers=("catalogue MiB", "seen MiB", "for pods MiB"),
    )
    control = plan.control_plane
    rows = {pool.instance.name: (pool.instance, pool.memory, pool.reserves) for pool in plan.pools.values()}
    rows[control.instance.name] = (control.instance, control.memory, control.reserves)
    for name, (instance, seen, kept) in sorted(rows.items()):
        table.add_row(
            name,
            f"{int(instance.memory_gib * 1024):,}",
            f"{seen.mib:,}",
            f"{seen.mib - kept.kube_memory_mib - kept.eviction_memory_mib:,}",
            f"{seen.source} {seen.date}".strip(),
        )
    return table


def price_table(plan: Plan) -> Table:
    """Monthly price, part by part."""
    table = new_table("part", "USD/month", numbers=("USD/month",))
    for name, amount in plan.price.parts.items():
        table.add_row(name.replace("_", " "), f"{amount:,}")
    table.add_section()
    table.add_row(Text("all machines", style="bold"), Text(f"{plan.price.month:,}", style="bold"))
    return table


def firewall_table(plan: Plan) -> Table:
    """The one table that security groups are made from."""
    table = new_table("from", "to", "protocol", "ports", "why", numbers=("ports",))
    for rule in plan.firewall.rules:
        table.add_row(rule.source, rule.target, protocol_name(rule.protocol), ports(rule), rule.why)
    return table


def protocol_name(protocol: str) -> str:
    """IP protocol 4 is IP-in-IP (IANA protocol numbers)."""
    return f"{protocol} (IPIP)" if protocol == "4" else protocol


def ports(rule: FirewallRule) -> str:
    """Port or port range of a row; empty for protocols without ports."""
    if rule.from_port is None:
        return ""
    return str(rule.from_port) if rule.from_port == rule.to_port else f"{rule.from_port}-{rule.to_port}"


def warnings_table(plan: Plan) -> Table:
    """Everything worth knowing, by stable code."""
    table = new_table("code", "what")
    for notice in plan.warnings:
        table.add_row(Text(notice.code, style="yellow"), notice.text)
    return table
