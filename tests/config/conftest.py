"""A configuration without fault, and the way the tests change it."""

import copy
from pathlib import Path

import pytest
from changes import with_changes

from config.loader import load_cluster
from config.problems import ConfigError
from config.yaml_file import read_yaml

GOOD = {
    "name": "shop",
    "purpose": "development",
    "region": "ap-northeast-2",
    "registry": "registry.shop.test/team",
    "traffic": {"daily_active_users": 25000, "response_time_target_ms": 500, "peak_factor": 2, "safety_factor": 2},
    "services": {
        "gateway": {
            "pool": "front",
            "image": "gateway:1.0.0",
            "routes": ["catalog", "orders"],
            "cache": "sessions",
            "settings": {"LOG_LEVEL": "info"},
        },
        "catalog": {
            "pool": "back",
            "image": "catalog:1.0.0",
            "replicas": {"min": 1, "max": 3},
            "traffic": {
                "users": {"low": 12500, "high": 20000},
                "requests_per_user": 12.5,
                "scenario_seconds": 480,
            },
            "database": "main",
            "kafka": True,
        },
        "orders": {
            "pool": "back",
            "image": "other.test:5000/orders:1.0.0",
            "traffic": {
                "share_of_users": {"low": 0.2, "high": 0.5},
                "requests_per_user": 20,
                "scenario_seconds": 1800,
            },
            "database": "main",
            "node_port": {"port": 30081, "allowed_cidrs": ["10.20.0.0/16"]},
        },
    },
    "pools": {
        "front": {"instance_type": "c5a.xlarge", "count": 1, "zones": ["a"], "labels": {"shop.test/tier": "front"}},
        "back": {"instance_type": "c5a.2xlarge", "count": 2, "max_count": 4, "reason": "cores"},
    },
    "control_plane": {"instance_type": "t3a.medium", "slots": {"a": "a"}},
    "headroom": {"platform_share": {"cpu_m": 1500, "memory_mib": 4096}},
    "network": {
        "zones": ["a", "c"],
        "vpc_cidr": "10.0.0.0/16",
        "pod_cidr": "192.168.0.0/16",
        "service_cidr": "10.96.0.0/12",
        "peered_cidrs": {"office": "10.20.0.0/16"},
    },
    "api_access": {"allowed_cidrs": ["203.0.113.0/24"]},
    "entry": {"service": "gateway", "allowed_cidrs": ["203.0.113.0/24"]},
    "calico": {"mode": "bgp"},
    "kubernetes": {"version": "1.36.4", "max_pods": 110},
    "machine": {"os": "ubuntu-24.04", "ami": {"x86_64": "ami-0c2d3e4f5a6b7c8d9"}},
    "databases": {
        "main": {
            "endpoint": "main.abc123.ap-northeast-2.rds.amazonaws.com",
            "cidr": "10.20.3.0/24",
            "database": "shop",
            "username": "shop",
        }
    },
    "caches": {"sessions": {"create": {"node_type": "cache.t4g.small"}}},
    "kafka": {
        "brokers": 3,
        "topics": {"orders": {"partitions": 6}},
        "users": {"catalog": {"reads": ["orders"]}},
    },
    "addons": {"dashboard": True},
    "prices": {"as_of": "2026-11-21"},
    "tags": {"team": "shop"},
}


@pytest.fixture
def good():
    return copy.deepcopy(GOOD)


@pytest.fixture
def dev_raw():
    return read_yaml(Path(__file__).parents[2] / "Pulumi.dev.yaml")["config"]["groundswell:cluster"]


@pytest.fixture
def changed():
    """Gives the good configuration with some keys changed: dotted key paths to values, `...` removes a key."""

    def change(changes):
        return with_changes(GOOD, changes)

    return change


@pytest.fixture
def lines_of():
    """Loads a configuration that must be refused and gives its problem lines."""

    def lines(raw):
        with pytest.raises(ConfigError) as caught:
            load_cluster(raw)
        return [str(problem) for problem in caught.value.problems]

    return lines
