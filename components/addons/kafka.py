"""KafkaCluster: brokers, topics and users, as resources that Strimzi acts on."""

from dataclasses import dataclass
from typing import Final

from pulumi import ComponentResource, CustomTimeouts, Resource, ResourceOptions

from components import naming
from components.manifests import kafka as manifests
from components.manifests import kafka_access
from components.manifests.parts import Manifest
from components.manifests.storage import local_class, local_volumes
from components.objects import kubernetes_object
from config.schema import Kafka
from sizing.model import Plan

BROKERS_TIMEOUT: Final = "20m"
"""Volumes, images and the controllers' first election, one broker after the other when they restart."""


@dataclass(frozen=True, kw_only=True)
class KafkaClusterArgs:
    """The plan and its Kafka."""

    plan: Plan
    kafka: Kafka


class KafkaCluster(ComponentResource):
    """Kafka in KRaft mode.

    Volumes stay when the cluster is deleted: claims are kept, and their class keeps what it has made. Where the
    plan protects data, the resources themselves refuse to be deleted.
    """

    ready: Resource
    """The Kafka resource, whose brokers answer."""

    def __init__(self, name: str, args: KafkaClusterArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__(naming.token("addons", "KafkaCluster"), name, {}, opts)
        kafka, protect = args.kafka, args.plan.protected
        volumes = [kubernetes_object(each, ResourceOptions(parent=self)) for each in static_storage(kafka)]
        pool = kubernetes_object(
            manifests.node_pool(args.plan.config, kafka),
            ResourceOptions(parent=self, protect=protect, depends_on=volumes),
        )
        self.ready = kubernetes_object(
            manifests.kafka_cluster(args.plan.config, kafka),
            ResourceOptions(
                parent=self,
                protect=protect,
                depends_on=[pool],
                custom_timeouts=CustomTimeouts(create=BROKERS_TIMEOUT, update=BROKERS_TIMEOUT),
            ),
        )
        for topic, given in kafka.topics.items():
            kubernetes_object(
                kafka_access.topic(kafka, topic, given),
                ResourceOptions(parent=self, protect=protect, depends_on=[self.ready]),
            )
        for user, given in kafka.users.items():
            kubernetes_object(
                kafka_access.user(kafka, user, given), ResourceOptions(parent=self, depends_on=[self.ready])
            )
        self.register_outputs({})


def static_storage(kafka: Kafka) -> list[Manifest]:
    """Class and volumes of `local` storage; nothing where volumes are made on demand."""
    return [local_class(), *local_volumes(kafka)] if kafka.storage.kind == "local" else []
