"""Rules about traffic figures: users, shares, replicas, routes."""

from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from typing import cast

from config.problems import MISSING, Problem, Said
from config.rules_common import ROOT, Rule, at, duplicates, no_such
from config.schema import ClusterConfig, ServiceTraffic

USERS = at("traffic", "daily_active_users")


def users(config: ClusterConfig) -> Iterator[Problem]:
    """Users are given once, low before high, and never more than the platform has."""
    for name, service in config.services.items():
        if service.traffic is None:
            continue
        path = at("services", name, "traffic")
        both = (f"{path}.users", f"{path}.share_of_users")
        given = [key for key in ("users", "share_of_users") if getattr(service.traffic, key) is not None]
        if len(given) != 1:
            yield Problem(
                path=path,
                value=given or MISSING,
                rule="exactly one of users and share_of_users must be given",
                fix="remove one of them" if given else "give users: {low: …, high: …}",
                also=both,
            )
        yield from _bounds(path, service.traffic, config.traffic.daily_active_users)


def _bounds(path: str, traffic: ServiceTraffic, everybody: int) -> Iterator[Problem]:
    for key, span in (("users", traffic.users), ("share_of_users", traffic.share_of_users)):
        if span is not None and span.low > span.high:
            yield Problem(
                path=f"{path}.{key}.low",
                value=span.low,
                rule=f"must not be above high ({span.high})",
                fix="swap the two, or correct one",
                also=(f"{path}.{key}.high",),
            )
    if traffic.users is not None and traffic.users.high > everybody:
        yield Problem(
            path=f"{path}.users.high",
            value=traffic.users.high,
            rule=f"must not be above traffic.daily_active_users ({everybody}), the whole platform's users",
            fix="lower it, or raise the platform's figure",
            also=(USERS,),
        )


def replicas(config: ClusterConfig) -> Iterator[Problem]:
    """The autoscaler's floor is not above its ceiling."""
    for name, service in config.services.items():
        path = at("services", name, "replicas")
        if service.replicas.min > service.replicas.max:
            yield Problem(
                path=f"{path}.min",
                value=service.replicas.min,
                rule=f"must not be above max ({service.replicas.max})",
                fix="lower min, or raise max",
                also=(f"{path}.max",),
            )


def routes(config: ClusterConfig) -> Iterator[Problem]:
    """Routes lead to other known services, each once, and never in a circle."""
    for name, service in config.services.items():
        path = at("services", name, "routes")
        for index, route in enumerate(service.routes):
            if route == name:
                yield Problem(
                    path=f"{path}[{index}]",
                    value=route,
                    rule="a service cannot route to itself",
                    fix="remove it",
                )
            elif route not in config.services:
                yield no_such(f"{path}[{index}]", route, "service", config.services, f"{ROOT}.services")
        for route in duplicates(service.routes):
            yield Problem(
                path=path,
                value=route,
                rule="stands in the list twice, and its requests would count twice",
                fix="remove one",
            )
        if service.routes and service.traffic is not None:
            yield Problem(
                path=at("services", name, "traffic"),
                value=list(service.routes),
                rule="a service with routes carries the sum of their traffic and has none of its own",
                fix="remove traffic, or remove routes",
                also=(path,),
            )


def circles(config: ClusterConfig) -> Iterator[Problem]:
    """Routes form no circle, whose sum would have no end."""
    graph = {name: set(service.routes) - {name} for name, service in config.services.items()}
    while circle := _circle(graph):
        first, second = circle[0], circle[1]
        graph[first].remove(second)
        yield Problem(
            path=at("services", first, "routes"),
            value=Said(" -> ".join(circle)),
            rule="requests go round in a circle",
            fix="remove one of these routes",
            also=tuple(at("services", name, "routes") for name in circle),
        )


def _circle(graph: Mapping[str, set[str]]) -> list[str]:
    """Names along one circle, from its alphabetically first name back to it; empty without a circle."""
    try:
        TopologicalSorter({name: sorted(routes) for name, routes in graph.items()}).prepare()
    except CycleError as error:
        names = cast("list[str]", error.args[1])[:0:-1]
        start = names.index(min(names))
        return [*names[start:], *names[: start + 1]]
    return []


RULES: tuple[Rule, ...] = (users, replicas, routes, circles)
