"""A worker's step: wait for the cluster, join with a token that is read anew, and never twice."""

import json
import shutil
from datetime import UTC, datetime, timedelta

import pytest
from node_fakes import JOIN_TOKEN, NODE_NAME, teach_kubeadm

TREE = "/groundswell/travel"
WORKER = "steps/worker.sh"
OTHER_TOKEN = JOIN_TOKEN.replace("abcdef", "fedcba", 1)


def token(value, minutes):
    expires = (datetime.now(UTC) + timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%SZ")
    return json.dumps({"token": value, "expires": expires})


def make_node(new_node, worker, ca, aws, *, watched=False, patience="1"):
    node = new_node(worker, watched=watched, JOIN_SECONDS=patience)
    node.identify()
    teach_kubeadm(node, ca)
    aws.parameters[f"{TREE}/public/cluster"] = json.dumps(
        {"endpoint": "api.travel.groundswell.internal:6443", "ca": "Q0E=", "ca_hash": "sha256:0"}
    )
    aws.parameters[f"{TREE}/worker/join"] = token(JOIN_TOKEN, 20)
    return node


@pytest.fixture
def node(new_node, worker, ca, aws):
    return make_node(new_node, worker, ca, aws)


def test_it_joins_by_a_file_that_holds_the_authority_and_the_token(node):
    node.run(WORKER)
    discovery = json.loads((node.folder / "discovery.json").read_text())
    assert discovery["clusters"][0]["cluster"] == {
        "server": "https://api.travel.groundswell.internal:6443", "certificate-authority-data": "Q0E=",
    }  # fmt: skip
    assert discovery["users"][0]["user"] == {"token": JOIN_TOKEN}
    document = json.loads((node.folder / "join.yaml").read_text().removeprefix("---\n"))
    assert document["discovery"] == {"file": {"kubeConfigPath": "/run/groundswell/discovery.conf"}}
    assert document["nodeRegistration"]["name"] == NODE_NAME
    assert {"name": "provider-id", "value": "aws:///ap-northeast-2a/i-0123456789abcdef0"} in document[
        "nodeRegistration"
    ]["kubeletExtraArgs"]


@pytest.mark.row("S3-33")
def test_the_token_is_gone_from_the_machine_after_the_join_and_was_never_an_argument(new_node, worker, ca, aws):
    node = make_node(new_node, worker, ca, aws, watched=True)
    output = node.run(WORKER)
    assert JOIN_TOKEN not in "\n".join(node.calls()) + output
    for path in (node.root / "run").rglob("*"):
        assert path.is_dir() or JOIN_TOKEN not in path.read_text()


def test_an_expired_token_is_not_used_and_the_parameter_is_read_until_a_new_one_is_there(new_node, worker, ca, aws):
    node = make_node(new_node, worker, ca, aws, patience="25")
    aws.parameters[f"{TREE}/worker/join"] = token(JOIN_TOKEN, -1)
    process = node.start(WORKER)
    while ("GetParameter", f"{TREE}/worker/join") not in aws.requests:
        assert process.poll() is None
    aws.parameters[f"{TREE}/worker/join"] = token(OTHER_TOKEN, 30)
    process.communicate(timeout=30)
    assert process.returncode == 0
    assert json.loads((node.folder / "discovery.json").read_text())["users"][0]["user"] == {"token": OTHER_TOKEN}


def test_after_a_refused_join_the_next_try_reads_the_parameter_anew(node, aws, ca):
    teach_kubeadm(node, ca, refuse="echo Unauthorized; exit 1")
    node.run(WORKER, expect=1)
    aws.parameters[f"{TREE}/worker/join"] = token(OTHER_TOKEN, 30)
    teach_kubeadm(node, ca)
    node.run(WORKER)
    assert json.loads((node.folder / "discovery.json").read_text())["users"][0]["user"] == {"token": OTHER_TOKEN}


def test_without_a_cluster_it_says_what_it_waited_for_and_starts_nothing(node, aws):
    del aws.parameters[f"{TREE}/public/cluster"]
    assert f"{TREE}/public/cluster was not published within 1 s" in node.run(WORKER, expect=1)
    assert node.calls("kubeadm") == []


def test_without_a_fresh_token_it_says_so(node, aws):
    aws.parameters[f"{TREE}/worker/join"] = token(JOIN_TOKEN, -1)
    assert f"{TREE}/worker/join held no fresh token within 1 s" in node.run(WORKER, expect=1)


def test_the_kubelet_is_stopped_and_what_a_cut_join_left_is_gone_before_the_next_one(node):
    (node.root / "etc/kubernetes/pki").mkdir(parents=True)
    (node.root / "var/lib/kubelet").mkdir(parents=True)
    for name in ("etc/kubernetes/bootstrap-kubelet.conf", "etc/kubernetes/pki/ca.crt", "var/lib/kubelet/config.yaml"):
        (node.root / name).write_text("left behind")
    node.run(WORKER)
    assert next(iter(node.calls("systemctl", "kubeadm"))) == "systemctl stop kubelet.service"
    assert "bootstrap-kubelet.conf" not in [path.name for path in (node.root / "etc/kubernetes").iterdir()]


def test_a_join_that_finished_before_a_power_cut_is_not_repeated(node):
    node.run(WORKER)
    before = node.tree()
    node.forget()
    (node.shims / "curl").unlink()
    node.shim("curl", f'case "$*" in *10248/healthz) exit 0 ;; esac; exec {shutil.which("curl")} "$@"')
    node.run(WORKER)
    assert node.calls("kubeadm") == []
    assert "systemctl start kubelet.service" in node.calls("systemctl")
    assert node.tree() == before


def test_the_kubelets_configuration_is_closed_to_others(node):
    node.run(WORKER)
    assert (node.root / "var/lib/kubelet/config.yaml").stat().st_mode & 0o077 == 0
