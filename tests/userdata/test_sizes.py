"""User data of many configurations: within budget, whatever the system, the slots and the mirror."""

import hashlib
from dataclasses import replace
from itertools import product

import pytest
from conftest import ROOT, ha_object, plan_of

from config.schema import Mirror
from sizing.plan import make_plan
from userdata import pins, render
from userdata.__main__ import main

BUDGET = {"control-plane": 11_776, "worker": 9_216}
"""Bytes of the largest configuration. EC2 takes 16,384; at most 12,288, so that what a node needs can still grow."""

SLOTS = {1: {"a": "a"}, 3: {"a": "a", "b": "b", "c": "c"}, 5: {"a": "a", "b": "b", "c": "c", "d": "a", "e": "b"}}
SYSTEMS = ("ubuntu-24.04", "debian-12", "amazon-linux-2023")
ARCHIVES = ("calico-v3.32.1", "addons-2026.11")
SUMS = {
    name: {arch: hashlib.sha256(f"{name} {arch}".encode()).hexdigest() for arch in ("x86_64", "arm64")}
    for name in (*pins.image_stems("1.36.4"), *pins.node_artifacts("ubuntu-24.04", "1.36.4"), *ARCHIVES)
}
MIRRORS = {
    "upstream": None,
    "mirror": Mirror(address="https://mirror.example.com:8443/nodes", sums=SUMS),
    "everything": Mirror(
        address="s3://a-rather-long-name-of-a-bucket/groundswell/mirror", sums=SUMS, images=True, archives=ARCHIVES
    ),
}
KINDS = list(product((1, 3, 5), SYSTEMS, MIRRORS))


@pytest.fixture(scope="module")
def sizes():
    """Bytes of the first slot and of the first pool of every kind of configuration."""
    base = plan_of(ha_object(), "ha").config
    found = {}
    for slots, system, mirror in KINDS:
        config = replace(
            base,
            control_plane=replace(base.control_plane, slots=SLOTS[slots]),
            machine=replace(base.machine, os=system, mirror=MIRRORS[mirror]),
        )
        plan = make_plan(config, "many")
        found[slots, system, mirror, "control-plane"] = render.control_plane(plan, "a").size
        found[slots, system, mirror, "worker"] = render.worker(plan, min(plan.pools)).size
    return found


@pytest.mark.parametrize("role", BUDGET)
def test_every_configuration_stays_within_its_roles_budget(sizes, role):
    of_role = {kind: size for kind, size in sizes.items() if kind[-1] == role}
    assert len(of_role) == 27
    assert max(of_role.values()) <= BUDGET[role], max(of_role.items(), key=lambda item: item[1])


def test_the_budget_is_no_larger_than_it_has_to_be(sizes):
    """One that nothing comes near notices no growth."""
    for role, budget in BUDGET.items():
        assert max(size for kind, size in sizes.items() if kind[-1] == role) > budget - 1024


def test_the_command_prints_a_line_for_every_machine(capsys, monkeypatch, dev_plan):
    monkeypatch.chdir(ROOT)
    assert main(["sizes", "--stack", "dev"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 1 + len(dev_plan.pools) + 1
    size = render.control_plane(dev_plan, "a").size
    assert lines[1].split()[:5] == ["control", "plane", "a", f"{size:,}", f"{size / 16384:.0%}"]
