"""What goes wrong around a machine while it boots: metadata, clock, network cards, downloads, tokens."""

import json
import time

import pytest
from boot.machine import wait_for
from boot.world import WORKER, node_name

from userdata import render

ARTEFACTS = "/etc/groundswell/artefacts"


def console_has(machine, text: str, seconds: float = 1200) -> None:
    wait_for(f"{machine.name} says {text!r}", seconds, lambda: text in machine.console_text(), machine)


def bootstrap_begins(machine) -> None:
    console_has(machine, "phase=identity state=running")


class TestBeforeTheCluster:
    """No cluster is needed for these: each is about the first phases, with workers that would wait for one."""

    def test_a_metadata_service_that_stalls_for_a_minute_is_waited_for(self, world):
        machine = world.worker("gateway", "10.0.0.31")
        machine.start()
        # cloud-init has had its answers; then the service hangs for a minute.
        wait_for("the machine is up", 900, machine.answers, machine)
        machine.run("systemctl stop groundswell-bootstrap; rm -rf /run/groundswell")
        world.metadata.silent.add("10.0.0.31")
        machine.run("systemctl start --no-block groundswell-bootstrap")
        time.sleep(60)
        world.metadata.silent.clear()
        console_has(machine, "phase=preflight state=done", 300)
        machine.cut_power()

    def test_one_that_is_gone_for_good_is_said_in_one_line_within_ten_minutes(self, world):
        machine = world.worker("payment", "10.0.0.32")
        machine.start()
        wait_for("the machine is up", 900, machine.answers, machine)
        machine.run("systemctl stop groundswell-bootstrap; rm -rf /run/groundswell; : >/run/console-mark")
        world.metadata.silent.add("10.0.0.32")
        machine.run("systemctl start --no-block groundswell-bootstrap")
        line = "the instance metadata service at http://169.254.169.254 gave no answer for"
        console_has(machine, line, 660)
        failed = [text for text in machine.console_text().splitlines() if "phase=identity state=failed" in text]
        assert len(failed) == 1
        world.metadata.silent.clear()
        machine.cut_power()

    def test_a_clock_that_is_years_off_is_waited_for_and_corrected(self, world):
        machine = world.worker("member", "10.0.64.33")
        machine.clock = "2020-01-01T00:00:00"
        machine.start()
        console_has(machine, "phase=preflight state=done")
        year = machine.run("date +%Y").output.strip()
        assert int(year) > 2024
        machine.cut_power()

    @pytest.mark.row("S0-71")
    def test_with_two_network_cards_the_node_uses_the_address_of_the_metadata(self, world):
        zone = "ap-northeast-2a"
        data = render.worker(world.plan, "planner").gzipped
        machine = world.machine("worker-two-cards", "10.0.0.34", zone, data, memory_mib=1536, further=["10.0.0.35"])
        machine.start()
        console_has(machine, "phase=preflight state=done")
        identity = machine.read("/run/groundswell/identity.env")
        assert "NODE_ADDRESS=10.0.0.34" in identity
        assert f"NODE_NAME={node_name('10.0.0.34')}" in identity
        machine.cut_power()

    def test_a_download_with_a_wrong_sum_is_refused_by_name_and_never_installed(self, world):
        machine = world.worker("accommodation", "10.0.64.36")
        address = next(
            line.split()[1] for line in user_data_file(world, "accommodation", ARTEFACTS).splitlines() if "runc" in line
        )
        name = address.rpartition("/")[2]
        real = world.mirror / name
        kept = real.with_suffix(".kept")
        real.rename(kept)
        try:
            real.write_bytes(b"not what was pinned")
            machine.start()
            console_has(machine, f"refused: SHA-256 of {address} is ")
            console_has(machine, "phase=artefacts state=failed")
            machine.run("test ! -e /usr/local/sbin/runc")
        finally:
            real.unlink()
            kept.rename(real)
        console_has(machine, "phase=artefacts state=done")
        machine.run("test -x /usr/local/sbin/runc")
        machine.cut_power()


def user_data_file(world, pool: str, path: str) -> str:
    return render.worker(world.plan, pool).files[path].content


class TestTokens:
    @pytest.mark.row("S3-34", "S0-33")
    def test_a_worker_that_finds_an_expired_token_reads_again_and_joins(self, world, control_plane):
        control_plane.run("systemctl stop groundswell-token.timer")
        fresh = world.ssm.get_parameter(Name=world.tree.join, WithDecryption=True)["Parameter"]
        expired = json.dumps({"token": "abcdef." + "0" * 16, "expires": "2020-01-01T00:00:00Z"})
        world.ssm.put_parameter(Name=world.tree.join, Value=expired, Type="SecureString", Overwrite=True)
        worker = world.worker("planner", WORKER)
        worker.start()
        world.wait_for_phase(worker, "worker", "running")
        wait_for(
            "the worker reads the parameter", 300, lambda: any("ssm." in host for host, _, _ in world.aws.log[-50:])
        )
        time.sleep(20)
        assert node_name(WORKER) not in {node["metadata"]["name"] for node in world.get("nodes")["items"]}
        control_plane.run("/usr/local/lib/groundswell/mint-token.sh")
        minted = world.ssm.get_parameter(Name=world.tree.join, WithDecryption=True)["Parameter"]
        assert minted["Version"] > fresh["Version"] + 1
        world.wait_until_ready(worker, WORKER)
        wait_for("the node is Ready", 600, lambda: world.node_is_ready(node_name(WORKER)), worker)
