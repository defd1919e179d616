"""User data as bytes: the same for the same plan, small enough, without secrets, and complete."""

import base64
import gzip
import hashlib
import json
import re
import shlex
import subprocess
import sys
from dataclasses import replace

import pytest
import yaml
from conftest import OBJECTS, ROOT, plan_of
from node_fakes import JOIN_TOKEN, with_programs

from config.secret_keys import secret_keys
from userdata import nodefiles, render
from userdata.__main__ import main
from userdata.bundle import contents
from userdata.environment import CONTROL_PLANE_STEPS, WORKER_STEPS
from userdata.nodefiles import NodeFile

SECRET_SHAPES = {
    "bootstrap token": r"(?<![a-z0-9])[a-z0-9]{6}\.[a-z0-9]{16}(?![a-z0-9])",
    "certificate key": r"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])",
    "PEM block": "-----BEGIN",
    "AWS access key": r"(?<![A-Z0-9])A[KS]IA[A-Z0-9]{16}(?![A-Z0-9])",
    "long base64": r"(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{43}=",
}


def all_user_data(plan):
    for slot in plan.control_plane.slots:
        yield f"{plan.stack} control-plane {slot}", render.control_plane(plan, slot)
    for pool in plan.pools:
        yield f"{plan.stack} worker {pool}", render.worker(plan, pool)


@pytest.fixture(scope="module")
def rendered(plans):
    return {name: user_data for plan in plans.values() for name, user_data in all_user_data(plan)}


def environment(user_data):
    content = user_data.files[nodefiles.ENVIRONMENT].content
    return {name: shlex.split(value)[0] if value else "" for name, _, value in (
        line.partition("=") for line in content.splitlines()
    )}  # fmt: skip


@pytest.mark.row("S4-06")
def test_two_renders_of_one_configuration_are_the_same_bytes(plans):
    for stack, plan in plans.items():
        again = plan_of(OBJECTS[stack](), stack)
        first = {name: data.gzipped for name, data in all_user_data(plan)}
        assert first == {name: data.gzipped for name, data in all_user_data(again)}


def test_the_gzip_header_holds_no_time(rendered):
    """Bytes 4 to 8: gzip.compress writes the clock there unless told not to, and every run would replace every node."""
    assert all(user_data.gzipped[4:8] == b"\0\0\0\0" for user_data in rendered.values())


def test_what_ec2_hands_over_is_the_cloud_config(rendered):
    for user_data in rendered.values():
        assert gzip.decompress(base64.b64decode(user_data.base64)).decode() == user_data.cloud_config
        assert user_data.size == len(user_data.gzipped)


def test_user_data_above_ec2s_limit_is_refused_with_the_number():
    noise = "".join(hashlib.sha256(str(number).encode()).hexdigest() for number in range(700))
    user_data = render.UserData(files={"/noise": NodeFile(content=noise)})
    with pytest.raises(render.UserDataTooLargeError, match=r"user data: 2\d{4} bytes gzipped: EC2 takes at most 16384"):
        _ = user_data.gzipped


@pytest.mark.row("S3-33")
def test_nothing_in_user_data_has_the_shape_of_a_secret_but_the_sums_of_the_downloads(rendered):
    for name, user_data in rendered.items():
        text = user_data.cloud_config
        for digest in re.findall(r"^ *(?:BUNDLE=)?([0-9a-f]{64})(?: https://|$)", text, flags=re.MULTILINE):
            text = text.replace(digest, "")
        for shape, pattern in SECRET_SHAPES.items():
            assert not re.search(pattern, text), f"{name}: {shape}"


def test_the_search_for_secrets_finds_each_shape():
    planted = {
        "bootstrap token": JOIN_TOKEN,
        "certificate key": "0f" * 32,
        "PEM block": "-----BEGIN" + " EC PRIVATE KEY-----",
        "AWS access key": "AKIA" + "A1" * 8,
        "long base64": base64.b64encode(bytes(32)).decode(),
    }
    assert all(re.search(SECRET_SHAPES[shape], f'token: "{value}"') for shape, value in planted.items())
    assert planted.keys() == SECRET_SHAPES.keys()


@pytest.mark.row("S3-33")
def test_no_secret_setting_of_the_stack_can_reach_user_data(plans):
    """The renderer is given the plan, and the plan holds no secret: they are keys of their own."""
    config = plans["dev"].config
    names = [key.full_name for key in secret_keys(config.databases, config.caches)]
    assert len(names) >= 2
    text = "".join(data.cloud_config for _, data in all_user_data(plans["dev"]))
    assert not [name for name in names if name in text or name.rpartition(":")[2] in text]


