"""Rules about traffic figures: one source a service, whole sessions, and factors that agree."""

import math
from collections.abc import Iterator
from fractions import Fraction
from typing import Final

from config.problems import MISSING, Problem, Said
from config.rules_common import ALL, ROOT, Rule, at, figure, no_such
from config.schema import ClusterConfig
from config.schema_traffic import Rate, ServiceTraffic, Traffic

USERS: Final = at("traffic", "daily_active_users")
SOURCES: Final = ("users", "share_of_users", "requests_per_second", "sent_by")
SESSIONS: Final = ("requests_per_user", "requests_per_session", "scenarios")
SESSION_KEYS: Final = (*SESSIONS, "sessions_per_day", "scenario_seconds")
_MAPPINGS: Final = ("scenarios", "sent_by")
HOURS: Final = 24
SHARES_TOLERANCE: Final = 0.01
"""Shares such as 0.33, 0.33 and 0.33 add up to 1 as far as people write them."""


def given(traffic: Traffic | ServiceTraffic | Rate, keys: tuple[str, ...]) -> list[str]:
    """Say which of some optional keys of a section are there; an empty mapping counts as absent."""
    return [key for key in keys if getattr(traffic, key) not in (None, {})]


def _traffic(config: ClusterConfig) -> Iterator[tuple[str, ServiceTraffic]]:
    for name, service in config.services.items():
        if service.traffic is not None:
            yield at("services", name, "traffic"), service.traffic


def _all(path: str, keys: tuple[str, ...]) -> tuple[str, ...]:
    """Paths of the keys; of mappings also their sets of keys."""
    return tuple(f"{path}.{key}{end}" for key in keys for end in (("", f".{ALL}") if key in _MAPPINGS else ("",)))


def peak(config: ClusterConfig) -> Iterator[Problem]:
    """The peak is given once: as a factor over the mean, or as the busiest hour's share of the day."""
    share = config.traffic.peak_hour_share
    both = (at("traffic", "peak_factor"), at("traffic", "peak_hour_share"))
    if share is None:
        return
    if config.traffic.peak_factor is not None:
        yield Problem(
            path=both[1],
            value=share,
            rule=f"says the same as peak_factor ({config.traffic.peak_factor:g}) in another way",
            fix="remove one of the two",
            also=both,
        )
    if Fraction(str(share)) * HOURS < 1:
        yield Problem(
            path=both[1],
            value=share,
            rule="must be at least 1/24 (0.0417): no hour is the busiest with less than its even share",
            fix="give the busiest hour's requests over the day's, such as 0.083 for twice the mean",
        )


def source(config: ClusterConfig) -> Iterator[Problem]:
    """A service's traffic has one source: users, a share of them, a known rate, or services that call it."""
    for path, traffic in _traffic(config):
        found = given(traffic, SOURCES)
        if len(found) != 1:
            yield Problem(
                path=path,
                value=found or MISSING,
                rule=f"exactly one of {', '.join(SOURCES[:-1])} and {SOURCES[-1]} must be given",
                fix="remove the others" if found else "give users: {low: …, high: …}",
                also=_all(path, SOURCES),
            )


def everybody(config: ClusterConfig) -> Iterator[Problem]:
    """A share of users needs the platform's users, and no service has more of them than the platform."""
    total = config.traffic.daily_active_users
    for path, traffic in _traffic(config):
        for key, span in (("users", traffic.users), ("share_of_users", traffic.share_of_users)):
            if span is not None and span.low > span.high:
                yield Problem(
                    path=f"{path}.{key}.low",
                    value=span.low,
                    rule=f"must not be above high ({span.high})",
                    fix="swap the two, or correct one",
                    also=(f"{path}.{key}.high",),
                )
        if traffic.share_of_users is not None and total is None:
            yield Problem(
                path=USERS,
                value=MISSING,
                rule=f"is required, because {path.removeprefix(f'{ROOT}.')}.share_of_users is a share of it",
                fix="give the platform's users a day, or give the service its users as numbers",
                also=(f"{path}.share_of_users",),
            )
        if traffic.users is not None and total is not None and traffic.users.high > total:
            yield Problem(
                path=f"{path}.users.high",
                value=traffic.users.high,
                rule=f"must not be above traffic.daily_active_users ({total}), the whole platform's users",
                fix="lower it, or raise the platform's figure",
                also=(USERS,),
            )


