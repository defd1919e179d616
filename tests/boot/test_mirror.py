"""A mirror that holds the container images too: a node whose store is empty gets them from there, checked."""

import json
from dataclasses import replace

import pytest
from boot.machine import wait_for

from sizing.plan import make_plan
from userdata import render
from userdata.nodefiles import ARTEFACTS
from userdata.pins import system_images

ADDRESS, POOL = "10.0.0.37", "planner"


@pytest.mark.row("S3-14")
def test_the_images_of_a_worker_come_from_the_mirror_and_none_from_a_registry(world):
    config = world.plan.config
    mirror = replace(config.machine.mirror, images=True)
    plan = make_plan(replace(config, machine=replace(config.machine, mirror=mirror)), "dev")
    files = render.worker(plan, POOL).files
    rows = [line.split() for line in files[ARTEFACTS].content.splitlines()]
    (runc,) = [row[1].rpartition("/")[2] for row in rows if "/runc" in row[1]]
    images = {row[1].partition("://")[2].partition("/")[2] for row in rows if row[2] == "image"}
    machine = world.worker(POOL, ADDRESS, plan=plan)
    # The machines' image comes with every image: the store is emptied while the downloads wait for a program.
    held = world.mirror / f"{runc}.held"
    (world.mirror / runc).rename(held)
    try:
        machine.start()
        wait_for(
            "the downloads have failed", 900, lambda: "phase=artefacts state=failed" in machine.console_text(), machine
        )
        machine.run("rm -rf /var/lib/containerd")
    finally:
        held.rename(world.mirror / runc)
    wait_for("the images are there", 900, lambda: "phase=images state=done" in machine.console_text(), machine)
    listed = json.loads(machine.run("crictl images -o json", seconds=300).output)["images"]
    names = system_images(config.kubernetes.version)
    assert {tag for image in listed for tag in image["repoTags"]} == {
        names[name] for name in ("coredns", "kube-proxy", "pause")
    }
    asked = {path.lstrip("/") for _, method, path in world.aws.log if method == "GET"}
    assert images
    assert images <= asked
    wait_for("it waits for the cluster", 300, lambda: "phase=worker state=running" in machine.console_text(), machine)
    machine.cut_power()
