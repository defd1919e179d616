"""The application services: namespaces, limits, pods, addresses, scaling."""

import hashlib

import pytest
from conftest import dev_object, plan_of
from in_cluster import endpoints, find, recorded, waits_for

from components.manifests import limits, scaling
from components.manifests import service as manifests
from components.services import Services, ServicesArgs


def declare(plan):
    return recorded(lambda opts: Services("services", ServicesArgs(plan=plan, endpoints=endpoints(plan)), opts), plan)


def variant(change, name="variant"):
    cluster = dev_object()
    change(cluster["services"])
    return plan_of(cluster, name)


def pod_of(plan, name):
    return manifests.deployment(plan, name)["spec"]["template"]["spec"]


def container_of(plan, name):
    (container,) = pod_of(plan, name)["containers"]
    return container


@pytest.fixture(scope="module")
def dev_services(dev_plan):
    return declare(dev_plan)


# Namespace and limits


def test_every_service_has_a_namespace_with_its_pod_security_level(dev_services, dev_plan):
    for name in dev_plan.services:
        labels = find(dev_services, "Namespace", name).inputs["metadata"]["labels"]
        assert labels == {
            "pod-security.kubernetes.io/enforce": "baseline",
            "pod-security.kubernetes.io/warn": "restricted",
            "pod-security.kubernetes.io/audit": "restricted",
        }


@pytest.mark.row("S0-17", "S4-55")
@pytest.mark.parametrize("name", ["gateway", "member", "planner", "accommodation", "payment"])
def test_limits_and_quota_are_the_plans(dev_plan, name):
    quota = dev_plan.quotas[name]
    (item,) = limits.limit_range(dev_plan, name)["spec"]["limits"]
    assert item["type"] == "Container"
    for field, planned in (
        ("default", quota.default_limit),
        ("defaultRequest", quota.default_request),
        ("min", quota.minimum),
        ("max", quota.maximum),
    ):
        assert item[field] == {"cpu": f"{planned.cpu_m}m", "memory": f"{planned.memory_mib}Mi"}
    assert limits.resource_quota(dev_plan, name)["spec"]["hard"] == {
        "pods": str(quota.pods),
        "requests.cpu": f"{quota.requests.cpu_m}m",
        "requests.memory": f"{quota.requests.memory_mib}Mi",
        "limits.cpu": f"{quota.limits.cpu_m}m",
        "limits.memory": f"{quota.limits.memory_mib}Mi",
    }


@pytest.mark.row("S0-17")
@pytest.mark.parametrize("name", ["gateway", "member", "planner", "accommodation", "payment"])
def test_the_quota_holds_the_most_pods_and_one_more_while_rolling(dev_plan, name):
    spec = manifests.deployment(dev_plan, name)["spec"]
    pods = dev_plan.services[name].max_replicas + spec["strategy"]["rollingUpdate"]["maxSurge"]
    hard = limits.resource_quota(dev_plan, name)["spec"]["hard"]
    resources = container_of(dev_plan, name)["resources"]
    assert int(hard["pods"]) >= pods
    for bound in ("requests", "limits"):
        for key, unit in (("cpu", "m"), ("memory", "Mi")):
            each, whole = resources[bound][key].removesuffix(unit), hard[f"{bound}.{key}"].removesuffix(unit)
            assert int(whole) >= pods * int(each), (bound, key)


def test_limits_stand_before_any_pod(dev_services, dev_plan):
    for name in dev_plan.services:
        deployment = find(dev_services, "Deployment", name)
        for kind in ("Namespace", "LimitRange", "ResourceQuota"):
            assert waits_for(dev_services, deployment, find(dev_services, kind, name))
    job = next(each for each in dev_services.resources if each.inputs.get("kind") == "Job")
    assert waits_for(dev_services, job, find(dev_services, "LimitRange", "member"))


# Pods


@pytest.mark.row("S0-12")
@pytest.mark.parametrize("name", ["gateway", "member", "planner", "accommodation", "payment"])
def test_pods_run_on_their_own_pool_and_tolerate_its_taint_alone(dev_plan, name):
    pod, pool = pod_of(dev_plan, name), dev_plan.pools[dev_plan.services[name].pool]
    assert pod["nodeSelector"].items() <= pool.labels.items()
    assert pod["nodeSelector"] == {"groundswell.io/pool": pool.name}
    tolerated = [f"{each['key']}={each['value']}:{each['effect']}" for each in pod["tolerations"]]
    assert tuple(tolerated) == pool.taints == (f"groundswell.io/pool={pool.name}:NoSchedule",)


def test_pods_of_a_shared_pool_tolerate_nothing():
    cluster = dev_object()
    cluster["pools"]["planner"]["dedicated"] = False
    assert pod_of(plan_of(cluster, "shared"), "planner")["tolerations"] == []


@pytest.mark.row("S0-15")
def test_images_come_from_the_stacks_registry(dev_plan):
    for name, service in dev_plan.config.services.items():
        assert container_of(dev_plan, name)["image"] == f"{dev_plan.config.registry}/{service.image}"


