"""The dev stack's machines on the system that it names: Ubuntu 24.04 with its kernel for EC2, AppArmor and a firewall.

Its kernel ticks a thousand times a second and costs an emulated processor more than Debian's: the control plane gives
up its upkeep before the worker starts.
"""

import pytest
from boot.machine import wait_for
from boot.world import CONTROL_PLANE, WORKER, node_name

SYSTEM = "ubuntu-24.04"


def release_of(world, address: str) -> str:
    return world.get("node", node_name(address))["status"]["nodeInfo"]["osImage"]


@pytest.mark.row("S4-03")
class TestUbuntu:
    def test_a_control_plane_reaches_ready_with_the_firewall_off_and_containers_confined(self, world, control_plane):
        assert world.plan.config.machine.os == SYSTEM
        wait_for("the node is Ready", 600, lambda: world.node_is_ready(node_name(CONTROL_PLANE)), control_plane)
        assert release_of(world, CONTROL_PLANE).startswith("Ubuntu 24.04")
        assert control_plane.run("systemctl is-enabled ufw", expect=None).output.strip() in {"disabled", "masked"}
        confined = control_plane.run("cat /proc/$(pgrep -x kube-apiserver)/attr/current").output
        assert confined.strip("\0\n") == "cri-containerd.apparmor.d (enforce)"
        control_plane.run("systemctl stop 'groundswell-*.timer'")

    def test_a_worker_joins(self, world, control_plane):
        worker = world.worker("planner", WORKER)
        worker.start()
        world.wait_until_ready(worker, WORKER)
        wait_for("the node is Ready", 600, lambda: world.node_is_ready(node_name(WORKER)), worker)
        assert release_of(world, WORKER).startswith("Ubuntu 24.04")
