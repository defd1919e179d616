"""What stands behind the doubles: the objects that they keep, the journal, and the faults they are told to make."""

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import values
from google.protobuf import struct_pb2


@dataclass(frozen=True, kw_only=True)
class Kept:
    """An object that exists: what it was made for (`urn`), from (`inputs`), and what it answers (`outputs`)."""

    package: str
    type: str
    urn: str
    id: str
    inputs: dict[str, Any]
    outputs: dict[str, Any]


class FaultError(Exception):
    """A failure that the test asked for."""


@dataclass(frozen=True, kw_only=True)
class Faults:
    """When to fail or stall: at the k-th Create, Update or Delete of a run, or at a URN that contains a text.

    `mode` says what is true after a failure: `before`, nothing was done; `after`, the work was done and the answer is
    an error all the same; `partial`, the object exists and the engine is told so (an object that never became ready).
    A stall comes before the work too, and after it with the mode `after`. `slow` gives the seconds that calls take,
    by a part of the URN: an order that only luck gave does not survive a slow first half.
    """

    fail_at: int
    fail_urn: str
    stall_at: int
    stall_urn: str
    stall_seconds: float
    mode: str
    slow: dict[str, float]

    @classmethod
    def from_environment(cls) -> "Faults":
        """Reads the DOUBLE_* variables; without any, nothing ever fails."""
        read = os.environ.get
        return cls(
            fail_at=int(read("DOUBLE_FAIL_AT", "0")),
            fail_urn=read("DOUBLE_FAIL_URN", ""),
            stall_at=int(read("DOUBLE_STALL_AT", "0")),
            stall_urn=read("DOUBLE_STALL_URN", ""),
            stall_seconds=float(read("DOUBLE_STALL_SECONDS", "60")),
            mode=read("DOUBLE_FAULT_MODE", "before"),
            slow=json.loads(read("DOUBLE_SLOW", "{}")),
        )

    def fails(self, call: int, urn: str) -> bool:
        """Whether this call is one that must fail."""
        return call == self.fail_at or bool(self.fail_urn and self.fail_urn in urn)

    def stalls(self, call: int, urn: str) -> bool:
        """Whether this call is one that must stall."""
        return call == self.stall_at or bool(self.stall_urn and self.stall_urn in urn)

    def seconds(self, urn: str) -> float:
        """How long the work on this resource takes."""
        return max((seconds for part, seconds in self.slow.items() if part in urn), default=0)


class Cloud:
    """A folder that all plugin processes of all runs of a test share: objects, journal and counters.

    Every method but `locked` expects the lock to be held.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.objects = folder / "objects"
        self.objects.mkdir(parents=True, exist_ok=True)
        self.run = os.environ.get("DOUBLE_RUN", "")

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Holds the one lock that all plugin processes share."""
        with (self.folder / "lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def write(self, entry: dict[str, Any]) -> None:
        """Appends a numbered line to the journal."""
        number = self._next("sequence")
        line = json.dumps({"seq": number, "run": self.run, "time": round(time.time(), 3), **entry}, sort_keys=True)
        with (self.folder / "journal.jsonl").open("a") as journal:
            journal.write(line + "\n")

    def next_mutation(self) -> int:
        """Numbers the Creates, Updates and Deletes of this run from 1."""
        return self._next(f"mutations-{self.run}")

    def made(self, urn: str) -> int:
        """How many objects were made for a URN so far, whether or not they still exist."""
        return self._count(self._made(urn))

    def make(self, urn: str) -> int:
        """Numbers the objects made for a URN from 1, so that a replacement has an id of its own."""
        return self._next(self._made(urn))

    def keep(self, item: Kept) -> None:
        """Makes an object exist, or changes it."""
        self._path(item.type, item.id).write_bytes(values.dump(vars(item)).SerializeToString())

    def find(self, type_: str, id_: str) -> Kept | None:
        """Finds an object, or None."""
        path = self._path(type_, id_)
        return self._read(path) if path.exists() else None

    def drop(self, type_: str, id_: str) -> None:
        """Makes an object no longer exist; deleting what is gone is no error, as with every real provider."""
        self._path(type_, id_).unlink(missing_ok=True)

    def all(self) -> list[Kept]:
        """Every object that exists."""
        return [self._read(path) for path in sorted(self.objects.iterdir())]

    def _next(self, counter: str) -> int:
        number = self._count(counter) + 1
        (self.folder / f"{counter}.count").write_text(str(number))
        return number

    def _count(self, counter: str) -> int:
        path = self.folder / f"{counter}.count"
        return int(path.read_text()) if path.exists() else 0

    @staticmethod
    def _made(urn: str) -> str:
        return "made-" + sha256(urn.encode()).hexdigest()[:24]

    def _path(self, type_: str, id_: str) -> Path:
        return self.objects / sha256(f"{type_} {id_}".encode()).hexdigest()

    @staticmethod
    def _read(path: Path) -> Kept:
        return Kept(**values.load(struct_pb2.Struct.FromString(path.read_bytes())))
