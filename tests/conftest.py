"""Shared by all tests: the shipped stack, a highly available one, and one run of the program for each."""

import copy
import json
import os
from pathlib import Path

import pulumi
import pytest

from components import settings as program
from config.loader import load_cluster
from config.secret_keys import CLUSTER_KEY, secret_keys
from config.yaml_file import read_yaml
from operations.recorder import record
from sizing.packing.solve import NORMAL, Effort
from sizing.plan import make_plan

os.environ["PULUMI_ERROR_OUTPUT_STRING"] = "1"  # an Output in a plain string is an error

ROOT = Path(__file__).parent.parent
PASSWORD = "planted-canary-password"


def dev_object():
    return read_yaml(ROOT / "Pulumi.dev.yaml")["config"][CLUSTER_KEY]


def ha_object():
    """Three control planes, VXLAN, private endpoints and given databases: everything the dev stack does not use."""
    cluster = copy.deepcopy(dev_object())
    cluster |= {"name": "ha", "purpose": "production", "calico": {"mode": "vxlan"}}
    cluster["control_plane"] = {"instance_type": "t3.medium", "slots": {"a": "a", "b": "b", "c": "c"}}
    cluster["network"] |= {"zones": ["a", "b", "c"], "nat": "per-zone", "interface_endpoints": True}
    cluster["api_access"] = {"allowed_cidrs": []}
    cluster["databases"] = {
        "member": {
            "endpoint": "member.db.example.com",
            "cidr": "10.30.0.0/24",
            "database": "member",
            "username": "member",
        },
        "travel": {
            "engine": "postgres",
            "endpoint": "travel.db.example.com",
            "cidr": "10.31.0.0/24",
            "database": "travel",
            "username": "travel",
            "service_name": "postgres-external-service",
        },
    }
    cluster["caches"] = {"sessions": {"endpoint": "sessions.cache.example.com", "cidr": "10.32.0.0/24"}}
    for pool in cluster["pools"].values():
        pool["zones"] = ["a", "b", "c"]
        pool["count"] = 3
    for service in cluster["services"].values():
        service["replicas"] = {"min": 2, "max": 3}
    return cluster


def production_object():
    """Three zones and machines that sizing packs."""
    return read_yaml(ROOT / "Pulumi.production.yaml")["config"][CLUSTER_KEY]


OBJECTS = {"dev": dev_object, "ha": ha_object}


LIGHT = Effort(solver=False, ruins_alone=200)
"""Enough for what must hold of every packing, however cheap."""


def plan_of(raw, stack, effort=NORMAL):
    return make_plan(load_cluster(raw), stack, effort)


@pytest.fixture(scope="session")
def plans():
    return {name: plan_of(make(), name) for name, make in OBJECTS.items()}


@pytest.fixture(scope="session")
def dev_plan(plans):
    return plans["dev"]


@pytest.fixture(scope="session")
def ha_plan(plans):
    return plans["ha"]


@pytest.fixture(scope="session")
def production_plan():
    return plan_of(production_object(), "production", LIGHT)


@pytest.fixture(scope="session")
def recordings(plans):
    """The real `__main__.py`, run once per stack and session; tests only look."""

    def refuse(_):
        raise AssertionError("an Output was used as a boolean: it is always true")

    pulumi.Output.__bool__ = refuse
    return {name: _recorded(name, make(), plans[name].config) for name, make in OBJECTS.items()}


def _recorded(name, raw, config):
    secrets = {key.full_name: PASSWORD for key in secret_keys(config.databases, config.caches)}
    return record(name, {CLUSTER_KEY: json.dumps(raw)}, secrets, str(ROOT / "__main__.py"))


@pytest.fixture(scope="session")
def dev(recordings):
    return recordings["dev"]


@pytest.fixture(scope="session")
def ha(recordings):
    return recordings["ha"]


@pytest.fixture(scope="session")
def production(recordings, production_plan):
    """Run when a test asks for it, with the plan that was packed lightly: a thorough packing takes seconds."""
    del recordings  # its guards hold for this run too
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(program, "make_plan", lambda *_: production_plan)
        return _recorded("production", production_object(), production_plan.config)
