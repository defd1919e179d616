"""Rules about Kafka: versions, copies, quorum, volumes, users."""

from collections.abc import Iterator
from typing import Final

from config.problems import Problem
from config.rules_common import ALL, Rule, at, no_such
from config.schema import ClusterConfig, Kafka

KAFKA_VERSIONS: Final = ("4.2.0", "4.2.1", "4.3.0", "4.3.1")
"""What Strimzi 1.2.0 runs (its kafka-versions.yaml)."""

PATH: Final = at("kafka")
UI_USER: Final = "kafka-ui"


def version(config: ClusterConfig) -> Iterator[Problem]:
    """The pinned operator runs the version."""
    if config.kafka is not None and config.kafka.version not in KAFKA_VERSIONS:
        yield Problem(
            path=f"{PATH}.version",
            value=config.kafka.version,
            rule="is no version that the pinned Strimzi operator runs",
            fix=f"use one of {', '.join(KAFKA_VERSIONS)}",
        )


def copies(config: ClusterConfig) -> Iterator[Problem]:
    """Copies fit the brokers, and one of them may be lost without stopping writes."""
    if config.kafka is None:
        return
    kafka = config.kafka
    factor, least = f"{PATH}.replication_factor", f"{PATH}.min_in_sync_replicas"
    if kafka.brokers % 2 == 0:
        yield Problem(
            path=f"{PATH}.brokers",
            value=kafka.brokers,
            rule=f"every broker is a KRaft controller too, and {kafka.brokers} tolerate no more loss than"
            f" {kafka.brokers - 1}",
            fix="use an odd number",
        )
    if kafka.replication_factor > kafka.brokers:
        yield Problem(
            path=factor,
            value=kafka.replication_factor,
            rule=f"must not be above brokers ({kafka.brokers}): each copy is on another broker",
            fix="lower it, or add brokers",
            also=(f"{PATH}.brokers",),
        )
    if kafka.min_in_sync_replicas > kafka.replication_factor:
        yield Problem(
            path=least,
            value=kafka.min_in_sync_replicas,
            rule=f"must not be above replication_factor ({kafka.replication_factor}): no write would ever succeed",
            fix="lower it",
            also=(factor,),
        )
    elif kafka.min_in_sync_replicas == kafka.replication_factor > 1:
        yield Problem(
            path=least,
            value=kafka.min_in_sync_replicas,
            rule=f"must be below replication_factor ({kafka.replication_factor}): one broker less would stop writes",
            fix=f"use {kafka.replication_factor - 1}",
            also=(factor,),
        )


def storage(config: ClusterConfig) -> Iterator[Problem]:
    """Local volumes are enough and differ; EBS volumes have their driver."""
    if config.kafka is None:
        return
    given = config.kafka.storage
    path = f"{PATH}.storage"
    if given.kind == "ebs":
        if given.local_volumes:
            yield Problem(
                path=f"{path}.local_volumes",
                value=list(given.local_volumes),
                rule="go with kind local, and kind is ebs",
                fix="remove them, or set kind: local",
                also=(f"{path}.kind",),
            )
        if not config.addons.ebs_csi:
            yield Problem(
                path=f"{path}.kind",
                value="ebs",
                rule="needs the EBS driver, and addons.ebs_csi is off",
                fix="set addons.ebs_csi: true, or kind: local",
                also=(at("addons", "ebs_csi"),),
            )
        return
    yield from _local_volumes(config.kafka, path)


def _local_volumes(kafka: Kafka, path: str) -> Iterator[Problem]:
    volumes = kafka.storage.local_volumes
    everything = f"{path}.local_volumes.{ALL}"
    if len(volumes) < kafka.brokers:
        yield Problem(
            path=f"{path}.local_volumes",
            value=len(volumes),
            rule=f"must be at least one for each of the {kafka.brokers} brokers",
            fix="add volumes, or lower brokers",
            also=(f"{PATH}.brokers", everything, f"{path}.kind"),
        )
    places: dict[tuple[str, str], str] = {}
    for name, volume in volumes.items():
        other = places.setdefault((volume.node, volume.path.rstrip("/")), name)
        if other != name:
            yield Problem(
                path=at("kafka", "storage", "local_volumes", name),
                value=f"{volume.node}:{volume.path}",
                rule=f"is the same directory as {other}, and two brokers would share it",
                fix="give each volume a directory of its own",
                also=(everything,),
            )


def users(config: ClusterConfig) -> Iterator[Problem]:
    """Users read and write topics that exist."""
    if config.kafka is None:
        return
    for name, user in config.kafka.users.items():
        if name == UI_USER:
            yield Problem(
                path=at("kafka", "users", name),
                value=name,
                rule="is the user that Kafka UI gets by itself",
                fix="choose another name",
            )
        for key, topics in (("reads", user.reads), ("writes", user.writes)):
            for index, topic in enumerate(topics):
                if topic not in config.kafka.topics:
                    path = at("kafka", "users", name, key, index)
                    yield no_such(path, topic, "topic", config.kafka.topics, at("kafka", "topics"))


def screen(config: ClusterConfig) -> Iterator[Problem]:
    """A port for Kafka UI needs Kafka UI."""
    if config.kafka is not None and config.kafka.ui_node_port is not None and not config.kafka.ui:
        yield Problem(
            path=f"{PATH}.ui_node_port",
            value=config.kafka.ui_node_port.port,
            rule="there is no Kafka UI to reach",
            fix="set ui: true, or remove the port",
            also=(f"{PATH}.ui",),
        )


RULES: tuple[Rule, ...] = (version, copies, storage, users, screen)
