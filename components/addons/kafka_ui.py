"""KafkaUi: a web view of brokers and topics, wired to the cluster's bootstrap Service."""

from dataclasses import dataclass
from typing import Any, Final

from pulumi import ComponentResource, Resource, ResourceOptions

from components import naming
from components.addons.charts import KAFKA_UI
from components.addons.release import helm_release
from components.manifests.kafka import TLS_PORT, UI_USER, bootstrap_address
from components.manifests.kafka_access import ui_user
from components.manifests.parts import (
    Manifest,
    container_security,
    platform_resources,
    platform_tolerations,
    pod_security,
    scratch,
    scratch_mount,
)
from components.objects import kubernetes_object
from config.schema import Kafka
from sizing.model import Plan

CA_DIRECTORY: Final = "/certificates/cluster"
USER_DIRECTORY: Final = "/certificates/user"
KEYSTORE_PASSWORD: Final = "KEYSTORE_PASSWORD"  # noqa: S105 - name of an environment variable
SCRATCH_MIB: Final = 256


@dataclass(frozen=True, kw_only=True)
class KafkaUiArgs:
    """The plan and its Kafka."""

    plan: Plan
    kafka: Kafka


class KafkaUi(ComponentResource):
    """Kafka UI over TLS. It has no log-in of its own, so it only shows, and is reached by port-forward.

    A NodePort is opened only where the configuration names one with the networks that may use it.
    """

    ready: Resource

    def __init__(self, name: str, args: KafkaUiArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__(naming.token("addons", "KafkaUi"), name, {}, opts)
        after: list[Resource] = []
        if args.kafka.users:
            after.append(kubernetes_object(ui_user(args.kafka), ResourceOptions(parent=self)))
        self.ready = helm_release(
            KAFKA_UI,
            namespace=args.kafka.namespace,
            values=values(args.plan, args.kafka),
            opts=ResourceOptions(parent=self, depends_on=after),
        )
        self.register_outputs({})


def values(plan: Plan, kafka: Kafka) -> dict[str, Any]:
    """Chart values: the cluster under the Kafka resource's name, by its TLS listener, read-only."""
    cluster = {
        "name": kafka.name,
        "bootstrapServers": bootstrap_address(kafka, TLS_PORT),
        "readOnly": True,
        "properties": _properties(kafka),
    }
    return {
        "image": {"tag": KAFKA_UI.image_tag},
        "yamlApplicationConfig": {"kafka": {"clusters": [cluster]}, "auth": {"type": "DISABLED"}},
        "envs": {"secretMappings": _secret_environment(kafka)},
        "service": _service(kafka),
        "volumes": [
            scratch(SCRATCH_MIB),
            *({"name": name, "secret": {"secretName": secret}} for name, secret, _ in _certificates(kafka)),
        ],
        "volumeMounts": [
            scratch_mount(),
            *({"name": name, "mountPath": path, "readOnly": True} for name, _, path in _certificates(kafka)),
        ],
        "podSecurityContext": pod_security(),
        "securityContext": container_security(),
        "tolerations": platform_tolerations(plan.config),
        "resources": platform_resources(plan.config, "kafka-ui"),
    }


def _properties(kafka: Kafka) -> dict[str, str]:
    trust = {
        "security.protocol": "SSL",
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": f"{CA_DIRECTORY}/ca.crt",
    }
    if not kafka.users:
        return trust
    return {
        **trust,
        "ssl.keystore.type": "PKCS12",
        "ssl.keystore.location": f"{USER_DIRECTORY}/user.p12",
        "ssl.keystore.password": f"${{{KEYSTORE_PASSWORD}}}",
    }


def _secret_environment(kafka: Kafka) -> dict[str, Manifest]:
    return {KEYSTORE_PASSWORD: {"name": UI_USER, "keyName": "user.password"}} if kafka.users else {}


def _certificates(kafka: Kafka) -> list[tuple[str, str, str]]:
    """Volume, Secret and directory of what Strimzi keeps valid: the authority, and the UI's own certificate."""
    authority = ("cluster-ca", f"{kafka.name}-cluster-ca-cert", CA_DIRECTORY)
    return [authority, ("user", UI_USER, USER_DIRECTORY)] if kafka.users else [authority]


def _service(kafka: Kafka) -> Manifest:
    if kafka.ui_node_port is None:
        return {"type": "ClusterIP"}
    return {"type": "NodePort", "nodePort": kafka.ui_node_port.port}
