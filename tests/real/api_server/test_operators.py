"""The operators' way in: the credential that a control plane publishes, the kubeconfig, kubectl."""

import base64
import json

import pytest
from real.api_server.objects import ONLY_DEV

from operations.kubeconfig import render

pytestmark = [pytest.mark.real, ONLY_DEV]


@pytest.mark.row("S0-29", "S0-30")
def test_kubectl_reaches_the_cluster_by_a_credential_that_it_fetches(desk, api):
    answer = desk.kubectl("cluster-info")
    assert answer.returncode == 0, answer.stderr
    assert f"https://{api.host}:6443" in answer.stdout
    listed = desk.kubectl("get", "nodes,services,pods", "--all-namespaces")
    assert listed.returncode == 0, listed.stderr
    assert "service/kubernetes" in listed.stdout


@pytest.mark.row("S0-30")
def test_operators_are_administrators_by_their_group_and_not_by_a_name(desk, api):
    said = json.loads(desk.kubectl("auth", "whoami", "--output", "json").stdout)["status"]["userInfo"]
    assert (said["username"], said["groups"]) == (
        "groundswell-operator",
        ["groundswell:operators", "system:authenticated"],
    )
    assert desk.kubectl("auth", "can-i", "*", "*", "--all-namespaces").stdout == "yes\n"
    path = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings"
    bound = [each for each in api.admin.get(path)["items"] if each["roleRef"]["name"] == "cluster-admin"]
    assert sorted(each["name"] for binding in bound for each in binding["subjects"]) == [
        "groundswell:operators",
        "kubeadm:cluster-admins",
        "system:masters",
    ]


def test_a_certificate_of_another_group_is_known_and_may_do_nothing(api):
    pair = api.certificate("stranger", "strangers")
    answer = api.client(certificate=pair).ask("GET", "/api/v1/pods")
    assert answer.status == 403
    assert 'User "stranger" cannot list resource "pods"' in answer.said


def test_a_kubeconfig_with_another_authority_is_refused_before_anything_is_sent(desk, api, plan, tmp_path):
    other = api.pki / "front-proxy-ca.crt"
    text = render(
        plan.name, plan.config.region, api.host, plan.network.api_name, base64.b64encode(other.read_bytes()).decode()
    )
    (tmp_path / "config").write_text(text)
    answer = desk.kubectl("get", "pods", "--kubeconfig", str(tmp_path / "config"))
    assert answer.returncode == 1
    assert "certificate signed by unknown authority" in answer.stderr


@pytest.mark.row("S1-02", "S1-05")
def test_the_raw_api_names_the_pinned_version_and_lists_its_resources(desk, plan):
    version = json.loads(desk.kubectl("get", "--raw", "/version").stdout)
    assert version["gitVersion"] == f"v{plan.config.kubernetes.version}"
    assert f"{version['major']}.{version['minor']}" == plan.config.kubernetes.version.rpartition(".")[0]
    listed = desk.kubectl("api-resources", "--no-headers")
    assert listed.returncode == 0, listed.stderr
    kinds = {line.split()[-1] for line in listed.stdout.splitlines()}
    assert len(kinds) > 50
    assert {"Pod", "Deployment", "HorizontalPodAutoscaler", "CustomResourceDefinition", "Lease"} <= kinds
