"""Kafka: the operator, the cluster, topics and users, storage, and the web view."""

import pytest
from conftest import dev_object, plan_of
from in_cluster import GATE, find, recorded, release, waits_for
from manifest_schemas import problems

from components.addons import charts
from components.addons.kafka import KafkaCluster, KafkaClusterArgs
from components.addons.kafka_ui import KafkaUi, KafkaUiArgs
from components.addons.strimzi import Strimzi, StrimziArgs
from components.manifests import kafka as manifests
from components.manifests import kafka_access


def declare(plan):
    kafka = plan.config.kafka

    def build(opts):
        Strimzi("strimzi", StrimziArgs(plan=plan, kafka=kafka, kubeconfig="{}"), opts)
        KafkaCluster("kafka", KafkaClusterArgs(plan=plan, kafka=kafka), opts)
        KafkaUi("ui", KafkaUiArgs(plan=plan, kafka=kafka), opts)

    return recorded(build, plan)


def plan_with(**kafka):
    cluster = dev_object()
    cluster["kafka"] |= kafka
    return plan_of(cluster, "variant")


def kafka_of(plan):
    return manifests.kafka_cluster(plan.config, plan.config.kafka)["spec"]


@pytest.fixture(scope="module")
def dev_kafka(dev_plan):
    return declare(dev_plan)


LOCAL = {
    "storage": {
        "kind": "local",
        "size_gib": 3,
        "local_volumes": {
            "one": {"node": "ip-10-0-32-10", "path": "/mnt/disks/data"},
            "two": {"node": "ip-10-0-32-11", "path": "/mnt/disks/data"},
            "three": {"node": "ip-10-0-64-10", "path": "/mnt/disks/data"},
        },
    }
}


# Operator


@pytest.mark.row("S0-55")
def test_the_operator_is_pinned_and_watches_kafkas_namespace_alone(dev_kafka):
    operator = release(dev_kafka, "strimzi-kafka-operator")
    assert operator["namespace"] == "tp-kafka"
    assert operator["version"] == charts.STRIMZI.version
    assert operator["chart"] == "oci://quay.io/strimzi-helm/strimzi-kafka-operator"
    assert "repositoryOpts" not in operator
    assert operator["values"]["watchAnyNamespace"] is False
    assert operator["values"]["watchNamespaces"] == []


def test_the_gate_waits_for_the_four_kinds_that_are_used(dev_kafka):
    (gate,) = dev_kafka.of(GATE)
    operator = next(each for each in dev_kafka.resources if each.inputs.get("name") == "strimzi-kafka-operator")
    for plural in ("kafkas", "kafkanodepools", "kafkatopics", "kafkausers"):
        assert f"{plural}.kafka.strimzi.io" in gate.inputs["create"]
    assert waits_for(dev_kafka, gate, operator)
    assert waits_for(dev_kafka, operator, find(dev_kafka, "Namespace", "tp-kafka"))


# Cluster


@pytest.mark.row("S0-56", "S0-57")
def test_brokers_are_controllers_too_so_there_is_no_zookeeper(dev_plan):
    pool = manifests.node_pool(dev_plan.config, dev_plan.config.kafka)
    assert pool["apiVersion"] == "kafka.strimzi.io/v1"
    assert pool["spec"]["replicas"] == 3
    assert pool["spec"]["roles"] == ["controller", "broker"]
    assert pool["metadata"]["labels"] == {"strimzi.io/cluster": "travel"}
    cluster = kafka_of(dev_plan)
    assert "zookeeper" not in cluster
    assert "replicas" not in cluster["kafka"]
    assert cluster["kafka"]["version"] == "4.3.1"