def test_the_cloud_config_is_yaml_that_lays_every_file_down_as_it_is(rendered):
    for user_data in rendered.values():
        assert user_data.cloud_config.startswith("#cloud-config\n")
        config = yaml.safe_load(user_data.cloud_config)
        laid = {entry["path"]: entry for entry in config["write_files"]}
        assert {path: entry["content"] for path, entry in laid.items()} == {
            path: file.content for path, file in user_data.files.items()
        }
        for path, file in user_data.files.items():
            assert int(laid[path].get("permissions", "0644"), 8) == file.mode


def test_cloud_init_only_lays_files_down_and_starts_one_unit(rendered):
    """`runcmd` is not repeated after a power cut, so nothing that matters may live there."""
    for user_data in rendered.values():
        config = yaml.safe_load(user_data.cloud_config)
        assert set(config) == {"bootcmd", "runcmd", "write_files"}
        assert config["runcmd"] == [
            ["systemctl", "daemon-reload"],
            ["systemctl", "enable", "--now", "--no-block", "groundswell-bootstrap.service"],
        ]


def test_files_that_did_not_reach_the_disk_are_laid_down_again_at_the_next_boot(worker, tmp_path):
    """cloud-init marks write_files as run before it runs it: the marks go until the bootstrap has seen its files."""
    (command,) = yaml.safe_load(worker.cloud_config)["bootcmd"]
    marks = tmp_path / "sem"
    script = (
        command[-1].replace("/var/lib/cloud/instance/sem", str(marks)).replace("/var/lib/groundswell", str(tmp_path))
    )
    names = ["config_write_files", "config_runcmd", "config_scripts_user", "config_ssh"]
    for durable, left in ((False, ["config_ssh"]), (True, sorted(names))):
        marks.mkdir(exist_ok=True)
        for name in names:
            (marks / name).touch()
        if durable:
            (tmp_path / "durable").touch()
        subprocess.run([*command[:-1], script], check=True)
        assert sorted(path.name for path in marks.iterdir()) == left


@pytest.mark.parametrize(("role", "steps"), [("control-plane", CONTROL_PLANE_STEPS), ("worker", WORKER_STEPS)])
def test_every_step_of_a_role_is_there_in_order_and_none_besides(slot, worker, role, steps):
    machine = {"control-plane": slot, "worker": worker}[role]
    assert environment(machine)["STEPS"].split() == list(steps)
    folder = f"{nodefiles.PROGRAMS}/steps/"
    assert {path for path in machine.files if path.startswith(folder)} == {f"{folder}{step}.sh" for step in steps}
    order = {step: index for index, step in enumerate(steps)}
    assert order["preflight"] < order["packages"] < order["artefacts"] < order["containerd"] < len(steps) - 1


@pytest.mark.parametrize("stack", ["dev", "ha"])
def test_the_archive_brings_what_comes_after_the_step_that_fetches_it_and_nothing_twice(plans, stack):
    plan = plans[stack]
    own, later = render.control_plane(plan, "a").files, contents(plan)
    assert not own.keys() & later.keys()
    at = CONTROL_PLANE_STEPS.index("programs") + 1
    for steps, files in ((CONTROL_PLANE_STEPS[:at], own), (CONTROL_PLANE_STEPS[at:], later)):
        assert {f"{nodefiles.PROGRAMS}/steps/{step}.sh" for step in steps} <= files.keys()


def test_every_program_that_a_program_reads_or_starts_is_laid_down(plans):
    machines = [with_programs(plan, "a") for plan in plans.values()]
    machines += [render.worker(plan, pool) for plan in plans.values() for pool in plan.pools]
    for machine in machines:
        programs = {path.rsplit("/", 1)[1] for path in machine.files if path.startswith(f"{nodefiles.PROGRAMS}/")}
        for path, file in machine.files.items():
            used = re.findall(r"(?:\$lib|lib/groundswell)/([a-z-]+\.sh)", file.content)
            assert not set(used) - programs - {"give-up.sh", "join.sh"}, path


def test_every_setting_that_a_program_insists_on_is_in_the_environment_file(rendered):
    # identity.sh writes the first four at boot, and asks for the address of slots only.
    known = {"NODE_NAME", "NODE_ADDRESS", "INSTANCE_ID", "ZONE", "ADDRESS"}
    seen = set()
    for name, user_data in rendered.items():
        for path, file in user_data.files.items():
            wanted = set(re.findall(r"\$\{([A-Z_]+):\?\}", file.content))
            assert wanted <= environment(user_data).keys() | known, f"{name}: {path}"
            seen |= wanted
    assert len(seen) >= 15


def test_the_environment_file_is_sorted_and_every_value_survives_the_shell(control_plane):
    content = control_plane.files[nodefiles.ENVIRONMENT].content
    names = [line.split("=")[0] for line in content.splitlines()]
    assert names == sorted(names)
    shown = subprocess.run(
        ["bash", "-c", f"set -eu; {content}\nprintf '%s\\n' \"$STEPS\" \"$PEERS\" \"$PARAMETER_STATUS\""],
        capture_output=True, text=True, check=True,
    ).stdout.splitlines()  # fmt: skip
    assert shown == [" ".join(CONTROL_PLANE_STEPS), "", "/groundswell/travel/status/control-plane"]


