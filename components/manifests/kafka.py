"""Kafka as Strimzi reads it: a node pool and the cluster (`kafka.strimzi.io/v1`)."""

from typing import Any, Final

from components.manifests.parts import (
    HOST_LABEL,
    NAMESPACE_LABEL,
    ZONE_LABEL,
    Manifest,
    metadata,
    platform_resources,
    pool_tolerations,
    quantities,
)
from components.manifests.storage import LOCAL_CLASS, RETAIN_CLASS
from config.schema import ClusterConfig, Kafka
from sizing.model import PodResources

API_VERSION: Final = "kafka.strimzi.io/v1"
CLUSTER_LABEL: Final = "strimzi.io/cluster"
POOL: Final = "broker"
UI_USER: Final = "kafka-ui"

PLAIN_PORT: Final = 9092
TLS_PORT: Final = 9093

PROBE: Final[Manifest] = {"initialDelaySeconds": 15, "timeoutSeconds": 5}


def bootstrap_address(kafka: Kafka, port: int = PLAIN_PORT) -> str:
    """Where clients find the brokers: the Service that Strimzi makes for the cluster."""
    return f"{kafka.name}-kafka-bootstrap.{kafka.namespace}.svc.cluster.local:{port}"


def node_pool(config: ClusterConfig, kafka: Kafka) -> Manifest:
    """Brokers that are KRaft controllers too, one per machine, spread evenly over the zones."""
    return {
        "apiVersion": API_VERSION,
        "kind": "KafkaNodePool",
        "metadata": metadata(POOL, kafka.namespace, {CLUSTER_LABEL: kafka.name}),
        "spec": {
            "replicas": kafka.brokers,
            "roles": ["controller", "broker"],
            "resources": _broker_resources(kafka),
            "storage": {
                "type": "jbod",
                "volumes": [
                    {
                        "id": 0,
                        "type": "persistent-claim",
                        "size": f"{kafka.storage.size_gib}Gi",
                        "class": LOCAL_CLASS if kafka.storage.kind == "local" else RETAIN_CLASS,
                        "kraftMetadata": "shared",
                        "deleteClaim": False,
                    }
                ],
            },
            "template": {"pod": _placement(config, kafka)},
        },
    }


def _broker_resources(kafka: Kafka) -> Manifest:
    requests = quantities(PodResources(cpu_m=kafka.resources.cpu_m, memory_mib=kafka.resources.memory_mib))
    return {"requests": requests, "limits": {"memory": requests["memory"]}}


def _placement(config: ClusterConfig, kafka: Kafka) -> Manifest:
    brokers = {"matchLabels": {CLUSTER_LABEL: kafka.name, "strimzi.io/pool-name": POOL}}
    return {
        "tolerations": pool_tolerations(config),
        "affinity": {
            "podAntiAffinity": {
                "requiredDuringSchedulingIgnoredDuringExecution": [
                    {"labelSelector": brokers, "topologyKey": HOST_LABEL}
                ]
            }
        },
        "topologySpreadConstraints": [
            {
                "maxSkew": 1,
                "topologyKey": ZONE_LABEL,
                "whenUnsatisfiable": "DoNotSchedule",
                "labelSelector": brokers,
                # A zone in which brokers cannot run, the control plane's own say, must not count as empty.
                "nodeTaintsPolicy": "Honor",
            }
        ],
    }


def kafka_cluster(config: ClusterConfig, kafka: Kafka) -> Manifest:
    """The cluster: listeners, replication, operators of topics and users, exporter.

    Both listeners admit only the namespaces of services that use Kafka, and Kafka's own. With users, the TLS
    listener asks for a client certificate and holds its owner to the user's rules; whoever comes by the plain
    listener is told apart by the network alone and may do everything, as without users.
    """
    entity_operator = platform_resources(config, "kafka-entity-operator", containers=2)
    return {
        "apiVersion": API_VERSION,
        "kind": "Kafka",
        # Everything that is declared after the cluster talks to it.
        "metadata": metadata(kafka.name, kafka.namespace, annotations={"pulumi.com/waitFor": "condition=Ready"}),
        "spec": {
            "kafka": {
                "version": kafka.version,
                "listeners": _listeners(config, kafka),
                "config": _broker_config(kafka),
                "rack": {"topologyKey": ZONE_LABEL},
                "readinessProbe": dict(PROBE),
                "livenessProbe": dict(PROBE),
                **_authorization(kafka),
            },
            "entityOperator": {
                "topicOperator": {"resources": entity_operator},
                "userOperator": {"resources": entity_operator},
                "template": {"pod": {"tolerations": pool_tolerations(config)}},
            },
            "kafkaExporter": {
                "topicRegex": ".*",
                "groupRegex": ".*",
                "resources": platform_resources(config, "kafka-exporter"),
                "template": {"pod": {"tolerations": pool_tolerations(config)}},
            },
        },
    }


def _listeners(config: ClusterConfig, kafka: Kafka) -> list[Manifest]:
    shared: Manifest = {"type": "internal", "networkPolicyPeers": _clients(config)}
    tls: Manifest = {"name": "tls", "port": TLS_PORT, "tls": True, **shared}
    if kafka.users:
        tls["authentication"] = {"type": "tls"}
    return [{"name": "plain", "port": PLAIN_PORT, "tls": False, **shared}, tls]


def _clients(config: ClusterConfig) -> list[Manifest]:
    """Peers of both listeners; Kafka's own namespace is always one, because no peer would mean everybody."""
    own: Manifest = {"podSelector": {}}
    names = sorted(name for name, service in config.services.items() if service.kafka)
    return [own, *({"namespaceSelector": {"matchLabels": {NAMESPACE_LABEL: name}}} for name in names)]


def _broker_config(kafka: Kafka) -> dict[str, Any]:
    copies, in_sync = kafka.replication_factor, kafka.min_in_sync_replicas
    return {
        "auto.create.topics.enable": False,
        "default.replication.factor": copies,
        "min.insync.replicas": in_sync,
        "offsets.topic.replication.factor": copies,
        "transaction.state.log.replication.factor": copies,
        "transaction.state.log.min.isr": in_sync,
    }


def _authorization(kafka: Kafka) -> Manifest:
    if not kafka.users:
        return {}
    ui = [f"CN={UI_USER}"] if kafka.ui else []
    return {"authorization": {"type": "simple", "superUsers": ["ANONYMOUS", *ui]}}
