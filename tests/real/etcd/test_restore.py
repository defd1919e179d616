"""Restores of a real cluster: from a snapshot on three slots, from a survivor's own data, and cut off in the middle."""

import base64
import json
import os
import ssl
import sys
import threading
import time

import pytest
import urllib3
from real.etcd.slots import fair

pytestmark = pytest.mark.real
MIB = 1024**2


def fill(cluster, mebibytes):
    """Random values, a mebibyte each, through one member's JSON gateway."""
    slot = cluster.slots["a"]
    tls = ssl.create_default_context(cafile=slot.pki / "etcd/ca.crt")
    tls.load_cert_chain(slot.pki / "etcd/healthcheck-client.crt", slot.pki / "etcd/healthcheck-client.key")
    with urllib3.PoolManager(ssl_context=tls) as pool:
        for number in range(mebibytes):
            pair = {"key": f"/fill/{number}".encode(), "value": os.urandom(MIB)}
            body = json.dumps({name: base64.b64encode(value).decode() for name, value in pair.items()})
            assert pool.request("POST", f"{slot.url}/v3/kv/put", body=body).status == 200


def carry_out(cluster, *, until=()):
    """Every slot's timer, again and again, until they have done what the order says; gives each slot's last output."""
    said, stop = {}, threading.Event()

    def timer(letter):
        while not stop.is_set():
            process = cluster.slots[letter].node.start("maintenance/restore.sh")
            said[letter] = process.communicate(timeout=300)[0]
            time.sleep(0.5)

    threads = [threading.Thread(target=timer, args=(letter,)) for letter in until or cluster.slots]
    for thread in threads:
        thread.start()
    try:
        cluster.wait(lambda: all(state(cluster, letter) == "done" for letter in until or cluster.slots), str(said))
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    return said


def state(cluster, letter):
    id_ = json.loads(cluster.aws.parameters["/groundswell/ha/control-plane/restore"])["id"]
    found = json.loads(cluster.aws.parameters.get(f"/groundswell/ha/control-plane/restored/{letter}", "{}"))
    return found["state"] if found.get("id") == id_ else ""


@pytest.fixture(scope="module")
def restored(new_cluster):
    """A cluster with 100 MiB that was restored from its own snapshot, and what was known before."""
    cluster = new_cluster()
    fill(cluster, 100)
    assert cluster.put("/registry/before", "the snapshot")
    assert cluster.put("/registry/masterleases/10.0.0.10", "an API server that is gone")
    cluster.slots["b"].task("snapshot")
    (key,) = [key for key in cluster.bucket.objects if "/recent/" in key]
    assert cluster.put("/registry/after", "the snapshot")
    before = {"key": key, "revision": cluster.revision(), "members": cluster.members()}
    content = {"id": "order-1", "slot": "a", "snapshot": key, "ordered": int(time.time())}
    cluster.aws.parameters["/groundswell/ha/control-plane/restore"] = json.dumps(content)
    begun = time.monotonic()
    serving = threading.Thread(target=lambda: before.update(serving=_serving(cluster, begun)))
    serving.start()
    before["said"] = carry_out(cluster)
    serving.join()
    before["whole"] = time.monotonic() - begun
    sys.stderr.write(
        f"restore of 100 MiB: serving after {before['serving']:.1f} s, three members after {before['whole']:.1f} s\n"
    )
    return cluster, before


def _serving(cluster, begun):
    """Seconds until the restored member answers a read: the key from before is there, the one from after is not."""
    slot = cluster.slots["a"]
    cluster.wait(
        lambda: (
            "done" in state(cluster, "a")
            or (
                cluster.value("/registry/before", at=[slot]) != "" and cluster.value("/registry/after", at=[slot]) == ""
            )
        ),
        "the restored member",
    )
    return time.monotonic() - begun


def test_a_restore_of_a_hundred_mebibytes_serves_within_a_minute(restored):
    cluster, before = restored
    assert len(cluster.bucket.objects[before["key"]].data) >= 100 * MIB
    assert before["serving"] <= fair(60)


