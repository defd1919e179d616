"""Machines of its own for every service, of one type each, as a pool of this program is: exact by counting.

Pods of one service are equal, so that for one type the count follows, and the cheapest (type, count) is the optimum.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from config.types import Tolerance
from sizing.comparison.load import ServiceLoad
from sizing.packing import Machine, NoFitError


@dataclass(frozen=True, kw_only=True)
class OwnMachines:
    """One service's machines: how many of which, how many pods on them, and how many of those a failure may leave."""

    machine: str
    count: int
    pods: int
    left: int
    cost: Decimal
    """USD per hour."""


def own_machines(
    loads: Mapping[str, ServiceLoad],
    machines: Sequence[Machine],
    zones: Sequence[str],
    tolerance: Tolerance,
    *,
    peak: float,
    failed: float,
) -> Mapping[str, OwnMachines]:
    """The cheapest type and count for every service.

    Args:
        loads: what the services need.
        machines: what may be bought.
        zones: zones to spread over where one may fail.
        tolerance: what may fail.
        peak: utilisation that counts as comfortable at the peak.
        failed: utilisation that is borne after a loss.

    Raises:
        NoFitError: naming every service whose pod fits on no machine.
    """
    found: dict[str, OwnMachines] = {}
    unfit: list[str] = []
    for name, load in loads.items():
        choices = [
            each
            for machine in machines
            if (each := _of_type(load, machine, zones, tolerance, peak=peak, failed=failed)) is not None
        ]
        if choices:
            found[name] = min(choices, key=lambda each: (each.cost, each.count, each.machine))
        else:
            unfit.append(f"{name} ({load.pod.cpu_m}m, {load.pod.memory_mib} MiB)")
    if unfit:
        raise NoFitError(tuple(unfit))
    return found


def _of_type(
    load: ServiceLoad,
    machine: Machine,
    zones: Sequence[str],
    tolerance: Tolerance,
    *,
    peak: float,
    failed: float,
) -> OwnMachines | None:
    fit = min(machine.cpu_m // load.pod.cpu_m, machine.memory_mib // load.pod.memory_mib, machine.pods)
    if fit < 1:
        return None
    wanted = max(load.floor, load.pods_for(peak), 1)
    left = max(load.pods_for(failed), 1)
    if tolerance == "zone":
        if not set(zones) <= machine.zones:
            return None
        each = max(-(-wanted // len(zones)), -(-left // (len(zones) - 1)))
        pods = len(zones) * each
        return _bought(machine, len(zones) * -(-each // fit), pods, left=pods - each)
    if tolerance == "none":
        return _bought(machine, -(-wanted // fit), wanted, left=wanted)
    # At most `cap` pods a machine: `left` of them must remain when the fullest machine goes.
    options = [(max(wanted, left + cap), cap) for cap in range(1, fit + 1)]
    return min(
        (_bought(machine, -(-pods // cap), pods, left=pods - cap) for pods, cap in options),
        key=lambda each: (each.cost, each.pods),
    )


def _bought(machine: Machine, count: int, pods: int, *, left: int) -> OwnMachines:
    return OwnMachines(machine=machine.name, count=count, pods=pods, left=left, cost=machine.price * count)
