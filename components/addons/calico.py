"""Calico: the operator by its chart, then one Installation that says what the pod network is."""

from dataclasses import dataclass
from typing import Any, Final

from pulumi import ComponentResource, CustomResource, Input, Resource, ResourceOptions

from components import naming
from components.addons.charts import CALICO
from components.addons.release import helm_release
from components.gate import Gate, crds_gate
from components.manifests.calico import felix_source_destination_check, installation
from components.manifests.parts import namespace
from components.objects import kubernetes_object, kubernetes_patch
from sizing.model import Plan

NAMESPACE: Final = "tigera-operator"
INSTALLATION_CRD: Final = "installations.operator.tigera.io"
FELIX_CRD: Final = "felixconfigurations.crd.projectcalico.org"


@dataclass(frozen=True, kw_only=True)
class CalicoArgs:
    """The plan, and the kubeconfig that the gate reads."""

    plan: Plan
    kubeconfig: Input[str]


class Calico(ComponentResource):
    """The pod network.

    The operator brings its CustomResourceDefinitions itself when it starts: the chart no longer holds them,
    and they are too large for a Helm release. A gate stands between it and the Installation.
    """

    ready: Resource
    """The Installation, with whatever else Calico is told; nodes turn Ready some time after it."""

    def __init__(self, name: str, args: CalicoArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__(naming.token("addons", "Calico"), name, {}, opts)
        felix = felix_source_destination_check(args.plan)
        # The operator's pod shares the host's network, which the baseline level forbids.
        home = kubernetes_object(namespace(NAMESPACE, enforce="privileged"), ResourceOptions(parent=self))
        operator = helm_release(
            CALICO,
            namespace=NAMESPACE,
            values=values(),
            opts=ResourceOptions(parent=self, depends_on=[home]),
        )
        gate = Gate(
            f"{name}-crds",
            crds_gate([INSTALLATION_CRD, *([FELIX_CRD] if felix else [])], args.kubeconfig),
            ResourceOptions(parent=self, depends_on=[operator]),
        )
        after: list[CustomResource] = [gate.command]
        if felix is not None:
            # The operator keeps other fields of the same object.
            after.append(kubernetes_patch(felix, ResourceOptions(parent=self, depends_on=[gate.command])))
        self.ready = kubernetes_object(installation(args.plan), ResourceOptions(parent=self, depends_on=after))
        self.register_outputs({})


def values() -> dict[str, Any]:
    """Chart values: the operator alone, which keeps the definitions up to date."""
    return {
        "manageCRDs": True,
        "installation": {"enabled": False},
        "apiServer": {"enabled": False},
        "goldmane": {"enabled": False},
        "whisker": {"enabled": False},
    }