def test_what_was_written_before_the_snapshot_is_there_on_every_member_and_nothing_else(restored):
    cluster, _ = restored
    for slot in cluster.slots.values():
        # A member that does not answer in time says nothing, and no answer is no value.
        cluster.wait(lambda one=slot: cluster.value("/registry/before", at=[one]) == "the snapshot", "every member")
        assert cluster.value("/registry/after", at=[slot]) == ""
        assert len(cluster.ctl("get", "--prefix", "/fill/", "--keys-only", at=[slot]).stdout.split()) == 100


def test_no_client_sees_revisions_go_back_and_every_watch_starts_anew(restored):
    cluster, before = restored
    assert cluster.revision() > before["revision"] + 10**8
    old = cluster.ctl("get", "/registry/before", "--rev", str(before["revision"]))
    assert "required revision has been compacted" in old.stderr


def test_the_addresses_of_former_api_servers_are_gone(restored):
    assert restored[0].value("/registry/masterleases/10.0.0.10") == ""


def test_the_cluster_has_its_three_members_again_as_voters_under_an_id_of_its_own(restored):
    cluster, before = restored
    assert cluster.members() == before["members"]
    assert set(cluster.members().values()) == {"started voter"}
    assert cluster.put("/registry/new", "life")


def test_former_data_is_moved_aside_on_every_slot(restored):
    for slot in restored[0].slots.values():
        assert (slot.data / "aside/order-1/member/snap/db").stat().st_size >= 100 * MIB


def test_only_the_ordered_slot_keeps_the_right_to_begin_a_cluster(restored):
    """The others must join whatever becomes of their machines in the middle."""
    cluster, _ = restored
    for slot in cluster.slots.values():
        assert (slot.data / "member").exists()
        assert not list(slot.data.glob("maintenance/restore-*"))


def test_a_carried_out_order_is_not_carried_out_again(restored):
    cluster, _ = restored
    before = {letter: slot.etcd_pid() for letter, slot in cluster.slots.items()}
    for slot in cluster.slots.values():
        assert slot.task("restore") == ""
    assert {letter: slot.etcd_pid() for letter, slot in cluster.slots.items()} == before


def test_an_order_older_than_the_member_is_not_for_it(restored, order):
    cluster, before = restored
    order(cluster, "b", before["key"], ordered=int(time.time()) - 7200)
    for slot in cluster.slots.values():
        assert slot.task("restore") == ""


def test_with_the_majority_lost_the_survivors_own_data_begin_anew_without_a_loss(new_cluster, order):
    cluster = new_cluster()
    survivor = cluster.slots["c"]
    assert cluster.put("/registry/last", "write")
    for letter in "ab":
        cluster.slots[letter].lose()
    cluster.wait(lambda: not cluster.put("/registry/refused", "write", at=[survivor]), "the loss of the majority")
    order(cluster, "c", "own")
    begun = time.monotonic()
    carry_out(cluster, until="c")
    sys.stderr.write(f"majority lost: one member serves again after {time.monotonic() - begun:.1f} s\n")
    assert cluster.value("/registry/last", at=[survivor]) == "write"
    assert cluster.put("/registry/next", "write", at=[survivor])
    assert list(cluster.members(at=[survivor]).values()) == ["started voter"]
    # The lost machines come back with their old members: before their kubelets start, these are held back.
    for letter in "ab":
        cluster.slots[letter].node.run("maintenance/restore.sh hold")
        cluster.slots[letter].come_back()
    carry_out(cluster)
    assert set(cluster.members().values()) == {"started voter"}
    # A member that has just been let in may still be catching up.
    first = [cluster.slots["a"]]
    cluster.wait(lambda: cluster.value("/registry/next", at=first) == "write", "the first slot's copy of the write")


