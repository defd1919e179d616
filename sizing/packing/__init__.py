"""Pods on the cheapest machines, with a proved lower bound. Pure Python; HiGHS is used where it is installed."""

from sizing.packing.problem import Machine, Node, NoFitError, Packing, Pods, Problem
from sizing.packing.solve import Effort, pack

__all__ = ["Effort", "Machine", "NoFitError", "Node", "Packing", "Pods", "Problem", "pack"]
