"""A slot that lost its volume comes back: its former member goes through a healthy peer, and never at quorum's cost.

Every cluster of up to five members and every number of them that may be dead is tried with the nodes' own program.
Members are alike, so which of the others are dead makes no difference.
"""

import sys
import time
from pathlib import Path

import pytest
from real.etcd.slots import fair

from sizing.quorum import quorum

pytestmark = pytest.mark.real
LETTERS = "abcde"
STEADY_SECONDS = 6
"""etcd adds no member before the others have been connected for five seconds; a cluster at work is past that."""

RUNBOOK = Path(__file__).parents[3] / "docs/runbooks/etcd.md"

PROGRAM = """#!/usr/bin/env bash
set -euo pipefail
. "$GROUNDSWELL_ROOT/usr/local/lib/groundswell/join.sh"
remove_stale_member
"""

REPLACE = """#!/usr/bin/env bash
# The step without its questions to Parameter Store: from the look at etcd's members to the end of the join.
set -euo pipefail
. "$GROUNDSWELL_ROOT/usr/local/lib/groundswell/join.sh"
echo "$EPOCHREALTIME" >"$root/../begun"
remove_stale_member
kubeadm join --config "$run/join.yaml"
make_member
"""


def remove(slot, *, expect=0):
    """Run `remove_stale_member` on a slot."""
    path = slot.root / "usr/local/lib/groundswell/remove.sh"
    path.write_text(PROGRAM)
    path.chmod(0o755)
    return slot.node.run("remove.sh", expect=expect)


def rejoin(slot):
    """What the slot's own step does on a new machine with a blank volume."""
    slot.empty_volume()
    slot.node.run("steps/control-plane.sh")


@pytest.mark.row("S3-27")
@pytest.mark.parametrize("count", [2, 3, 4, 5])
def test_the_lost_member_goes_only_while_a_majority_stays(new_cluster, count):
    """With no other dead, then one after the other: allowed while a majority of all members is alive, refused after."""
    cluster = new_cluster(LETTERS[:count])
    own, *others = cluster.slots.values()
    for dead in range(count):
        alive, lost = others[: len(others) - dead], others[len(others) - dead :]
        for slot in (own, *lost):
            slot.lose()
        may_go = len(alive) >= quorum(count)
        if may_go:
            cluster.all_healthy(alive)
            before = cluster.members(at=alive)
            remove(own)
            after = cluster.members(at=alive)
            assert before.keys() - after.keys() == {f"https://{own.address}:2380"}
            assert len(alive) >= quorum(len(after))
            assert cluster.put("/proof", str(dead), at=alive), "the rest still has its majority"
            for slot in lost:
                slot.come_back()
            cluster.all_healthy(others)
            rejoin(own)
            cluster.all_healthy()
            assert list(cluster.members().values()) == ["started voter"] * count
        else:
            # With more dead it is refused all the more: nobody has to come back in between.
            output = remove(own, expect=1)
            assert "breaks quorum" in output or "could not be listed" in output or "no etcd of the other" in output


@pytest.fixture(scope="module")
def cluster(new_cluster):
    return new_cluster()


@pytest.mark.row("S2-10")
def test_with_one_of_three_members_lost_writes_go_on(cluster):
    cluster.slots["c"].lose()
    cluster.wait(lambda: cluster.put("/registry/while", "one is lost", at=list(cluster.slots.values())[:2]), "a write")
    cluster.slots["c"].come_back()
    cluster.wait(lambda: cluster.value("/registry/while", at=[cluster.slots["c"]]) == "one is lost", "the third member")


@pytest.mark.row("S3-27")
def test_a_replacement_with_an_empty_volume_serves_within_five_seconds(cluster):
    slot = cluster.slots["b"]
    assert cluster.put("/registry/kept", "by the others")
    time.sleep(STEADY_SECONDS)
    slot.lose()
    slot.empty_volume()
    program = slot.root / "usr/local/lib/groundswell/replace.sh"
    program.write_text(REPLACE)
    program.chmod(0o755)
    slot.node.run("replace.sh")
    cluster.wait(lambda: cluster.value("/registry/kept", at=[slot]) == "by the others", "the replacement")
    seconds = time.time() - float((slot.node.folder / "begun").read_text())
    sys.stderr.write(f"replacement: serving after {seconds:.1f} s\n")
    assert seconds <= fair(5)
    assert cluster.members()[f"https://{slot.address}:2380"] == "started voter"