@pytest.mark.parametrize(
    ("registry", "image", "pulled"),
    [
        ("registry.example.com/team", "planner:1.0.0", "registry.example.com/team/planner:1.0.0"),
        ("registry.example.com/team", "travel/planner:1.0.0", "registry.example.com/team/travel/planner:1.0.0"),
        ("registry.example.com", "ghcr.io/team/planner:1.0.0", "ghcr.io/team/planner:1.0.0"),
        ("registry.example.com", "localhost/planner:1.0.0", "localhost/planner:1.0.0"),
        ("registry.example.com", "mirror:5000/planner:1.0.0", "mirror:5000/planner:1.0.0"),
        (None, "ghcr.io/team/planner:1.0.0", "ghcr.io/team/planner:1.0.0"),
    ],
)
def test_the_registry_is_put_before_images_that_name_none(registry, image, pulled):
    assert manifests.image_reference(registry, image) == pulled


def test_pods_meet_the_restricted_level_and_hold_no_credential_of_the_cluster(dev_plan):
    for name in dev_plan.services:
        pod, container = pod_of(dev_plan, name), container_of(dev_plan, name)
        assert pod["automountServiceAccountToken"] is False
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["runAsUser"] > 10000
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }


@pytest.mark.row("S0-18")
def test_requests_and_limits_are_the_plans(dev_plan):
    for name, planned in dev_plan.services.items():
        assert container_of(dev_plan, name)["resources"] == {
            "requests": {"cpu": f"{planned.requests.cpu_m}m", "memory": f"{planned.requests.memory_mib}Mi"},
            "limits": {"cpu": f"{planned.limits.cpu_m}m", "memory": f"{planned.limits.memory_mib}Mi"},
        }


@pytest.mark.row("S1-34")
def test_probes_ask_the_health_path_and_give_a_slow_start_its_time():
    plan = variant(lambda services: services["planner"].update(health_path="/healthz", startup_seconds=92))
    container = container_of(plan, "planner")
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        assert container[probe]["httpGet"] == {"path": "/healthz", "port": "http"}
    startup = container["startupProbe"]
    assert 92 <= startup["periodSeconds"] * startup["failureThreshold"] < 92 + startup["periodSeconds"]


def test_a_database_failover_takes_a_pod_out_but_does_not_restart_it(dev_plan):
    container = container_of(dev_plan, "planner")
    readiness, liveness = container["readinessProbe"], container["livenessProbe"]
    assert readiness["periodSeconds"] * readiness["failureThreshold"] <= 30
    assert liveness["periodSeconds"] * liveness["failureThreshold"] >= 180


