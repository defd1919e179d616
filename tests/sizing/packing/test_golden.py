"""The travel platform's five services at their stress targets: the optima that are known exactly."""

from decimal import Decimal

import pytest

from benchmarks.families import five_services
from sizing.packing import pack

SEEN_WHOLE = Decimal(0)


@pytest.mark.parametrize("families", [("c5a",), ("c5a", "c6i", "c7i", "m5a", "r5a")])
def test_fifteen_pods_need_one_machine_when_no_memory_is_lost(families):
    best = pack(five_services(families, unseen=SEEN_WHOLE))
    assert best.month == Decimal("502.24")
    assert [node.machine for node in best.nodes] == ["c5a.4xlarge"]