@pytest.mark.row("S2-22")
def test_a_machine_that_takes_over_a_volume_runs_the_same_member_with_the_flags_of_its_own_documents(cluster):
    """kubeadm writes an etcd's manifest as that of a cluster of one; a member with data goes by its data."""
    slot = cluster.slots["b"]
    members = cluster.ctl("member", "list").stdout
    assert cluster.put("/registry/before", "the replacement")
    template = slot.node.folder / "etcd.yaml"
    template.write_text(template.read_text().replace("--snapshot-count=10000", "--snapshot-count=9000"))
    slot.move_to_a_new_machine()
    cluster.wait(lambda: cluster.value("/registry/before", at=[slot]) == "the replacement", "the member")
    flags = Path(f"/proc/{slot.etcd_pid()}/cmdline").read_text().split("\0")
    assert "--snapshot-count=9000" in flags
    assert f"--initial-cluster=slot-b=https://{slot.address}:2380" in flags
    assert cluster.ctl("member", "list").stdout == members
    cluster.all_healthy()


@pytest.mark.row("S3-27")
@pytest.mark.parametrize("kind", ["learner", "voter"])
def test_a_member_that_was_added_and_never_started_is_removed_and_the_next_try_ends_as_a_voter(cluster, kind):
    """A machine that died in the middle of its join; etcd adds nobody else as a learner until it is gone."""
    slot, peers = cluster.slots["c"], [cluster.slots["a"], cluster.slots["b"]]
    slot.lose()
    remove(slot)
    cluster.all_healthy(peers)
    flags = ["--learner"] if kind == "learner" else []
    add = ("member", "add", "slot-c", f"--peer-urls=https://{slot.address}:2380", *flags)
    # etcd adds nobody before the others have been connected for five seconds.
    cluster.wait(lambda: cluster.ctl(*add, at=peers).returncode == 0, "the addition")
    assert cluster.members(at=peers)[f"https://{slot.address}:2380"] == f"unstarted {kind}"
    rejoin(slot)
    assert set(cluster.members().values()) == {"started voter"}
    assert len(cluster.members()) == 3


@pytest.mark.row("S3-27")
@pytest.mark.parametrize("running", [True, False], ids=["while it runs", "after a power cut"])
def test_of_two_members_the_second_keeps_its_vote_when_its_join_did_not_end(new_cluster, running):
    """Its etcd had been promoted, and the slot did not know yet. Taken away, it would leave nobody with a majority."""
    cluster = new_cluster("ab")
    slot = cluster.slots["b"]
    assert cluster.put("/registry/before", "the end")
    before = cluster.members()
    (slot.data / "member").unlink()
    if not running:
        slot.lose()
        assert not cluster.put("/registry/while", "it is down", at=[cluster.slots["a"]])
    slot.node.run("steps/control-plane.sh")
    assert (slot.data / "member").exists()
    cluster.all_healthy()
    assert cluster.members() == before
    assert cluster.value("/registry/before", at=[slot]) == "the end"


@pytest.mark.row("S3-27")
def test_another_slots_lost_member_is_left_to_that_slot(cluster):
    lost, joining = cluster.slots["a"], cluster.slots["b"]
    lost.lose()
    joining.lose()
    output = remove(joining, expect=1)
    assert "could not be listed" in output or "breaks quorum" in output or "no etcd of the other" in output
    lost.come_back()
    joining.come_back()
    cluster.all_healthy()
    assert len(cluster.members()) == 3


@pytest.mark.row("S1-04")
def test_an_operator_reads_the_keys_with_the_slots_own_certificates(cluster):
    """The command of the runbook, on a slot."""
    assert cluster.put("/registry/services/specs/default/web", "x")
    slot = cluster.slots["a"]
    path = slot.root / "usr/local/lib/groundswell/read.sh"
    command = "etcdctl --endpoints https://127.0.0.1:2379 --cacert $pki/ca.crt --cert $pki/healthcheck-client.crt"
    command += " --key $pki/healthcheck-client.key get /registry --prefix --keys-only"
    runbook = " ".join(RUNBOOK.read_text(encoding="utf-8").replace("\\\n", " ").split())
    assert command in runbook
    here = command.replace("127.0.0.1", slot.address).replace("$pki", str(slot.pki / "etcd"))
    path.write_text(f"#!/usr/bin/env bash\n{here}\n")
    path.chmod(0o755)
    assert "/registry/services/specs/default/web" in slot.node.run("read.sh").split()
