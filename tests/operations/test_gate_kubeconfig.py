"""Kubeconfigs without a key: what is written, and what the gates accept on standard input."""

import json

import pytest
import yaml
from gate_fakes import CLUSTER, CREDENTIAL, REGION, SERVER_NAME, certificates

from operations.kubeconfig import KubeconfigError, decode_authority, parse, render


def rendered(server="lb.example.com", **changed):
    arguments = {
        "cluster": CLUSTER,
        "region": REGION,
        "server": server,
        "server_name": SERVER_NAME,
        "ca_base64": certificates().authority_base64,
    }
    return render(**{**arguments, **changed})


@pytest.mark.row("S0-29")
def test_a_kubeconfig_names_a_program_that_fetches_the_credential_and_holds_no_key():
    document = yaml.safe_load(rendered())
    (user,) = document["users"]
    assert list(user["user"]) == ["exec"]
    plugin = user["user"]["exec"]
    assert plugin["apiVersion"] == "client.authentication.k8s.io/v1"
    assert plugin["interactiveMode"] == "Never"
    assert [plugin["command"], *plugin["args"]] == [
        *("aws", "ssm", "get-parameter", "--region", REGION, "--name", CREDENTIAL, "--with-decryption"),
        *("--query", "Parameter.Value", "--output", "text"),
    ]
    for word in ("PRIVATE KEY", "client-key", "client-certificate", "token", "password"):
        assert word not in rendered()


def test_the_server_may_be_called_anything_because_the_stable_name_is_checked():
    (cluster,) = yaml.safe_load(rendered())["clusters"]
    assert cluster["cluster"]["server"] == "https://lb.example.com:6443"
    assert cluster["cluster"]["tls-server-name"] == SERVER_NAME
    assert "insecure-skip-tls-verify" not in cluster["cluster"]


def test_the_same_cluster_gives_the_same_bytes():
    assert rendered() == rendered()


@pytest.mark.parametrize("part", ["cluster", "region", "server", "server_name", "ca_base64"])
def test_a_kubeconfig_is_never_written_with_an_empty_part(part):
    with pytest.raises(KubeconfigError, match="empty"):
        rendered(**{part: " "})


def test_an_authority_that_is_not_base64_is_refused():
    with pytest.raises(KubeconfigError, match="certificate authority"):
        rendered(ca_base64="not base64!")


def test_an_authority_without_a_certificate_is_refused():
    with pytest.raises(KubeconfigError, match="no PEM certificate"):
        decode_authority("bm9uc2Vuc2U=")


def test_what_is_written_can_be_read_again():
    found = parse(rendered())
    assert (found.host, found.port, found.server_name) == ("lb.example.com", 6443, SERVER_NAME)
    assert found.authority == certificates().authority
    assert found.command[:3] == ("aws", "ssm", "get-parameter")


def test_a_kubeconfig_by_another_hand_is_read_too():
    document = yaml.safe_load(rendered())
    del document["clusters"][0]["cluster"]["tls-server-name"]
    document["users"][0]["user"]["exec"] |= {"args": None, "env": [{"name": "AWS_PROFILE", "value": "ops"}]}
    found = parse(yaml.safe_dump(document))
    assert found.server_name == "lb.example.com"
    assert found.command == ("aws",)
    assert found.environment == {"AWS_PROFILE": "ops"}


def changed(path, value):
    document = yaml.safe_load(rendered())
    place = document
    for key in path[:-1]:
        place = place[key]
    if value is None:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return json.dumps(document)


CLUSTER_PATH = ("clusters", 0, "cluster")


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", "empty"),
        ("{", "not YAML"),
        ("- a", "document"),
        (changed(("current-context",), None), "current-context"),
        (changed(("current-context",), "other"), "current-context: 'other' is not in the file"),
        (changed(("users", 0, "user", "exec"), None), "users.0.user.exec"),
        (changed(("users", 0, "user"), {"client-key-data": "canary"}), "users.0.user.exec"),
        (changed(("users", 0, "user", "exec", "apiVersion"), "v1beta1"), "users.0.user.exec.apiVersion"),
        (changed((*CLUSTER_PATH, "server"), "http://plain"), "https"),
        (changed((*CLUSTER_PATH, "certificate-authority-data"), None), "certificate-authority-data"),
        (changed((*CLUSTER_PATH, "certificate-authority-data"), "canary!"), "certificate authority"),
    ],
)
def test_a_wrong_kubeconfig_is_one_line_that_names_the_place_and_shows_no_value(text, named):
    with pytest.raises(KubeconfigError) as caught:
        parse(text)
    assert str(caught.value).startswith("kubeconfig: ")
    assert named in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "canary" not in str(caught.value)