@pytest.mark.row("S1-30")
def test_an_update_adds_a_pod_before_it_takes_one_and_lets_requests_end(dev_plan):
    spec = manifests.deployment(dev_plan, "planner")["spec"]
    assert spec["strategy"] == {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}
    pause = container_of(dev_plan, "planner")["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert 0 < pause < spec["template"]["spec"]["terminationGracePeriodSeconds"]


def test_pods_are_spread_over_zones_and_machines(dev_plan):
    spread = pod_of(dev_plan, "planner")["topologySpreadConstraints"]
    assert {each["topologyKey"] for each in spread} == {"topology.kubernetes.io/zone", "kubernetes.io/hostname"}
    labels = manifests.deployment(dev_plan, "planner")["spec"]["template"]["metadata"]["labels"]
    for each in spread:
        assert each["labelSelector"]["matchLabels"].items() <= labels.items()


# Settings


@pytest.mark.row("S1-21")
def test_a_changed_setting_changes_the_pods_and_nothing_else_does():
    def marked(settings):
        plan = variant(lambda services: services["planner"].update(settings=settings))
        return manifests.deployment(plan, "planner")

    before, same, after = marked({"MODE": "a"}), marked({"MODE": "a"}), marked({"MODE": "b"})
    assert before == same
    assert before != after
    (digest,) = before["spec"]["template"]["metadata"]["annotations"].values()
    assert len(digest) == hashlib.sha256().digest_size * 2
    assert container_of(variant(lambda _: None), "planner")["envFrom"] == [{"configMapRef": {"name": "settings"}}]


@pytest.mark.row("S0-68")
def test_services_that_use_kafka_are_given_the_bootstrap_service(dev_plan):
    expected = "travel-kafka-bootstrap.tp-kafka.svc.cluster.local:9092"
    for name, service in dev_plan.config.services.items():
        data = manifests.settings(dev_plan, name)["data"]
        assert data.get("KAFKA_BOOTSTRAP_SERVERS") == (expected if service.kafka else None)


@pytest.mark.row("S0-74")
def test_the_gateway_knows_the_addresses_of_the_services_behind_it(dev_plan):
    data = manifests.settings(dev_plan, "gateway")["data"]
    inside = {
        f"http://{each['metadata']['name']}.{each['metadata']['namespace']}.svc.cluster.local:80"
        for name in dev_plan.services
        for each in manifests.services(dev_plan, name)
        if each["spec"]["type"] == "ClusterIP"
    }
    assert set(data) == {"MEMBER_URL", "PLANNER_URL", "ACCOMMODATION_URL", "PAYMENT_URL"}
    assert set(data.values()) <= inside


# Addresses


@pytest.mark.row("S1-15", "S4-36")
def test_the_service_selects_its_deployments_pods_and_reaches_their_port(dev_plan):
    for name, service in dev_plan.config.services.items():
        inside = manifests.services(dev_plan, name)[0]
        spec = manifests.deployment(dev_plan, name)["spec"]
        assert inside["spec"]["type"] == "ClusterIP"
        assert inside["spec"]["selector"] == spec["selector"]["matchLabels"]
        assert inside["spec"]["selector"] == spec["template"]["metadata"]["labels"]
        (port,) = inside["spec"]["ports"]
        (target,) = container_of(dev_plan, name)["ports"]
        assert (port["port"], port["targetPort"]) == (80, target["name"])
        assert target["containerPort"] == service.port


@pytest.mark.row("S0-74", "S0-50")
def test_only_what_the_configuration_opens_has_a_node_port(dev_plan):
    opened = {
        (name, each["spec"]["ports"][0]["nodePort"])
        for name in dev_plan.services
        for each in manifests.services(dev_plan, name)
        if each["spec"]["type"] == "NodePort"
    }
    assert opened == {("gateway", 30080), ("member", 30081)}


def test_a_service_may_have_both_ways_in():
    plan = variant(
        lambda services: services["gateway"].update(node_port={"port": 30099, "allowed_cidrs": ["10.20.0.0/16"]})
    )
    ports = {
        each["metadata"]["name"]: each["spec"]["ports"][0].get("nodePort")
        for each in manifests.services(plan, "gateway")
    }
    assert ports == {"gateway": None, "gateway-node-port": 30099, "gateway-entry": 30080}


# Scaling


@pytest.mark.row("S0-18")
@pytest.mark.parametrize("name", ["gateway", "member", "planner", "accommodation", "payment"])
def test_the_autoscaler_has_the_plans_bounds_and_waits_before_it_shrinks(dev_plan, name):
    spec, planned = scaling.autoscaler(dev_plan, name)["spec"], dev_plan.services[name]
    assert (spec["minReplicas"], spec["maxReplicas"]) == (planned.min_replicas, planned.max_replicas)
    (metric,) = spec["metrics"]
    assert metric["resource"] == {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 60}}
    assert spec["behavior"]["scaleDown"]["stabilizationWindowSeconds"] == 300
    target = manifests.deployment(dev_plan, name)
    assert spec["scaleTargetRef"] == {
        "apiVersion": target["apiVersion"],
        "kind": target["kind"],
        "name": target["metadata"]["name"],
    }


@pytest.mark.row("S4-33")
def test_another_pair_of_bounds_and_another_target_are_followed():
    plan = variant(
        lambda services: services["planner"].update(
            replicas={"min": 2, "max": 5},
            autoscale_cpu_percent=70,
            resources={"cpu_m": 100, "memory_mib": 128},
        )
    )
    scaler = scaling.autoscaler(plan, "planner")
    assert scaler["apiVersion"] == "autoscaling/v2"
    assert (scaler["spec"]["minReplicas"], scaler["spec"]["maxReplicas"]) == (2, 5)
    assert scaler["spec"]["metrics"][0]["resource"]["target"]["averageUtilization"] == 70


@pytest.mark.row("S4-35")
def test_the_number_of_pods_is_left_to_the_autoscaler(dev_services, dev_plan):
    for name in dev_plan.services:
        deployment = find(dev_services, "Deployment", name)
        assert "replicas" not in deployment.inputs["spec"]
        assert deployment.ignore_changes == ("spec.replicas",)


def test_a_budget_exists_exactly_where_an_eviction_leaves_a_pod(dev_plan, ha_plan):
    for name in dev_plan.services:
        assert scaling.disruption_budget(dev_plan, name) is None
        budget = scaling.disruption_budget(ha_plan, name)
        assert budget["spec"]["maxUnavailable"] == 1
        assert budget["spec"]["selector"] == manifests.deployment(ha_plan, name)["spec"]["selector"]


# Order


@pytest.mark.row("S0-16")
def test_pods_are_made_when_what_they_read_is_there_and_their_database_is_filled(dev_services):
    deployment = find(dev_services, "Deployment", "member")
    for kind, name in (
        ("ConfigMap", "settings"),
        ("ConfigMap", "mysql-external-service-connection"),
        ("Secret", "mysql-external-service-credentials"),
        ("Service", "mysql-external-service"),
    ):
        (needed,) = [each for each in dev_services.resources if each.name == f"member/{kind.lower()}/{name}"]
        assert waits_for(dev_services, deployment, needed)
    job = next(each for each in dev_services.resources if each.inputs.get("kind") == "Job")
    assert waits_for(dev_services, deployment, job)