def test_a_slot_that_was_away_and_comes_back_on_a_new_machine_joins_what_was_restored(new_cluster, order):
    cluster = new_cluster()
    assert cluster.put("/registry/before", "the snapshot")
    cluster.slots["a"].task("snapshot")
    (key,) = [key for key in cluster.bucket.objects if "/recent/" in key]
    away = cluster.slots["c"]
    away.lose()
    order(cluster, "a", key)
    carry_out(cluster, until="ab")
    assert cluster.put("/registry/after", "the restore", at=[cluster.slots["a"]])
    away.move_to_a_new_machine()
    assert state(cluster, "c") == "done"
    assert list(cluster.members().values()) == ["started voter"] * 3
    cluster.wait(lambda: cluster.value("/registry/after", at=[away]) == "the restore", "the third member")


@pytest.fixture(scope="module")
def single(new_cluster):
    """A cluster with one slot, and a snapshot of it."""
    cluster = new_cluster("a")
    assert cluster.put("/registry/before", "the snapshot")
    cluster.slots["a"].task("snapshot")
    return cluster, next(key for key in cluster.bucket.objects if "/recent/" in key)


def test_a_single_slot_restores_itself(single, order):
    cluster, key = single
    assert cluster.put("/registry/after", "the snapshot")
    order(cluster, "a", key)
    carry_out(cluster)
    assert cluster.value("/registry/before") == "the snapshot"
    assert cluster.value("/registry/after") == ""


def stop_in_the_middle(cluster, order, key):
    """An order that was cut off when the pods had been stopped and nothing was replaced yet."""
    slot = cluster.slots["a"]
    slot.node.does("crictl", "exit 1")
    order(cluster, "a", key)
    program = slot.root / "usr/local/lib/groundswell/maintenance/pods.sh"
    text = program.read_text()
    program.write_text(text.replace("soon 90", "soon 1").replace("soon 60", "soon 1"))
    slot.task("restore", expect=1)
    assert state(cluster, "a") == "failed"
    program.write_text(text)
    slot.teach_crictl()


@pytest.mark.parametrize("machine", ["the same", "a new one"])
def test_an_order_that_was_cut_off_after_the_stop_goes_on_where_it_was(single, order, machine):
    cluster, key = single
    slot = cluster.slots["a"]
    assert cluster.put("/registry/after", machine)
    stop_in_the_middle(cluster, order, key)
    if machine == "the same":
        carry_out(cluster)
    else:
        slot.move_to_a_new_machine()
    assert state(cluster, "a") == "done"
    cluster.all_healthy()
    assert cluster.value("/registry/before") == "the snapshot"
    assert cluster.value("/registry/after") == ""
    assert not (slot.manifests.parent / "held/etcd.yaml").exists()


def test_an_order_that_is_taken_back_before_anything_was_replaced_leaves_all_as_it_was(single, order):
    cluster, key = single
    slot, pid = cluster.slots["a"], cluster.slots["a"].etcd_pid()
    order(cluster, "a", key, cancelled=True)
    slot.task("restore")
    assert state(cluster, "a") == "cancelled"
    assert slot.etcd_pid() == pid


def test_the_last_member_lost_with_its_volume_is_rebuilt_from_a_snapshot_and_the_shared_keys(single):
    cluster, key = single
    slot = cluster.slots["a"]
    assert "this volume holds an etcd member" in slot.node.run(f"maintenance/rebuild.sh {key}", expect=1)
    slot.lose()
    slot.empty_volume()
    (slot.pki / "ca.key").unlink()
    assert "HTTP status 403" in slot.node.run("maintenance/rebuild.sh snapshots/none.db", expect=1)
    output = slot.node.run(f"maintenance/rebuild.sh {key}")
    assert f"etcd is rebuilt from {key}" in output
    assert (slot.data / "member").exists()
    assert (slot.pki / "ca.key").read_text().startswith("-----BEGIN")
    slot.come_back()
    cluster.all_healthy()
    assert cluster.value("/registry/before") == "the snapshot"
