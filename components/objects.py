"""Turns a manifest into the resource of its kind, under a name that cannot clash."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import pulumi
from pulumi_kubernetes import apiextensions, apps, autoscaling, batch, core, policy, rbac, storage

from components.manifests.parts import Manifest

_Kind = Callable[..., pulumi.CustomResource]

_KINDS: Final[Mapping[tuple[str, str], _Kind]] = {
    ("apps/v1", "Deployment"): apps.v1.Deployment,
    ("autoscaling/v2", "HorizontalPodAutoscaler"): autoscaling.v2.HorizontalPodAutoscaler,
    ("batch/v1", "Job"): batch.v1.Job,
    ("policy/v1", "PodDisruptionBudget"): policy.v1.PodDisruptionBudget,
    ("rbac.authorization.k8s.io/v1", "ClusterRoleBinding"): rbac.v1.ClusterRoleBinding,
    ("storage.k8s.io/v1", "StorageClass"): storage.v1.StorageClass,
    ("v1", "ConfigMap"): core.v1.ConfigMap,
    ("v1", "LimitRange"): core.v1.LimitRange,
    ("v1", "Namespace"): core.v1.Namespace,
    ("v1", "PersistentVolume"): core.v1.PersistentVolume,
    ("v1", "ResourceQuota"): core.v1.ResourceQuota,
    ("v1", "Secret"): core.v1.Secret,
    ("v1", "Service"): core.v1.Service,
    ("v1", "ServiceAccount"): core.v1.ServiceAccount,
}


_PATCHES: Final[Mapping[tuple[str, str], _Kind]] = {
    ("apps/v1", "Deployment"): apps.v1.DeploymentPatch,
    ("v1", "ConfigMap"): core.v1.ConfigMapPatch,
}


def logical_name(kind: str, name: str, namespace: str | None = None) -> str:
    """`<namespace>/<kind>/<name>`, or `<kind>/<name>` for kinds without a namespace.

    The slash can stand in none of the parts, so two objects never share a name, whatever their names hold.
    """
    parts = [namespace] if namespace is not None else []
    return "/".join([*parts, kind.lower(), name])


def kubernetes_object(manifest: Manifest, opts: pulumi.ResourceOptions) -> pulumi.CustomResource:
    """Declare one object; a kind that is not Kubernetes' own becomes a custom resource."""
    return _declare(manifest, _KINDS, apiextensions.CustomResource, opts)


def kubernetes_patch(manifest: Manifest, opts: pulumi.ResourceOptions) -> pulumi.CustomResource:
    """Own the given fields of an object that something else has made; deleting the patch gives them back."""
    return _declare(manifest, _PATCHES, apiextensions.CustomResourcePatch, opts)


def _declare(
    manifest: Manifest,
    kinds: Mapping[tuple[str, str], _Kind],
    custom: _Kind,
    opts: pulumi.ResourceOptions,
) -> pulumi.CustomResource:
    kind = (manifest["apiVersion"], manifest["kind"])
    name = logical_name(kind[1], manifest["metadata"]["name"], manifest["metadata"].get("namespace"))
    fields: dict[str, Any] = {
        _snake(key): value for key, value in manifest.items() if key not in {"apiVersion", "kind"}
    }
    if kind in kinds:
        return kinds[kind](name, opts=opts, **fields)
    return custom(name, api_version=kind[0], kind=kind[1], opts=opts, **fields)


def _snake(key: str) -> str:
    """`reclaimPolicy` as the SDK spells it."""
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in key)
