"""bootstrap.sh: order, markers, retries and reports, with steps of its own; and the steps that every node has."""

import hashlib
import json
import re

import pytest
from node_fakes import JOIN_TOKEN, NODE_NAME

STATUS = f"/groundswell/travel/status/worker/{NODE_NAME}"


def set_steps(node, **steps):
    """Give the machine steps of its own: name and bash text."""
    with (node.root / "etc/groundswell/node.env").open("a") as environment:
        environment.write(f"STEPS='{' '.join(steps)}'\n")
    for name, text in steps.items():
        path = node.root / f"usr/local/lib/groundswell/steps/{name}.sh"
        path.write_text(
            "#!/usr/bin/env bash\nset -euo pipefail\n"
            f'. "$GROUNDSWELL_ROOT/usr/local/lib/groundswell/common.sh"\necho {name} >>"$root/ran"\n{text}\n'
        )
        path.chmod(0o755)


@pytest.fixture
def node(new_node, worker):
    return new_node(worker)


def test_steps_run_in_order_and_each_only_once(node):
    set_steps(node, first="", second="", third="")
    node.run()
    assert node.text("/ran").split() == ["first", "second", "third"]
    node.run()
    node.reboot()
    node.run()
    assert node.text("/ran").split() == ["first", "second", "third"]


def test_a_step_that_failed_runs_again_and_the_ones_before_it_do_not(node):
    set_steps(node, first="", second='[[ -e "$root/mended" ]]', third="")
    node.run(expect=1)
    (node.root / "mended").touch()
    node.run()
    assert node.text("/ran").split() == ["first", "second", "second", "third"]


def test_the_files_are_known_to_be_on_the_disk_before_the_first_step(node):
    set_steps(node, first='[[ -e "$state/durable" ]]')
    node.run()
    assert node.calls("sync")


def test_every_phase_is_one_line_on_the_console_with_its_start_and_end(node):
    set_steps(node, first="")
    node.run()
    lines = node.text("/dev/console").splitlines()
    assert [line.split(" started=")[0] for line in lines] == [
        "groundswell: phase=identity state=running",
        "groundswell: phase=identity state=done",
        "groundswell: phase=first state=running",
        "groundswell: phase=first state=done",
        "groundswell: phase=ready state=done",
    ]
    assert all(re.search(r" ended=20\S+ seconds=\d+$", line) for line in lines if "state=done" in line)
    assert all(line.endswith(" ended=- seconds=0") for line in lines if "state=running" in line)


def test_a_finished_node_says_so_in_its_parameter(node, aws):
    set_steps(node, first="")
    node.run()
    status = json.loads(aws.parameters[STATUS])
    assert status == json.loads(node.text("/var/lib/groundswell/status.json"))
    assert {"node": NODE_NAME, "role": "worker", "phase": "ready", "state": "done"}.items() <= status.items()
    assert set(status) == {
        "node", "instance", "role", "phase", "state", "started", "ended", "cause", "phases", "journal",
    }  # fmt: skip


def test_the_status_lists_how_long_each_phase_took_when_it_first_succeeded(node, aws):
    set_steps(node, first="", second='[[ -e "$root/mended" ]] && /bin/sleep 1.1', third="false")
    node.run(expect=1)
    assert [name for name, _ in json.loads(aws.parameters[STATUS])["phases"]] == ["identity", "first"]
    (node.root / "mended").touch()
    node.run(expect=1)
    phases = dict(json.loads(aws.parameters[STATUS])["phases"])
    assert list(phases) == ["identity", "first", "second"]
    assert 1 <= phases["second"] <= 60
    node.reboot()
    node.run(expect=1)
    assert dict(json.loads(aws.parameters[STATUS])["phases"]) == phases


@pytest.mark.row("S3-33")
def test_a_failing_phase_is_reported_with_its_cause_and_last_lines_and_without_secrets(new_node, worker, aws):
    node = new_node(worker, watched=True)
    noise = "for n in $(echo {1..40}); do echo line $n '{{x}}'; done"
    set_steps(
        node, broken=f"{noise}\necho token {JOIN_TOKEN}\nhead -c 45 /dev/zero | base64\ndie 'the disk is on fire'"
    )
    node.run(expect=1)
    status = json.loads(aws.parameters[STATUS])
    assert (status["phase"], status["state"], status["cause"]) == ("broken", "failed", "the disk is on fire")
    assert status["journal"][0] == "line 32 { {x}}"
    assert status["journal"][-3:] == ["token (token)", "(data)", "groundswell: the disk is on fire"]
    console = node.text("/dev/console")
    assert "cause=the disk is on fire" in console
    assert "line 40" in console
    assert JOIN_TOKEN not in console
    assert JOIN_TOKEN not in "\n".join(node.calls())


