"""Every object is valid where it counts: against Kubernetes' own schemas and the custom resources' definitions."""

import ast
import json

import pytest
from conftest import ROOT, dev_object, plan_of
from in_cluster import endpoints, recorded
from manifest_schemas import SCHEMAS, problems

from components.addons.calico import Calico, CalicoArgs
from components.addons.dashboard import Dashboard, DashboardArgs
from components.addons.ebs_csi import EbsCsi, EbsCsiArgs
from components.addons.kafka import KafkaCluster, KafkaClusterArgs
from components.addons.strimzi import Strimzi, StrimziArgs
from components.manifests import calico, kafka, service
from components.manifests.external_services import cache_objects, database_objects
from components.services import Services, ServicesArgs

UNSEEN = "[secret]"


def local_object():
    cluster = dev_object()
    cluster["kafka"]["storage"] = {
        "kind": "local",
        "size_gib": 3,
        "local_volumes": {name: {"node": f"node-{name}", "path": "/mnt/data"} for name in ("x", "y", "z")},
    }
    cluster["calico"] = {"mode": "vxlan"}
    return cluster


@pytest.fixture(scope="module")
def objects(dev_plan, ha_plan):
    """Different Kubernetes objects of three configurations, as they would be sent; patches are parts and stay out."""
    result = {}
    for plan in (dev_plan, ha_plan, plan_of(local_object(), "local")):

        def build(opts, plan=plan):
            Calico("calico", CalicoArgs(plan=plan, kubeconfig="{}"), opts)
            Dashboard("dashboard", DashboardArgs(plan=plan), opts)
            EbsCsi("ebs", EbsCsiArgs(plan=plan), opts)
            Strimzi("strimzi", StrimziArgs(plan=plan, kafka=plan.config.kafka, kubeconfig="{}"), opts)
            KafkaCluster("kafka", KafkaClusterArgs(plan=plan, kafka=plan.config.kafka), opts)
            Services("services", ServicesArgs(plan=plan, endpoints=endpoints(plan)), opts)

        for each in recorded(build, plan).resources:
            if each.package == "kubernetes" and "apiVersion" in each.inputs and not each.type.endswith("Patch"):
                sent = {key: {} if value == UNSEEN else value for key, value in each.inputs.items()}
                result[json.dumps(sent, sort_keys=True)] = sent
    return list(result.values())


@pytest.mark.row("S0-31", "S0-48", "S0-53", "S0-56", "S0-61", "S0-64")
def test_every_object_passes_its_schema(objects):
    kinds = {each["kind"] for each in objects}
    assert kinds >= {"Installation", "Kafka", "KafkaNodePool", "KafkaTopic", "KafkaUser"}
    assert kinds >= {"Deployment", "HorizontalPodAutoscaler", "Job", "LimitRange", "PersistentVolume", "Secret"}
    assert kinds >= {"PodDisruptionBudget", "ResourceQuota", "Service", "StorageClass"}
    assert [problem for each in objects for problem in problems(each)] == []


def test_secrets_pass_their_schema_before_their_values_are_hidden(dev_plan):
    database, cache = dev_plan.config.databases["member"], dev_plan.config.caches["sessions"]
    made = [*database_objects("member", database, "h", "p"), *cache_objects("gateway", cache, "h", "t")]
    assert [problem for each in made for problem in problems(each)] == []


@pytest.mark.parametrize(
    ("make", "path"),
    [
        (calico.installation, ("spec", "calicoNetwork", "encapsulation")),
        (lambda plan: kafka.kafka_cluster(plan.config, plan.config.kafka), ("spec", "kafka", "replicas")),
        (lambda plan: kafka.node_pool(plan.config, plan.config.kafka), ("spec", "class")),
        (lambda plan: service.deployment(plan, "planner"), ("spec", "template", "spec", "tolerationz")),
    ],
)
def test_a_field_that_the_schema_does_not_know_is_refused(dev_plan, make, path):
    manifest = make(dev_plan)
    assert problems(manifest) == []
    *parents, last = path
    node = manifest
    for key in parents:
        node = node[key]
    node[last] = 3
    assert any(last in problem for problem in problems(manifest))


def test_a_kind_no_longer_served_and_a_misplaced_namespace_are_refused(dev_plan):
    old = kafka.kafka_cluster(dev_plan.config, dev_plan.config.kafka) | {"apiVersion": "kafka.strimzi.io/v1beta2"}
    assert problems(old)
    misplaced = calico.installation(dev_plan)
    misplaced["metadata"]["namespace"] = "calico-system"
    assert any("has a namespace" in problem for problem in problems(misplaced))


def test_the_schemas_are_of_the_kinds_that_we_make():
    assert {kind for _, kind in SCHEMAS} == {"Installation", "Kafka", "KafkaNodePool", "KafkaTopic", "KafkaUser"}
    for path in (ROOT / "tests/schemas").glob("*.json"):
        assert '"description":"' not in path.read_text(encoding="utf-8")


def test_manifests_are_built_without_pulumi():
    for path in (ROOT / "components/manifests").glob("*.py"):
        imported = {
            name.name if isinstance(node, ast.Import) else node.module
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.Import | ast.ImportFrom)
            for name in node.names
        }
        roots = {module.partition(".")[0] for module in imported}
        assert not {root for root in roots if root.startswith("pulumi")}, path.name
        assert "components" not in roots or all(
            module.startswith("components.manifests") for module in imported if module.startswith("components")
        ), path.name


@pytest.mark.row("S0-53")
def test_names_never_clash_whatever_namespaces_and_objects_are_called():
    from components.objects import logical_name  # noqa: PLC0415 - the one test of this module that needs pulumi

    assert logical_name("Service", "service-b", "a") != logical_name("Service", "b", "a-service")
    assert logical_name("Service", "b", "a") != logical_name("Service", "a", "b")
