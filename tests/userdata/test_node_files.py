"""The static files: clean shell, the right keys in the right place, and nothing that has been retired."""

import configparser
import re
import subprocess
import tomllib
from dataclasses import replace

import pytest
import yaml
from conftest import ROOT

from config.schema import Mirror
from userdata import nodefiles, pins, render
from userdata.bundle import contents
from userdata.nodefiles import without_comments, without_indentation

FILES = ROOT / "userdata/files"
MAINTENANCE_UNITS = "maintenance/units"
PROGRAMS = sorted(FILES.rglob("*.sh"))
SHELLCHECK = ROOT / ".venv/bin/shellcheck"
RETIRED = (
    "packages.cloud.google.com", "apt.kubernetes.io", "yum.kubernetes.io", "k8s.gcr.io", "docs.projectcalico.org",
    "gcr.io/google_containers", ":latest", "/latest/download",
)  # fmt: skip


def texts():
    return {path: path.read_text(encoding="utf-8") for path in sorted(FILES.rglob("*")) if path.is_file()}


def unit(name, folder="units"):
    parser = configparser.ConfigParser(strict=False, interpolation=None, delimiters=("=",))
    parser.optionxform = str
    parser.read_string(re.sub(r"\\\n\s*", "", (FILES / folder / name).read_text(encoding="utf-8")))
    return parser


def test_shellcheck_finds_nothing_in_any_program():
    found = subprocess.run([SHELLCHECK, *PROGRAMS], cwd=FILES, capture_output=True, text=True, check=False)
    assert found.stdout + found.stderr == ""
    assert len(PROGRAMS) >= 20


def test_shellcheck_would_find_something(tmp_path):
    bad = tmp_path / "bad.sh"
    bad.write_text("#!/usr/bin/env bash\nrm -rf $1/*\n")
    assert subprocess.run([SHELLCHECK, bad], capture_output=True, check=False).returncode != 0


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.name)
def test_every_program_stops_at_the_first_error_and_says_what_it_reads(path):
    text = path.read_text(encoding="utf-8")
    head = text.split("\n\n")[0]
    if text.startswith("#!"):
        assert "\nset -euo pipefail\n" in text
    else:
        assert head.startswith("# shellcheck shell=bash")
        assert "Sourced" in head
    settings = set(re.findall(r"\$\{([A-Z][A-Z_]+):\?\}", text)) - {"NODE_NAME", "NODE_ADDRESS", "INSTANCE_ID", "ZONE"}
    assert settings <= set(re.findall(r"[A-Z][A-Z_]+", head)), settings


