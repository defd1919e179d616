"""Planted secrets are looked for wherever somebody else could read: user data, processes, logs, parameters, tags."""

import iam
import pytest
from node_fakes import JOIN_TOKEN, SECRETS, Aws, Node, teach_kubeadm, with_programs

from components import policies
from userdata import render

PROVIDER = "aws:///ap-northeast-2a/i-0123456789abcdef0"
CANARIES = (
    *SECRETS, JOIN_TOKEN, "planted-key", "cGxhbnRlZC1rZXk",
    "planted-content-of-ca.key", "planted-content-of-sa.key", "planted-content-of-etcd/ca.key",
)  # fmt: skip


@pytest.fixture(scope="module")
def booted(tmp_path_factory, dev_plan, ca):
    """A control plane that initialised and published, and a worker that joined it, both watched."""
    aws, folder = Aws(), tmp_path_factory.mktemp("booted")
    first = Node(
        folder / "first",
        with_programs(dev_plan, "a"),
        aws,
        watched=True,
        STEPS="control-plane publish",
        JOIN_SECONDS="1",
    )
    (first.root / "var/lib/groundswell-data").mkdir(parents=True)
    teach_kubeadm(first, ca)
    first.does("kubectl", f'case "$*" in *"--filename -") cat >/dev/null ;; *) echo {PROVIDER} ;; esac')
    second = Node(
        folder / "second", render.worker(dev_plan, "planner"), aws, watched=True, STEPS="worker", JOIN_SECONDS="1"
    )
    teach_kubeadm(second, ca)
    said = first.run() + second.run()
    yield first, second, aws, said
    aws.close()


def found(text):
    return [canary for canary in CANARIES if canary in text]


def test_the_canaries_were_really_there(booted):
    first, second, aws, _ = booted
    kept = first.text("/etc/kubernetes/pki/ca.key") + first.text("/etc/kubernetes/pki/sa.key")
    assert {"planted-content-of-ca.key", "planted-content-of-sa.key"} <= set(found(kept))
    assert JOIN_TOKEN in aws.parameters["/groundswell/travel/worker/join"]
    assert JOIN_TOKEN in (second.folder / "discovery.json").read_text()
    assert found("".join(aws.parameters.values())) != []


def test_none_is_in_a_process_list(booted):
    first, second, _, _ = booted
    assert len(first.calls()) + len(second.calls()) > 100
    assert found("\n".join(first.calls() + second.calls())) == []


def test_none_is_in_a_log(booted):
    first, second, _, said = booted
    for node in (first, second):
        assert found(said + node.text("/dev/console") + node.text("/var/lib/groundswell/status.json")) == []
        logs = [path for path in (node.root / "run").rglob("*.log") if path.is_file()]
        assert logs
        assert found("".join(path.read_text() for path in logs)) == []


def test_workers_can_read_none_but_the_join_token_that_is_meant_for_them(booted, dev_plan):
    aws = booted[2]
    policy = policies.worker(dev_plan, "worker-key")
    arn = "arn:aws:ssm:ap-northeast-2:111122223333:parameter"
    readable = {name for name in aws.parameters if iam.allows(policy, "ssm:GetParameter", f"{arn}{name}")}
    assert readable == {"/groundswell/travel/worker/join", "/groundswell/travel/public/cluster"}
    assert found(aws.parameters["/groundswell/travel/public/cluster"]) == []
    assert found(aws.parameters["/groundswell/travel/worker/join"]) == [JOIN_TOKEN]
    assert len(aws.parameters) > 10


def test_what_is_stored_unencrypted_holds_none(booted):
    aws = booted[2]
    plain = {name for name, key in aws.keys.items() if key is None}
    assert {name.split("/")[3] for name in plain} == {"public", "status", "control-plane"}
    assert found("".join(aws.parameters[name] for name in plain)) == []


@pytest.mark.parametrize("stack", ["dev", "ha"])
def test_user_data_holds_none(plans, stack):
    for user_data in render.every_machine(plans[stack]).values():
        assert found(user_data.cloud_config) == []
