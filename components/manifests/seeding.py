"""The Job that fills a new database, once for every text of its SQL."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from components.manifests.external_services import database_env
from components.manifests.parts import (
    NAME_LABEL,
    Manifest,
    container_security,
    metadata,
    pod_security,
    quantities,
    scratch,
    scratch_mount,
    taint_tolerations,
)
from config.schema import Database
from sizing.model import PoolPlan
from sizing.pods import JOB
from sizing.pools import POOL_LABEL

SEED_DEADLINE_SECONDS: Final = 1800
"""A new RDS instance answers within minutes; after half an hour something else is wrong."""
SEED_RETRIES: Final = 6
SCRATCH_MIB: Final = 64
SQL_FILE: Final = "seed.sql"
SQL_DIRECTORY: Final = "/sql"

SEED_PROGRAMS: Final[Mapping[str, str]] = MappingProxyType(
    {
        # MYSQL_PWD, because an argument would stand in the process list.
        "mysql": f"""\
set -- --host="$DB_HOSTNAME" --port="$DB_PORT" --user="$DB_USER" --ssl-mode=REQUIRED
export MYSQL_PWD="$DB_PWD"
until mysql "$@" --connect-timeout=5 --execute='SELECT 1' >/dev/null; do sleep 5; done
exec mysql "$@" "$DB_NAME" < {SQL_DIRECTORY}/{SQL_FILE}
""",
        "postgres": f"""\
export PGHOST="$DB_HOSTNAME" PGPORT="$DB_PORT" PGUSER="$DB_USER" PGPASSWORD="$DB_PWD"
export PGDATABASE="$DB_NAME" PGSSLMODE=require PGCONNECT_TIMEOUT=5
until psql --command='SELECT 1' >/dev/null; do sleep 5; done
exec psql --set=ON_ERROR_STOP=1 --file={SQL_DIRECTORY}/{SQL_FILE}
""",
    }
)
"""Waits until the database answers, then runs the SQL; by engine."""


@dataclass(frozen=True, kw_only=True)
class SeedImages:
    """Images that hold a database's own client, by engine."""

    mysql: str
    postgres: str

    def of(self, engine: str) -> str:
        """The image of one engine."""
        return {"mysql": self.mysql, "postgres": self.postgres}[engine]


def seed_objects(namespace: str, key: str, database: Database, pool: PoolPlan, images: SeedImages) -> list[Manifest]:
    """ConfigMap with the SQL and the Job that runs it; nothing for a database without SQL of its own.

    Objects are named after the SQL's digest, so changed SQL is a new Job: a Job's pods can not be changed.

    Args:
        namespace: of a service that uses the database.
        key: the database's key in the configuration.
        database: the database.
        pool: nodes that the Job's pod runs on.
        images: images with the database clients.
    """
    if database.create is None or not database.create.seed_sql:
        return []
    sql = database.create.seed_sql
    name = f"seed-{key}-{hashlib.sha256(sql.encode()).hexdigest()[:8]}"
    return [
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": metadata(name, namespace),
            "data": {SQL_FILE: sql},
        },
        {
            "apiVersion": "batch/v1",
            "kind": "Job",
            "metadata": metadata(name, namespace, {NAME_LABEL: name}),
            "spec": {
                "backoffLimit": SEED_RETRIES,
                "activeDeadlineSeconds": SEED_DEADLINE_SECONDS,
                "template": {"spec": _seed_pod(name, database, pool, images)},
            },
        },
    ]


def _seed_pod(name: str, database: Database, pool: PoolPlan, images: SeedImages) -> Manifest:
    requests = quantities(JOB)
    return {
        "restartPolicy": "OnFailure",
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "nodeSelector": {POOL_LABEL: pool.pool},
        "tolerations": taint_tolerations(pool.taints),
        "securityContext": pod_security(),
        "containers": [
            {
                "name": "seed",
                "image": images.of(database.engine),
                "command": ["/bin/sh", "-ceu", SEED_PROGRAMS[database.engine]],
                "env": database_env(database),
                "resources": {"requests": requests, "limits": {**requests}},
                "securityContext": container_security(),
                "volumeMounts": [
                    {"name": "sql", "mountPath": SQL_DIRECTORY, "readOnly": True},
                    scratch_mount(),
                ],
            }
        ],
        "volumes": [{"name": "sql", "configMap": {"name": name}}, scratch(SCRATCH_MIB)],
    }