def words_of(body):
    """What bash makes of a program, with all white space alike: inside quotations ours never matters."""
    command = ["bash", "-c", f"program() {{ {body}\n}}; declare -f program"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()


def test_programs_mean_the_same_without_their_comments_and_indentation():
    """Both stay in the repository. bash parses what is left, and no line of a text was taken for a comment."""
    for path in PROGRAMS:
        text = path.read_text(encoding="utf-8")
        subprocess.run(["bash", "-n"], input=without_comments(text), text=True, check=True)
        words = re.findall(r"""'[^']*'|"[^"]*\"""", without_comments(text))
        assert not [word for word in words if re.search(r"\n\s*#", word)]
        short = without_indentation(without_comments(text))
        assert words_of(short) == words_of(text) != []
        for ending in re.findall(r"<<-?['\"]?([A-Z]+)", text):
            (inside,) = re.findall(rf"<<{ending}\n(.*?)^{ending}$", text, flags=re.DOTALL | re.MULTILINE)
            assert not re.search(r"^\s", inside, flags=re.MULTILINE), path


@pytest.mark.row("S0-24", "S3-07")
def test_no_retired_host_and_nothing_unpinned_is_named():
    for path, text in {**texts(), ROOT / "userdata/pins.py": (ROOT / "userdata/pins.py").read_text()}.items():
        for word in RETIRED:
            assert word not in text, path


@pytest.mark.row("S0-30")
def test_no_program_copies_or_prints_the_administrators_kubeconfig():
    for path in PROGRAMS:
        for line in path.read_text(encoding="utf-8").splitlines():
            used = line.strip().startswith('KUBECACHEDIR=$run/kubectl kubectl --kubeconfig "$kubernetes/admin.conf"')
            assert "admin.conf" not in line or used, path


def test_no_program_ignores_preflight_errors_or_skips_the_check_of_a_certificate():
    for path, text in texts().items():
        for word in ("ignore-preflight-errors", "insecure", "unsafe-skip", "kubelet-insecure-tls", " -k "):
            assert word not in text, path


def test_no_program_insists_on_a_root_that_is_empty_on_a_real_machine():
    """`${root:?}` refuses an empty value, and only tests have another one."""
    for path in PROGRAMS:
        assert not re.search(r"\$\{(root|GROUNDSWELL_ROOT):\?", path.read_text(encoding="utf-8")), path


def test_no_network_interface_is_named():
    """Nitro machines call theirs ens5, enp39s0 and more: the metadata service knows the address."""
    for path, text in texts().items():
        assert not re.search(r"\b(eth0|ens5|enp\d)", text), path


class TestContainerd:
    @pytest.fixture
    def config(self, worker):
        return tomllib.loads(worker.files["/etc/containerd/config.toml"].content)

    @pytest.mark.row("S0-20", "S3-11")
    def test_the_keys_stand_where_version_3_reads_them(self, config):
        assert config["version"] == 3
        plugins = config["plugins"]
        assert (
            plugins["io.containerd.cri.v1.images"]["pinned_images"]["sandbox"] == pins.system_images("1.36.4")["pause"]
        )
        runc = plugins["io.containerd.cri.v1.runtime"]["containerd"]["runtimes"]["runc"]
        assert runc == {"runtime_type": "io.containerd.runc.v2", "options": {"SystemdCgroup": True}}

    @pytest.mark.row("S0-20", "S3-11")
    def test_the_places_of_version_2_are_not_used(self, config):
        """There they would be ignored, and kubelet and runtime would use two cgroup drivers."""
        assert set(config["plugins"]) == {"io.containerd.cri.v1.images", "io.containerd.cri.v1.runtime"}
        assert "sandbox_image" not in str(config)

    @pytest.mark.row("S3-10")
    def test_its_unit_keeps_pods_running_and_restarts(self):
        service = unit("containerd.service")["Service"]
        assert (service["Delegate"], service["KillMode"], service["OOMScoreAdjust"]) == ("yes", "process", "-999")
        assert (service["Restart"], service["Type"]) == ("always", "notify")


class TestUnits:
    def test_the_kubelet_waits_for_its_configuration_and_for_the_slots_volume(self):
        kubelet = unit("kubelet.service")
        assert kubelet["Unit"]["ConditionPathExists"] == "/var/lib/kubelet/config.yaml"
        assert kubelet["Unit"]["RequiresMountsFor"] == "/etc/kubernetes /var/lib/etcd"
        assert "containerd.service" in kubelet["Unit"]["After"]
        assert kubelet["Service"]["Restart"] == "always"

    def test_the_bootstrap_starts_at_every_boot_and_again_after_a_failure(self):
        bootstrap = unit("groundswell-bootstrap.service")
        assert (bootstrap["Service"]["Type"], bootstrap["Service"]["Restart"]) == ("oneshot", "on-failure")
        assert bootstrap["Unit"]["StartLimitIntervalSec"] == "0"
        assert "cloud-config.target" in bootstrap["Unit"]["After"]
        assert bootstrap["Install"]["WantedBy"] == "multi-user.target"

    @pytest.mark.parametrize(("name", "minutes", "program"), [
        ("token", "10min", "mint-token.sh"), ("credential", "30min", "maintenance/operator-credential.sh"),
    ])  # fmt: skip
    def test_each_timer_has_a_service_that_runs_its_program_again_and_again(self, name, minutes, program):
        timer = unit(f"groundswell-{name}.timer", MAINTENANCE_UNITS)["Timer"]
        assert timer["OnUnitActiveSec"] == minutes
        assert timer["OnBootSec"] == "2min"
        service = unit(f"groundswell-{name}.service", MAINTENANCE_UNITS)
        assert service["Service"]["ExecStart"] == f"{nodefiles.PROGRAMS}/{program}"
        assert service["Service"]["Type"] == "oneshot"

    def test_every_program_that_a_unit_starts_is_laid_down_and_can_be_executed(self, control_plane):
        for path, file in control_plane.files.items():
            for program in re.findall(rf"^ExecStart=({nodefiles.PROGRAMS}/\S+)", file.content, flags=re.MULTILINE):
                assert control_plane.files[program].mode == 0o755, path


@pytest.mark.row("S0-22")
def test_kernel_modules_and_settings_are_files_so_that_they_come_back_after_a_reboot(worker):
    assert worker.files["/etc/modules-load.d/groundswell.conf"].content.split() == ["overlay", "br_netfilter"]
    lines = worker.files["/etc/sysctl.d/90-groundswell.conf"].content.splitlines()
    settings = dict(line.split(" = ") for line in lines)
    forwarding = ("net.ipv4.ip_forward", "net.bridge.bridge-nf-call-iptables", "net.bridge.bridge-nf-call-ip6tables")
    assert all(settings[name] == "1" for name in forwarding)


def test_the_kernel_has_what_the_kubelet_insists_on(worker):
    """With protectKernelDefaults it does not start otherwise (pkg/kubelet/cm, setupKernelTunables)."""
    lines = worker.files["/etc/sysctl.d/90-groundswell.conf"].content.splitlines()
    assert {
        "vm.overcommit_memory = 1", "vm.panic_on_oom = 0", "kernel.panic = 10", "kernel.panic_on_oops = 1",
        "kernel.keys.root_maxkeys = 1000000", "kernel.keys.root_maxbytes = 25000000",
    } <= set(lines)  # fmt: skip


def test_a_restart_of_the_network_daemon_leaves_the_routes_of_pods(worker):
    content = worker.files["/etc/systemd/networkd.conf.d/groundswell.conf"].content
    assert {"ManageForeignRoutes=no", "ManageForeignRoutingPolicyRules=no"} <= set(content.splitlines())


@pytest.mark.row("S4-12")
def test_secrets_are_encrypted_at_rest_first_and_readable_unencrypted_last():
    document = yaml.safe_load((FILES / "etc/encryption.json").read_text(encoding="utf-8"))
    assert document["kind"] == "EncryptionConfiguration"
    (rule,) = document["resources"]
    assert "secrets" in rule["resources"]
    assert [next(iter(provider)) for provider in rule["providers"]] == ["secretbox", "identity"]
    assert rule["providers"][0]["secretbox"]["keys"] == [{"name": "key-1", "secret": ""}]


def test_without_a_name_the_api_answers_about_its_health_only():
    document = yaml.safe_load((FILES / "etc/authentication.yaml").read_text(encoding="utf-8"))
    assert document["anonymous"]["enabled"] is True
    assert [rule["path"] for rule in document["anonymous"]["conditions"]] == ["/livez", "/readyz", "/healthz"]


def test_admission_limits_events_and_holds_unlabelled_namespaces_to_the_baseline():
    document = yaml.safe_load((FILES / "etc/admission.yaml").read_text(encoding="utf-8"))
    plugins = {plugin["name"]: plugin["configuration"] for plugin in document["plugins"]}
    assert {limit["type"] for limit in plugins["EventRateLimit"]["limits"]} == {"Server", "Namespace"}
    security = plugins["PodSecurity"]
    assert security["defaults"] == {"enforce": "baseline", "audit": "restricted", "warn": "restricted"}
    assert security["exemptions"] == {"namespaces": ["kube-system", "calico-system"]}


def test_the_audit_log_never_holds_the_body_of_a_secret():
    policy = yaml.safe_load((FILES / "etc/audit-policy.yaml").read_text(encoding="utf-8"))
    bodies = [rule for rule in policy["rules"] if rule["level"] in {"Request", "RequestResponse"}]
    assert {group["group"] for rule in bodies for group in rule["resources"]} == {
        "rbac.authorization.k8s.io", "admissionregistration.k8s.io",
    }  # fmt: skip
    assert policy["rules"][-1] == {"level": "Metadata"}


def test_what_only_root_may_read_is_closed(control_plane):
    for path, file in control_plane.files.items():
        if path.startswith(("/etc/groundswell/apiserver/", "/etc/groundswell/kubeadm/")):
            assert file.mode == 0o600, path


def test_every_static_file_is_laid_down_on_some_node(ha_plan):
    laid = set()
    mirror = Mirror(address="file:///srv/mirror", archives=("own-1",), sums={"own-1": {"x86_64": "0" * 64}})
    for system in ("ubuntu-24.04", "debian-12", "amazon-linux-2023"):
        config = replace(ha_plan.config, machine=replace(ha_plan.config.machine, os=system, mirror=mirror))
        plan = replace(ha_plan, config=config)
        for user_data in (render.control_plane(plan, "a"), render.worker(plan, "planner")):
            laid |= {file.content for file in user_data.files.values()}
        for path, file in contents(plan).items():
            content = without_comments(file.content)
            laid.add(without_indentation(content) if path.endswith(".sh") else content)
    static = {path: text for path, text in texts().items() if path.name != ".shellcheckrc"}
    for path, text in static.items():
        content = without_comments(text)
        assert (without_indentation(content) if path.suffix == ".sh" else content) in laid, path
    assert len(static) >= 35
