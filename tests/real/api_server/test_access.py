"""Who may do what: nobody, machines that join, operators, the account of the dashboard."""

import json
from datetime import UTC, datetime

import pytest
from real.api_server.client import MERGE, until
from real.api_server.machines import register
from real.api_server.objects import ONLY_DEV

from components.addons.dashboard import ACCOUNT, NAMESPACE
from sizing.pools import POOL_LABEL
from userdata.parameters import ParameterTree

pytestmark = [pytest.mark.real, ONLY_DEV]

MACHINES = "system:bootstrappers:kubeadm:default-node-token"
TOKEN_SECONDS = 600
VIEW = "/apis/rbac.authorization.k8s.io/v1/clusterroles/view"


@pytest.mark.parametrize("path", ["/readyz", "/livez", "/healthz"])
def test_whoever_asks_is_told_whether_the_api_is_healthy(api, path):
    assert api.client().ask("GET", path)[:2] == (200, "ok")


@pytest.mark.parametrize(
    "path", ["/version", "/api", "/apis", "/openapi/v3", "/metrics", "/readyz/etcd", "/api/v1/namespaces"]
)
def test_without_a_name_the_api_tells_nothing_else(api, path):
    assert api.client().ask("GET", path).status == 401


def test_the_published_token_makes_a_caller_a_machine_that_joins_and_nothing_more(api, plan):
    token = json.loads(api.aws.parameters[ParameterTree(cluster=plan.name).join])["token"]
    machine = api.client(token=token)
    review = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    user = machine.create({**review, "metadata": {"name": ""}}).body["status"]["userInfo"]
    assert user["username"] == f"system:bootstrap:{token[:6]}"
    assert MACHINES in user["groups"]
    # kubeadm's discovery goes on after a refusal, but not after a caller that is not known.
    assert machine.ask("GET", "/api/v1/namespaces/kube-public/configmaps/cluster-info").status == 403


def test_a_kubelet_may_put_its_machine_into_a_pool_and_not_into_a_role(api):
    name = "ip-10-0-0-200"
    register(api.admin, name, "10.0.0.200")
    kubelet = api.client(certificate=api.certificate(f"system:node:{name}", "system:nodes"))

    def label(key):
        change = {"metadata": {"labels": {key: "x"}}}
        return kubelet.ask("PATCH", f"/api/v1/nodes/{name}", change, MERGE)

    assert label(POOL_LABEL).accepted
    refused = label("node-role.kubernetes.io/worker")
    assert refused.status == 403
    assert "is not allowed to modify labels: node-role.kubernetes.io/worker" in refused.said
    assert kubelet.ask("GET", "/api/v1/secrets").status == 403
    assert api.admin.ask("DELETE", f"/api/v1/nodes/{name}").accepted


@pytest.fixture(scope="module")
def visitor(cluster):
    """A client with a fresh token of the dashboard's account, and when that token expires."""
    path = f"/api/v1/namespaces/{NAMESPACE}/serviceaccounts/{ACCOUNT}/token"
    request = {
        "apiVersion": "authentication.k8s.io/v1",
        "kind": "TokenRequest",
        "spec": {"expirationSeconds": TOKEN_SECONDS},
    }
    answer = cluster.admin.ask("POST", path, request)
    assert answer.accepted, answer.said
    # A controller fills the role `view` with the rules of others.
    until(lambda: cluster.admin.get(VIEW)["rules"], "rules of the role `view`")
    status = answer.body["status"]
    return cluster.client(token=status["token"]), datetime.fromisoformat(status["expirationTimestamp"])


@pytest.mark.row("S0-36")
def test_a_token_of_the_dashboards_account_is_short_lived_and_lists_pods(visitor):
    client, expires = visitor
    assert 0 < (expires - datetime.now(UTC)).total_seconds() <= TOKEN_SECONDS
    assert until(lambda: client.get("/api/v1/pods")["items"], "pods")
    assert client.get("/apis/apps/v1/deployments")["items"]
    assert client.get("/api/v1/namespaces")["items"]


@pytest.mark.row("S0-36")
@pytest.mark.parametrize(
    ("verb", "group", "resource"),
    [
        ("get", "", "secrets"),
        ("list", "", "secrets"),
        ("create", "", "pods"),
        ("create", "", "pods/exec"),
        ("delete", "apps", "deployments"),
        ("create", "", "serviceaccounts/token"),
        ("escalate", "rbac.authorization.k8s.io", "clusterroles"),
        ("*", "*", "*"),
    ],
)
def test_the_dashboards_account_is_not_the_administrator(cluster, verb, group, resource):
    resource, _, subresource = resource.partition("/")
    attributes = {"verb": verb, "group": group, "resource": resource, "subresource": subresource}
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SubjectAccessReview",
        "metadata": {"name": ""},
        "spec": {
            "user": f"system:serviceaccount:{NAMESPACE}:{ACCOUNT}",
            "groups": ["system:serviceaccounts", f"system:serviceaccounts:{NAMESPACE}", "system:authenticated"],
            "resourceAttributes": attributes,
        },
    }
    assert cluster.admin.create(review).body["status"]["allowed"] is False


@pytest.mark.row("S0-36")
def test_the_dashboards_account_does_not_see_secrets(visitor):
    client, _ = visitor
    answer = client.ask("GET", "/api/v1/secrets")
    assert answer.status == 403
    assert 'cannot list resource "secrets"' in answer.said
