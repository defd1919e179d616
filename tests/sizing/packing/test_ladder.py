"""The rungs of the ladder against each other, and that equal input gives equal bytes."""

import subprocess
import sys

import pytest
from conftest import ROOT

from benchmarks.families import family
from sizing.packing import Effort, pack
from sizing.packing.check import violations
from sizing.packing.classes import classes
from sizing.packing.fluid import fluid
from sizing.packing.parts import cut

PRINT = """
import sys
{before}
from benchmarks.families import family
from sizing.packing import Effort, pack
print(pack(family(6, 3), effort=Effort(ruins=300, ruins_alone=300, dives=2, nodes=1)))
print("highspy" in sys.modules)
"""
BLOCKED = """
class Block:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("highspy", "numpy"):
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Block())
import importlib.util
real = importlib.util.find_spec
importlib.util.find_spec = lambda name, package=None: None if name == "highspy" else real(name, package)
"""


def printed(before=""):
    program = PRINT.format(before=before)
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout


def test_two_processes_print_the_same_packing_to_the_byte():
    first = printed()
    assert first == printed()
    assert first.endswith("True\n")


def test_with_imports_of_the_solver_blocked_a_packing_is_printed_and_says_so():
    alone = printed(BLOCKED)
    assert "highspy is not installed" in alone
    assert alone.endswith("False\n")


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_five_services_are_proved_optimal(seed):
    problem = family(5, seed)
    best = pack(problem, effort=Effort(ruins=2_000, dives=5))
    assert violations(problem, best) == ()
    assert best.proved


def test_ten_services_end_within_three_and_a_half_percent_of_the_bound():
    problem = family(10, 1)
    best = pack(problem, effort=Effort(ruins=2_000, dives=3, nodes=1))
    assert violations(problem, best) == ()
    assert best.gap * 100 < 3.5


def test_classes_give_every_pod_back_to_its_service():
    problem = family(60, 1, sizes=8)
    (part,) = cut(problem)
    kinds = classes(part, exactly=False)
    assert len(kinds.merged.items) <= 8
    best = pack(problem, effort=Effort(solver=False, ruins_alone=500))
    assert violations(problem, best) == ()


def test_the_fluid_bound_of_one_pod_on_one_machine_is_that_machine():
    (part,) = cut(family(1, 1))
    relaxed = fluid(part)
    assert relaxed.bound % part.step == 0
    assert relaxed.bound >= min(each.price for each in part.bins)


def test_the_fluid_bound_is_near_what_ruin_and_recreate_reaches_at_fifty_services():
    (part,) = cut(family(50, 1))
    best = pack(family(50, 1), effort=Effort(solver=False, ruins_alone=6_000))
    assert best.bound == fluid(part).bound * part.unit
    assert best.gap * 100 < 3
