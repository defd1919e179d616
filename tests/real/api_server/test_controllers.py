"""What the cluster's own controllers make of a service: pods, their number, a rolling update inside the quota."""

import copy

import pytest
from real.api_server.client import MANAGER, until

from sizing.pods import SURGE

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def deployments(cluster, applied):
    """Deployments of the services by name; each is alone in the namespace of the same name."""
    manifests = {
        each.manifest["metadata"]["name"]: each.manifest for each in applied if each.manifest["kind"] == "Deployment"
    }
    return {name: manifests[name] for name in cluster.plan.services}


def of_kind(cluster, kind, name):
    """Objects of one kind that belong to a service and not to a Job."""
    root = "/api/v1" if kind in {"pods", "events"} else "/apis/apps/v1"
    query = {} if kind == "events" else {"labelSelector": f"app.kubernetes.io/name={name}"}
    return cluster.admin.get(f"{root}/namespaces/{name}/{kind}", **query)["items"]


def owner(found):
    (reference,) = found["metadata"]["ownerReferences"]
    return reference["kind"], reference["name"]


@pytest.mark.row("S1-06")
def test_a_deployment_becomes_a_replica_set_and_that_pods_and_events_say_so(cluster, deployments):
    for name in deployments:
        pods = until(lambda name=name: of_kind(cluster, "pods", name), f"pods of {name}")
        (replica_set,) = of_kind(cluster, "replicasets", name)
        assert owner(replica_set) == ("Deployment", name)
        assert {owner(pod) for pod in pods} == {("ReplicaSet", replica_set["metadata"]["name"])}

        def reasons(name=name):
            return {(each["involvedObject"]["kind"], each["reason"]) for each in of_kind(cluster, "events", name)}

        told = {("Deployment", "ScalingReplicaSet"), ("ReplicaSet", "SuccessfulCreate")}
        until(lambda reasons=reasons, told=told: told <= reasons(), f"events of {name}")


@pytest.fixture(scope="module")
def settled(cluster, deployments):
    """Every service as small as its autoscaler lets it be."""
    for name in deployments:
        path = f"{cluster.admin.path_of(deployments[name])}/scale"
        least = cluster.plan.services[name].min_replicas
        until(lambda path=path, least=least: cluster.admin.get(path)["spec"]["replicas"] == least, f"scale of {name}")
    return deployments


def test_the_number_of_pods_is_the_autoscalers_and_an_apply_leaves_it_alone(cluster, settled):
    for name, manifest in settled.items():
        path = cluster.admin.path_of(manifest)
        most = cluster.plan.services[name].max_replicas
        cluster.admin.merge(f"{path}/scale", {"spec": {"replicas": most}}, "kube-controller-manager")
        again = cluster.admin.apply(manifest)
        assert again.accepted, again.said
        assert again.body["spec"]["replicas"] == most
        managers = again.body["metadata"]["managedFields"]
        (ours,) = (each["fieldsV1"]["f:spec"] for each in managers if each["manager"] == MANAGER)
        assert "f:template" in ours
        assert "f:replicas" not in ours


def test_a_rolling_update_at_the_autoscalers_maximum_fits_the_quota_and_not_one_pod_more(cluster, settled):
    for name, manifest in settled.items():
        path = cluster.admin.path_of(manifest)
        most = cluster.plan.services[name].max_replicas
        cluster.admin.merge(f"{path}/scale", {"spec": {"replicas": most}}, "kube-controller-manager")
        _pods(cluster, name, most)
        changed = copy.deepcopy(manifest)
        changed["spec"]["template"]["metadata"]["annotations"]["groundswell.io/settings"] = "changed"
        assert cluster.admin.apply(changed).accepted
        pods = _pods(cluster, name, most + SURGE)
        assert len({owner(pod) for pod in pods}) == 2

        template = manifest["spec"]["template"]
        extra = {"apiVersion": "v1", "kind": "Pod", **copy.deepcopy(template)}
        extra["metadata"] |= {"name": "one-more", "namespace": name}
        answer = until(lambda extra=extra: _refusal(cluster, extra), f"refusal of one more pod of {name}")
        assert answer.status == 403
        assert f"exceeded quota: {name}" in answer.said
        conditions = cluster.admin.get(path)["status"]["conditions"]
        assert "ReplicaFailure" not in {each["type"] for each in conditions}


def _refusal(cluster, manifest):
    """The answer to a pod, if it is refused.

    The quota's controller may have counted the namespace while a pod was on its way, one too few; that a pod is deleted
    makes it count again.
    """
    answer = cluster.admin.create(manifest)
    if not answer.accepted:
        return answer
    assert cluster.admin.ask("DELETE", cluster.admin.path_of(manifest)).accepted
    return None


def _pods(cluster, name, number):
    return until(lambda: len(found := of_kind(cluster, "pods", name)) == number and found, f"{number} pods of {name}")