def test_only_slot_a_may_initialise_and_every_slot_knows_its_peers(ha_plan):
    settings = {slot: environment(render.control_plane(ha_plan, slot)) for slot in ha_plan.control_plane.slots}
    assert {slot: values["MAY_INITIALISE"] for slot, values in settings.items()} == {"a": "yes", "b": "no", "c": "no"}
    addresses = {slot: str(plan.address) for slot, plan in ha_plan.control_plane.slots.items()}
    for slot, values in settings.items():
        assert values["ADDRESS"] == addresses[slot]
        assert set(values["PEERS"].split()) == {address for other, address in addresses.items() if other != slot}


def test_a_cluster_with_one_slot_has_nothing_to_join_with(dev_plan, ha_plan):
    joining = {f"{nodefiles.PROGRAMS}/join.sh", "/etc/groundswell/kubeadm/join.json"}
    assert not joining & with_programs(dev_plan, "a").files.keys()
    assert all(joining <= with_programs(ha_plan, slot).files.keys() for slot in "abc")


def test_a_worker_gets_nothing_of_a_control_plane(rendered):
    for name, user_data in rendered.items():
        if " worker " in name:
            assert "CONTROL_PLANE_KEY" not in environment(user_data)
            assert "PARAMETER_KEYS" not in environment(user_data)
            assert not [
                path for path in user_data.files if "apiserver" in path or "etcd" in path or "init.json" in path
            ]


def test_pools_differ_only_in_what_the_plan_says_of_the_pool(dev_plan):
    pools = {name: render.worker(dev_plan, name).files for name in dev_plan.pools}
    first = pools["planner"]
    for files in pools.values():
        assert files.keys() == first.keys()
        assert {path for path in files if files[path] != first[path]} <= {
            "/etc/groundswell/kubeadm/join.json", "/etc/groundswell/patches/kubeletconfiguration+merge.json",
        }  # fmt: skip


def test_arm_machines_download_arm_programs(dev_plan):
    pool = dev_plan.pools["planner"]
    arm = replace(pool, instance=replace(pool.instance, architecture="arm64"))
    plan = replace(dev_plan, pools={"planner": arm})
    table = render.worker(plan, "planner").files[nodefiles.ARTEFACTS].content
    assert "arm64" in table
    assert "amd64" not in table


@pytest.mark.parametrize("system", ["ubuntu-24.04", "debian-12", "amazon-linux-2023"])
def test_each_system_gets_its_own_small_program_and_no_other(dev_plan, system):
    machine = replace(dev_plan.config.machine, os=system)
    plan = replace(dev_plan, config=replace(dev_plan.config, machine=machine))
    content = render.worker(plan, "planner").files[f"{nodefiles.PROGRAMS}/os.sh"].content
    assert ("dnf" in content) == (system == "amazon-linux-2023")
    assert ("apt-get" in content) == (system != "amazon-linux-2023")


def test_unknown_slots_and_pools_are_errors(dev_plan):
    with pytest.raises(KeyError):
        render.control_plane(dev_plan, "b")
    with pytest.raises(KeyError):
        render.worker(dev_plan, "plan")


def test_rendering_loads_nothing_of_pulumi():
    program = (
        "import sys; from pathlib import Path;"
        "from config.loader import load_stack_file; from sizing.plan import make_plan; from userdata import render;"
        "plan = make_plan(load_stack_file(Path('Pulumi.dev.yaml')), 'dev');"
        "assert render.control_plane(plan, 'a').size; assert render.worker(plan, 'planner').size;"
        "print(sorted(name for name in sys.modules if name.split('.')[0].startswith('pulumi')))"
    )
    shown = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert shown == "[]\n"


def below(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_golden_files_are_what_the_renderer_gives(tmp_path, monkeypatch):
    """`make golden` writes them anew; their difference is what a change does to the nodes."""
    monkeypatch.chdir(ROOT)
    assert main(["golden", "--output", str(tmp_path)]) == 0
    assert below(tmp_path).keys() == below(ROOT / "tests/golden/dev").keys()
    assert below(tmp_path) == below(ROOT / "tests/golden/dev")
    assert {path.split("/")[0] for path in below(tmp_path)} == {"control-plane-a", "worker-planner"}


def test_the_generated_documents_are_json_that_a_person_can_read(control_plane):
    for path, file in control_plane.files.items():
        if path.startswith("/etc/groundswell/kubeadm/"):
            assert json.loads(file.content)
            assert file.content.count("\n") > 20
