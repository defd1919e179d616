"""Writes an operator's order to restore, and follows it to its end."""

import sys
import time
from dataclasses import dataclass, replace

from operations.backup.bucket import BackupError, open_bucket
from operations.backup.order import OWN, Order, Report, current, follow, new_order, reports
from operations.gate.loop import GateError
from operations.gate.store import SsmStore, StoreError, open_store
from sizing.model import Plan
from userdata.parameters import ParameterTree

UNCONFIRMED_STATUS = 2


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What the operator asks for.

    Attributes:
        slot: letter of the slot that restores.
        snapshot: key, `latest` or `own`.
        confirmed: the cluster was named; otherwise it is only said what would happen.
        cancel: take the standing order back instead.
        deadline_seconds: longest wait for the slots, s.
    """

    slot: str
    snapshot: str
    confirmed: bool
    cancel: bool
    deadline_seconds: float


def carry_out(plan: Plan, wish: Wish) -> int:
    """Order and follow.

    Returns:
        0 when every slot is done, 2 without a confirmation, 1 after one line on standard error.
    """
    try:
        store = open_store(plan.config.region)
        order = _taken_back(store, plan) if wish.cancel else _new(store, plan, wish)
        if not wish.confirmed:
            _say(f"nothing is ordered yet: add --confirm {plan.name}")
            return UNCONFIRMED_STATUS
        store.write(ParameterTree(cluster=plan.name).restore, order.text)
        done = follow(
            lambda: _asked(store, plan, order),
            sorted(plan.control_plane.slots),
            _say,
            target=order.slot,
            deadline_seconds=wish.deadline_seconds,
        )
    except (BackupError, GateError, StoreError) as error:
        sys.stderr.write(f"restore: {error}\n")
        return 1
    return 0 if done else 1


def _new(store: SsmStore, plan: Plan, wish: Wish) -> Order:
    key, what = OWN, f"slot {wish.slot}'s own etcd member"
    if wish.snapshot != OWN:
        bucket = open_bucket(store, plan.name, plan.config.region)
        found = bucket.newest() if wish.snapshot == "latest" else bucket.find(wish.snapshot)
        age = (time.time() - found.stored.timestamp()) / 60
        key, what = found.key, f"s3://{bucket.name}/{found.key}, {found.bytes} bytes, stored {age:.0f} minutes ago"
    _say(f"cluster {plan.name}: slot {wish.slot} restores {what}")
    _say("the API of every slot stops meanwhile, and what was written since is not in the restored etcd")
    return new_order(wish.slot, key, time.time())


def _taken_back(store: SsmStore, plan: Plan) -> Order:
    standing = current(store, plan.name)
    if standing is None:
        raise BackupError("there is no order to take back")
    _say(f"taking {standing.id} back")
    return replace(standing, cancelled=True)


def _asked(store: SsmStore, plan: Plan, order: Order) -> dict[str, Report]:
    """A store that does not answer this time answers the next time."""
    try:
        return reports(store, plan.name, order)
    except StoreError as error:
        sys.stderr.write(f"restore: {error}\n")
        return {}


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
