"""rotate-encryption.sh: a new key is read everywhere before anything is written with it, and the old one goes last."""

import base64
import json

import pytest
from node_fakes import Node, with_programs

PROGRAM = "maintenance/rotate-encryption.sh"
TREE = "/groundswell/ha/control-plane/pki"
OLD = base64.b64encode(b"planted-old-key-of-thirty-2-byte").decode()
DOCUMENT = {
    "apiVersion": "apiserver.config.k8s.io/v1",
    "kind": "EncryptionConfiguration",
    "resources": [
        {
            "resources": ["secrets", "configmaps"],
            "providers": [{"secretbox": {"keys": [{"name": "key-1", "secret": OLD}]}}, {"identity": {}}],
        }
    ],
}
API_SERVER = """
file=$root/etc/kubernetes/pki/encryption.json
metric=apiserver_encryption_config_controller_last_config_info
case "$*" in
  *metrics*)
    [ -e {folder}/deaf ] || echo "$metric{{hash=sha256:$(sha256sum <$file | cut -d' ' -f1)}} 1"
    echo other 1 ;;
  *'get namespaces'*) echo namespace/default; echo namespace/shop ;;
  *'get secrets,configmaps'*) echo "list of $*" ;;
  *replace*) cat >>{folder}/replaced ;;
esac
"""


@pytest.fixture
def slots(tmp_path, aws, ha_plan):
    """Three watched control planes that share a key."""
    text = json.dumps(DOCUMENT, indent=2) + "\n"
    aws.parameters[f"{TREE}/encryption.json"] = text
    made = {}
    for slot in ha_plan.control_plane.slots:
        node = Node(tmp_path / slot, with_programs(ha_plan, slot), aws, watched=True, LOADED_SECONDS="1")
        node.identify()
        (node.root / "etc/kubernetes/pki").mkdir(parents=True)
        (node.root / "var/lib/groundswell-data").mkdir(parents=True)
        (node.root / "etc/kubernetes/pki/encryption.json").write_text(text)
        node.does("kubectl", API_SERVER.format(folder=node.folder))
        made[slot] = node
    return made


def rotate(node, step, *, expect=0):
    path = node.root / "usr/local/lib/groundswell/step.sh"
    path.write_text(f'#!/usr/bin/env bash\nexec "$GROUNDSWELL_ROOT/usr/local/lib/groundswell/{PROGRAM}" {step}\n')
    path.chmod(0o755)
    return node.run("step.sh", expect=expect)


def everywhere(slots, step):
    rotate(slots["a"], step)
    for other in ("b", "c"):
        rotate(slots[other], "sync")


def keys(node):
    document = json.loads(node.text("/etc/kubernetes/pki/encryption.json"))
    assert document["resources"][0]["providers"][1] == {"identity": {}}
    return [(key["name"], key["secret"]) for key in document["resources"][0]["providers"][0]["secretbox"]["keys"]]


def test_the_whole_rotation_ends_with_the_new_key_alone_on_every_slot(slots, aws):
    for slot in slots.values():
        rotate(slot, "sync")
    everywhere(slots, "add")
    assert [name for name, _ in keys(slots["c"])] == ["key-1", "key-2"]
    everywhere(slots, "promote")
    assert [name for name, _ in keys(slots["c"])] == ["key-2", "key-1"]
    assert "everything is encrypted with key-2" in rotate(slots["a"], "rewrite")
    assert len((slots["a"].folder / "replaced").read_text().splitlines()) == 2
    everywhere(slots, "retire")
    ((name, secret),) = keys(slots["b"])
    assert (name, len(base64.b64decode(secret))) == ("key-2", 32)
    assert secret != OLD
    assert keys(slots["a"]) == keys(slots["b"]) == keys(slots["c"])
    assert aws.keys[f"{TREE}/encryption.json"] == "alias/groundswell-ha-control-plane"
    said = "".join("\n".join(slot.calls()) for slot in slots.values())
    assert OLD not in said
    assert secret not in said
    path = slots["a"].root / "etc/kubernetes/pki/encryption.json"
    assert path.stat().st_mode & 0o777 == 0o600


def test_no_step_goes_on_before_every_slot_has_taken_up_the_one_before(slots):
    rotate(slots["b"], "sync")
    refused = "slots have taken up the present keys: run sync on the others first"
    assert f"only 2 of 3 {refused}" in rotate(slots["a"], "add", expect=1)
    rotate(slots["c"], "sync")
    rotate(slots["a"], "add")
    assert f"only 1 of 3 {refused}" in rotate(slots["a"], "promote", expect=1)
    assert [name for name, _ in keys(slots["a"])] == ["key-1", "key-2"]


def test_a_slot_whose_api_server_did_not_take_the_file_up_does_not_say_that_it_did(slots, aws):
    (slots["b"].folder / "deaf").touch()
    assert "the API server of slot b has not taken up its encryption keys" in rotate(slots["b"], "sync", expect=1)
    assert f"{TREE}/encryption-loaded-b" not in aws.parameters


def test_steps_out_of_order_are_refused_with_what_is_missing(slots):
    for slot in slots.values():
        rotate(slot, "sync")
    assert "there is no second key: run add first" in rotate(slots["a"], "promote", expect=1)
    assert "there is no former key to drop" in rotate(slots["a"], "retire", expect=1)
    everywhere(slots, "add")
    assert "a rotation is under way" in rotate(slots["a"], "add", expect=1)
    assert "the new key is not the first: run promote first" in rotate(slots["a"], "rewrite", expect=1)
    everywhere(slots, "promote")
    everywhere(slots, "promote")
    assert [name for name, _ in keys(slots["a"])] == ["key-2", "key-1"]
    assert "not everything is rewritten" in rotate(slots["a"], "retire", expect=1)
    assert "usage: " in rotate(slots["a"], "turn", expect=1)