def test_a_program_that_gives_no_cause_is_reported_with_its_last_line(node, aws):
    set_steps(node, broken="echo something went wrong; false")
    node.run(expect=1)
    assert json.loads(aws.parameters[STATUS])["cause"] == "something went wrong"


def test_of_kubeadm_s_output_the_line_that_names_the_error_is_the_cause(node, aws):
    error = "[ERROR SystemVerification]: failed to parse kernel config"
    last = "To see the stack trace of this error execute with --v=5 or higher"
    set_steps(node, broken=f"echo '\t{error}'; echo 'error: preflight checks failed'; echo '{last}'; false")
    node.run(expect=1)
    assert json.loads(aws.parameters[STATUS])["cause"].strip() == error


def test_of_a_sum_the_beginning_is_shown_and_of_key_material_nothing(node, aws):
    set_steps(node, broken=f"die 'the sum is {'0123456789ab' * 5}cdef, the key {'QUJD' * 20}'")
    node.run(expect=1)
    assert json.loads(aws.parameters[STATUS])["cause"] == "the sum is 0123456789ab..., the key (data)"


def test_a_long_cause_and_journal_stay_below_the_limit_of_a_parameter(node, aws):
    set_steps(node, broken="for n in {1..30}; do printf 'x y %.0s' {1..2000}; echo; done; false")
    node.run(expect=1)
    assert len(aws.parameters[STATUS]) <= 4096


def test_a_journal_of_signs_that_take_three_bytes_fits_too_and_keeps_its_last_line(node, aws):
    set_steps(node, broken="for n in {1..30}; do printf '● %.0s' {1..300}; echo; done; echo the last; false")
    node.run(expect=1)
    stored = aws.parameters[STATUS]
    assert len(stored.encode()) <= 4096
    assert json.loads(stored)["journal"][-1] == "the last"
    assert json.loads(stored)["cause"] == "the last"


def test_a_status_that_cannot_be_stored_does_not_stop_the_bootstrap(node, aws):
    aws.refuse = "/status/"
    set_steps(node, first="")
    assert "the status could not be stored" in node.run()
    assert node.text("/ran") == "first\n"


def test_a_second_bootstrap_at_the_same_time_is_refused(node):
    set_steps(node, slow='until [[ -e "$root/refused" ]]; do /bin/sleep 0.05; done')
    process = node.start()
    while not (node.root / "ran").exists():
        assert process.poll() is None
    assert "another bootstrap is at work" in node.run(expect=1)
    (node.root / "refused").touch()
    process.communicate(timeout=20)
    assert process.returncode == 0


def test_a_worker_asks_for_a_replacement_after_the_last_failure_and_not_before(new_node, worker, aws):
    node = new_node(worker, GIVE_UP_AFTER="3")
    set_steps(node, broken="false")
    node.run(expect=1)
    node.run(expect=1)
    assert aws.unhealthy == []
    assert "failed 3 times: asking for a replacement" in node.run(expect=1)
    assert aws.unhealthy == ["i-0123456789abcdef0"]


def test_success_forgets_earlier_failures(new_node, worker, aws):
    node = new_node(worker, GIVE_UP_AFTER="2")
    set_steps(node, flaky='[[ -e "$root/mended" ]]')
    node.run(expect=1)
    (node.root / "mended").touch()
    node.run()
    assert not (node.root / "var/lib/groundswell/failures").exists()
    assert aws.unhealthy == []


def test_a_control_plane_never_asks_for_a_replacement(new_node, control_plane, aws):
    node = new_node(control_plane, GIVE_UP_AFTER="1")
    set_steps(node, broken="false")
    for _ in range(3):
        node.run(expect=1)
    assert aws.unhealthy == []


class TestPreflight:
    def run(self, node, expect=0):
        node.does("systemctl", "")
        return node.run("steps/preflight.sh", expect=expect)

    def test_swap_is_off_now_and_after_a_reboot(self, node):
        self.run(node)
        assert node.calls("swapoff") == ["swapoff --all"]
        assert "systemctl mask --quiet swap.target" in node.calls("systemctl")
        assert "\n#/swapfile none swap sw 0 0\n" in node.text("/etc/fstab")
        assert "UUID=1 / ext4" in node.text("/etc/fstab")

    def test_modules_are_loaded_before_the_settings_that_need_them(self, node):
        self.run(node)
        assert [call.split()[0] for call in node.calls("modprobe", "sysctl")] == ["modprobe", "modprobe", "sysctl"]
        assert node.calls("modprobe") == ["modprobe overlay", "modprobe br_netfilter"]

    def test_running_it_again_changes_no_file(self, node):
        self.run(node)
        before = node.tree()
        self.run(node)
        assert node.tree() == before

    def test_cgroup_v1_is_refused_in_one_line(self, node):
        node.does("stat", "echo tmpfs")
        output = self.run(node, expect=1)
        assert output == "groundswell: this machine runs cgroup v1, which kubelet 1.35 and later refuse\n"

    def test_a_missing_kernel_module_is_named(self, node):
        node.does("modprobe", '[ "$1" != br_netfilter ]')
        assert "the kernel has no module br_netfilter" in self.run(node, expect=1)

    def test_a_clock_that_is_years_off_is_waited_for(self, node, aws):
        aws.clock_offset = 3 * 365 * 86400
        node.does("sleep", f"echo >>{node.folder}/waited; exec /bin/sleep 0.02")
        process = node.start("steps/preflight.sh")
        while not (node.folder / "waited").exists():
            assert process.poll() is None
        aws.clock_offset = 0
        process.communicate(timeout=20)
        assert process.returncode == 0

    def test_a_clock_that_nobody_corrects_ends_in_one_line_with_the_difference(self, new_node, worker, aws):
        node = new_node(worker, CLOCK_SECONDS="1")
        aws.clock_offset = 3 * 365 * 86400
        output = self.run(node, expect=1)
        off = r"the clock is -946\d{5} s off the instance metadata service's"
        line = rf"groundswell: {off}, and no time service corrects it\n"
        assert re.fullmatch(line, output)


