"""A control plane and a worker of the dev stack, booted from what EC2 would receive.

The stack is the shipped one but for `machine.mirror`: upstream's releases are out of reach, so programs come from a
mirror of the same versions, built here, with sums of their own. A stub of a pod network stands in for Calico.
"""

import base64
import gzip
import json
import re
import subprocess

import cis_files
import pytest
from boot.machine import MachineError, wait_for
from boot.metadata import SECRETS
from boot.world import CONTROL_PLANE, ETCDCTL, WORKER, node_name

from userdata.environment import CONTROL_PLANE_STEPS, WORKER_STEPS
from userdata.kubelet import kubelet_configuration, kubelet_patch
from userdata.pins import node_artifacts

POOL = "planner"
MODULES = ("br_netfilter", "overlay")
SYSCTLS = {"net.ipv4.ip_forward": "1", "net.bridge.bridge-nf-call-iptables": "1"}


@pytest.fixture(scope="module")
def control_plane(world):
    machine = world.control_plane()
    machine.start()
    # The worker starts at the same time, as both would with `pulumi up`: it waits for the cluster by itself.
    world.worker(POOL, WORKER).start()
    world.wait_until_ready(machine, CONTROL_PLANE)
    return machine


@pytest.fixture(scope="module")
def worker(world, control_plane):
    machine = world.machines[f"worker-{POOL}"]
    world.wait_until_ready(machine, WORKER)
    return machine


@pytest.fixture(scope="module")
def approved(world, worker):
    """Serving certificates as the approver add-on would have them signed."""

    def serving() -> list[str]:
        requests = world.get("certificatesigningrequests")["items"]
        wanted = [item for item in requests if item["spec"]["signerName"] == "kubernetes.io/kubelet-serving"]
        users = {item["spec"]["username"] for item in wanted}
        names = [item["metadata"]["name"] for item in wanted]
        return names if len(users) == 2 else []

    names = wait_for("both kubelets ask for a serving certificate", 300, serving)
    world.kubectl("certificate", "approve", *names)

    def served() -> bool:
        result = subprocess.run(
            ["openssl", "s_client", "-connect", f"{WORKER}:10250", "-verify_ip", WORKER, "-CAfile", world.authority()],
            input="", capture_output=True, text=True, check=False,
        )  # fmt: skip
        return "Verify return code: 0" in result.stdout

    wait_for("the worker's kubelet serves the signed certificate", 300, served)
    return names


def differing(rendered, running, path="") -> list[str]:
    """Key paths of what was rendered and is not so in what runs, which has the defaults too."""
    if isinstance(rendered, dict) and isinstance(running, dict):
        return [
            found
            for key, value in rendered.items()
            for found in differing(value, running.get(key), f"{path}.{key}".lstrip("."))
        ]
    return [] if rendered == running else [path]


def done_phases(machine) -> list[str]:
    return re.findall(r"phase=(\S+) state=done", machine.console_text())