def sessions(config: ClusterConfig) -> Iterator[Problem]:
    """Users come with one description of their sessions: requests and length, or scenarios by share."""
    for path, traffic in _traffic(config):
        if traffic.sent_by:
            for key in given(traffic, SESSION_KEYS):
                yield Problem(
                    path=f"{path}.{key}",
                    value=Said("given"),
                    rule="has no meaning with sent_by, whose requests belong to the sessions of other services",
                    fix="remove it",
                    also=(f"{path}.sent_by",),
                )
            continue
        yield from _requests(path, traffic)
        yield from _length(path, traffic)
        yield from _days(path, traffic)


def _requests(path: str, traffic: ServiceTraffic) -> Iterator[Problem]:
    found = given(traffic, SESSIONS)
    known = traffic.requests_per_second is not None
    if len(found) > 1 or not (found or known):
        yield Problem(
            path=path,
            value=found or MISSING,
            rule=f"exactly one of {', '.join(SESSIONS[:-1])} and {SESSIONS[-1]} must be given",
            fix="remove the others" if found else "give requests_per_session and scenario_seconds",
            also=(*_all(path, SESSIONS), *_all(path, SOURCES)),
        )


def _length(path: str, traffic: ServiceTraffic) -> Iterator[Problem]:
    single = given(traffic, SESSIONS[:2])
    key, also = f"{path}.scenario_seconds", (*_all(path, SESSIONS), *_all(path, SOURCES))
    if single and traffic.scenario_seconds is None:
        yield Problem(
            path=key,
            value=MISSING,
            rule=f"is required with {single[0]}",
            fix="give the length of one session in seconds",
            also=also,
        )
    elif traffic.scenario_seconds is not None and traffic.scenarios:
        yield Problem(
            path=key,
            value=figure(traffic.scenario_seconds),
            rule="contradicts scenarios, each of which has its own session_seconds",
            fix="remove it",
            also=also,
        )
    elif traffic.scenario_seconds is not None and traffic.requests_per_second is not None and not single:
        yield Problem(
            path=key,
            value=figure(traffic.scenario_seconds),
            rule="says nothing without requests_per_session",
            fix="give requests_per_session too, or remove it",
            also=also,
        )


def _days(path: str, traffic: ServiceTraffic) -> Iterator[Problem]:
    if traffic.sessions_per_day is None:
        return
    reasons = {
        "requests_per_user": "contradicts requests_per_user, which means one session a day",
        "requests_per_second": "has no meaning with requests_per_second, which counts requests and not users",
    }
    for key in given(traffic, tuple(reasons)):
        yield Problem(
            path=f"{path}.sessions_per_day",
            value=figure(traffic.sessions_per_day),
            rule=reasons[key],
            fix="give requests_per_session instead of requests_per_user" if key == SESSIONS[0] else "remove it",
            also=(f"{path}.{key}",),
        )


def scenarios(config: ClusterConfig) -> Iterator[Problem]:
    """The shares of a service's scenarios add up to 1."""
    for path, traffic in _traffic(config):
        total = math.fsum(item.share for item in traffic.scenarios.values())
        if traffic.scenarios and abs(total - 1) > SHARES_TOLERANCE:
            yield Problem(
                path=f"{path}.scenarios",
                value={name: item.share for name, item in traffic.scenarios.items()},
                rule=f"the shares add up to {total:.4g}, and every session follows one scenario",
                fix="let them add up to 1",
                also=(f"{path}.scenarios.*",),
            )


def rates(config: ClusterConfig) -> Iterator[Problem]:
    """A known rate has a mean, a peak or both, and the peak is not below the mean."""
    for path, traffic in _traffic(config):
        rate, where = traffic.requests_per_second, f"{path}.requests_per_second"
        if rate is None:
            continue
        if rate.mean is None and rate.peak is None:
            yield Problem(
                path=where,
                value=MISSING,
                rule="mean, peak or both must be given",
                fix="give peak: … in requests per second",
                also=_all(where, ("mean", "peak")),
            )
        elif rate.mean is not None and rate.peak is not None and rate.mean > rate.peak:
            yield Problem(
                path=f"{where}.peak",
                value=figure(rate.peak),
                rule=f"must not be below mean ({rate.mean:g})",
                fix="swap the two, or correct one",
                also=(f"{where}.mean",),
            )


def senders(config: ClusterConfig) -> Iterator[Problem]:
    """Requests are sent by other known services."""
    for name, service in config.services.items():
        for sender in service.traffic.sent_by if service.traffic else ():
            path = at("services", name, "traffic", "sent_by", sender)
            if sender == name:
                yield Problem(path=path, value=sender, rule="a service cannot call itself", fix="remove it")
            elif sender not in config.services:
                yield no_such(path, sender, "service", config.services, f"{ROOT}.services")


RULES: tuple[Rule, ...] = (peak, source, everybody, sessions, scenarios, rates, senders)