class TestPackages:
    def test_an_image_that_has_every_program_needs_no_package_source(self, node):
        node.run("steps/packages.sh")
        assert node.calls("apt-get") == []

    def test_what_is_missing_is_installed_and_looked_for_again(self, node):
        packages = {"tc": "iproute2", "conntrack": "conntrack", "mount.nfs": "nfs-common"}
        for name in packages:
            (node.shims / name).rename(node.folder / name)
        kept = " ".join(str(node.folder / name) for name in packages)
        node.does("apt-get", f'case "$*" in *install*) cp {kept} {node.shims}/ ;; esac')
        node.run("steps/packages.sh")
        assert set(packages.values()) <= set(node.calls("apt-get")[-1].split())

    @pytest.mark.row("S4-20")
    def test_the_port_mapper_of_the_nfs_client_is_off_before_the_client_is_installed(self, node):
        (node.shims / "mount.nfs").rename(node.folder / "mount.nfs")
        node.does("apt-get", f'case "$*" in *install*) cp {node.folder}/mount.nfs {node.shims}/ ;; esac')
        node.run("steps/packages.sh")
        first, *_, last = node.calls("systemctl", "apt-get")
        assert first == "systemctl mask --quiet --now rpcbind.socket rpcbind.service"
        assert " install " in last

    def test_what_cannot_be_had_is_named(self, node):
        (node.shims / "socat").unlink()
        assert "still missing after the installation: socat" in node.run("steps/packages.sh", expect=1)


class TestArtefacts:
    @pytest.fixture
    def node(self, new_node, worker):
        made = new_node(worker, watched=True)
        made.serve_artefacts()
        return made

    def test_programs_are_downloaded_checked_and_installed(self, node):
        node.run("steps/artefacts.sh")
        program = node.root / "usr/local/bin/program"
        assert program.read_text() == "#!/bin/sh\n"
        assert program.stat().st_mode & 0o777 == 0o755
        assert (node.root / "opt/tool/tool").read_text() == "#!/bin/sh\n"

    def test_a_second_run_downloads_nothing_and_changes_nothing(self, node):
        node.run("steps/artefacts.sh")
        before = node.tree()
        node.forget()
        node.run("steps/artefacts.sh")
        assert node.calls("curl") == []
        assert node.tree() == before

    def test_downloads_run_side_by_side(self, node):
        node.run("steps/artefacts.sh")
        names = [call.split()[0] for call in node.calls("curl", "tar")]
        assert names[:2] == ["curl", "curl"]

    @pytest.mark.row("S3-12")
    def test_a_file_with_another_sum_is_refused_and_named_and_nothing_is_installed(self, node, aws):
        aws.files["/program"] = b"#!/bin/sh\nexit 1\n"
        output = node.run("steps/artefacts.sh", expect=1)
        assert (
            f"refused: SHA-256 of {aws.endpoint}/program is {hashlib.sha256(aws.files['/program']).hexdigest()}"
            in output
        )
        assert "not obtained: program" in output
        assert not (node.root / "usr/local/bin/program").exists()
        assert not (node.root / "opt/tool").exists()

    def test_after_a_failure_only_what_is_missing_is_fetched_again(self, node, aws):
        good = aws.files.pop("/program")
        node.run("steps/artefacts.sh", expect=1)
        aws.files["/program"] = good
        aws.fetched.clear()
        node.run("steps/artefacts.sh")
        assert aws.fetched == [("/program", 0)]


def test_the_kubelet_is_enabled_and_never_started_before_kubeadm(node):
    node.run("steps/containerd.sh")
    calls = node.calls("systemctl")
    assert "systemctl enable --quiet --now containerd.service" in calls
    assert "systemctl enable --quiet kubelet.service" in calls
    assert not any("kubelet" in call and ("start" in call or "--now" in call) for call in calls)
