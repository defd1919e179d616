"""Dashboard: Headlamp, reached by port-forward and opened with a short-lived token."""

from dataclasses import dataclass
from typing import Any, Final

from pulumi import ComponentResource, Resource, ResourceOptions

from components import naming
from components.addons.charts import HEADLAMP
from components.addons.release import helm_release
from components.manifests.parts import (
    Manifest,
    metadata,
    namespace,
    platform_resources,
    platform_tolerations,
)
from components.objects import kubernetes_object
from sizing.model import Plan

NAMESPACE: Final = "headlamp"
ACCOUNT: Final = "dashboard"
"""`kubectl create token dashboard --namespace headlamp` prints a token to log in with."""
USER: Final = 100
GROUP: Final = 101
"""User and group of the image."""


@dataclass(frozen=True, kw_only=True)
class DashboardArgs:
    """The plan."""

    plan: Plan


class Dashboard(ComponentResource):
    """The web view of the cluster. Its pod may do nothing; a person may do what their token's account may."""

    ready: Resource

    def __init__(self, name: str, args: DashboardArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__(naming.token("addons", "Dashboard"), name, {}, opts)
        home = kubernetes_object(namespace(NAMESPACE, enforce="restricted"), ResourceOptions(parent=self))
        inside = ResourceOptions(parent=self, depends_on=[home])
        account = kubernetes_object(service_account(), inside)
        kubernetes_object(view_binding(), ResourceOptions(parent=self, depends_on=[account]))
        self.ready = helm_release(HEADLAMP, namespace=NAMESPACE, values=values(args.plan), opts=inside)
        self.register_outputs({})


def service_account() -> Manifest:
    """The account that people log in as; no pod runs as it."""
    return {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": metadata(ACCOUNT, NAMESPACE),
        "automountServiceAccountToken": False,
    }


def view_binding() -> Manifest:
    """Lets the account see what is in namespaces, Secrets left out; nodes and custom resources stay hidden."""
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": metadata("dashboard-view"),
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"},
        "subjects": [{"kind": "ServiceAccount", "name": ACCOUNT, "namespace": NAMESPACE}],
    }


def values(plan: Plan) -> dict[str, Any]:
    """Chart values. By default the chart would make its own pod cluster-admin."""
    return {
        "clusterRoleBinding": {"create": False},
        "config": {"unsafeUseServiceAccountToken": False},
        "service": {"type": "ClusterIP"},
        "tolerations": platform_tolerations(plan.config),
        "resources": platform_resources(plan.config, "headlamp"),
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": USER,
            "runAsGroup": GROUP,
            "privileged": False,
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
            "seccompProfile": {"type": "RuntimeDefault"},
        },
    }
