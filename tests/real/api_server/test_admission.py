"""What a namespace of a service admits: requests by default, sizes within bounds, no privilege."""

import copy

import pytest
from real.api_server.client import until
from real.api_server.objects import ONLY_DEV

from components.manifests.parts import quantities

pytestmark = [pytest.mark.real, ONLY_DEV]

SERVICE, SPARE = "member", "spare"


@pytest.fixture(scope="module")
def spare(cluster, applied):
    """A namespace as a service gets it, without the quota: the service's own would be full."""
    for each in applied:
        kind, name = each.manifest["kind"], each.manifest["metadata"]["name"]
        if (kind, name) in {("Namespace", SERVICE), ("LimitRange", SERVICE)}:
            manifest = copy.deepcopy(each.manifest)
            manifest["metadata"]["name"] = SPARE
            if kind == "LimitRange":
                manifest["metadata"]["namespace"] = SPARE
            assert cluster.admin.apply(manifest).accepted
    account = f"/api/v1/namespaces/{SPARE}/serviceaccounts/default"
    until(lambda: cluster.admin.ask("GET", account).status == 200, "the namespace's account")
    return cluster.admin


def pod(**spec):
    container = {"name": "main", "image": "example", **spec.pop("container", {})}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "tried", "namespace": SPARE},
        "spec": {"containers": [container], **spec},
    }


def test_a_pod_that_asks_for_nothing_gets_the_plans_defaults(spare, plan):
    answer = spare.create(pod(), dryRun="All")
    assert answer.accepted, answer.said
    quota = plan.quotas[SERVICE]
    (container,) = answer.body["spec"]["containers"]
    given = {name: _canonical(value) for name, value in container["resources"].items()}
    assert given == {
        "requests": _canonical(quantities(quota.default_request)),
        "limits": _canonical(quantities(quota.default_limit)),
    }


def _canonical(resources):
    """CPU in thousandths and memory in MiB: the server writes 2000m as 2 and 1024Mi as 1Gi."""
    cpu, memory = resources["cpu"], resources["memory"]
    return (
        int(cpu[:-1]) if cpu.endswith("m") else int(cpu) * 1000,
        int(memory[:-2]) * {"Mi": 1, "Gi": 1024}[memory[-2:]],
    )


@pytest.mark.parametrize("edge", ["minimum", "maximum"])
def test_a_pod_outside_the_plans_bounds_is_refused(spare, plan, edge):
    bound = getattr(plan.quotas[SERVICE], edge).memory_mib
    for memory, status in ((bound, 201), (bound + (1 if edge == "maximum" else -1), 403)):
        resources = {"cpu": "100m", "memory": f"{memory}Mi"}
        answer = spare.create(pod(container={"resources": {"requests": resources, "limits": resources}}), dryRun="All")
        assert answer.status == status, answer.said


@pytest.mark.parametrize(
    ("spec", "named"),
    [
        ({"container": {"securityContext": {"privileged": True}}}, "privileged"),
        ({"hostNetwork": True}, "hostNetwork=true"),
        ({"hostPID": True}, "hostPID=true"),
        ({"volumes": [{"name": "host", "hostPath": {"path": "/etc"}}]}, "hostPath volumes"),
        ({"container": {"securityContext": {"capabilities": {"add": ["SYS_ADMIN"]}}}}, "SYS_ADMIN"),
    ],
)
def test_a_pod_that_reaches_for_the_machine_is_refused(spare, spec, named):
    answer = spare.create(pod(**spec), dryRun="All")
    assert answer.status == 403
    assert 'violates PodSecurity "baseline:latest"' in answer.said
    assert named in answer.said


def test_a_service_that_claims_an_outside_address_is_refused(spare):
    spec = {"ports": [{"port": 80}], "externalIPs": ["203.0.113.7"]}
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "tried", "namespace": SPARE}, "spec": spec}
    answer = spare.create(service, dryRun="All")
    assert answer.status == 403
    assert "Use of external IPs is denied by admission control" in answer.said


def test_a_pod_that_is_not_restricted_is_warned_about(spare):
    """So the silence about our own pods means that they are."""
    answer = spare.create(pod(), dryRun="All")
    assert answer.accepted
    assert any("would violate PodSecurity" in each for each in answer.warnings)
