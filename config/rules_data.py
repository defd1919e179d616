"""Rules about databases and caches: made by the stack or given by name, and then by a name that DNS can hold."""

import re
from collections.abc import Iterator, Mapping
from ipaddress import ip_address
from typing import Final

from config.problems import MISSING, Problem, Said
from config.rules_common import ALL, Rule, at
from config.schema import Cache, ClusterConfig, Database

LEAST_ZONES: Final = 2
"""An RDS subnet group covers at least two zones, whatever the instance needs."""

_LABEL: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_LONGEST_NAME: Final = 253
_INSIDE: Final = (".cluster.local", ".svc", ".localhost")
_METADATA: Final = ("instance-data", "metadata.google.internal")

Store = Database | Cache


def stores(config: ClusterConfig) -> Mapping[str, Store]:
    """Every database and cache by its key path."""
    databases = {at("databases", name): item for name, item in config.databases.items()}
    return {**databases, **{at("caches", name): item for name, item in config.caches.items()}}


def origin(config: ClusterConfig) -> Iterator[Problem]:
    """Exactly one of endpoint and create; an endpoint comes with its network, a new store has one already."""
    for path, store in stores(config).items():
        both = (f"{path}.endpoint", f"{path}.create")
        if (store.endpoint is None) == (store.create is None):
            yield Problem(
                path=path,
                value=["endpoint", "create"] if store.endpoint is not None else MISSING,
                rule="exactly one of endpoint and create must be given",
                fix="name an existing endpoint, or have one made with create: {}",
                also=both,
            )
        elif store.create is not None and store.cidr is not None:
            yield Problem(
                path=f"{path}.cidr",
                value=str(store.cidr),
                rule="goes with endpoint: what the stack makes stands in its own data subnets",
                fix="remove it",
                also=both,
            )
        elif store.endpoint is not None and store.cidr is None:
            yield Problem(
                path=f"{path}.cidr",
                value=MISSING,
                rule="is required with endpoint, for the firewall",
                fix="give the network of the endpoint, such as 10.30.0.0/24",
                also=both,
            )


def endpoints(config: ClusterConfig) -> Iterator[Problem]:
    """An endpoint is a plain host name: an ExternalName Service is a CNAME record."""
    for path, store in stores(config).items():
        fault = None if store.endpoint is None else endpoint_fault(store.endpoint)
        if fault is not None:
            rule, fix = fault
            yield Problem(path=f"{path}.endpoint", value=store.endpoint, rule=rule, fix=fix)


def endpoint_fault(endpoint: str) -> tuple[str, str] | None:
    """Say what keeps a text from being the target of an ExternalName Service.

    Returns:
        Rule and fix, or None for a good name.
    """
    faults = (
        (_is_address(endpoint), "is an IP address, and an ExternalName Service needs a name", "give the host name"),
        ("://" in endpoint, "has a scheme, and only a host name may stand here", "give the part behind ://"),
        ("/" in endpoint, "has a path, and only a host name may stand here", "give the host name alone"),
        (":" in endpoint, "has a port, and only a host name may stand here", "give the port in the key port"),
        (endpoint.endswith("."), "ends with a dot, which certificates and clients do not expect", "remove the dot"),
        (endpoint != endpoint.lower(), "has upper-case letters, which Kubernetes refuses", "write it in lower case"),
        ("_" in endpoint, "has an underscore, which host names do not have", "check the name"),
        (_is_inside(endpoint), "names something inside the cluster or the machine", "give the outside name"),
        (not _is_name(endpoint), "is no full host name", "give one such as db.abc123.ap-northeast-2.rds.amazonaws.com"),
    )
    return next(((rule, fix) for wrong, rule, fix in faults if wrong), None)


def _is_address(text: str) -> bool:
    try:
        ip_address(text.strip("[]"))
    except ValueError:
        return bool(re.fullmatch(r"[0-9.]+(:[0-9]+)?", text))
    return True


def _is_inside(text: str) -> bool:
    return text == "localhost" or text.endswith(_INSIDE) or text.startswith(_METADATA)


def _is_name(text: str) -> bool:
    labels = text.split(".")
    return len(text) <= _LONGEST_NAME and len(labels) > 1 and all(_LABEL.fullmatch(label) for label in labels)


def used(config: ClusterConfig) -> Iterator[Problem]:
    """Every database and cache has a service that uses it."""
    databases = {service.database for service in config.services.values()} - {None}
    caches = {service.cache for service in config.services.values()} - {None}
    for kind, items, named in (("databases", config.databases, databases), ("caches", config.caches, caches)):
        # A name that does not exist is most likely one of these, misspelt, and is reported where it stands.
        for name in items if named <= set(items) else ():
            if name not in named:
                key = kind.removesuffix("s")
                yield Problem(
                    path=at(kind, name),
                    value=Said("no service"),
                    rule="no service uses it",
                    fix=f"set services.<name>.{key}: {name}, or remove it",
                    also=(at("services", ALL), *(at("services", service, key) for service in config.services)),
                )


def subnets(config: ClusterConfig) -> Iterator[Problem]:
    """A database that the stack makes needs subnets in two zones."""
    if len(set(config.network.zones)) >= LEAST_ZONES:
        return
    for name, database in config.databases.items():
        if database.create is not None:
            yield Problem(
                path=at("databases", name, "create"),
                value=Said(f"in zone {config.network.zones[0]}"),
                rule="RDS wants a subnet group over at least two zones, and network.zones has one",
                fix="add a zone to network.zones, or name an existing endpoint",
                also=(at("network", "zones"),),
            )


def service_names(config: ClusterConfig) -> Iterator[Problem]:
    """In a service's namespace its own Services, its database's and its cache's have different names."""
    for name, service in config.services.items():
        taken = {name: f"service {name} itself", f"{name}-entry": "its entry", f"{name}-node-port": "its NodePort"}
        for kind, key, items in (
            ("databases", service.database, config.databases),
            ("caches", service.cache, config.caches),
        ):
            if key is None or key not in items:
                continue
            path, wanted = at(kind, key, "service_name"), items[key].service_name
            if wanted in taken:
                yield Problem(
                    path=path,
                    value=wanted,
                    rule=f"is taken in the namespace of {name} by {taken[wanted]}",
                    fix="choose another name",
                    also=(at("services", name), at("databases"), at("caches")),
                )
            taken[wanted] = path.removeprefix("cluster.")


RULES: tuple[Rule, ...] = (origin, endpoints, used, subnets, service_names)
