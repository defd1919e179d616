"""The power goes at every step of the bootstrap, one after the other: each next boot goes on, the last converges."""

import time

import pytest
from boot.machine import wait_for
from boot.world import CONTROL_PLANE, WORKER, node_name

from userdata.environment import CONTROL_PLANE_STEPS, WORKER_STEPS

POOL = "planner"


LATER = (20, 60)
"""Seconds into the longest step at which the power goes too: kubeadm has written a part of what it writes."""


def cut_at_every_step(world, machine, steps, longest) -> None:
    """Start the machine once per step and cut its power when the step has begun, and later into the longest one."""
    for step in steps:
        for seconds in (0, *(LATER if step == longest else ())):
            machine.start()
            world.wait_for_phase(machine, step, "running")
            time.sleep(seconds)
            machine.cut_power()
    begun = [step for step in steps if f"phase={step} state=running" in machine.console_text()]
    assert begun == list(steps)


@pytest.mark.row("S0-39")
class TestPowerCuts:
    def test_a_control_plane_converges_after_a_cut_at_every_step(self, world):
        machine = world.control_plane()
        cut_at_every_step(world, machine, CONTROL_PLANE_STEPS, "control-plane")
        machine.start()
        world.wait_until_ready(machine, CONTROL_PLANE)
        wait_for("the node is Ready", 600, lambda: world.node_is_ready(node_name(CONTROL_PLANE)), machine)
        members = machine.run("ls /var/lib/etcd/member /etc/kubernetes/manifests").output
        assert "kube-apiserver.yaml" in members

    def test_a_worker_converges_after_a_cut_at_every_step(self, world):
        machine = world.worker(POOL, WORKER)
        cut_at_every_step(world, machine, WORKER_STEPS, "worker")
        machine.start()
        world.wait_until_ready(machine, WORKER)
        wait_for("the node is Ready", 600, lambda: world.node_is_ready(node_name(WORKER)), machine)
        names = [node["metadata"]["name"] for node in world.get("nodes")["items"]]
        assert sorted(names) == sorted({node_name(CONTROL_PLANE), node_name(WORKER)})
