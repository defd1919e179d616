"""Three control planes form one cluster; one is lost with its volume, and its replacement takes its place."""

import json
import threading
import time

import pytest
from boot.balancer import Balancer
from boot.machine import wait_for
from boot.world import ETCDCTL, node_name

SETTINGS = {
    "control_plane": {"instance_type": "t3.medium", "slots": {"a": "a", "b": "b", "c": "c"}},
    "network": {
        "zones": ["a", "b", "c"], "vpc_cidr": "10.0.0.0/16", "pod_cidr": "192.168.0.0/16",
        "service_cidr": "10.96.0.0/12", "nat": "single",
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def addresses(world):
    return {slot.slot: str(slot.address) for slot in world.plan.control_plane.slots.values()}


@pytest.fixture(scope="module")
def balancer(world, addresses):
    made = Balancer(tuple(addresses.values()))
    yield made
    made.close()


@pytest.fixture(scope="module")
def slots(world, addresses, balancer):
    """All three are started one after the other, as Pulumi does: each waits for the one before it."""
    machines = {}
    for slot, address in addresses.items():
        machines[slot] = world.control_plane(slot)
        machines[slot].start()
        settle(world, machines[slot], address)
    return machines


def settle(world, machine, address: str) -> None:
    """Wait until a control plane is whole, then leave it with what the next one needs of it.

    Upkeep and kubelets have tests of their own. Three of everything on two emulating cores take so much that an API
    server has not started when its hooks give up: an idle control plane takes more than half a core.
    """
    world.wait_until_ready(machine, address, 3600)
    wait_for("the node is Ready", 900, lambda: world.node_is_ready(node_name(address)), machine)
    kept = "etcd|kube-apiserver|kube-controller-manager" if machine.name == "control-plane-a" else "etcd"
    machine.run(
        "systemctl stop 'groundswell-*.timer' kubelet\n"
        f"crictl ps --output json | jq -r '.containers[] | select(.metadata.name | test(\"^({kept})$\") | not) | .id'"
        " | xargs -r crictl --timeout 100s stop",
        seconds=300,
    )


def members(machine) -> dict[str, dict]:
    listed = json.loads(machine.run(f"{ETCDCTL} member list --write-out json").output)["members"]
    return {entry["peerURLs"][0].removeprefix("https://").removesuffix(":2380"): entry for entry in listed}


@pytest.mark.row("S3-25", "S3-27", "S3-07")
class TestThreeControlPlanes:
    def test_they_are_one_cluster_with_three_voting_members(self, world, slots, addresses):
        found = members(slots["a"])
        assert set(found) == set(addresses.values())
        assert not any(entry.get("isLearner") for entry in found.values())

    def test_a_second_cluster_is_never_made(self, world, slots):
        assert world.ssm.get_parameter(Name=world.tree.initialised)["Parameter"]["Version"] == 1
        for slot in ("b", "c"):
            assert (
                "[init] Using Kubernetes"
                not in slots[slot].run("journalctl -u groundswell-bootstrap --no-pager").output
            )

    @pytest.mark.row("S3-26")
    def test_one_that_is_lost_with_its_volume_is_replaced_while_writes_go_on(self, world, slots, addresses):
        lost = slots["c"]
        before = members(slots["a"])[addresses["c"]]["ID"]
        written, stop = [], threading.Event()

        def write() -> None:
            number = 0
            while not stop.is_set():
                number += 1
                out = world.kubectl("create", "configmap", f"w{number}", check=False)
                written.append((time.monotonic(), bool(out)))
                time.sleep(3)

        writer = threading.Thread(target=write)
        lost.cut_power()
        lost.volume.unlink()
        lost.attach(lost.volume)
        world.replace_instance(lost, addresses["c"])
        writer.start()
        try:
            lost.start()
            settle(world, lost, addresses["c"])
        finally:
            stop.set()
            writer.join()
        found = members(slots["a"])
        assert set(found) == set(addresses.values())
        assert found[addresses["c"]]["ID"] != before
        assert not any(entry.get("isLearner") for entry in found.values())
        # Losing a member costs an election at most: the share of refused writes stays small.
        assert sum(done for _, done in written) > 0.8 * len(written)
