"""The node programs against moto's Parameter Store, which knows nothing of our own small AWS."""

import json

import boto3
import pytest
from moto.server import ThreadedMotoServer
from node_fakes import JOIN_TOKEN, teach_kubeadm

JOIN = "/groundswell/travel/worker/join"
REGION = "ap-northeast-2"


@pytest.fixture
def store(monkeypatch):
    """A client of moto's Parameter Store, and its address."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    address = f"http://{host}:{port}"
    yield boto3.client("ssm", region_name=REGION, endpoint_url=address), address
    server.stop()


@pytest.mark.row("S0-33")
def test_the_join_parameter_gets_a_new_version_when_its_token_runs_out_and_not_before(store, new_node, slot, ca):
    client, address = store
    node = new_node(slot, SSM_ENDPOINT=address)
    teach_kubeadm(node, ca)
    node.does("kubectl", "cat >/dev/null")
    node.identify()
    for _ in range(2):
        node.run("mint-token.sh")
        assert client.get_parameter(Name=JOIN)["Parameter"]["Version"] == 1
    stored = client.get_parameter(Name=JOIN, WithDecryption=True)["Parameter"]
    assert stored["Type"] == "SecureString"
    value = json.loads(stored["Value"])
    assert value["token"] == JOIN_TOKEN
    (described,) = client.describe_parameters()["Parameters"]
    assert described["KeyId"] == "alias/groundswell-travel-worker"
    expired = json.dumps({**value, "expires": "2020-01-01T00:00:00Z"})
    client.put_parameter(Name=JOIN, Type="SecureString", Value=expired, Overwrite=True)
    node.run("mint-token.sh")
    renewed = client.get_parameter(Name=JOIN, WithDecryption=True)["Parameter"]
    assert renewed["Version"] == 3
    assert json.loads(renewed["Value"])["expires"] > value["expires"][:4]


def test_the_claim_is_written_once_there_too(store, new_node, slot):
    client, address = store
    name = "/groundswell/travel/control-plane/initialised"
    said = []
    for _ in range(3):
        node = new_node(slot, SSM_ENDPOINT=address)
        node.identify()
        (node.root / "var/lib/groundswell-data").mkdir(parents=True)
        program = node.root / "usr/local/lib/groundswell/race.sh"
        program.write_text(
            '#!/usr/bin/env bash\nset -euo pipefail\n. "$GROUNDSWELL_ROOT/usr/local/lib/groundswell/slot.sh"\n'
            "if holds_claim; then echo winner; else echo loser; fi\n"
        )
        program.chmod(0o755)
        said.append(node.run("race.sh").strip())
    assert said == ["winner", "loser", "loser"]
    assert client.get_parameter(Name=name)["Parameter"]["Version"] == 1