class TestControlPlane:
    @pytest.mark.row("S0-27", "S3-17")
    def test_it_reaches_ready_from_the_stack_s_user_data(self, world, control_plane):
        name = node_name(CONTROL_PLANE)
        wait_for("the node is Ready", 600, lambda: world.node_is_ready(name), control_plane)
        node = world.get("node", name)
        assert node["spec"]["providerID"] == f"aws:///ap-northeast-2a/{world.metadata.instances[CONTROL_PLANE].id}"
        addresses = {entry["type"]: entry["address"] for entry in node["status"]["addresses"]}
        assert addresses["InternalIP"] == CONTROL_PLANE
        assert "node-role.kubernetes.io/control-plane" in node["metadata"]["labels"]

    @pytest.mark.row("S0-39")
    def test_phases_end_in_their_order_and_each_once(self, control_plane):
        assert done_phases(control_plane) == ["identity", *CONTROL_PLANE_STEPS, "ready"]

    @pytest.mark.row("S0-19", "S0-23", "S4-20")
    def test_the_system_has_what_a_node_calls(self, control_plane):
        control_plane.run("command -v conntrack curl ethtool ip iptables jq mkfs.ext4 mount.nfs openssl socat tc")
        assert control_plane.run("ss --no-header --listening --numeric 'sport = :111'").output == ""
        log = control_plane.run("journalctl --unit groundswell-bootstrap --no-pager").output
        assert "FileExisting" not in log

    @pytest.mark.row("S0-20", "S2-12")
    def test_the_runtime_uses_systemd_cgroups_and_the_pinned_sandbox(self, control_plane):
        info = json.loads(control_plane.run("crictl info").output)["config"]
        assert info["containerd"]["runtimes"]["runc"]["options"]["SystemdCgroup"] is True
        assert control_plane.run("stat -fc %T /sys/fs/cgroup").output.strip() == "cgroup2fs"

    @pytest.mark.row("S0-26", "S0-41")
    def test_the_kubelet_does_not_run_before_kubeadm_configures_it(self, control_plane):
        """It starts only after the step before kubeadm's, and nobody finds port 10250 in use."""
        kubelet = float(control_plane.run("systemctl show kubelet -p ActiveEnterTimestampMonotonic --value").output)
        runtime = float(control_plane.run("systemctl show containerd -p ActiveEnterTimestampMonotonic --value").output)
        assert kubelet > runtime
        assert "Port-10250" not in control_plane.run("journalctl --unit groundswell-bootstrap --no-pager").output

    @pytest.mark.row("S0-25", "S3-12", "S3-13")
    def test_the_programs_have_the_plan_s_version(self, world, control_plane):
        pinned = node_artifacts(world.plan.config.machine.os, world.plan.config.kubernetes.version)
        assert f"runc version {pinned['runc'].version}" in control_plane.run("runc --version").output
        assert pinned["containerd"].version in control_plane.run("containerd --version").output
        # The mirror's archive of network plugins holds one of them.
        assert control_plane.run("ls /opt/cni/bin").output.split() == ["loopback"]
        version = f"v{world.plan.config.kubernetes.version}"
        assert control_plane.run("kubeadm version -o short").output.strip() == version
        assert control_plane.run("kubelet --version").output.split()[-1] == version
        assert (
            json.loads(control_plane.run("kubectl version --client -o json").output)["clientVersion"]["gitVersion"]
            == version
        )

    def test_files_have_the_modes_and_owners_of_the_cis_benchmark(self, control_plane, worker):
        for machine, checks in (
            (control_plane, (*cis_files.CONTROL_PLANE_FILES, *cis_files.NODE_FILES, *cis_files.BEYOND)),
            (worker, cis_files.NODE_FILES),
        ):
            assert cis_files.refusals(checks, machine.run(cis_files.command(checks)).output) == []

    @pytest.mark.row("S4-12")
    def test_secrets_are_encrypted_in_etcd(self, world, control_plane):
        world.kubectl("create", "secret", "generic", "planted", "--from-literal=word=planted-plain-text")
        query = "get /registry/secrets/default/planted --print-value-only | head -c 40 | tr -cd '[:print:]'"
        stored = control_plane.run(f"{ETCDCTL} {query}").output
        assert stored.startswith("k8s:enc:secretbox:v1:")

    @pytest.mark.row("S3-04", "S3-14")
    def test_kubeadm_warned_of_nothing_and_asked_no_registry(self, control_plane):
        """The machines reach no registry at all: every image was there before."""
        log = control_plane.run("journalctl --unit groundswell-bootstrap --no-pager").output
        assert "[init] Using Kubernetes" in log
        assert "[WARNING" not in log
        pulls = control_plane.run("journalctl --unit containerd --no-pager | grep -c 'PullImage'", expect=None).output
        assert int(pulls) == 0

    @pytest.mark.row("S2-26", "S3-08")
    def test_selinux_is_off_where_the_system_has_none(self, control_plane):
        """Debian and Ubuntu bring no policy; on Amazon Linux it stays permissive, which is rendered and not booted."""
        control_plane.run("test ! -e /sys/fs/selinux/enforce || test $(cat /sys/fs/selinux/enforce) = 0")

    @pytest.mark.row("S2-23")
    def test_there_is_one_network_configuration(self, control_plane, worker):
        for machine in (control_plane, worker):
            assert len(machine.run("ls /etc/cni/net.d").output.split()) == 1


