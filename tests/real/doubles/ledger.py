"""Every call goes through the ledger: it is numbered, written down, and fails or stalls when a test asked for it."""

import threading
from collections.abc import Callable
from typing import Any

import grpc
import rules
from cloud import Cloud, FaultError, Faults, Kept
from google.protobuf import any_pb2
from protocol import provider_pb2, status_pb2
from values import dump, has_unknown, shown


def type_of(request: Any) -> str:
    """The type token that a request is about."""
    return request.type or request.urn.split("::")[2].rpartition("$")[2]


class Ledger:
    """The journal and the faults of one plugin process; `cancelled` is set when the engine gives up."""

    def __init__(self, package: str, cloud: Cloud, faults: Faults) -> None:
        self.package = package
        self.cloud = cloud
        self.faults = faults
        self.cancelled = threading.Event()

    def note(self, op: str, request: Any, **more: Any) -> None:
        """Writes down a call that changes nothing."""
        with self.cloud.locked():
            self._write(op, request, phase="end", outcome="ok", **more)

    def mutate(
        self, op: str, request: Any, context: Any, inputs: dict[str, Any], work: Callable[[], Kept | None]
    ) -> Any:
        """Numbers, writes down and does one Create, Update or Delete, with the faults that are asked for.

        Returns:
            What `work` gave; a call that failed ends in an error answer instead.
        """
        with self.cloud.locked():
            call = self.cloud.next_mutation()
            self._write(op, request, phase="begin", call=call, id=getattr(request, "id", ""), inputs=inputs)
        item = None
        try:
            _refuse_unknown(inputs)
            if self.faults.mode == "before":
                self._fault(call, request.urn)
            self.cancelled.wait(self.faults.seconds(request.urn))
            with self.cloud.locked():
                item = work()
            if self.faults.mode != "before":
                self._fault(call, request.urn)
        except (FaultError, rules.RefusedError) as error:
            with self.cloud.locked():
                self._write(op, request, phase="end", call=call, id=item.id if item else "", outcome=str(error))
            if item and self.faults.mode == "partial" and op != "delete":
                _attach_partial_state(context, item, str(error))
            context.abort(grpc.StatusCode.UNKNOWN, str(error))
        with self.cloud.locked():
            self._write(op, request, phase="end", call=call, id=item.id if item else request.id, outcome="ok")
        return item

    def _fault(self, call: int, urn: str) -> None:
        if self.faults.stalls(call, urn) and self.cancelled.wait(self.faults.stall_seconds):
            raise FaultError(f"cancelled during call {call}")
        if self.faults.fails(call, urn):
            raise FaultError(f"asked to fail at call {call}")

    def _write(self, op: str, request: Any, **more: Any) -> None:
        entry = {"package": self.package, "op": op, "urn": request.urn, "type": type_of(request), "preview": False}
        self.cloud.write({key: shown(value) for key, value in {**entry, **more}.items()})


def _refuse_unknown(inputs: dict[str, Any]) -> None:
    if has_unknown(inputs):
        raise rules.RefusedError("an unknown value reached a real operation")


def _attach_partial_state(context: Any, item: Kept, reason: str) -> None:
    """Tells the engine that the object exists all the same, in the way that providers do for objects not ready."""
    detail = provider_pb2.ErrorResourceInitFailed(
        id=item.id, properties=dump(item.outputs), reasons=[reason], inputs=dump(item.inputs)
    )
    packed = any_pb2.Any()
    packed.Pack(detail)
    status = status_pb2.Status(code=grpc.StatusCode.UNKNOWN.value[0], message=reason, details=[packed])
    context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
