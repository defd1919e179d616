"""Snapshots of a real cluster: one per interval, whole, and refused when empty, corrupt or another cluster's."""

import json
import subprocess

import pytest

CHECK = "userdata/files/maintenance/check-snapshot.sh"
pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def cluster(new_cluster):
    cluster = new_cluster()
    assert cluster.put("/registry/namespaces/kube-system", "namespace")
    return cluster


@pytest.fixture(scope="module")
def said(cluster):
    return {letter: slot.task("snapshot") for letter, slot in cluster.slots.items()}


@pytest.fixture(scope="module")
def recent(cluster, said):
    assert said
    (key,) = [key for key in cluster.bucket.objects if key.startswith("snapshots/recent/")]
    return key


def test_of_three_slots_one_uploads_and_the_others_find_its_snapshot(cluster, said):
    keys = sorted(cluster.bucket.objects)
    assert [key.split("/")[1] for key in keys] == ["daily", "hourly", "recent"]
    assert sum("uploaded snapshots/recent" in text for text in said.values()) == 1
    assert sum(method == "PUT" for method, _ in cluster.bucket.requests) == 3
    for slot in cluster.slots.values():
        known = json.loads((slot.data / "maintenance/snapshot.json").read_text())
        assert known["key"] == f"snapshots/{keys[2].removeprefix('snapshots/')}"
        assert known["at"] % 900 == 0
        assert known["at"] < cluster.clock < known["at"] + 900


def test_an_object_says_whose_it_is_what_it_holds_and_its_sum(cluster, recent):
    found = cluster.bucket.objects[recent]
    facts = json.loads(found.metadata["facts"])
    assert found.metadata["cluster"] == "ha"
    assert facts["bytes"] == len(found.data)
    assert facts["keys"] == 2
    assert facts["revision"] == cluster.revision()


def test_the_interval_is_saved_again_only_when_its_object_is_gone(cluster, recent):
    kept = cluster.bucket.objects.pop(recent)
    assert "uploaded snapshots/recent" in cluster.slots["b"].task("snapshot")
    assert "hourly" not in cluster.slots["b"].task("snapshot")
    # Not the file's hash: it changes with every entry of the log, also with that of an election.
    old, new = (json.loads(each.metadata["facts"]) for each in (kept, cluster.bucket.objects[recent]))
    assert (new["revision"], new["keys"]) == (old["revision"], old["keys"])


def test_a_refused_upload_is_an_alert_until_one_succeeds(cluster, recent):
    slot = cluster.slots["c"]
    cluster.bucket.refuse = 500
    assert f"{recent} could not be uploaded: HTTP status 500" in slot.task("snapshot", expect=1)
    assert "HTTP status 500" in (slot.data / "maintenance/snapshot.alert").read_text()
    cluster.bucket.refuse = None
    slot.task("snapshot")
    assert not (slot.data / "maintenance/snapshot.alert").exists()


def test_a_member_without_a_majority_gives_no_snapshot(new_cluster):
    cluster = new_cluster()
    for letter in "bc":
        cluster.slots[letter].lose()
    assert "does not answer with a majority" in cluster.slots["a"].task("snapshot", expect=1)
    assert not cluster.bucket.objects


def altered(data: bytes, how: str) -> bytes:
    middle = len(data) // 2
    return {
        "empty": b"",
        "cut": data[: middle * 2 - 4096],
        "flipped": data[:middle] + bytes([data[middle] ^ 1, data[middle + 1] ^ 1]) + data[middle + 2 :],
    }[how]


@pytest.mark.parametrize(
    ("how", "reason"), [("empty", "the file is empty"), ("cut", "corrupt: "), ("flipped", "corrupt: its SHA-256 is ")]
)
def test_an_order_with_a_bad_snapshot_is_refused_by_name_and_nothing_is_touched(cluster, recent, order, how, reason):
    cluster.bucket.objects[f"bad/{how}.db"] = type(cluster.bucket.objects[recent])(
        data=altered(cluster.bucket.objects[recent].data, how), metadata={}
    )
    unharmed(cluster, order(cluster, "a", f"bad/{how}.db"), f"refused: bad/{how}.db: {reason}")


def test_another_clusters_snapshot_is_refused_by_name_and_nothing_is_touched(cluster, recent, new_cluster, order):
    other = new_cluster("a")
    other.slots["a"].task("snapshot")
    assert recent in cluster.bucket.objects
    cluster.bucket.objects["bad/foreign.db"] = other.bucket.objects[next(iter(other.bucket.objects))]
    unharmed(cluster, order(cluster, "a", "bad/foreign.db"), "refused: bad/foreign.db: foreign: it belongs to ")


def unharmed(cluster, id_, reason):
    before = {letter: slot.etcd_pid() for letter, slot in cluster.slots.items()}
    assert reason in cluster.slots["a"].task("restore", expect=1)
    for slot in cluster.slots.values():
        slot.task("restore")  # the order is dead: nobody acts on it any more
        assert not list(slot.data.glob("aside"))
        assert not (slot.root / "etc/kubernetes/held").exists()
    assert {letter: slot.etcd_pid() for letter, slot in cluster.slots.items()} == before
    state = json.loads(cluster.aws.parameters["/groundswell/ha/control-plane/restored/a"])
    assert (state["id"], state["state"]) == (id_, "refused")
    assert reason in state["cause"]


def test_a_snapshot_without_a_mark_is_refused(cluster, etcd_tools, tmp_path):
    cluster.ctl("del", "groundswell/cluster")
    cluster.ctl("compact", str(cluster.revision()))
    cluster.ctl("defrag", at=[cluster.slots["a"]])
    path = tmp_path / "unmarked.db"
    assert cluster.ctl("snapshot", "save", str(path), at=[cluster.slots["a"]]).returncode == 0
    done = subprocess.run(
        ["bash", CHECK, path, f"groundswell-cluster:ha:{'0' * 64}"],
        env={"PATH": f"{etcd_tools}:/usr/bin:/bin"}, check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr == "refused: unmarked.db: foreign: it has no mark of a cluster\n"