@pytest.mark.row("S0-57")
def test_brokers_stand_on_machines_of_their_own_spread_over_the_zones(dev_plan):
    pod = manifests.node_pool(dev_plan.config, dev_plan.config.kafka)["spec"]["template"]["pod"]
    brokers = {"matchLabels": {"strimzi.io/cluster": "travel", "strimzi.io/pool-name": "broker"}}
    (apart,) = pod["affinity"]["podAntiAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    assert apart == {"labelSelector": brokers, "topologyKey": "kubernetes.io/hostname"}
    (spread,) = pod["topologySpreadConstraints"]
    assert (spread["topologyKey"], spread["maxSkew"]) == ("topology.kubernetes.io/zone", 1)
    assert spread["whenUnsatisfiable"] == "DoNotSchedule"
    assert spread["labelSelector"] == brokers
    assert kafka_of(dev_plan)["kafka"]["rack"] == {"topologyKey": "topology.kubernetes.io/zone"}


def test_brokers_may_run_on_the_machines_that_are_dedicated_to_services(dev_plan):
    toleration = {"key": "groundswell.io/pool", "operator": "Exists", "effect": "NoSchedule"}
    cluster = kafka_of(dev_plan)
    for pod in (
        manifests.node_pool(dev_plan.config, dev_plan.config.kafka)["spec"]["template"]["pod"],
        cluster["entityOperator"]["template"]["pod"],
        cluster["kafkaExporter"]["template"]["pod"],
    ):
        assert pod["tolerations"] == [toleration]


@pytest.mark.row("S0-60", "S0-57", "S0-58")
def test_a_brokers_volume_outlives_its_pod_its_claim_and_the_cluster(dev_plan):
    storage = manifests.node_pool(dev_plan.config, dev_plan.config.kafka)["spec"]["storage"]
    (volume,) = storage["volumes"]
    assert (storage["type"], volume["type"]) == ("jbod", "persistent-claim")
    assert volume["deleteClaim"] is False
    assert (volume["class"], volume["size"]) == ("gp3-retain", "3Gi")
    assert volume["kraftMetadata"] == "shared"


@pytest.mark.row("S0-60")
@pytest.mark.parametrize(("purpose", "protected"), [("production", True), ("development", False)])
def test_production_data_refuses_to_be_deleted(purpose, protected):
    cluster = dev_object() | {"purpose": purpose}
    recording = declare(plan_of(cluster, purpose))
    for kind in ("Kafka", "KafkaNodePool", "KafkaTopic"):
        found = [each for each in recording.resources if each.inputs.get("kind") == kind]
        assert found
        assert {each.protect for each in found} == {protected}, kind


@pytest.mark.row("S0-61")
def test_the_plain_listener_is_plain_and_the_tls_listener_is_tls(dev_plan):
    listeners = {each["name"]: each for each in kafka_of(dev_plan)["kafka"]["listeners"]}
    assert (listeners["plain"]["port"], listeners["plain"]["tls"]) == (9092, False)
    assert (listeners["tls"]["port"], listeners["tls"]["tls"]) == (9093, True)
    assert {each["type"] for each in listeners.values()} == {"internal"}


def test_listeners_admit_kafkas_own_namespace_and_those_of_its_services(dev_plan):
    expected = [
        {"podSelector": {}},
        *(
            {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": name}}}
            for name in ("accommodation", "payment", "planner")
        ),
    ]
    for listener in kafka_of(dev_plan)["kafka"]["listeners"]:
        assert listener["networkPolicyPeers"] == expected


def test_a_listener_is_never_open_to_everybody_for_want_of_clients():
    cluster = dev_object()
    for service in cluster["services"].values():
        service.pop("kafka", None)
    for listener in kafka_of(plan_of(cluster, "quiet"))["kafka"]["listeners"]:
        assert listener["networkPolicyPeers"] == [{"podSelector": {}}]


@pytest.mark.row("S0-62")
def test_copies_and_their_minimum_come_from_the_configuration_and_topics_are_never_made_by_accident(dev_plan):
    settings = kafka_of(dev_plan)["kafka"]["config"]
    assert settings == {
        "auto.create.topics.enable": False,
        "default.replication.factor": 3,
        "min.insync.replicas": 2,
        "offsets.topic.replication.factor": 3,
        "transaction.state.log.replication.factor": 3,
        "transaction.state.log.min.isr": 2,
    }
    assert settings["default.replication.factor"] >= settings["min.insync.replicas"] + 1


@pytest.mark.row("S0-63")
def test_probes_start_after_15_seconds_and_wait_5(dev_plan):
    for probe in ("readinessProbe", "livenessProbe"):
        assert kafka_of(dev_plan)["kafka"][probe] == {"initialDelaySeconds": 15, "timeoutSeconds": 5}


@pytest.mark.row("S0-65")
def test_the_exporter_sees_all_topics_and_groups(dev_plan):
    exporter = kafka_of(dev_plan)["kafkaExporter"]
    assert (exporter["topicRegex"], exporter["groupRegex"]) == (".*", ".*")


def test_helpers_ask_for_what_sizing_set_aside(dev_plan):
    cluster = kafka_of(dev_plan)
    for operator in ("topicOperator", "userOperator"):
        assert cluster["entityOperator"][operator]["resources"]["requests"] == {"cpu": "50m", "memory": "256Mi"}
    assert cluster["kafkaExporter"]["resources"]["requests"] == {"cpu": "50m", "memory": "64Mi"}
    resources = manifests.node_pool(dev_plan.config, dev_plan.config.kafka)["spec"]["resources"]
    assert resources == {"requests": {"cpu": "500m", "memory": "2048Mi"}, "limits": {"memory": "2048Mi"}}


def test_what_talks_to_kafka_is_made_when_the_brokers_answer(dev_kafka):
    cluster = find(dev_kafka, "Kafka", "travel")
    assert cluster.inputs["metadata"]["annotations"] == {"pulumi.com/waitFor": "condition=Ready"}
    assert waits_for(dev_kafka, cluster, find(dev_kafka, "KafkaNodePool", "broker"))
    for topic in ("reservations", "payments"):
        assert waits_for(dev_kafka, find(dev_kafka, "KafkaTopic", topic), cluster)


# Topics and users


@pytest.mark.row("S0-64")
def test_topics_have_the_clusters_copies(dev_kafka):
    spec = find(dev_kafka, "KafkaTopic", "reservations").inputs["spec"]
    assert (spec["partitions"], spec["replicas"]) == (3, 3)
    assert spec["config"] == {"retention.ms": 168 * 3600 * 1000, "min.insync.replicas": 2}


@pytest.mark.row("S0-64")
def test_a_user_may_do_what_the_configuration_says_and_no_more(dev_kafka):
    spec = find(dev_kafka, "KafkaUser", "accommodation").inputs["spec"]
    assert spec["authentication"] == {"type": "tls"}
    allowed = {
        (acl["resource"]["type"], acl["resource"]["name"], acl["resource"]["patternType"]): set(acl["operations"])
        for acl in spec["authorization"]["acls"]
    }
    assert allowed == {
        ("topic", "payments", "literal"): {"Describe", "Read"},
        ("topic", "reservations", "literal"): {"Describe", "Write"},
        ("group", "accommodation", "prefix"): {"Read"},
    }


def test_a_user_that_only_writes_joins_no_group():
    plan = plan_with(users={"payment": {"writes": ["payments"]}})
    spec = kafka_access.user(plan.config.kafka, "payment", plan.config.kafka.users["payment"])["spec"]
    assert {acl["resource"]["type"] for acl in spec["authorization"]["acls"]} == {"topic"}


def test_users_bring_authorization_and_their_absence_takes_it_away(dev_plan):
    with_users, without = kafka_of(dev_plan)["kafka"], kafka_of(plan_with(users={}))["kafka"]
    assert with_users["authorization"] == {"type": "simple", "superUsers": ["ANONYMOUS", "CN=kafka-ui"]}
    assert with_users["listeners"][1]["authentication"] == {"type": "tls"}
    assert "authorization" not in without
    assert all("authentication" not in each for each in without["listeners"])


# Storage


@pytest.mark.row("S0-59")
def test_local_storage_is_one_volume_for_every_named_directory():
    plan = plan_with(**LOCAL)
    recording = declare(plan)
    volumes = recording.of("kubernetes:core/v1:PersistentVolume")
    places = set()
    for volume in volumes:
        spec = volume.inputs["spec"]
        (term,) = spec["nodeAffinity"]["required"]["nodeSelectorTerms"]
        (expression,) = term["matchExpressions"]
        assert expression["key"] == "kubernetes.io/hostname"
        places.add((*expression["values"], spec["local"]["path"]))
        assert spec["persistentVolumeReclaimPolicy"] == "Retain"
        assert spec["capacity"] == {"storage": "3Gi"}
        assert spec["storageClassName"] == "kafka-local"
    assert len(places) == len(volumes) == plan.config.kafka.brokers
    local = find(recording, "StorageClass", "kafka-local").inputs
    assert (local["provisioner"], local["volumeBindingMode"]) == (
        "kubernetes.io/no-provisioner",
        "WaitForFirstConsumer",
    )
    pool = find(recording, "KafkaNodePool", "broker")
    assert pool.inputs["spec"]["storage"]["volumes"][0]["class"] == "kafka-local"
    for volume in volumes:
        assert waits_for(recording, pool, volume)


@pytest.mark.row("S0-59")
def test_dynamic_storage_needs_no_volume_of_ours(dev_kafka):
    assert dev_kafka.of("kubernetes:core/v1:PersistentVolume") == []


# Kafka UI


@pytest.mark.row("S0-66")
def test_the_web_view_is_wired_to_the_kafka_resource(dev_kafka):
    values = release(dev_kafka, "kafka-ui")["values"]
    (cluster,) = values["yamlApplicationConfig"]["kafka"]["clusters"]
    kafka = find(dev_kafka, "Kafka", "travel").inputs["metadata"]
    assert cluster["name"] == kafka["name"]
    assert cluster["bootstrapServers"] == f"{kafka['name']}-kafka-bootstrap.{kafka['namespace']}.svc.cluster.local:9093"
    assert cluster["readOnly"] is True
    assert all(values["envs"]["secretMappings"])
    assert values["resources"]["requests"] == {"cpu": "100m", "memory": "512Mi"}
    assert "env" not in values


@pytest.mark.parametrize("users", [{}, {"payment": {"writes": ["payments"]}}])
def test_the_web_view_trusts_the_clusters_authority_and_shows_a_certificate_where_one_is_asked_for(users):
    recording = declare(plan_with(users=users))
    values = release(recording, "kafka-ui")["values"]
    (cluster,) = values["yamlApplicationConfig"]["kafka"]["clusters"]
    secrets = {each["secret"]["secretName"] for each in values["volumes"] if "secret" in each}
    mounted = {each["mountPath"] for each in values["volumeMounts"]}
    files = {value for key, value in cluster["properties"].items() if key.endswith(".location")}
    assert cluster["properties"]["security.protocol"] == "SSL"
    assert all(file.rpartition("/")[0] in mounted for file in files)
    assert secrets == {"travel-cluster-ca-cert"} | ({"kafka-ui"} if users else set())
    found = [each for each in recording.resources if each.name == "tp-kafka/kafkauser/kafka-ui"]
    assert len(found) == bool(users)
    for user in found:
        assert problems(dict(user.inputs)) == []
        view = next(each for each in recording.resources if each.inputs.get("name") == "kafka-ui")
        assert waits_for(recording, view, user)


@pytest.mark.row("S0-67")
def test_the_web_view_has_a_node_port_only_where_the_configuration_names_one(dev_kafka):
    assert release(dev_kafka, "kafka-ui")["values"]["service"] == {"type": "ClusterIP"}
    opened = declare(plan_with(ui_node_port={"port": 30092, "allowed_cidrs": ["10.20.0.0/16"]}))
    assert release(opened, "kafka-ui")["values"]["service"] == {"type": "NodePort", "nodePort": 30092}
