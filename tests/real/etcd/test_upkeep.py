"""etcd that is full, wasteful, or due for new certificates: what the timers make of it."""

import json
import sys
import threading
import time
from datetime import timedelta

import pytest
from real.etcd.slots import fair
from real.etcd.test_restore import MIB, fill

pytestmark = pytest.mark.real
QUOTA = 16 * MIB


def size(slot):
    return (slot.data / "etcd/member/snap/db").stat().st_size


@pytest.fixture(scope="module")
def small(new_cluster):
    return new_cluster(quota=QUOTA)


def test_a_full_etcd_takes_writes_again_within_half_a_minute(small):
    for _ in range(40):
        if not small.put("/registry/same", "x" * (MIB // 2)):
            break
    assert not small.put("/registry/next", "write")
    assert "NOSPACE" in small.ctl("alarm", "list").stdout
    begun = time.monotonic()
    said = {letter: slot.task("space") for letter, slot in small.slots.items()}
    assert small.put("/registry/next", "write")
    seconds = time.monotonic() - begun
    sys.stderr.write(f"full etcd (16 MiB): takes writes again after {seconds:.1f} s\n")
    assert seconds <= fair(30)
    assert sum("etcd takes writes again" in text for text in said.values()) == 1
    assert small.ctl("alarm", "list").stdout == ""
    assert all(size(slot) < QUOTA // 2 for slot in small.slots.values())
    for slot in small.slots.values():
        assert slot.task("space") == ""
        assert not (slot.data / "maintenance/space.alert").exists()


def test_an_etcd_full_of_live_data_stays_closed_and_says_so(small):
    number, output, leader = 0, "", small.leader()
    while "etcd is full of live data" not in output:
        while small.put(f"/registry/live/{number}", "x" * MIB):
            number += 1
        assert number < 40
        output = leader.node.start("maintenance/space.sh").communicate()[0]
    assert "NOSPACE" in small.ctl("alarm", "list").stdout
    small.ctl("del", "--prefix", "/registry/live/")
    leader.task("space")
    assert small.put("/registry/next", "write")


@pytest.fixture(scope="module")
def cluster(new_cluster):
    return new_cluster()


def test_members_give_back_what_they_do_not_use_one_after_the_other_the_leader_last(cluster):
    slots = list(cluster.slots.values())

    def free(slot):
        (said,) = json.loads(cluster.ctl("endpoint", "status", "--write-out", "json", at=[slot]).stdout)
        return said["Status"]["dbSize"] - said["Status"].get("dbSizeInUse", 0)

    fill(cluster, 80)
    cluster.ctl("del", "--prefix", "/fill/")
    cluster.ctl("compact", "--physical", str(cluster.revision()))
    # Each member compacts in its own time, and says what it does not use at its next commit.
    cluster.wait(lambda: cluster.put("/tick", "x") and all(free(slot) > 64 * MIB for slot in slots), "every compaction")
    leader = cluster.leader()
    output = cluster.slots["a"].task("defragment")
    order = [line.rpartition(" ")[2] for line in output.splitlines() if "groundswell: defragmented" in line]
    assert sorted(order) == sorted(slot.url for slot in cluster.slots.values())
    assert order[-1] == leader.url
    assert all(size(slot) < 8 * MIB for slot in cluster.slots.values())
    assert "defragmented" not in cluster.slots["b"].task("defragment")


def test_nothing_is_defragmented_while_a_member_is_away(cluster):
    fill(cluster, 80)
    cluster.ctl("del", "--prefix", "/fill/")
    cluster.ctl("compact", "--physical", str(cluster.revision()))
    cluster.slots["c"].lose()
    assert "not every etcd member is healthy" in cluster.slots["a"].task("defragment")
    assert size(cluster.slots["a"]) > 64 * MIB
    cluster.slots["c"].come_back()
    cluster.all_healthy()


def test_of_three_slots_with_old_certificates_never_two_are_away_at_once(cluster):
    slots = list(cluster.slots.values())
    for slot in slots:
        cluster.keys.issue(slot.pki, slot.address, left=timedelta(days=20))
        cluster.keys.issue(slot.node.folder / "renewed", slot.address, left=timedelta(days=365))
    before = {slot.letter: slot.etcd_pid() for slot in slots}
    away, stop = [], threading.Event()

    def watch():
        while not stop.wait(0.02):
            away.append(sum("etcd" not in slot.running for slot in slots))

    watcher = threading.Thread(target=watch)
    watcher.start()
    said = {}

    def renew(slot):
        said[slot.letter] = slot.task("certificates")

    threads = [threading.Thread(target=renew, args=(slot,)) for slot in slots]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    stop.set()
    watcher.join()
    assert max(away) == 1
    for slot in slots:
        assert "renewed the certificates: the first one ends in 36" in said[slot.letter]
        assert slot.etcd_pid() != before[slot.letter]
    assert cluster.put("/registry/after", "the renewal")


def test_the_metrics_know_every_member_and_how_far_behind_this_one_is(cluster):
    slot = cluster.slots["b"]
    slot.task("snapshot")
    slot.task("metrics")
    text = (slot.root / "var/lib/node_exporter/textfile_collector/groundswell.prom").read_text()
    samples = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    assert samples["groundswell_etcd_members"] == samples["groundswell_etcd_members_planned"] == "3"
    assert int(samples["groundswell_etcd_bytes"]) == size(slot)
    assert 0 <= int(samples["groundswell_etcd_lag_entries"]) < 10
    assert samples["groundswell_alerts"] == "0"
