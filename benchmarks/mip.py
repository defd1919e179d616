"""The packing problem written down directly for a solver: what one gets without a packer.

Every node that might be bought is a slot: binaries choose its type, integers count the pods on it. A slot's price never
rises from one slot to the next, which takes the worst of the symmetry out; nothing else helps the solver.
"""

import itertools
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

import highspy
import numpy as np

from sizing.packing import Machine, Node, Pods, Problem

SLOTS_PER_NODE: Final = 1.5
"""Slots for each node that first-fit decreasing buys, and one more: a packing with more nodes is outside the model."""
_CHOSEN: Final = 0.5


@dataclass(frozen=True, kw_only=True)
class Solution:
    """What the solver said. Costs are USD per hour; `cost` is None when it found no packing."""

    nodes: tuple[Node, ...]
    cost: Decimal | None
    bound: Decimal | None
    seconds: float
    status: str
    columns: int


@dataclass(frozen=True, kw_only=True)
class _Slot:
    group: str
    zone: str
    """"" where zones play no part."""
    types: dict[str, int]
    """Column of each machine's binary."""
    held: dict[str, int] = field(default_factory=dict[str, int])
    """Column of each pod name's count."""


class _Model:
    """Columns and rows, collected one by one."""

    def __init__(self) -> None:
        self.costs: list[float] = []
        self.uppers: list[float] = []
        self.starts: list[int] = [0]
        self.indices: list[int] = []
        self.values: list[float] = []
        self.row_lowers: list[float] = []
        self.row_uppers: list[float] = []

    def column(self, cost: float, upper: float) -> int:
        self.costs.append(cost)
        self.uppers.append(upper)
        return len(self.costs) - 1

    def row(self, entries: Sequence[tuple[int, float]], lower: float, upper: float) -> None:
        self.indices += [column for column, _ in entries]
        self.values += [value for _, value in entries]
        self.starts.append(len(self.indices))
        self.row_lowers.append(lower)
        self.row_uppers.append(upper)

    def linear_program(self) -> highspy.HighsLp:
        lp = highspy.HighsLp()
        lp.num_col_, lp.num_row_ = len(self.costs), len(self.row_lowers)
        lp.col_cost_ = np.array(self.costs)
        lp.col_lower_ = np.zeros(len(self.costs))
        lp.col_upper_ = np.array(self.uppers)
        lp.row_lower_ = np.array(self.row_lowers)
        lp.row_upper_ = np.array(self.row_uppers)
        lp.integrality_ = [highspy.HighsVarType.kInteger] * len(self.costs)
        lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        lp.a_matrix_.start_ = np.array(self.starts)
        lp.a_matrix_.index_ = np.array(self.indices)
        lp.a_matrix_.value_ = np.array(self.values)
        return lp


def solve(problem: Problem, seconds: int) -> Solution:
    """Give the problem to HiGHS.

    Args:
        problem: pods, machines and zones.
        seconds: time limit on the clock; the solver looks at it only now and then, and may overrun.
    """
    started = time.perf_counter()
    model = _Model()
    slots = _slots(problem, model)
    _rows(problem, slots, model)
    solver = highspy.Highs()
    for option, value in (
        ("output_flag", False),
        ("time_limit", float(seconds)),
        ("mip_rel_gap", 0.0),
        ("random_seed", 0),
    ):
        solver.setOptionValue(option, value)
    solver.passModel(model.linear_program())
    solver.run()
    info = solver.getInfo()
    found = info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
    nodes = tuple(_nodes(problem, slots, list(solver.getSolution().col_value))) if found else ()
    prices = {machine.name: machine.price for machine in problem.machines}
    return Solution(
        nodes=nodes,
        cost=sum((prices[node.machine] for node in nodes), Decimal(0)) if found else None,
        bound=Decimal(str(round(info.mip_dual_bound, 9))) if abs(info.mip_dual_bound) < highspy.kHighsInf else None,
        seconds=time.perf_counter() - started,
        status=solver.modelStatusToString(solver.getModelStatus()),
        columns=len(model.costs),
    )


def _slots(problem: Problem, model: _Model) -> list[_Slot]:
    slots: list[_Slot] = []
    for group in sorted({pods.group for pods in problem.pods}):
        members = [pods for pods in problem.pods if pods.group == group and pods.count]
        zoned = any(pods.zones is not None for pods in members)
        for zone in problem.zones if zoned else ("",):
            machines = [machine for machine in problem.machines if _offered(problem, machine, zone)]
            here = {pods.name: _most(pods, zone) for pods in members if _most(pods, zone)}
            for _ in range(_number(here, members, machines)):
                types = {machine.name: model.column(float(machine.price), 1) for machine in machines}
                slot = _Slot(group=group, zone=zone, types=types)
                slot.held.update(
                    (pods.name, model.column(0, min(here[pods.name], pods.per_node or pods.count)))
                    for pods in members
                    if pods.name in here
                )
                slots.append(slot)
    return slots


