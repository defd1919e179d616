"""Clusters of real etcd members on loopback."""

import json
import secrets
import time

import pytest
from real.etcd.slots import Cluster
from real.parts import folders_of


@pytest.fixture(scope="session")
def etcd_tools():
    try:
        return folders_of("etcd")["etcd"]
    except FileNotFoundError as error:
        pytest.fail(str(error), pytrace=False)


@pytest.fixture(scope="module")
def new_cluster(ha_plan, etcd_tools, tmp_path_factory):
    """Makes clusters: `new_cluster("abc", quota=...)`; they end with the module."""
    made = []

    def make(letters="abc", *, quota=0):
        cluster = Cluster(tmp_path_factory.mktemp("etcd"), ha_plan, etcd_tools, letters, quota=quota)
        made.append(cluster)
        cluster.start()
        return cluster

    yield make
    for cluster in made:
        cluster.stop()


@pytest.fixture
def order():
    """Gives an operator's order: `order(cluster, "a", key)`; returns its id."""

    def give(cluster, slot, snapshot, **more):
        id_ = f"order-{secrets.token_hex(4)}"
        content = {"id": id_, "slot": slot, "snapshot": snapshot, "ordered": int(time.time()), **more}
        cluster.aws.parameters["/groundswell/ha/control-plane/restore"] = json.dumps(content)
        return id_

    return give
