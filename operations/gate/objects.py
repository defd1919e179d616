"""The few fields of Kubernetes objects that gates judge, read strictly in type and leniently in extent."""

from collections.abc import Mapping
from typing import Final, cast

from pydantic import BaseModel, ConfigDict, model_validator
from pydantic.alias_generators import to_camel

CONTROL_PLANE_LABEL: Final = "node-role.kubernetes.io/control-plane"


class Part(BaseModel):
    """Base of all parts: camelCase in JSON, unknown fields ignored, frozen."""

    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=to_camel, validate_by_name=True)

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, data: object) -> object:
        """A field that is null is not there: a definition that was just made has `"conditions": null`."""
        if not isinstance(data, Mapping):
            return data
        return {key: value for key, value in cast("Mapping[str, object]", data).items() if value is not None}


class Metadata(Part):
    """`metadata`."""

    name: str
    namespace: str = ""
    labels: Mapping[str, str] = {}
    generation: int = 0
    deletion_timestamp: str | None = None


class Condition(Part):
    """One entry of `status.conditions`."""

    type: str
    status: str
    reason: str = ""
    message: str = ""


class Taint(Part):
    """One entry of a node's `spec.taints`."""

    key: str


class Address(Part):
    """One entry of a node's `status.addresses`; a node may have several of one type."""

    type: str
    address: str


class NodeSpec(Part):
    """`spec` of a node."""

    taints: tuple[Taint, ...] = ()


class NodeStatusPart(Part):
    """`status` of a node."""

    conditions: tuple[Condition, ...] = ()
    addresses: tuple[Address, ...] = ()


class Node(Part):
    """A node."""

    metadata: Metadata
    spec: NodeSpec = NodeSpec()
    status: NodeStatusPart = NodeStatusPart()

    @property
    def name(self) -> str:
        """Its Kubernetes name."""
        return self.metadata.name

    @property
    def control_plane(self) -> bool:
        """Whether kubeadm has labelled it as a control plane."""
        return CONTROL_PLANE_LABEL in self.metadata.labels


class Nodes(Part):
    """Answer of /api/v1/nodes."""

    items: tuple[Node, ...] = ()


class DaemonSetStatus(Part):
    """`status` of a DaemonSet; the API server leaves zeroes of the optional counts out."""

    observed_generation: int = 0
    desired_number_scheduled: int = 0
    updated_number_scheduled: int = 0
    number_ready: int = 0


class EnvironmentVariable(Part):
    """One literal variable of a container; those from references have no value here."""

    name: str
    value: str = ""


class Container(Part):
    """One container of a pod template."""

    name: str
    env: tuple[EnvironmentVariable, ...] = ()


class PodSpec(Part):
    """`spec` of a pod or of its template."""

    node_name: str = ""
    containers: tuple[Container, ...] = ()


class PodTemplate(Part):
    """`spec.template`."""

    spec: PodSpec = PodSpec()


class DaemonSetSpec(Part):
    """`spec` of a DaemonSet."""

    template: PodTemplate = PodTemplate()


class DaemonSet(Part):
    """A DaemonSet."""

    metadata: Metadata
    spec: DaemonSetSpec = DaemonSetSpec()
    status: DaemonSetStatus = DaemonSetStatus()

    def setting(self, name: str) -> str:
        """Value of an environment variable of any of its containers, empty when it is not set."""
        containers = self.spec.template.spec.containers
        return next((item.value for container in containers for item in container.env if item.name == name), "")


class Waiting(Part):
    """Why a container waits."""

    reason: str = ""
    message: str = ""


class ContainerState(Part):
    """`state` of a container."""

    waiting: Waiting | None = None


class ContainerStatus(Part):
    """Status of one container."""

    name: str
    ready: bool = False
    state: ContainerState = ContainerState()


class PodStatus(Part):
    """`status` of a pod."""

    phase: str = ""
    conditions: tuple[Condition, ...] = ()
    container_statuses: tuple[ContainerStatus, ...] = ()
    init_container_statuses: tuple[ContainerStatus, ...] = ()


class Pod(Part):
    """A pod."""

    metadata: Metadata
    spec: PodSpec = PodSpec()
    status: PodStatus = PodStatus()

    @property
    def ready(self) -> bool:
        """Whether all its containers pass their readiness probes, which is more than the phase Running."""
        return is_true(self.status.conditions, "Ready")


class Pods(Part):
    """Answer of a list of pods."""

    items: tuple[Pod, ...] = ()


class Involved(Part):
    """The object that an event is about."""

    name: str = ""


class Event(Part):
    """An event."""

    involved_object: Involved
    message: str = ""


class Events(Part):
    """Answer of a list of events."""

    items: tuple[Event, ...] = ()


class DefinitionStatus(Part):
    """`status` of a CustomResourceDefinition."""

    conditions: tuple[Condition, ...] = ()


class Definition(Part):
    """A CustomResourceDefinition."""

    metadata: Metadata
    status: DefinitionStatus = DefinitionStatus()


class ApiStatus(Part):
    """The object in which the API server says why it refuses."""

    message: str = ""


def condition(conditions: tuple[Condition, ...], kind: str) -> Condition | None:
    """Return the condition of that type."""
    return next((item for item in conditions if item.type == kind), None)


def is_true(conditions: tuple[Condition, ...], kind: str) -> bool:
    """Whether the condition of that type exists and is `True` (not `False`, not `Unknown`)."""
    found = condition(conditions, kind)
    return found is not None and found.status == "True"
