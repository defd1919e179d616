"""Rules about what a service names: its pool, its data, its image, its settings."""

import re
from collections.abc import Iterator
from typing import Final

from config.problems import Problem
from config.rules_common import ALL, Rule, at, no_such
from config.schema import ClusterConfig, Service

SYSTEM_NAMESPACES: Final = (
    "calico-apiserver",
    "calico-system",
    "default",
    "headlamp",
    "kube-node-lease",
    "kube-public",
    "kube-system",
    "tigera-operator",
)
"""Namespaces of Kubernetes, Calico and the dashboard; a service's namespace has the service's name."""

DATABASE_VARIABLES: Final = ("DB_HOSTNAME", "DB_NAME", "DB_USER", "DB_PWD", "DB_PORT", "DB_TLS_SERVER_NAME")
CACHE_VARIABLES: Final = ("REDIS_HOSTNAME", "REDIS_TOKEN", "REDIS_PORT", "REDIS_TLS_SERVER_NAME")
KAFKA_VARIABLE: Final = "KAFKA_BOOTSTRAP_SERVERS"

_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_HOST: Final = r"(?:[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::[0-9]+)?/)?"
_REPOSITORY: Final = r"[a-z0-9]+(?:[._-]+[a-z0-9]+)*(?:/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*"
_IMAGE: Final = re.compile(
    rf"(?P<name>{_HOST}{_REPOSITORY})"
    r"(?::(?P<tag>[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}))?(?P<digest>@sha256:[0-9a-f]{64})?"
)


def pools(config: ClusterConfig) -> Iterator[Problem]:
    """Every service runs on a pool that exists."""
    for name, service in config.services.items():
        if service.pool not in config.pools:
            yield no_such(at("services", name, "pool"), service.pool, "node pool", config.pools, at("pools"))


def data(config: ClusterConfig) -> Iterator[Problem]:
    """Databases, caches and Kafka that a service names exist."""
    for name, service in config.services.items():
        for key, noun, known in (
            ("database", "database", config.databases),
            ("cache", "cache", config.caches),
        ):
            given = service.database if key == "database" else service.cache
            if given is not None and given not in known:
                yield no_such(at("services", name, key), given, noun, known, at(f"{key}s"))
        if service.kafka and config.kafka is None:
            yield Problem(
                path=at("services", name, "kafka"),
                value=True,
                rule="there is no Kafka cluster",
                fix="add the section kafka, or remove this key",
                also=(at("kafka"),),
            )


def entry(config: ClusterConfig) -> Iterator[Problem]:
    """The users' way in leads to a service that exists; its certificate is of the same region."""
    given = config.entry
    if given is None:
        return
    if given.service not in config.services:
        yield no_such(at("entry", "service"), given.service, "service", config.services, at("services"))
    arn = given.certificate_arn
    if arn is not None and arn.split(":")[3] != config.region:
        yield Problem(
            path=at("entry", "certificate_arn"),
            value=arn,
            rule=f"a load balancer takes certificates of its own region only ({config.region})",
            fix="name a certificate of that region",
            also=(at("region"),),
        )


def images(config: ClusterConfig) -> Iterator[Problem]:
    """Images are pinned and come from a registry that is known."""
    for name, service in config.services.items():
        path, image = at("services", name, "image"), service.image
        match = _IMAGE.fullmatch(image)
        if match is None:
            yield Problem(
                path=path,
                value=image,
                rule="is no image reference",
                fix="write name:tag or name@sha256:…, the name in lower case",
            )
            continue
        if not match["digest"] and match["tag"] in {None, "latest"}:
            yield Problem(
                path=path,
                value=image,
                rule="must name one build: it has neither a tag other than latest nor a digest",
                fix="add a tag such as :1.0.0, or a digest",
            )
        if config.registry is None and not _names_host(image):
            yield Problem(
                path=path,
                value=image,
                rule="names no registry host, and there is no registry",
                fix=f"set registry, or write registry.example.com/{image}",
                also=(at("registry"),),
            )


def _names_host(image: str) -> bool:
    first, slash, _ = image.partition("/")
    return bool(slash) and ("." in first or ":" in first or first == "localhost")


def settings(config: ClusterConfig) -> Iterator[Problem]:
    """Settings are environment variables, and none that the program sets itself."""
    for name, service in config.services.items():
        own = set(_own_variables(service))
        for key, value in service.settings.items():
            path = at("services", name, "settings", key)
            if not _VARIABLE.fullmatch(key):
                yield Problem(
                    path=path,
                    value=value,
                    rule="the key is no name of an environment variable",
                    fix="use letters, digits and underscores, the first no digit",
                )
            elif key in own:
                yield Problem(
                    path=path,
                    value=value,
                    rule="is set from the service's routes, database, cache or kafka",
                    fix="remove it, or choose another name",
                    also=tuple(at("services", name, used) for used in ("routes", "database", "cache", "kafka")),
                )


def _own_variables(service: Service) -> Iterator[str]:
    yield from (f"{route.replace('-', '_').upper()}_URL" for route in service.routes)
    yield from DATABASE_VARIABLES if service.database else ()
    yield from CACHE_VARIABLES if service.cache else ()
    yield from (KAFKA_VARIABLE,) if service.kafka else ()


def namespaces(config: ClusterConfig) -> Iterator[Problem]:
    """A service's namespace bears its name: it must not be the system's, nor Kafka's."""
    kafka = None if config.kafka is None else config.kafka.namespace
    for name in config.services:
        if name in SYSTEM_NAMESPACES:
            yield Problem(
                path=at("services", name),
                value=name,
                rule="its namespace would be one of the system's",
                fix="rename the service",
            )
    if kafka is not None and (kafka in config.services or kafka in SYSTEM_NAMESPACES):
        yield Problem(
            path=at("kafka", "namespace"),
            value=kafka,
            rule="is already the namespace of a service or of the system",
            fix="choose another namespace",
            also=(at("services", ALL),),
        )


def scaling(config: ClusterConfig) -> Iterator[Problem]:
    """Autoscalers that have something to decide need figures to decide by."""
    if config.addons.metrics_server:
        return
    for name, service in config.services.items():
        if service.replicas.most > service.replicas.min:
            yield Problem(
                path=at("services", name, "replicas"),
                value={"min": service.replicas.min, "max": service.replicas.most},
                rule="without addons.metrics_server the autoscaler has no figures and never scales",
                fix="set addons.metrics_server: true, or make min and max equal",
                also=(at("addons", "metrics_server"),),
            )


RULES: tuple[Rule, ...] = (pools, data, entry, images, settings, namespaces, scaling)
