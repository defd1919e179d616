"""DataStores: the databases and caches that the stack makes, and the endpoints of all of them."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi_aws as aws
from pulumi import ComponentResource, Input, Output, ResourceOptions

from components import naming
from components.firewall import Firewall
from components.network import Network
from config.schema import CreateCache, CreateDatabase, Database
from sizing.firewall import CACHE, DATABASE, DATABASE_PORTS
from sizing.model import Plan

BACKUP_DAYS = 7
ENGINE_VERSIONS = {"mysql": "8.4", "postgres": "17"}
"""Major versions with long support; RDS chooses the minor one."""
CACHE_ENGINE = ("valkey", "8.0")


@dataclass(frozen=True, kw_only=True)
class DataStoresArgs:
    """Which stores there are and who may reach them."""

    plan: Plan
    network: Network
    firewall: Firewall
    passwords: Mapping[str, Output[str]]
    """Secret password of every database, by its key."""
    tokens: Mapping[str, Output[str]]
    """Secret token of every cache, by its key."""


class DataStores(ComponentResource):
    """Databases and caches outside the cluster.

    What the stack makes stands in the data subnets, encrypted, open to the workers only. What exists already is
    passed through, so that everything downstream sees one mapping of host names.
    """

    database_hosts: dict[str, Input[str]]
    cache_hosts: dict[str, Input[str]]

    def __init__(self, name: str, args: DataStoresArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__(naming.token("data", "DataStores"), name, {}, opts)
        self._args, self._child = args, ResourceOptions(parent=self)
        config = args.plan.config
        self._database_subnets = self._subnets_for_databases() if DATABASE in args.firewall.groups else None
        self._cache_subnets = self._subnets_for_caches() if CACHE in args.firewall.groups else None
        self.database_hosts = {
            key: self._database(key, database, database.create) if database.create else str(database.endpoint)
            for key, database in config.databases.items()
        }
        self.cache_hosts = {
            key: self._cache(key, cache.port, cache.create) if cache.create else str(cache.endpoint)
            for key, cache in config.caches.items()
        }
        self.register_outputs({"database_hosts": self.database_hosts, "cache_hosts": self.cache_hosts})

    def _subnets_for_databases(self) -> Output[str]:
        name = naming.name(self._args.plan, "databases")
        return aws.rds.SubnetGroup(
            name, subnet_ids=list(self._args.network.data_subnet_ids.values()), tags=naming.tags(name), opts=self._child
        ).name

    def _subnets_for_caches(self) -> Output[str]:
        name = naming.name(self._args.plan, "caches")
        return aws.elasticache.SubnetGroup(
            name, subnet_ids=list(self._args.network.data_subnet_ids.values()), tags=naming.tags(name), opts=self._child
        ).name

    def _database(self, key: str, database: Database, create: CreateDatabase) -> Output[str]:
        plan = self._args.plan
        name = naming.name(plan, "database", key)
        return aws.rds.Instance(
            name,
            engine=database.engine,
            engine_version=ENGINE_VERSIONS[database.engine],
            instance_class=create.instance_class,
            allocated_storage=create.storage_gib,
            storage_type="gp3",
            storage_encrypted=True,
            multi_az=create.multi_az,
            db_name=database.database,
            username=database.username,
            password=self._args.passwords[key],
            port=database.port or DATABASE_PORTS[database.engine],
            db_subnet_group_name=self._database_subnets,
            vpc_security_group_ids=[self._args.firewall.groups[DATABASE]],
            publicly_accessible=False,
            backup_retention_period=BACKUP_DAYS,
            copy_tags_to_snapshot=True,
            auto_minor_version_upgrade=True,
            deletion_protection=plan.protected,
            skip_final_snapshot=not plan.protected,
            final_snapshot_identifier=f"{name}-final" if plan.protected else None,
            tags=naming.tags(name),
            opts=ResourceOptions(parent=self, protect=plan.protected),
        ).address

    def _cache(self, key: str, port: int, create: CreateCache) -> Output[str]:
        plan = self._args.plan
        name = naming.name(plan, "cache", key)
        engine, version = CACHE_ENGINE
        return aws.elasticache.ReplicationGroup(
            name,
            description=f"cache {key} of {plan.name}",
            engine=engine,
            engine_version=version,
            node_type=create.node_type,
            num_cache_clusters=1 + create.replicas,
            automatic_failover_enabled=create.replicas > 0,
            multi_az_enabled=create.replicas > 0,
            port=port,
            subnet_group_name=self._cache_subnets,
            security_group_ids=[self._args.firewall.groups[CACHE]],
            at_rest_encryption_enabled=True,
            transit_encryption_enabled=True,
            auth_token=self._args.tokens[key],
            auth_token_update_strategy="ROTATE",  # noqa: S106 - a strategy, not a token
            tags=naming.tags(name),
            opts=ResourceOptions(parent=self, protect=plan.protected),
        ).primary_endpoint_address
