"""What the program reads from the stack: the plan, and the secrets as secrets."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

import pulumi
from pulumi import Output

from config.loader import load_cluster
from config.problems import ConfigError
from config.secret_keys import PROJECT, SecretKey, cache_token, database_password, secret_keys
from sizing.model import Plan
from sizing.plan import make_plan
from userdata import render


@dataclass(frozen=True, kw_only=True)
class Settings:
    """One stack's input, decided."""

    plan: Plan
    passwords: Mapping[str, Output[str]]
    """Secret password of every database."""
    tokens: Mapping[str, Output[str]]
    """Secret token of every cache."""


def load() -> Settings:
    """Read, check and plan the current stack.

    Raises:
        pulumi.RunError: with one line per problem and no traceback; nothing has been created then.
    """
    config = pulumi.Config(PROJECT)
    try:
        cluster = load_cluster(cast("Mapping[str, object]", config.require_object("cluster")))
        plan = make_plan(cluster, pulumi.get_stack())
        render.every_machine(plan)
    except (ConfigError, pulumi.ConfigMissingError, render.UserDataTooLargeError) as error:
        raise pulumi.RunError(str(error)) from None
    _require(config, secret_keys(cluster.databases, cluster.caches))
    return Settings(
        plan=plan,
        passwords={name: config.require_secret(database_password(name).name) for name in cluster.databases},
        tokens={name: config.require_secret(cache_token(name).name) for name in cluster.caches},
    )


def _require(config: pulumi.Config, keys: tuple[SecretKey, ...]) -> None:
    missing = [key for key in keys if config.get(key.name) is None]
    if missing:
        lines = "\n".join(f"  {key.command}   # {key.meaning}" for key in missing)
        raise pulumi.RunError(f"{len(missing)} secrets are not set for this stack:\n{lines}")


def inventory(plan: Plan) -> dict[str, object]:
    """Roles, types, zones and fixed addresses of all machines, for operators."""
    return {
        "control_plane": {
            slot.slot: {"address": str(slot.address), "zone": slot.zone, "etcd": True}
            for slot in plan.control_plane.slots.values()
        },
        "pools": {
            name: {"type": pool.instance.name, "count": pool.count, "zones": list(pool.zones)}
            for name, pool in plan.pools.items()
        },
    }
