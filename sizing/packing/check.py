"""Checks a packing against its problem from the outside, by nothing but the two."""

from collections import Counter
from collections.abc import Iterator

from sizing.packing.problem import Packing, Problem


def violations(problem: Problem, packing: Packing) -> tuple[str, ...]:
    """Give one line for each rule that a packing breaks; none for a valid one."""
    return (*_nodes(problem, packing), *_placed(problem, packing), *_figures(problem, packing))


def _nodes(problem: Problem, packing: Packing) -> Iterator[str]:
    machines = {machine.name: machine for machine in problem.machines}
    known = {pods.name: pods for pods in problem.pods}
    for place, node in enumerate(packing.nodes):
        machine, where = machines[node.machine], f"node {place + 1} ({node.machine} in {node.zone})"
        if node.zone not in machine.zones or node.zone not in problem.zones:
            yield f"{where}: not offered there"
        if sum(known[name].cpu_m * count for name, count in node.pods.items()) > machine.cpu_m:
            yield f"{where}: more CPU than it has"
        if sum(known[name].memory_mib * count for name, count in node.pods.items()) > machine.memory_mib:
            yield f"{where}: more memory than it has"
        if sum(node.pods.values()) > machine.pods:
            yield f"{where}: more pods than it has slots"
        for name, count in node.pods.items():
            pods = known[name]
            if pods.per_node is not None and count > pods.per_node:
                yield f"{where}: {count} pods of {name}, at most {pods.per_node} allowed"
            if pods.group != node.group:
                yield f"{where}: {name} is of group {pods.group!r}, the node of {node.group!r}"
            if machine.spot and not pods.spot:
                yield f"{where}: {name} must not run on spot"


def _placed(problem: Problem, packing: Packing) -> Iterator[str]:
    placed: Counter[tuple[str, str]] = Counter()
    for node in packing.nodes:
        for name, count in node.pods.items():
            placed[name, node.zone] += count
    for pods in problem.pods:
        total = sum(placed[pods.name, zone] for zone in problem.zones)
        if total != pods.count:
            yield f"{pods.name}: {total} of {pods.count} pods placed"
        for zone, count in (pods.zones or {}).items():
            if placed[pods.name, zone] != count:
                yield f"{pods.name}: {placed[pods.name, zone]} pods in zone {zone}, not {count}"


def _figures(problem: Problem, packing: Packing) -> Iterator[str]:
    prices = {machine.name: machine.price for machine in problem.machines}
    paid = sum(prices[node.machine] for node in packing.nodes)
    if paid != packing.cost:
        yield f"the nodes cost {paid}, not {packing.cost}"
    if packing.bound > packing.cost:
        yield f"the bound {packing.bound} is above the cost {packing.cost}"
