"""Whether a packing keeps every rule of its problem, whoever made it."""

from collections import Counter
from collections.abc import Iterator, Sequence

from sizing.packing import Machine, Node, Pods, Problem


def faults(problem: Problem, nodes: Sequence[Node], *, exact_zones: bool = True) -> tuple[str, ...]:
    """Every rule that is broken, one line each.

    Args:
        problem: what was to be packed.
        nodes: the packing.
        exact_zones: each zone holds exactly its pods; otherwise any even spread over the same zones will do, which
            is what Kubernetes' spread constraints ask for.
    """
    machines = {machine.name: machine for machine in problem.machines}
    pods = {pods.name: pods for pods in problem.pods}
    return (
        *(f"node {number}: {fault}" for number, node in enumerate(nodes) for fault in _node(node, machines, pods)),
        *(f"{each.name}: {fault}" for each in problem.pods for fault in _counts(each, nodes, exact_zones=exact_zones)),
    )


def _node(node: Node, machines: dict[str, Machine], pods: dict[str, Pods]) -> Iterator[str]:
    strange = sorted(set(node.pods) - set(pods))
    if node.machine not in machines or strange:
        yield f"{node.machine} with {', '.join(strange) or 'known pods'}: not of the problem"
        return
    machine = machines[node.machine]
    held = [(pods[name], count) for name, count in node.pods.items()]
    if node.zone not in machine.zones:
        yield f"{machine.name} is not offered in zone {node.zone}"
    for what, used, free in (
        ("CPU", sum(each.cpu_m * count for each, count in held), machine.cpu_m),
        ("memory", sum(each.memory_mib * count for each, count in held), machine.memory_mib),
        ("pods", sum(count for _, count in held), machine.pods),
    ):
        if used > free:
            yield f"{what} {used} of {free}"
    for each, count in held:
        if each.per_node is not None and count > each.per_node:
            yield f"{count} of {each.name}, at most {each.per_node} on a node"
        if machine.spot and not each.spot:
            yield f"{each.name} must not run on spot"
        if each.group != node.group:
            yield f"{each.name} of group {each.group!r} on a node of group {node.group!r}"


def _counts(pods: Pods, nodes: Sequence[Node], *, exact_zones: bool) -> Iterator[str]:
    found: Counter[str] = Counter()
    for node in nodes:
        found[node.zone] += node.pods.get(pods.name, 0)
    if found.total() != pods.count:
        yield f"{found.total()} of {pods.count} pods are placed"
    if pods.zones is None:
        return
    wanted = {zone: count for zone, count in pods.zones.items() if count}
    placed = {zone: count for zone, count in found.items() if count}
    even = sorted(wanted.values()) == sorted(placed.values()) and set(placed) <= set(pods.zones)
    if placed != wanted and (exact_zones or not even):
        yield f"in zones {placed}, not {wanted}"
