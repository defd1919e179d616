"""Rules about what a sheet states: figures that can be read, names that exist."""

from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from types import MappingProxyType
from typing import Final

from config import units
from config.errors import suggestion
from config.formula import FIGURES, names
from config.formula import value as formula_value
from config.problems import Problem
from config.rules_common import ROOT, Rule, at, figure, no_such
from config.schema import ClusterConfig
from config.schema_stated import Stated, StatedService
from sizing.catalogue import load

READERS: Final = MappingProxyType({"cpu": units.cpu, "memory": units.memory_gib, "network": units.network})
EXAMPLES: Final = MappingProxyType({"cpu": "8 (4 core)", "memory": "16 GiB", "network": "up to 10 Gb/s"})
TWICE: Final = (("vcpu", "cpu"), ("memory_gib", "memory"))


def _machines(config: ClusterConfig) -> Mapping[str, Stated]:
    pools = {at("pools", name, "stated"): pool.stated for name, pool in config.pools.items()}
    every = {**pools, at("control_plane", "stated"): config.control_plane.stated}
    return {path: stated for path, stated in every.items() if stated is not None}


def _services(config: ClusterConfig) -> Iterator[tuple[str, str, StatedService]]:
    for name, service in config.services.items():
        if service.stated is not None:
            yield name, at("services", name, "stated"), service.stated


def printed(config: ClusterConfig) -> Iterator[Problem]:
    """Printed figures can be read, and none is stated twice."""
    for path, stated in _machines(config).items():
        for key, read in READERS.items():
            text: str | None = getattr(stated.printed, key, None)
            if text is not None and read(text) is None:
                yield Problem(
                    path=f"{path}.printed.{key}",
                    value=text,
                    rule="cannot be read as such a figure",
                    fix=f'write it like "{EXAMPLES[key]}"',
                )
        for number, key in TWICE:
            if getattr(stated, number) is not None and getattr(stated.printed, key, None) is not None:
                yield Problem(
                    path=f"{path}.{number}",
                    value=figure(getattr(stated, number)),
                    rule=f"is stated again as printed.{key}",
                    fix="remove one of the two",
                    also=(f"{path}.printed.{key}",),
                )


def pools(config: ClusterConfig) -> Iterator[Problem]:
    """A pool is compared with another pool."""
    for name, pool in config.pools.items():
        other = pool.stated.same_as if pool.stated else None
        path = at("pools", name, "stated", "same_as")
        if other == name:
            yield Problem(path=path, value=other, rule="a pool always equals itself", fix="name the other pool")
        elif other is not None and other not in config.pools:
            yield no_such(path, other, "node pool", config.pools, f"{ROOT}.pools")


def services(config: ClusterConfig) -> Iterator[Problem]:
    """A service is compared with another service, and its users with another's or the platform's."""
    for name, path, stated in _services(config):
        others = {"lighter_than": stated.lighter_than}
        if stated.share_of_users is not None:
            others["share_of_users.of"] = stated.share_of_users.of
        for key, other in others.items():
            if other == name:
                yield Problem(
                    path=f"{path}.{key}",
                    value=other,
                    rule="a service cannot be compared with itself",
                    fix="name the other service",
                )
            elif other is not None and other not in config.services:
                yield no_such(f"{path}.{key}", other, "service", config.services, f"{ROOT}.services")


def ranges(config: ClusterConfig) -> Iterator[Problem]:
    """The low end of a stated range is not above its high end."""
    for _, path, stated in _services(config):
        for key in ("rps_with_factors", "vusers", "tps_target", "share_of_users"):
            span = getattr(stated, key)
            if span is not None and span.low > span.high:
                yield Problem(
                    path=f"{path}.{key}.low",
                    value=figure(span.low),
                    rule=f"must not be above high ({span.high:g})",
                    fix="swap the two, or correct one",
                    also=(f"{path}.{key}.high",),
                )


def formulas(config: ClusterConfig) -> Iterator[Problem]:
    """A formula holds figures that there are, and divides by none that is zero."""
    for _, path, stated in _services(config):
        text = stated.peak_formula
        unknown = sorted(set(names(text)) - set(FIGURES)) if text else []
        where = f"{path}.peak_formula"
        for name in unknown:
            close = suggestion(name, FIGURES)
            yield Problem(
                path=where,
                value=text,
                rule=f"{name} is no figure of a service",
                fix=f"did you mean {close}?" if close else f"use {', '.join(FIGURES)} and numbers",
            )
        if text and not unknown and _divides_by_zero(text):
            yield Problem(path=where, value=text, rule="divides by zero", fix="correct the number")


def _divides_by_zero(text: str) -> bool:
    try:
        formula_value(text, dict.fromkeys(FIGURES, Fraction(1)))
    except ZeroDivisionError:
        return True
    return False


def tests(config: ClusterConfig) -> Iterator[Problem]:
    """A load test ran on a type of the catalogue, and its CPU use stands beside a throughput."""
    for _, path, stated in _services(config):
        test = stated.load_test
        if test is None:
            continue
        if test.instance_type is not None and test.instance_type not in load():
            yield Problem(
                path=f"{path}.load_test.instance_type",
                value=test.instance_type,
                rule="is no type of the catalogue",
                fix=_close(test.instance_type, load()),
            )
        if test.cpu_share is not None and test.tps is None:
            yield Problem(
                path=f"{path}.load_test.cpu_share",
                value=test.cpu_share,
                rule="says nothing without the throughput at which it was seen",
                fix="give tps",
                also=(f"{path}.load_test.tps",),
            )


def _close(name: str, known: Iterable[str]) -> str:
    close = suggestion(name, known)
    return f"did you mean {close}?" if close else "leave it out to use the service's pool's type"


RULES: tuple[Rule, ...] = (printed, pools, services, ranges, formulas, tests)
