"""Databases and caches outside the cluster, as the pods of one namespace see them."""

from components.manifests.parts import (
    Manifest,
    metadata,
)
from config.schema import Cache, Database
from sizing.firewall import DATABASE_PORTS


def secret_name(service_name: str) -> str:
    """Secret that stands beside the ExternalName Service."""
    return f"{service_name}-credentials"


def config_map_name(service_name: str) -> str:
    """ConfigMap that stands beside the ExternalName Service."""
    return f"{service_name}-connection"


def database_port(database: Database) -> int:
    """The given port, or the engine's own."""
    return database.port or DATABASE_PORTS[database.engine]


def external_name(namespace: str, name: str, host: object) -> Manifest:
    """A name inside the cluster for a host outside it.

    Args:
        namespace: where the name is needed.
        name: the Service.
        host: host name without port, lower-case; text, or the output of a resource.
    """
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata(name, namespace),
        "spec": {"type": "ExternalName", "externalName": host},
    }


def _secret(namespace: str, service_name: str, values: Manifest) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": metadata(secret_name(service_name), namespace),
        "type": "Opaque",
        "stringData": values,
    }


def _config_map(namespace: str, service_name: str, values: Manifest) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": metadata(config_map_name(service_name), namespace),
        "data": values,
    }


def database_objects(namespace: str, database: Database, host: object, password: object) -> list[Manifest]:
    """Service, Secret and ConfigMap of one database in one namespace.

    `DB_TLS_SERVER_NAME` repeats the host's own name, because its certificate does not carry the Service's.

    Args:
        namespace: of the service that uses the database.
        database: the database.
        host: host name without port; text, or the output of a resource.
        password: secret text or output.
    """
    credentials = {"database": database.database, "username": database.username, "password": password}
    connection = {"DB_PORT": str(database_port(database)), "DB_TLS_SERVER_NAME": host}
    return [
        external_name(namespace, database.service_name, host),
        _secret(namespace, database.service_name, credentials),
        _config_map(namespace, database.service_name, connection),
    ]


def cache_objects(namespace: str, cache: Cache, host: object, token: object) -> list[Manifest]:
    """Service, Secret and ConfigMap of one cache in one namespace; arguments as in `database_objects`."""
    connection = {"REDIS_PORT": str(cache.port), "REDIS_TLS_SERVER_NAME": host}
    return [
        external_name(namespace, cache.service_name, host),
        _secret(namespace, cache.service_name, {"token": token}),
        _config_map(namespace, cache.service_name, connection),
    ]


def database_env(database: Database) -> list[Manifest]:
    """What a pod is told about its database; every entry names an object of `database_objects`."""
    secret, settings = secret_name(database.service_name), config_map_name(database.service_name)
    return [
        {"name": "DB_HOSTNAME", "value": database.service_name},
        _from_secret("DB_NAME", secret, "database"),
        _from_secret("DB_USER", secret, "username"),
        _from_secret("DB_PWD", secret, "password"),
        _from_config_map("DB_PORT", settings),
        _from_config_map("DB_TLS_SERVER_NAME", settings),
    ]


def cache_env(cache: Cache) -> list[Manifest]:
    """What a pod is told about its cache; every entry names an object of `cache_objects`."""
    secret, settings = secret_name(cache.service_name), config_map_name(cache.service_name)
    return [
        {"name": "REDIS_HOSTNAME", "value": cache.service_name},
        _from_secret("REDIS_TOKEN", secret, "token"),
        _from_config_map("REDIS_PORT", settings),
        _from_config_map("REDIS_TLS_SERVER_NAME", settings),
    ]


def _from_secret(name: str, secret: str, key: str) -> Manifest:
    return {"name": name, "valueFrom": {"secretKeyRef": {"name": secret, "key": key}}}


def _from_config_map(name: str, config_map: str) -> Manifest:
    return {"name": name, "valueFrom": {"configMapKeyRef": {"name": config_map, "key": name}}}
