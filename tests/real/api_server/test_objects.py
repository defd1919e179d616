"""Every object of the stacks against a real API server: accepted, complete, and the same when it is applied again."""

import copy
import dataclasses

import pytest
from real.api_server.objects import ONLY_DEV, VOLUME_CONTROLLER

from components.manifests.coredns import coredns_config_map

pytestmark = pytest.mark.real

CONFIG_MAPS, SECRETS = ("configMapKeyRef", "configmaps"), ("secretKeyRef", "secrets")


@pytest.mark.row("S0-31")
def test_every_object_is_accepted_with_strict_validation_and_without_a_warning(applied):
    refused = [f"{each.name}: {each.first.said}" for each in applied if not each.first.accepted]
    warned = [f"{each.name}: {each.first.warnings}" for each in applied if each.first.warnings]
    assert (refused, warned) == ([], [])
    kinds = {each.manifest["kind"] for each in applied}
    assert kinds >= {"Installation", "Kafka", "KafkaNodePool", "KafkaTopic", "KafkaUser", "Deployment", "ResourceQuota"}


def test_an_object_that_is_applied_again_is_not_written_again(applied):
    def version(answer):
        return answer.body["metadata"]["resourceVersion"]

    assert [each.name for each in applied if version(each.first) != version(each.second)] == []


@pytest.mark.parametrize("kind", ["Deployment", "Kafka", "Installation"])
def test_a_misspelled_field_is_refused(api, applied, kind):
    manifest = copy.deepcopy(next(each.manifest for each in applied if each.manifest["kind"] == kind))
    manifest["spec"]["mispelled"] = 1
    answer = api.admin.apply(manifest)
    assert answer.status in {400, 500}
    assert "mispelled" in answer.said


@ONLY_DEV
@pytest.mark.row("S0-53")
def test_namespaces_have_services_of_the_same_name_each_with_its_own_target(api, applied):
    named = {}
    for each in applied:
        if each.manifest["kind"] == "Service" and each.manifest["spec"]["type"] == "ExternalName":
            found = api.admin.get(api.admin.path_of(each.manifest))
            metadata = found["metadata"]
            named.setdefault(metadata["name"], {})[metadata["namespace"]] = found["spec"]["externalName"]
    mysql = named["mysql-external-service"]
    assert len(mysql) > 1
    assert len(set(mysql.values())) > 1


def test_every_reference_of_a_pod_to_a_secret_or_settings_meets_an_object_with_that_key(api, applied):
    references, dangling = 0, []
    for each in applied:
        if each.manifest["kind"] not in {"Deployment", "Job"}:
            continue
        for plural, name, key in _references(each.manifest["spec"]["template"]["spec"]):
            path = f"/api/v1/namespaces/{each.manifest['metadata']['namespace']}/{plural}/{name}"
            answer = api.admin.ask("GET", path)
            references += 1
            if answer.status != 200 or (key and key not in answer.body["data"]):
                dangling.append(f"{each.name}: {plural} {name} {key}")
    assert dangling == []
    assert references > 20


def _references(pod):
    for container in pod.get("containers", []):
        for entry in container.get("env", []):
            for word, plural in (CONFIG_MAPS, SECRETS):
                if reference := entry.get("valueFrom", {}).get(word):
                    yield plural, reference["name"], reference["key"]
        for entry in container.get("envFrom", []):
            yield "configmaps", entry["configMapRef"]["name"], None
    for volume in pod.get("volumes", []):
        if "configMap" in volume:
            yield "configmaps", volume["configMap"]["name"], None


def test_the_corefile_with_kubeadms_own_times_is_kubeadms_own(plan, applied):
    """Two managers share a field without force only as long as both want the same."""
    dns = plan.config.network.dns
    assert (dns.ttl_seconds, dns.cache_seconds) == (30, 30)
    (patch,) = (each for each in applied if each.manifest["metadata"]["name"] == "coredns")
    owners = {each["manager"]: each["fieldsV1"] for each in patch.second.body["metadata"]["managedFields"]}
    assert owners["kubeadm"]["f:data"] == {".": {}, "f:Corefile": {}}
    assert owners["groundswell"]["f:data"] == {"f:Corefile": {}}


def test_a_corefile_with_other_times_is_taken_over_by_force_alone(api, applied, plan):
    wanted = coredns_config_map(dataclasses.replace(plan.config.network.dns, ttl_seconds=5))
    refused = api.admin.apply(wanted, dryRun="All")
    assert refused.status == 409
    assert 'conflict with "kubeadm"' in refused.said
    assert api.admin.apply(wanted, force=True, dryRun="All").body["data"] == wanted["data"]
    assert wanted["metadata"]["annotations"] == {"pulumi.com/patchForce": "true"}
    assert applied


def test_the_patch_of_the_volume_controller_changes_its_network_alone(api, applied):
    found = api.admin.get(api.admin.path_of(VOLUME_CONTROLLER))["spec"]["template"]["spec"]
    assert found["hostNetwork"] is True
    assert [each["image"] for each in found["containers"]] == ["ebs-csi-driver"]
    assert "Deployment kube-system/ebs-csi-controller" in {each.name for each in applied}
