"""An order to restore etcd, and what the slots report about it."""

import json
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from operations.backup.bucket import BackupError
from operations.gate.store import SsmStore
from userdata.parameters import ParameterTree

OWN: Final = "own"
"""In place of a key: the slot's own member, which has the last writes when only the majority was lost."""


class Report(BaseModel):
    """How far one slot is with an order; `restore.sh` on the slot writes it."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: str
    slot: str
    state: Literal["running", "ready", "held", "done", "refused", "failed", "cancelled"]
    phase: str = ""
    cause: str = ""
    seconds: int = 0


@dataclass(frozen=True, kw_only=True)
class Order:
    """What a slot is to do.

    Attributes:
        id: name of the order; the folder with the former data carries it.
        slot: letter of the slot that restores; the others join it.
        snapshot: key of the object, or `own`.
        ordered: seconds since 1970; members that joined later have nothing to do with it.
        cancelled: the slots start what they have stopped, if nothing was replaced yet.
    """

    id: str
    slot: str
    snapshot: str
    ordered: int
    cancelled: bool = False

    @property
    def text(self) -> str:
        """The parameter's value."""
        return json.dumps(vars(self))


def new_order(slot: str, snapshot: str, now: float) -> Order:
    """An order named by its time."""
    name = time.strftime("restore-%Y%m%d-%H%M%S", time.gmtime(now))
    return Order(id=name, slot=slot, snapshot=snapshot, ordered=int(now))


def current(store: SsmStore, cluster: str) -> Order | None:
    """The order that stands in Parameter Store, if there is one.

    Raises:
        BackupError: it cannot be read.
    """
    name = ParameterTree(cluster=cluster).restore
    text = store.read(name)
    if text is None:
        return None
    try:
        return Order(**json.loads(text))
    except (ValueError, TypeError) as error:
        raise BackupError(f"{name}: holds no order") from error


def reports(store: SsmStore, cluster: str, order: Order) -> dict[str, Report]:
    """What the slots have reported about an order, by slot; reports about others are left out."""
    found: dict[str, Report] = {}
    for text in store.below(ParameterTree(cluster=cluster).restored).values():
        try:
            report = Report.model_validate_json(text)
        except ValidationError:
            continue
        if report.id == order.id:
            found[report.slot] = report
    return found


def follow(
    ask: Callable[[], dict[str, Report]],
    slots: Iterable[str],
    say: Callable[[str], None],
    *,
    target: str,
    deadline_seconds: float,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> bool:
    """Say every change that slots report until all have ended.

    Args:
        ask: gives the reports by slot.
        slots: letters of all slots.
        say: takes one line.
        target: the slot that restores: when it refuses, nobody does anything.
        deadline_seconds: longest wait, s.
        clock: seconds that only grow.
        sleep: waits some seconds.

    Returns:
        Whether every slot is done.
    """
    begun, seen = clock(), dict[str, tuple[str, str, str]]()
    while True:
        now = ask()
        for slot, report in sorted(now.items()):
            stands = (report.state, report.phase, report.cause)
            if seen.get(slot) != stands:
                seen[slot] = stands
                cause = f": {report.cause}" if report.cause else ""
                say(f"{clock() - begun:5.0f} s  slot {slot}: {report.state} ({report.phase}){cause}")
        states = {slot: report.state for slot, report in now.items()}
        if all(states.get(slot) == "done" for slot in slots):
            return True
        if states.get(target) in {"refused", "cancelled"}:
            return False
        if clock() - begun > deadline_seconds:
            waiting = [slot for slot in slots if states.get(slot) != "done"]
            say(
                f"not done after {deadline_seconds:.0f} s: slots {', '.join(waiting)}; the order stands, and they go on"
            )
            return False
        sleep(5)