class TestWorker:
    @pytest.mark.row("S4-20")
    def test_it_mounts_nfs_without_a_port_mapper(self, worker):
        worker.run("command -v mount.nfs")
        assert worker.run("ss --no-header --listening --numeric 'sport = :111'").output == ""

    @pytest.mark.row("S3-01", "S3-15")
    def test_no_two_machines_share_an_identity(self, control_plane, worker):
        identity = "hostname; cat /sys/class/net/enp*/address /sys/class/dmi/id/product_uuid /etc/machine-id"
        first, second = (machine.run(identity).output.split() for machine in (control_plane, worker))
        assert len(first) == len(second) == 4
        assert not set(first) & set(second)

    @pytest.mark.row("S2-14", "S3-23", "S0-39", "S0-72")
    def test_it_is_ready_with_its_labels_and_taints(self, world, worker):
        name = node_name(WORKER)
        wait_for("the node is Ready", 600, lambda: world.node_is_ready(name), worker)
        node = world.get("node", name)
        assert node["metadata"]["labels"]["groundswell.io/pool"] == POOL
        taints = {(taint["key"], taint.get("value", ""), taint["effect"]) for taint in node["spec"]["taints"]}
        assert ("groundswell.io/pool", POOL, "NoSchedule") in taints
        assert done_phases(worker) == ["identity", *WORKER_STEPS, "ready"]

    @pytest.mark.row("S0-42")
    def test_its_address_is_the_private_one(self, world, worker):
        node = world.get("node", node_name(WORKER))
        assert ("InternalIP", WORKER) in {(item["type"], item["address"]) for item in node["status"]["addresses"]}

    def test_what_it_keeps_back_is_what_the_plan_says(self, world, worker):
        node = world.get("node", node_name(WORKER))["status"]
        reserves = world.plan.pools[POOL].reserves
        kept = int(node["capacity"]["memory"][:-2]) - int(node["allocatable"]["memory"][:-2])
        assert kept == (reserves.kube_memory_mib + reserves.eviction_memory_mib) * 1024
        assert node["capacity"]["pods"] == str(world.plan.config.kubernetes.max_pods)

    @pytest.mark.row("S2-21")
    def test_its_configuration_is_the_one_that_was_rendered(self, world, worker, approved):
        raw = world.kubectl("get", "--raw", f"/api/v1/nodes/{node_name(WORKER)}/proxy/configz")
        running = json.loads(raw)["kubeletconfig"]
        rendered = kubelet_configuration(world.plan) | kubelet_patch(world.plan.pools[POOL].reserves)
        # Written in another way: a minute, and a port that is not there.
        assert (running["shutdownGracePeriod"], running.get("readOnlyPort", 0)) == ("1m0s", 0)
        del rendered["shutdownGracePeriod"], rendered["readOnlyPort"], rendered["apiVersion"], rendered["kind"]
        assert differing(rendered, running) == []
        assert approved

    @pytest.mark.row("S0-38")
    def test_its_serving_certificate_is_signed_by_the_cluster_for_its_address(self, world, worker, approved):
        text = subprocess.run(
            ["openssl", "s_client", "-connect", f"{WORKER}:10250"], input="", capture_output=True, text=True, check=True
        ).stdout
        names = subprocess.run(
            ["openssl", "x509", "-noout", "-ext", "subjectAltName"],
            input=text,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        assert f"IP Address:{WORKER}" in names
        assert approved

    @pytest.mark.row("S0-38")
    def test_logs_exec_and_metrics_work_with_verified_certificates(self, world, worker, approved):
        """The API server verifies kubelets against the cluster's authority: an unsigned one is refused."""
        pods = world.get("pods", "-n", "kube-system", "-l", "k8s-app=kube-proxy")["items"]
        pod = next(pod["metadata"]["name"] for pod in pods if pod["spec"]["nodeName"] == node_name(WORKER))
        assert world.kubectl("logs", "-n", "kube-system", pod)
        version = world.kubectl("exec", "-n", "kube-system", pod, "--", "/usr/local/bin/kube-proxy", "--version")
        assert version.split()[-1] == f"v{world.plan.config.kubernetes.version}"
        metrics = world.kubectl("get", "--raw", f"/api/v1/nodes/{node_name(WORKER)}/proxy/metrics/resource")
        assert "node_cpu_usage_seconds_total" in metrics


class TestTheSecondTime:
    def test_the_same_user_data_again_changes_nothing(self, world, control_plane, worker):
        """cloud-init's modules and the bootstrap once more: no file of configuration or key differs."""
        sums = (
            "find /etc /usr/local /opt/cni /var/lib/kubelet -xdev -type f ! -path '/var/lib/kubelet/pods/*'"
            " ! -path '/var/lib/kubelet/*_state' ! -path '/etc/machine-id'"
            " -exec sha256sum {} + | sort -k2; find /etc/kubernetes -type f -exec sha256sum {} + | sort -k2"
        )
        for machine in (control_plane, worker):
            before = machine.run(sums, seconds=600).output
            machine.run(
                "rm -f /var/lib/cloud/instance/sem/config_{write_files,runcmd,scripts_user}; set -e;"
                " for mode in init config final; do cloud-init modules --mode $mode; done;"
                " systemctl restart groundswell-bootstrap.service",
                seconds=900,
            )
            assert machine.run(sums, seconds=600).output == before
        inits = control_plane.run("journalctl --unit groundswell-bootstrap --no-pager").output.count(
            "[init] Using Kubernetes"
        )
        assert inits == 1

    @pytest.mark.row("S3-33", "S0-33")
    def test_no_secret_is_in_a_log_a_console_or_a_process_list(self, world, control_plane, worker):
        token = json.loads(world.parameter(world.tree.join))["token"]
        for machine in (control_plane, worker):
            places = "journalctl --no-pager; cat /var/log/*.log; ps axww -o args; ls -lR /run/groundswell"
            seen = machine.run(f"({places}) 2>/dev/null | gzip -1 | base64 -w0", seconds=600).output
            text = gzip.decompress(base64.b64decode(seen)).decode(errors="replace") + machine.console_text()
            for secret in (*SECRETS, token, "PRIVATE KEY"):
                assert secret not in text
            assert not re.search(r"\b[a-z0-9]{6}\.[a-z0-9]{16}\b", text)

    @pytest.mark.row("S3-10")
    def test_containerd_comes_back_when_it_is_killed_and_the_pods_never_stop(self, world, control_plane):
        api = "crictl ps --quiet --name '^kube-apiserver$'"
        before = control_plane.run(api).output
        first = control_plane.run("systemctl show containerd -p MainPID --value").output
        # Its main process only, as a crash or the kernel's OOM killer ends it: the pods' shims are in its cgroup too.
        control_plane.run("systemctl kill --kill-whom main --signal KILL containerd")
        wait_for("containerd answers", 120, lambda: control_plane.run(api, expect=None).output == before, control_plane)
        assert control_plane.run("systemctl show containerd -p MainPID --value").output != first
        assert world.kubectl("get", "--raw", "/readyz") == "ok"

    @pytest.mark.row("S0-21", "S0-22", "S3-05", "S3-18")
    def test_after_a_reboot_the_nodes_are_as_before_and_ready(self, world, control_plane, worker):
        boot = "cat /proc/sys/kernel/random/boot_id"
        before = {machine.name: machine.run(boot).output for machine in (control_plane, worker)}
        for machine in (worker, control_plane):
            machine.run("systemctl --no-block reboot", expect=None)
        for machine in (control_plane, worker):

            def is_back(machine=machine) -> bool:
                try:
                    return machine.run(boot).output != before[machine.name]
                except (OSError, MachineError):  # it is on its way down, or not up yet
                    return False

            wait_for(f"{machine.name} is back", 900, is_back, machine)

            def has_finished(machine=machine) -> bool:
                state = machine.run("systemctl is-active groundswell-bootstrap", expect=None).output
                return state.strip() == "active"

            wait_for(f"{machine.name} has finished", 900, has_finished, machine)
            assert machine.run("tail -n +2 /proc/swaps").output == ""
            assert machine.run("awk '/^SwapTotal/ {print $2}' /proc/meminfo").output.strip() == "0"
            assert machine.run("grep -E '^[^#]+\\sswap\\s' /etc/fstab", expect=1).output == ""
            loaded = machine.run("cut -d' ' -f1 /proc/modules").output.split()
            assert set(MODULES) <= set(loaded)
            for key, value in SYSCTLS.items():
                assert machine.run(f"sysctl -n {key}").output.strip() == value
        wait_for(
            "the API answers", 900, lambda: world.kubectl("get", "--raw", "/readyz", check=False) == "ok", control_plane
        )
        for address in (CONTROL_PLANE, WORKER):
            wait_for("the node is Ready", 600, lambda a=address: world.node_is_ready(node_name(a)))
