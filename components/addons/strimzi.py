"""Strimzi: the operator that runs Kafka, in Kafka's own namespace."""

from dataclasses import dataclass
from typing import Any, Final

from pulumi import ComponentResource, Input, Resource, ResourceOptions

from components import naming
from components.addons.charts import STRIMZI
from components.addons.release import helm_release
from components.gate import Gate, crds_gate
from components.manifests.parts import namespace, platform_resources, platform_tolerations
from components.objects import kubernetes_object
from config.schema import Kafka
from sizing.model import Plan

CRDS: Final = tuple(
    f"{plural}.kafka.strimzi.io" for plural in ("kafkas", "kafkanodepools", "kafkatopics", "kafkausers")
)


@dataclass(frozen=True, kw_only=True)
class StrimziArgs:
    """The plan, its Kafka, and the kubeconfig that the gate reads."""

    plan: Plan
    kafka: Kafka
    kubeconfig: Input[str]


class Strimzi(ComponentResource):
    """The operator and its CustomResourceDefinitions; it watches its own namespace and no other."""

    ready: Resource
    """Passed when the API serves Strimzi's kinds."""

    def __init__(self, name: str, args: StrimziArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__(naming.token("addons", "Strimzi"), name, {}, opts)
        home = kubernetes_object(namespace(args.kafka.namespace), ResourceOptions(parent=self))
        operator = helm_release(
            STRIMZI,
            namespace=args.kafka.namespace,
            values=values(args.plan),
            opts=ResourceOptions(parent=self, depends_on=[home]),
        )
        gate = Gate(
            f"{name}-crds",
            crds_gate(CRDS, args.kubeconfig, [STRIMZI.version]),
            ResourceOptions(parent=self, depends_on=[operator]),
        )
        self.ready = gate.command
        self.register_outputs({})


def values(plan: Plan) -> dict[str, Any]:
    """Chart values. Brokers and their helpers meet the restricted Pod Security level too."""
    return {
        "watchNamespaces": [],
        "watchAnyNamespace": False,
        "tolerations": platform_tolerations(plan.config),
        "resources": platform_resources(plan.config, "strimzi-operator"),
        "extraEnvs": [{"name": "STRIMZI_POD_SECURITY_PROVIDER_CLASS", "value": "restricted"}],
    }
