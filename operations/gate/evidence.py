"""What pods and events tell about nodes that are not ready: asked once, when the time is over."""

from collections.abc import Iterable
from typing import Final

from operations.gate.client import REQUEST_SECONDS, ApiError
from operations.gate.loop import GateError
from operations.gate.objects import Event, Events, Pod, Pods, condition
from operations.gate.report import Finding
from operations.gate.session import Session

POD_NETWORK: Final = "pod network"
SCHEDULING: Final = "scheduling"
SYSTEM: Final = frozenset({"calico-system", "kube-system", "tigera-operator"})
"""Namespaces whose pods must run before anything else can."""

CALICO_PODS: Final = "/api/v1/namespaces/calico-system/pods?labelSelector=k8s-app%3Dcalico-node"
CALICO_EVENTS: Final = "/api/v1/namespaces/calico-system/events?fieldSelector=reason%3DUnhealthy"
PENDING_PODS: Final = "/api/v1/pods?fieldSelector=status.phase%3DPending"


def collect(session: Session) -> tuple[Finding, ...]:
    """Ask for Calico's pods, what their probes said, and for system pods that wait; nothing if that fails."""
    try:
        calico = session.read(Pods, CALICO_PODS, REQUEST_SECONDS)
        events = session.read(Events, CALICO_EVENTS, REQUEST_SECONDS)
        pending = session.read(Pods, PENDING_PODS, REQUEST_SECONDS)
    except (ApiError, GateError):
        return ()
    return (
        *calico_findings(calico.items if calico else (), events.items if events else ()),
        *pending_findings(pending.items if pending else ()),
    )


def calico_findings(pods: Iterable[Pod], events: Iterable[Event]) -> tuple[Finding, ...]:
    """Name the node of every calico-node pod that runs but is not Ready, with what its probe said last."""
    said = {event.involved_object.name: event.message for event in events}
    return tuple(
        Finding(
            phase=POD_NETWORK,
            node=pod.spec.node_name or pod.metadata.name,
            symptom=f"calico-node is {_waiting(pod) or pod.status.phase or 'Unknown'} but not Ready: "
            f"{said.get(pod.metadata.name, 'no event says why')}",
        )
        for pod in pods
        if not pod.ready and pod.status.phase != "Pending"
    )


def pending_findings(pods: Iterable[Pod]) -> tuple[Finding, ...]:
    """Say why system pods are Pending: no node takes them, or their images cannot be pulled."""
    return tuple(
        Finding(
            phase=SCHEDULING,
            node=f"pod {pod.metadata.namespace}/{pod.metadata.name}",
            symptom=f"Pending: {why}",
        )
        for pod in pods
        if pod.metadata.namespace in SYSTEM and (why := _waiting(pod) or _unscheduled(pod))
    )


def _waiting(pod: Pod) -> str:
    containers = (*pod.status.init_container_statuses, *pod.status.container_statuses)
    states = [container.state.waiting for container in containers if container.state.waiting]
    named = [state for state in states if state.reason not in {"", "PodInitializing", "ContainerCreating"}]
    return f"{named[0].reason} {named[0].message}".strip() if named else ""


def _unscheduled(pod: Pod) -> str:
    found = condition(pod.status.conditions, "PodScheduled")
    return found.message if found and found.status != "True" else ""
