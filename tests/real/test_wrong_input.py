"""A wrong stack file on the real engine: every problem in one line, nothing created, no traceback."""

import json
import secrets
from collections.abc import Callable

import pytest
from conftest import dev_object
from real.engine import Engine

from config.loader import load_cluster
from config.secret_keys import CLUSTER_KEY, secret_keys

pytestmark = pytest.mark.real


def stack(new_stack: Callable[..., Engine], cluster: object, *, with_secrets: bool = True) -> Engine:
    config = load_cluster(dev_object())
    needed = {key.full_name: secrets.token_hex(16) for key in secret_keys(config.databases, config.caches)}
    settings = {CLUSTER_KEY: json.loads(json.dumps(cluster))}
    return new_stack("dev", settings=settings, secrets=needed if with_secrets else {})


def test_all_problems_of_a_wrong_configuration_come_at_once(new_stack: Callable[..., Engine]) -> None:
    cluster = dev_object()
    cluster["pools"]["planner"]["cuont"] = 2
    cluster["control_plane"]["slots"] = {"a": "a", "b": "c"}
    cluster["network"]["pod_cidr"] = "10.0.0.0/16"
    engine = stack(new_stack, cluster)
    result = engine.up(check=False)
    assert result.code != 0
    for line in ("cluster.pools.planner.cuont", "cluster.control_plane.slots", "cluster.network.pod_cidr"):
        assert line in result.output
    assert "Traceback" not in result.output
    assert not engine.exists()


def test_missing_secrets_are_named_with_the_command_that_sets_them(new_stack: Callable[..., Engine]) -> None:
    engine = stack(new_stack, dev_object(), with_secrets=False)
    result = engine.preview(check=False)
    assert result.code != 0
    assert "pulumi config set --secret groundswell:database-member-password" in result.output
    assert "Traceback" not in result.output
