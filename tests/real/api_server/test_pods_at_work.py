"""Pods that run, as far as the API server is told: who is sent requests, who may be evicted."""

import pytest
from real.api_server.client import until
from real.api_server.machines import obey, register

pytestmark = [pytest.mark.real, pytest.mark.parametrize("stack", ["ha"], indirect=True)]

SERVICE = "gateway"
NODES = ["worker-a", "worker-b", "worker-c"]
PODS = f"/api/v1/namespaces/{SERVICE}/pods"


@pytest.fixture(scope="module")
def running(cluster):
    """Three Ready pods of one service on three machines."""
    for number, name in enumerate(NODES):
        register(cluster.admin, name, f"10.0.0.{100 + number}")
    deployment = f"/apis/apps/v1/namespaces/{SERVICE}/deployments/{SERVICE}"
    cluster.admin.merge(f"{deployment}/scale", {"spec": {"replicas": len(NODES)}}, "kube-controller-manager")

    def rolled_out():
        obey(cluster.admin, SERVICE, NODES)
        found = cluster.admin.get(deployment)
        counts = {found["status"].get(name) for name in ("replicas", "updatedReplicas", "availableReplicas")}
        newest = found["status"].get("observedGeneration") == found["metadata"]["generation"]
        return newest and counts == {len(NODES)}

    until(rolled_out, "all pods available")
    return cluster.admin


@pytest.mark.row("S1-15", "S1-16")
def test_a_service_sends_requests_to_its_ready_pods_on_all_machines(running):
    service = running.get(f"/api/v1/namespaces/{SERVICE}/services/{SERVICE}")
    assert service["spec"]["type"] == "ClusterIP"
    assert service["spec"]["clusterIP"].startswith("10.")
    pods = running.get(PODS)["items"]

    def targets():
        path = f"/apis/discovery.k8s.io/v1/namespaces/{SERVICE}/endpointslices"
        slices = running.get(path, labelSelector=f"kubernetes.io/service-name={SERVICE}")["items"]
        endpoints = [each for found in slices for each in found["endpoints"] if each["conditions"]["ready"]]
        return {(each["addresses"][0], each["nodeName"]) for each in endpoints}

    wanted = {(pod["status"]["podIP"], pod["spec"]["nodeName"]) for pod in pods}
    assert {node for _, node in wanted} == set(NODES)
    until(lambda: targets() == wanted, "the Service's targets")


def test_one_pod_may_be_evicted_and_the_next_only_when_it_is_replaced(running):
    first, second, _ = (pod["metadata"]["name"] for pod in running.get(PODS)["items"])
    budget = f"/apis/policy/v1/namespaces/{SERVICE}/poddisruptionbudgets/{SERVICE}"
    until(lambda: running.get(budget)["status"]["disruptionsAllowed"] == 1, "one disruption allowed")
    assert _evict(running, first).status == 201
    refused = _evict(running, second)
    assert refused.status == 429
    assert "disruption budget" in refused.said


def _evict(admin, name):
    metadata = {"name": name, "namespace": SERVICE}
    return admin.ask(
        "POST", f"{PODS}/{name}/eviction", {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": metadata}
    )
