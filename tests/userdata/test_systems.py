"""What differs between operating systems and architectures: one small program, containerd's build, package sources."""

import re
from dataclasses import replace

import pytest
import yaml
from conftest import dev_object, plan_of

from sizing.firewall import firewall_plan
from userdata import nodefiles, pins, render

SYSTEMS = ("ubuntu-24.04", "debian-12", "amazon-linux-2023")
ARCHITECTURES = ("x86_64", "arm64")
TREES = {"x86_64": "http://10.0.0.5/ubuntu", "arm64": "http://10.0.0.5/ubuntu-ports"}
PAIRS = [(system, architecture) for system in SYSTEMS for architecture in ARCHITECTURES]


def plan_for(plan, system, architecture, packages=None):
    """The plan on another system, with machines of one architecture."""
    machine = replace(plan.config.machine, os=system, packages=packages or {})
    pools = {
        name: replace(pool, instance=replace(pool.instance, architecture=architecture))
        for name, pool in plan.pools.items()
    }
    owner = replace(plan.control_plane, instance=replace(plan.control_plane.instance, architecture=architecture))
    return replace(plan, config=replace(plan.config, machine=machine), pools=pools, control_plane=owner)


def nodes(plan):
    return {"control-plane": render.control_plane(plan, "a"), "worker": render.worker(plan, "planner")}


@pytest.mark.parametrize(("system", "architecture"), PAIRS)
def test_programs_are_those_of_the_system_and_the_architecture(dev_plan, system, architecture):
    plan = plan_for(dev_plan, system, architecture)
    wanted = pins.node_artifacts(system, "1.36.4")
    other = {"x86_64": "arm64", "arm64": "amd64"}[architecture]
    for role, count in (("control-plane", 8), ("worker", 7)):
        rows = [line.split() for line in nodes(plan)[role].files[nodefiles.ARTEFACTS].content.splitlines()]
        assert len(rows) == count
        sums = {artifact.sha256[architecture]: artifact.url(architecture) for artifact in wanted.values()}
        assert all(sums[row[0]] == row[1] for row in rows)
        assert other not in " ".join(word for row in rows for word in row)
        static = [row for row in rows if "containerd-static" in row[1]]
        assert len(static) == (system == "amazon-linux-2023")


@pytest.mark.parametrize(("system", "architecture"), PAIRS)
def test_nothing_else_depends_on_the_architecture(dev_plan, system, architecture):
    here = nodes(plan_for(dev_plan, system, architecture))
    there = nodes(plan_for(dev_plan, system, "x86_64"))
    for role, user_data in here.items():
        assert user_data.files.keys() == there[role].files.keys()
        assert {p for p in user_data.files if user_data.files[p] != there[role].files[p]} <= {nodefiles.ARTEFACTS}


def test_systems_differ_in_their_own_program_their_downloads_and_their_time_service_only(dev_plan):
    base = nodes(plan_for(dev_plan, "ubuntu-24.04", "x86_64"))
    own = f"{nodefiles.PROGRAMS}/os.sh"
    time_service = {
        "/etc/chrony/sources.d/groundswell.sources", "/etc/systemd/timesyncd.conf.d/groundswell.conf",
    }  # fmt: skip
    may_differ = {"debian-12": {own}, "amazon-linux-2023": {own, nodefiles.ARTEFACTS, *time_service}}
    for system, paths in may_differ.items():
        for role, user_data in nodes(plan_for(dev_plan, system, "x86_64")).items():
            files, others = user_data.files, base[role].files
            assert {path for path in files.keys() | others.keys() if files.get(path) != others.get(path)} == paths


@pytest.mark.parametrize(("system", "architecture"), PAIRS)
def test_every_node_is_a_cloud_config_with_the_same_shape(dev_plan, system, architecture):
    for user_data in nodes(plan_for(dev_plan, system, architecture)).values():
        assert set(yaml.safe_load(user_data.cloud_config)) == {"bootcmd", "runcmd", "write_files"}
        assert user_data.size < 14 * 1024


class TestPackageSources:
    @pytest.mark.row("S4-04")
    @pytest.mark.parametrize(("system", "architecture"), PAIRS)
    def test_the_tree_of_the_machines_architecture_stands_in_the_rendered_sources(self, dev_plan, system, architecture):
        path = f"/etc/groundswell/packages.{'repo' if system.startswith('amazon') else 'sources'}"
        for user_data in nodes(plan_for(dev_plan, system, architecture, TREES)).values():
            content = user_data.files[path].content
            assert re.findall(r"http\S+", content) == [TREES[architecture]]
            assert ("gpgcheck=1" if system.startswith("amazon") else "\nSigned-By: /usr/share/") in content

    def test_without_a_tree_the_images_sources_stay(self, dev_plan):
        for user_data in nodes(plan_for(dev_plan, "ubuntu-24.04", "x86_64")).values():
            assert not [path for path in user_data.files if path.startswith("/etc/groundswell/packages")]

    @pytest.mark.row("S4-04")
    @pytest.mark.parametrize("system", SYSTEMS)
    def test_they_take_the_place_of_the_images_sources_before_anything_is_installed(self, new_node, dev_plan, system):
        node = new_node(nodes(plan_for(dev_plan, system, "x86_64", TREES))["worker"])
        folder = "etc/yum.repos.d" if system.startswith("amazon") else "etc/apt/sources.list.d"
        program = "dnf" if system.startswith("amazon") else "apt-get"
        (node.root / folder).mkdir(parents=True)
        (node.root / folder / "image.sources").write_text("https://example.com\n")
        (node.shims / "socat").rename(node.folder / "socat")
        installs = f'case "$*" in *install*) cp {node.folder}/socat {node.shims}/ ;; esac'
        node.does(program, f"echo $root/{folder}/* >>{node.folder}/seen\n{installs}")
        node.run("steps/packages.sh")
        seen = {path.rsplit("/", 1)[1] for path in (node.folder / "seen").read_text().split()}
        assert seen == {f"packages.{'repo' if system.startswith('amazon') else 'sources'}"}
        assert TREES["x86_64"] in (node.root / folder / seen.pop()).read_text()

    def test_a_port_of_its_own_is_opened_for_both_roles_once(self):
        cluster = dev_object()
        cluster["machine"] = {"packages": {"x86_64": "http://10.9.8.7:8081/x", "arm64": "http://10.9.8.7:8081/y"}}
        plan = plan_of(cluster, "dev")
        rows = [rule for rule in firewall_plan(plan.config, plan.network).rules if rule.to_port == 8081]
        assert [(rule.source, rule.target) for rule in rows] == [
            ("control-plane", "10.9.8.7/32"), ("worker", "10.9.8.7/32"),
        ]  # fmt: skip
