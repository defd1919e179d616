"""A control plane's instance is replaced: the volume and the address move over, and the cluster is the same."""

import json
import re

import pytest
from boot.machine import wait_for
from boot.world import CONTROL_PLANE, ETCDCTL, WORKER, node_name

from userdata import render
from userdata.kubeadm import etcd_quota_bytes


def control_plane_with(etcd_disk_gib: int) -> dict:
    return {"control_plane": {"slots": {"a": "a"}, "instance_type": "t3a.medium", "etcd_disk_gib": etcd_disk_gib}}


SETTINGS = control_plane_with(12)


def member(machine) -> dict:
    return json.loads(machine.run(f"{ETCDCTL} member list --write-out json").output)


def quota_of_etcd(machine) -> int:
    command = machine.run("tr '\\0' '\\n' </proc/$(pgrep -x etcd)/cmdline").output
    return int(re.search(r"^--quota-backend-bytes=(\d+)$", command, re.MULTILINE)[1])


class TestReplacement:
    @pytest.mark.row("S2-22")
    def test_the_member_the_objects_and_the_name_stay_and_a_larger_volume_and_its_flag_arrive(
        self, world, control_plane
    ):
        assert quota_of_etcd(control_plane) == etcd_quota_bytes(world.plan) == 6 * 1024**3
        larger = world.make_plan(control_plane_with(20))
        world.offer_programs(larger)
        world.kubectl("create", "configmap", "kept", "--from-literal=word=still-here")
        before = member(control_plane)
        authority = world.parameter(world.tree.cluster_info)
        world.replace_instance(control_plane, CONTROL_PLANE, render.control_plane(larger, "a").gzipped)
        control_plane.attach(control_plane.volume, gibibytes=6)
        control_plane.start()
        world.wait_until_ready(control_plane, CONTROL_PLANE)
        wait_for("the node is Ready", 600, lambda: world.node_is_ready(node_name(CONTROL_PLANE)), control_plane)
        size = control_plane.run("df --output=size --block-size=1M /var/lib/groundswell-data | tail -n 1").output
        assert int(size) > 5 * 1024
        quota = etcd_quota_bytes(larger)
        assert quota_of_etcd(control_plane) == quota == 8 * 1024**3
        held = world.get("configmap", "kubeadm-config", "-n", "kube-system")["data"]["ClusterConfiguration"]
        assert f'"{quota}"' in held
        assert [entry["ID"] for entry in member(control_plane)["members"]] == [
            entry["ID"] for entry in before["members"]
        ]
        assert world.get("configmap", "kept")["data"]["word"] == "still-here"
        assert world.parameter(world.tree.cluster_info) == authority
        node = world.get("node", node_name(CONTROL_PLANE))
        assert node["spec"]["providerID"].endswith(world.metadata.instances[CONTROL_PLANE].id)
        assert "node-role.kubernetes.io/control-plane" in node["metadata"]["labels"]

    @pytest.mark.row("S3-15")
    def test_two_machines_of_one_image_have_identities_of_their_own(self, world, control_plane):
        """S3's nodes were clones with one machine id; here every new disk begins without one."""
        first = control_plane.read("/etc/machine-id")
        uuid = control_plane.read("/sys/class/dmi/id/product_uuid")
        other = world.worker("planner", WORKER)
        other.start()
        wait_for("the other machine is up", 600, other.answers, other)
        assert other.read("/etc/machine-id") != first
        assert other.read("/sys/class/dmi/id/product_uuid") != uuid


class TestReset:
    @pytest.mark.row("S0-32", "S3-32")
    def test_a_rebuild_from_nothing_leaves_nothing_of_the_former_cluster(self, world, control_plane):
        """Init, everything thrown away, init: nothing is reset in place, so nothing of before is left."""
        old = json.loads(world.parameter(world.tree.cluster_info))["ca"]
        control_plane.cut_power()
        for name in [
            parameter["Name"]
            for page in world.ssm.get_paginator("describe_parameters").paginate()
            for parameter in page["Parameters"]
            if parameter["Name"] != world.tree.backup  # Pulumi's own
        ]:
            world.ssm.delete_parameter(Name=name)
        control_plane.volume.unlink()
        control_plane.attach(control_plane.volume)
        world.replace_instance(control_plane, CONTROL_PLANE)
        control_plane.start()
        world.wait_until_ready(control_plane, CONTROL_PLANE)
        assert json.loads(world.parameter(world.tree.cluster_info))["ca"] != old
        assert world.get("configmaps")["items"][0]["metadata"]["name"] == "kube-root-ca.crt"
        links = control_plane.run("ip -o link; iptables-save").output
        assert "cali" not in links
