"""Pods on the cheapest machines, with a proved lower bound. Pure Python; HiGHS is used where it is installed."""

from sizing.packing.failures import Failure, survives
from sizing.packing.problem import Machine, Node, NoFitError, Packing, Pods, Problem
from sizing.packing.solve import Effort, pack
from sizing.packing.tolerance import TolerantPacking, Workload, pack_tolerant, replicas

__all__ = [
    "Effort",
    "Failure",
    "Machine",
    "NoFitError",
    "Node",
    "Packing",
    "Pods",
    "Problem",
    "TolerantPacking",
    "Workload",
    "pack",
    "pack_tolerant",
    "replicas",
    "survives",
]
