"""One application service: its configuration, its pods, its addresses."""

import hashlib
import json
import math
from typing import Final

from components.manifests.external_services import cache_env, database_env
from components.manifests.kafka import bootstrap_address
from components.manifests.parts import (
    HOST_LABEL,
    NAME_LABEL,
    ZONE_LABEL,
    Manifest,
    container_security,
    metadata,
    pod_security,
    quantities,
    scratch,
    scratch_mount,
    taint_tolerations,
)
from sizing.model import Plan
from sizing.pods import SURGE
from sizing.pools import POOL_LABEL

SERVICE_PORT: Final = 80
PORT_NAME: Final = "http"
SCRATCH_MIB: Final = 256

STARTUP_PERIOD_SECONDS: Final = 5
READINESS: Final[Manifest] = {"periodSeconds": 5, "timeoutSeconds": 3, "failureThreshold": 3}
LIVENESS: Final[Manifest] = {"periodSeconds": 20, "timeoutSeconds": 5, "failureThreshold": 9}
"""Three minutes, because the health path may include the database: a failover (one to two minutes on RDS) must
take the pod out of the Service, not restart it."""

DRAIN_SECONDS: Final = 10
"""Between the decision to stop a pod and its SIGTERM, so that kube-proxy has forgotten it by then."""
GRACE_SECONDS: Final = 45


def image_reference(registry: str | None, image: str) -> str:
    """The image as a node pulls it.

    Args:
        registry: registry host and path, or None.
        image: image with tag or digest; one that names a registry host itself stays as it is.
    """
    first, slash, _ = image.partition("/")
    names_host = bool(slash) and ("." in first or ":" in first or first == "localhost")
    return image if registry is None or names_host else f"{registry}/{image}"


def service_url(name: str) -> str:
    """Where other pods reach a service: its Service in the namespace of the same name."""
    return f"http://{name}.{name}.svc.cluster.local:{SERVICE_PORT}"


def selector(name: str) -> Manifest:
    """The one label that a service's pods are known by."""
    return {NAME_LABEL: name}


def settings(plan: Plan, name: str) -> Manifest:
    """ConfigMap `settings`: addresses that follow from the plan, then the configuration's own entries."""
    config = plan.config
    service = config.services[name]
    entries = {f"{route.replace('-', '_').upper()}_URL": service_url(route) for route in service.routes}
    if service.kafka and config.kafka is not None:
        entries["KAFKA_BOOTSTRAP_SERVERS"] = bootstrap_address(config.kafka)
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": metadata("settings", name),
        "data": {**entries, **service.settings},
    }


def deployment(plan: Plan, name: str) -> Manifest:
    """The Deployment. It names no number of replicas: that is the autoscaler's."""
    digest = hashlib.sha256(json.dumps(settings(plan, name)["data"], sort_keys=True).encode()).hexdigest()
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": metadata(name, name, selector(name)),
        "spec": {
            "selector": {"matchLabels": selector(name)},
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": SURGE, "maxUnavailable": 0}},
            "revisionHistoryLimit": 3,
            "template": {
                "metadata": {
                    "labels": selector(name),
                    "annotations": {"groundswell.io/settings": digest},
                },
                "spec": _pod(plan, name),
            },
        },
    }


def _pod(plan: Plan, name: str) -> Manifest:
    pool = plan.parts_of(plan.services[name].pool)[0]
    replication = plan.services[name].replication
    return {
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "nodeSelector": {POOL_LABEL: pool.pool},
        "tolerations": taint_tolerations(pool.taints),
        "topologySpreadConstraints": [
            _spread(name, ZONE_LABEL, hard=replication.zones),
            _spread(name, HOST_LABEL, replication.node_skew or 1, hard=replication.node_skew is not None),
        ],
        "terminationGracePeriodSeconds": GRACE_SECONDS,
        "securityContext": pod_security(),
        "containers": [_container(plan, name)],
        "volumes": [scratch(SCRATCH_MIB)],
    }


def _spread(name: str, topology: str, skew: int = 1, *, hard: bool) -> Manifest:
    """Evenness over zones or nodes: enforced where the plan's tolerance rests on it, else wished for."""
    return {
        "maxSkew": skew,
        "topologyKey": topology,
        "whenUnsatisfiable": "DoNotSchedule" if hard else "ScheduleAnyway",
        "labelSelector": {"matchLabels": selector(name)},
        "matchLabelKeys": ["pod-template-hash"],
    }


def _container(plan: Plan, name: str) -> Manifest:
    service, decided = plan.config.services[name], plan.services[name]
    health = {"httpGet": {"path": service.health_path, "port": PORT_NAME}}
    starts = math.ceil(service.startup_seconds / STARTUP_PERIOD_SECONDS)
    return {
        "name": name,
        "image": image_reference(plan.config.registry, service.image),
        "ports": [{"name": PORT_NAME, "containerPort": service.port}],
        "env": _env(plan, name),
        "envFrom": [{"configMapRef": {"name": "settings"}}],
        "resources": {"requests": quantities(decided.requests), "limits": quantities(decided.limits)},
        "startupProbe": {**health, "periodSeconds": STARTUP_PERIOD_SECONDS, "failureThreshold": starts},
        "readinessProbe": {**health, **READINESS},
        "livenessProbe": {**health, **LIVENESS},
        "lifecycle": {"preStop": {"sleep": {"seconds": DRAIN_SECONDS}}},
        "securityContext": container_security(),
        "volumeMounts": [scratch_mount()],
    }


def _env(plan: Plan, name: str) -> list[Manifest]:
    config = plan.config
    service = config.services[name]
    database = database_env(config.databases[service.database]) if service.database else []
    cache = cache_env(config.caches[service.cache]) if service.cache else []
    return [*database, *cache]


def services(plan: Plan, name: str) -> list[Manifest]:
    """The Service inside the cluster, and one NodePort Service for every way in from outside."""
    config = plan.config
    ways = {"node-port": config.services[name].node_port}
    node_ports = {way: given.port for way, given in ways.items() if given is not None}
    if config.entry is not None and config.entry.service == name:
        node_ports["entry"] = config.entry.node_port
    return [
        _service(name, name),
        *(_service(name, f"{name}-{way}", node_port) for way, node_port in node_ports.items()),
    ]


def _service(name: str, service_name: str, node_port: int | None = None) -> Manifest:
    port: Manifest = {"name": PORT_NAME, "port": SERVICE_PORT, "targetPort": PORT_NAME}
    if node_port is not None:
        port["nodePort"] = node_port
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata(service_name, name, selector(name)),
        "spec": {
            "type": "ClusterIP" if node_port is None else "NodePort",
            "selector": selector(name),
            "ports": [port],
        },
    }
