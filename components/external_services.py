"""ExternalServices: a service's database and cache under names of its own namespace."""

from collections.abc import Mapping
from dataclasses import dataclass

from pulumi import ComponentResource, CustomResource, Input, ResourceOptions

from components import naming
from components.addons.charts import MYSQL_CLIENT, POSTGRES_CLIENT
from components.manifests.external_services import cache_objects, database_objects
from components.manifests.seeding import SeedImages, seed_objects
from components.objects import kubernetes_object
from sizing.model import Plan

IMAGES = SeedImages(mysql=MYSQL_CLIENT, postgres=POSTGRES_CLIENT)


@dataclass(frozen=True, kw_only=True)
class Endpoints:
    """Where the databases and caches are, and what opens them; all by their keys in the configuration."""

    database_hosts: Mapping[str, Input[str]]
    database_passwords: Mapping[str, Input[str]]
    cache_hosts: Mapping[str, Input[str]]
    cache_tokens: Mapping[str, Input[str]]


@dataclass(frozen=True, kw_only=True)
class ExternalServicesArgs:
    """Which service's namespace, and where the stores are."""

    plan: Plan
    service: str
    endpoints: Endpoints


class ExternalServices(ComponentResource):
    """An ExternalName Service, a Secret and a ConfigMap for each store that the service uses.

    A database that the stack makes and that has SQL is seeded once, from the namespace of its first service by
    name.
    """

    ready: list[CustomResource]
    """Everything that the service's pods must find, the finished seeding included."""

    def __init__(self, name: str, args: ExternalServicesArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__(naming.token("services", "ExternalServices"), name, {}, opts)
        self._args = args
        self.ready = [*self._database(), *self._cache()]
        self.register_outputs({})

    def _database(self) -> list[CustomResource]:
        plan, service, endpoints = self._args.plan, self._args.service, self._args.endpoints
        key = plan.config.services[service].database
        if key is None:
            return []
        database, child = plan.config.databases[key], ResourceOptions(parent=self)
        objects = database_objects(service, database, endpoints.database_hosts[key], endpoints.database_passwords[key])
        made = [kubernetes_object(each, child) for each in objects]
        if service != min(each for each, given in plan.config.services.items() if given.database == key):
            return made
        pool = plan.parts_of(plan.services[service].pool)[0]
        for each in seed_objects(service, key, database, pool, IMAGES):
            made.append(kubernetes_object(each, ResourceOptions(parent=self, depends_on=list(made))))
        return made

    def _cache(self) -> list[CustomResource]:
        plan, service, endpoints = self._args.plan, self._args.service, self._args.endpoints
        key = plan.config.services[service].cache
        if key is None:
            return []
        objects = cache_objects(
            service, plan.config.caches[key], endpoints.cache_hosts[key], endpoints.cache_tokens[key]
        )
        return [kubernetes_object(each, ResourceOptions(parent=self)) for each in objects]
