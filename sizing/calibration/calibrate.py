"""From load tests and the server's figures to a calibration: checks, fit, replay, remarks."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from config.calibration import (
    FORMAT,
    Calibration,
    CpuDemand,
    Errors,
    Occupancy,
    Range,
    Remark,
    Resource,
    RunRecord,
)
from config.problems import ConfigError, Problem, Said, join_path
from sizing.calibration import fit, replay
from sizing.calibration.model import Load
from sizing.calibration.server import RESOURCES, Run, Server, run_of
from sizing.calibration.steady import RefusedError, Steady, steady

ALL_BUSY: Final = 0.90
"""Share of the threads that requests held on average, from which on the threads count as the ceiling."""
SATURATED: Final = 0.95
"""CPU share from which on CPU itself is the ceiling."""
SAME_RATE: Final = 0.15
USERS_APART: Final = 2.0
HELD: Final[tuple[Resource, ...]] = ("threads", "connections")
"""Resources that one request holds for a time: their ceiling can be seen from outside."""
_SIX_DIGITS: Final = 6


@dataclass(frozen=True, kw_only=True)
class Judged:
    """One load test with the part of it that may be believed."""

    load: Load
    run: Run
    part: Steady


def judge(loads: Sequence[Load], server: Server | None) -> tuple[list[Judged], list[Problem]]:
    """Check every test; give those that may be believed, and a problem for each other one."""
    judged: list[Judged] = []
    problems: list[Problem] = []
    for load in loads:
        run = run_of(server, load.path) if server else Run()
        if run is None:
            rule, fix = "has no entry in the server file", f"add {load.path.name} below runs"
            problems.append(Problem(path=str(load.path), value=Said(load.tool), rule=rule, fix=fix))
            continue
        think_ms = run.think_ms if run.think_ms is not None else server.think_ms if server else 0.0
        try:
            judged.append(Judged(load=load, run=run, part=steady(load, users=run.users, think_ms=think_ms)))
        except RefusedError as error:
            problems.append(Problem(path=str(load.path), value=Said(load.tool), rule=error.rule, fix=error.fix))
    return judged, problems


def calibrate(judged: Sequence[Judged], server: Server) -> Calibration:
    """Fit what one request costs.

    Args:
        judged: tests that may be believed, at least one.
        server: the server's figures for them.

    Raises:
        ConfigError: a run lacks the CPU series that the fit uses; all such problems together.
    """
    problems = [_no_cpu(server, item) for item in judged if server.cpu.series not in item.run.cpu]
    if problems:
        raise ConfigError(problems, "the server file")
    rates = [item.part.rps for item in judged]
    fits = fit.cpu(rates, [item.run.cpu[server.cpu.series] for item in judged], server.cpu.base_vcpu)
    dearest = max(fits, key=lambda found: found.ms_per_request)
    occupied: dict[Resource, fit.OccupancyFit] = {found.resource: found for found in _occupancies(judged, server)}
    ceilings = [occupied[resource] for resource in HELD if resource in occupied]
    ceiling = min(ceilings, key=lambda found: found.rps_max, default=None)
    sizes = [item.part.bytes_per_request for item in judged if item.part.bytes_per_request]
    return Calibration(
        format=FORMAT,
        source=server.source,
        measured_on=server.measured_on,
        instance_type=server.instance_type,
        cpu=CpuDemand(
            ms_per_request=_rounded(dearest.ms_per_request),
            base_vcpu=dearest.base_vcpu,
            by_base={f"{found.base_vcpu:g}": _rounded(found.ms_per_request) for found in fits},
            series=server.cpu.series,
            method=dearest.method,
            idle_vcpu=_rounded(dearest.idle_vcpu),
        ),
        occupancy={resource: _occupancy(occupied[resource]) for resource in RESOURCES if resource in occupied},
        bytes_per_request=_rounded(sum(sizes) / len(sizes)) if sizes else None,
        range=Range(
            rps_low=_rounded(min(rates)),
            rps_high=_rounded(max(rates)),
            users_low=_rounded(min(item.part.users for item in judged)),
            users_high=_rounded(max(item.part.users for item in judged)),
        ),
        runs=tuple(_record(item, server, dearest, ceiling) for item in judged),
        remarks=tuple(_remarks(judged, server, fits, occupied)),
    )


def _no_cpu(server: Server, item: Judged) -> Problem:
    return Problem(
        path=f"{join_path('server.runs', item.load.path.name)}.cpu.{server.cpu.series}",
        value=Said("absent"),
        rule="is the series that cpu.series names, and this run does not give it",
        fix="give it, or name a series that every run gives",
    )


def _occupancies(judged: Sequence[Judged], server: Server) -> Iterator[fit.OccupancyFit]:
    for resource, capacity in server.capacity.items():
        seen = [item for item in judged if resource in item.run.busy]
        if seen:
            shares = [item.run.busy[resource] for item in seen]
            yield fit.occupancy(resource, capacity, [item.part.rps for item in seen], shares)
        elif resource in HELD and (full := [item.part.rps for item in judged if _full(item, capacity)]):
            yield fit.hold(resource, capacity, full)


def _full(item: Judged, capacity: float) -> bool:
    """Whether requests held all threads of a run: X R is the number of requests under way."""
    return item.part.rps * item.part.response_ms / 1000 >= ALL_BUSY * capacity


def _occupancy(found: fit.OccupancyFit) -> Occupancy:
    return Occupancy(
        capacity=found.capacity,
        per_request=_rounded(found.per_request),
        rps_max=_rounded(found.rps_max),
        method=found.method,
        idle=_rounded(found.idle),
    )


def _record(item: Judged, server: Server, dearest: fit.CpuFit, ceiling: fit.OccupancyFit | None) -> RunRecord:
    part, share = item.part, item.run.cpu[server.cpu.series]
    cpu = replay.cpu_share(part.rps, dearest)
    closed = replay.closed(part, ceiling) if ceiling else None
    return RunRecord(
        file=item.load.path.name,
        sha256=item.load.sha256,
        tool=item.load.tool,
        users=_rounded(part.users),
        rps=_rounded(part.rps),
        peak_rps=_rounded(item.load.peak_rps) if item.load.peak_rps else None,
        response_ms=_rounded(part.response_ms),
        think_ms=_rounded(part.think_ms),
        errors=None if part.errors is None else _rounded(part.errors),
        steady_seconds=None if part.seconds is None else _rounded(part.seconds),
        little=round(part.residual, _SIX_DIGITS),
        cpu=dict(item.run.cpu),
        cpu_ms_per_request={
            f"{base:g}": _rounded(share * base * 1000 / part.rps)
            for base in sorted(set(server.cpu.base_vcpu), reverse=True)
        },
        model=Errors(
            cpu=round(cpu / share - 1, _SIX_DIGITS),
            rps=round(closed.rps / part.rps - 1, _SIX_DIGITS) if closed else None,
            response=round(closed.response_ms / part.response_ms - 1, _SIX_DIGITS) if closed else None,
        ),
    )


def _remarks(
    judged: Sequence[Judged],
    server: Server,
    fits: Sequence[fit.CpuFit],
    occupied: Mapping[Resource, fit.OccupancyFit],
) -> Iterator[Remark]:
    apart = [item for item in judged if fit.disagreeing(item.run.cpu)]
    if apart:
        shown = "; ".join(f"{item.load.path.name}: {_shares(item.run)}" for item in apart)
        yield Remark(
            code="cpu-series-disagree",
            text=f"{shown}. The fit uses {server.cpu.series}; find out which one is right before you rely on it",
        )
    if len(fits) > 1:
        shown = ", ".join(f"{found.ms_per_request:.4g} ms on {found.base_vcpu:g} vCPU" for found in fits)
        yield Remark(code="cpu-base-unsure", text=f"{shown}: the dearest is used")
    unsaid = [item.load.path.name for item in judged if item.part.errors is None]
    if unsaid:
        yield Remark(
            code="errors-unknown",
            text=f"{', '.join(unsaid)}: no failures are written down; they are taken for none",
        )
    notes = {f"CPU: {found.note}" for found in fits if found.note}
    notes |= {f"{found.resource}: {found.note}" for found in occupied.values() if found.note}
    yield from (Remark(code="intercept-refused", text=note) for note in sorted(notes))
    yield from _ceiling_remarks(judged, server, occupied)


def _ceiling_remarks(
    judged: Sequence[Judged], server: Server, occupied: Mapping[Resource, fit.OccupancyFit]
) -> Iterator[Remark]:
    shares = [item.run.cpu[server.cpu.series] for item in judged]
    users, rates = [item.part.users for item in judged], [item.part.rps for item in judged]
    if max(shares) >= SATURATED:
        yield Remark(
            code="cpu-saturated",
            text=f"CPU was at {max(shares):.0%} in a run: beyond it response times, not rates, show the load",
        )
    flat = max(rates) <= (1 + SAME_RATE) * min(rates) and max(users) >= USERS_APART * min(users)
    if flat and max(shares) < SATURATED and not any(resource in occupied for resource in HELD):
        yield Remark(
            code="ceiling-unknown",
            text=f"the rate stayed at {min(rates):.4g} to {max(rates):.4g}/s while users went from {min(users):g} to"
            f" {max(users):g} and CPU to {max(shares):.0%}: something else limits it; give capacity.threads or"
            " capacity.connections",
        )
    for resource in HELD:
        if resource in server.capacity and resource not in occupied:
            most = max(item.part.rps * item.part.response_ms / 1000 for item in judged)
            yield Remark(
                code="ceiling-not-reached",
                text=f"requests held at most {most:.4g} of {server.capacity[resource]:g} {resource}: no run shows"
                " their ceiling",
            )


def _shares(run: Run) -> str:
    return ", ".join(f"{series} {share:g}" for series, share in sorted(run.cpu.items()))


def _rounded(value: float) -> float:
    """Six significant digits: more than any measurement has, and the same text on every machine."""
    return float(f"{value:.{_SIX_DIGITS}g}")