def _offered(problem: Problem, machine: Machine, zone: str) -> bool:
    return bool(machine.zones & ({zone} if zone else set(problem.zones)))


def _most(pods: Pods, zone: str) -> int:
    return pods.zones.get(zone, 0) if zone and pods.zones is not None else pods.count


def _number(here: dict[str, int], members: Sequence[Pods], machines: Sequence[Machine]) -> int:
    counts = [_first_fit(here, members, machine) for machine in machines]
    cheapest = min(
        ((count * machine.price, count) for count, machine in zip(counts, machines, strict=True) if count),
        default=(Decimal(0), sum(here.values())),
    )
    return int(SLOTS_PER_NODE * cheapest[1]) + 1 if here else 0


def _first_fit(here: dict[str, int], members: Sequence[Pods], machine: Machine) -> int:
    """Nodes of one type that first-fit decreasing buys; 0 when a pod does not fit on the type."""
    nodes: list[list[int]] = []
    on: list[dict[str, int]] = []
    for pods in sorted(members, key=lambda pods: -pods.cpu_m / machine.cpu_m - pods.memory_mib / machine.memory_mib):
        if pods.cpu_m > machine.cpu_m or pods.memory_mib > machine.memory_mib:
            return 0
        for _ in range(here.get(pods.name, 0)):
            for node, held in zip(nodes, on, strict=True):
                fits = node[0] >= pods.cpu_m and node[1] >= pods.memory_mib and node[2]
                if fits and held.get(pods.name, 0) < (pods.per_node or pods.count):
                    break
            else:
                node, held = [machine.cpu_m, machine.memory_mib, machine.pods], dict[str, int]()
                nodes.append(node)
                on.append(held)
            node[0], node[1], node[2] = node[0] - pods.cpu_m, node[1] - pods.memory_mib, node[2] - 1
            held[pods.name] = held.get(pods.name, 0) + 1
    return len(nodes)


def _rows(problem: Problem, slots: Sequence[_Slot], model: _Model) -> None:
    machines = {machine.name: machine for machine in problem.machines}
    pods = {each.name: each for each in problem.pods}
    for slot in slots:
        offered = [(column, machines[name]) for name, column in slot.types.items()]
        held = [(column, pods[name]) for name, column in slot.held.items()]
        model.row([(column, 1) for column, _ in offered], 0, 1)
        for used, free in (
            ([(c, each.cpu_m / 1000) for c, each in held], [(c, -each.cpu_m / 1000) for c, each in offered]),
            ([(c, each.memory_mib / 1024) for c, each in held], [(c, -each.memory_mib / 1024) for c, each in offered]),
            ([(c, 1) for c, _ in held], [(c, -each.pods) for c, each in offered]),
        ):
            model.row([*used, *free], -highspy.kHighsInf, 0)
        for column, each in held:
            if not each.spot:
                steady = [(other, -each.count) for other, machine in offered if not machine.spot]
                model.row([(column, 1), *steady], -highspy.kHighsInf, 0)
    for first, second in itertools.pairwise(slots):
        if (first.group, first.zone) == (second.group, second.zone):
            dearer = [(column, float(machines[name].price)) for name, column in first.types.items()]
            cheaper = [(column, -float(machines[name].price)) for name, column in second.types.items()]
            model.row([*dearer, *cheaper], 0, highspy.kHighsInf)
    for each in problem.pods:
        for zone, count in _wanted(each):
            columns = [slot.held[each.name] for slot in slots if each.name in slot.held and zone in {"", slot.zone}]
            if count:
                model.row([(column, 1) for column in columns], count, count)


def _wanted(pods: Pods) -> Iterator[tuple[str, int]]:
    yield from pods.zones.items() if pods.zones is not None else (("", pods.count),)


def _nodes(problem: Problem, slots: Sequence[_Slot], values: Sequence[float]) -> Iterator[Node]:
    offers = {machine.name: machine.zones for machine in problem.machines}
    for slot in slots:
        held = {name: round(values[column]) for name, column in slot.held.items() if values[column] > _CHOSEN}
        for name, column in slot.types.items():
            if values[column] > _CHOSEN:
                zone = slot.zone or next(zone for zone in problem.zones if zone in offers[name])
                yield Node(machine=name, zone=zone, group=slot.group, pods=held)
