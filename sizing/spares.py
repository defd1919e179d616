"""What the scheduler needs beside a packing, so that it finds a place for every pod."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from config.schema import ClusterConfig
from sizing.model import PodResources, Replication
from sizing.packing.problem import Machine
from sizing.packing.tolerance import TolerantPacking
from sizing.rehearsal import guests, rehearse, spares


@dataclass(frozen=True, kw_only=True)
class Spares:
    """Machines beside the packing's, and pods for which the scheduler finds no place even then."""

    machines: tuple[tuple[Machine, str], ...]
    unplaced: Mapping[str, int]

    @property
    def cost(self) -> Decimal:
        """USD per hour."""
        return sum((machine.price for machine, _ in self.machines), Decimal(0))

    def notes(self) -> Iterator[str]:
        """What a person should know of them."""
        for (kind, zone), count in sorted(Counter((machine.type, zone) for machine, zone in self.machines).items()):
            yield f"{count} x {kind} in zone {zone} beside it, for a scheduler that places pods one by one"
        if self.unplaced:
            pods = ", ".join(f"{count} of {name}" for name, count in sorted(self.unplaced.items()))
            yield f"placed one by one, {pods} may find no machine: give the pool more families, or pods less memory"


def spares_for(
    config: ClusterConfig,
    found: TolerantPacking,
    machines: Sequence[Machine],
    requests: Mapping[str, PodResources],
    replication: Mapping[str, Replication],
) -> Spares:
    """Rehearse the scheduler on a packing.

    Args:
        config: the configuration.
        found: the packing.
        machines: what may be bought.
        requests: of one pod, by service.
        replication: bounds and spread, by service.
    """
    by_name = {machine.name: machine for machine in machines}
    bought = [(by_name[node.machine], node.zone) for node in found.packing.nodes]
    placed: Counter[str] = Counter()
    for node in found.packing.nodes:
        placed.update(node.pods)
    arriving = guests(config, placed, requests, replication)
    more = spares(bought, machines, arriving)
    return Spares(machines=more, unplaced=rehearse([*bought, *more], arriving))
