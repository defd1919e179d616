"""Topics and users of a Kafka cluster, as resources that Strimzi's entity operator keeps (`kafka.strimzi.io/v1`)."""

from typing import Final

from components.manifests.kafka import API_VERSION, CLUSTER_LABEL, UI_USER
from components.manifests.parts import Manifest, metadata
from config.schema import Kafka, KafkaUser, Topic

_HOUR_MS: Final = 3_600_000


def topic(kafka: Kafka, name: str, given: Topic) -> Manifest:
    """A topic with the cluster's replication."""
    return {
        "apiVersion": API_VERSION,
        "kind": "KafkaTopic",
        "metadata": metadata(name, kafka.namespace, {CLUSTER_LABEL: kafka.name}),
        "spec": {
            "partitions": given.partitions,
            "replicas": kafka.replication_factor,
            "config": {
                "retention.ms": given.retention_hours * _HOUR_MS,
                "min.insync.replicas": kafka.min_in_sync_replicas,
            },
        },
    }


def user(kafka: Kafka, name: str, given: KafkaUser) -> Manifest:
    """A user with a client certificate. It may use consumer groups whose names begin with its own."""
    acls = [_acl("topic", name_, ["Describe", "Read"]) for name_ in given.reads]
    acls += [_acl("topic", name_, ["Describe", "Write"]) for name_ in given.writes]
    if given.reads:
        acls.append(_acl("group", name, ["Read"], pattern="prefix"))
    return _user(kafka, name, {"authorization": {"type": "simple", "acls": acls}} if acls else {})


def ui_user(kafka: Kafka) -> Manifest:
    """Kafka UI's user; it is a superuser of the cluster, so it needs no rules."""
    return _user(kafka, UI_USER, {})


def _user(kafka: Kafka, name: str, authorization: Manifest) -> Manifest:
    return {
        "apiVersion": API_VERSION,
        "kind": "KafkaUser",
        "metadata": metadata(name, kafka.namespace, {CLUSTER_LABEL: kafka.name}),
        "spec": {"authentication": {"type": "tls"}, **authorization},
    }


def _acl(kind: str, name: str, operations: list[str], pattern: str = "literal") -> Manifest:
    return {
        "type": "allow",
        "resource": {"type": kind, "name": name, "patternType": pattern},
        "operations": operations,
        "host": "*",
    }
