"""Rules about control-plane slots, an odd number, spread so that a zone may be lost, and about etcd's snapshots."""

from collections import Counter
from collections.abc import Iterator
from typing import Final

from config.problems import Problem
from config.rules_common import ALL, Rule, at
from config.schema import ClusterConfig
from sizing.quorum import quorum, tolerance

SLOTS: Final = at("control_plane", "slots")
KEYS: Final = (at("control_plane", "slots", ALL),)


def number(config: ClusterConfig) -> Iterator[Problem]:
    """One, three or five: an even member makes the quorum larger and tolerates no further loss."""
    count = len(config.control_plane.slots)
    if count == 0:
        yield Problem(path=SLOTS, value={}, rule="must not be empty", fix="use 1, 3 or 5 slots", also=KEYS)
    elif count % 2 == 0:
        lost = tolerance(count)
        loss = f"the loss of {lost}" if lost else "no loss"
        yield Problem(
            path=SLOTS,
            value=sorted(config.control_plane.slots),
            rule=f"{count} etcd members tolerate {loss}, just as {count - 1} would, and need {quorum(count)} to write",
            fix="use 1, 3 or 5 slots",
            also=KEYS,
        )


def zones(config: ClusterConfig) -> Iterator[Problem]:
    """A slot's zone is one of the network's."""
    for slot, zone in config.control_plane.slots.items():
        if zone not in config.network.zones:
            yield Problem(
                path=at("control_plane", "slots", slot),
                value=zone,
                rule=f"is none of network.zones ({', '.join(config.network.zones)})",
                fix="add it there, or choose another zone",
                also=(at("network", "zones"),),
            )


def spread(config: ClusterConfig) -> Iterator[Problem]:
    """In production no zone holds so many slots that its loss would cost the quorum."""
    slots = config.control_plane.slots
    count = len(slots)
    if config.purpose != "production" or count % 2 == 0 or tolerance(count) == 0:
        return
    zone, most = Counter(slots.values()).most_common(1)[0]
    if most > tolerance(count):
        yield Problem(
            path=SLOTS,
            value=dict(slots),
            rule=f"losing zone {zone} takes {most} of {count} etcd members, and only {tolerance(count)} may be lost",
            fix="spread the slots over three zones, or choose another purpose",
            also=(at("purpose"), *KEYS),
        )


def snapshots(config: ClusterConfig) -> Iterator[Problem]:
    """Snapshots of days outlast those of hours, and a lock never outlasts what it locks."""
    backup, daily = config.backup, at("backup", "daily_days")
    if backup.daily_days < backup.hourly_days:
        yield Problem(
            path=daily,
            value=backup.daily_days,
            rule=f"is less than backup.hourly_days ({backup.hourly_days}): the daily snapshots would go first",
            fix="raise it, or lower backup.hourly_days",
            also=(at("backup", "hourly_days"),),
        )
    if backup.object_lock_days > backup.daily_days:
        yield Problem(
            path=at("backup", "object_lock_days"),
            value=backup.object_lock_days,
            rule=f"is more than backup.daily_days ({backup.daily_days}): S3 could not remove what has expired",
            fix="lower it, or raise backup.daily_days",
            also=(daily,),
        )


RULES: tuple[Rule, ...] = (number, zones, spread, snapshots)
