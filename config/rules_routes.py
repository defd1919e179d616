"""Rules about how requests run between services, and about the bounds of their autoscalers."""

from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from typing import cast

from config.problems import Problem, Said
from config.rules_common import ROOT, Rule, at, duplicates, no_such
from config.schema import ClusterConfig


def senders(config: ClusterConfig, name: str) -> Mapping[str, float]:
    """Give the services whose calls are this one's traffic, with requests here for each request they get."""
    service = config.services.get(name)
    return service.traffic.sent_by if service is not None and service.traffic is not None else {}


def carried(config: ClusterConfig, name: str) -> Mapping[str, float]:
    """Give the services whose requests pass through this one, with requests here for each request there.

    Calls between services (`sent_by`) start inside and pass through no gateway.
    """
    routes = config.services[name].routes
    weights = routes if isinstance(routes, Mapping) else dict.fromkeys(routes, 1.0)
    return {route: weight for route, weight in weights.items() if not senders(config, route)}


def replicas(config: ClusterConfig) -> Iterator[Problem]:
    """The autoscaler's floor is not above its ceiling."""
    for name, service in config.services.items():
        path = at("services", name, "replicas")
        if service.replicas.max is not None and service.replicas.min > service.replicas.max:
            yield Problem(
                path=f"{path}.min",
                value=service.replicas.min,
                rule=f"must not be above max ({service.replicas.max})",
                fix="lower min, or raise max",
                also=(f"{path}.max",),
            )


def routes(config: ClusterConfig) -> Iterator[Problem]:
    """Routes lead to other known services, each once; a service has their sum or traffic of its own."""
    for name, service in config.services.items():
        path = at("services", name, "routes")
        for index, route in enumerate(service.routes):
            place = at("services", name, "routes", route) if isinstance(service.routes, Mapping) else f"{path}[{index}]"
            if route == name:
                yield Problem(path=place, value=route, rule="a service cannot route to itself", fix="remove it")
            elif route not in config.services:
                yield no_such(place, route, "service", config.services, f"{ROOT}.services")
        for route in duplicates(service.routes):
            yield Problem(
                path=path,
                value=route,
                rule="stands in the list twice, and its requests would count twice",
                fix="remove one",
            )
        through = list(carried(config, name))
        if through and service.traffic is not None:
            yield Problem(
                path=at("services", name, "traffic"),
                value=through,
                rule="a service with routes carries the sum of their traffic and has none of its own",
                fix="remove traffic, or remove routes",
                also=(path, *(_sent_by(route) for route in through)),
            )


def circles(config: ClusterConfig) -> Iterator[Problem]:
    """Requests run in no circle, whose sum would have no end."""
    graph = {name: set(carried(config, name)) - {name} for name in config.services}
    for name in config.services:
        graph[name] |= set(senders(config, name)) - {name}
    while circle := _circle(graph):
        first, second = circle[0], circle[1]
        graph[first].remove(second)
        yield Problem(
            path=_sent_by(first) if second in senders(config, first) else _routes(first),
            value=Said(" -> ".join(circle)),
            rule="requests go round in a circle",
            fix="remove one of these routes",
            also=tuple(path for name in circle for path in (_routes(name), _sent_by(name))),
        )


def _routes(name: str) -> str:
    return at("services", name, "routes")


def _sent_by(name: str) -> str:
    return at("services", name, "traffic", "sent_by")


def _circle(graph: Mapping[str, set[str]]) -> list[str]:
    """Names along one circle, from its alphabetically first name back to it; empty without a circle."""
    try:
        TopologicalSorter({name: sorted(routes) for name, routes in graph.items()}).prepare()
    except CycleError as error:
        names = cast("list[str]", error.args[1])[:0:-1]
        start = names.index(min(names))
        return [*names[start:], *names[: start + 1]]
    return []


RULES: tuple[Rule, ...] = (replicas, routes, circles)
