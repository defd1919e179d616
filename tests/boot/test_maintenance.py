"""What a control plane does again and again, on a booted machine: snapshots, and certificates when their time comes."""

import json
import time
from datetime import UTC, datetime

from boot.machine import wait_for
from boot.world import CONTROL_PLANE, node_name

TASKS = "/usr/local/lib/groundswell/maintenance"
DAY = 86400


def ends(machine) -> dict[str, float]:
    """Days that kubeadm's certificates have left on the machine's own clock."""
    listed = json.loads(machine.run("kubeadm certs check-expiration -o json", seconds=300).output)
    return {entry["name"]: entry["residualTime"] / DAY for entry in listed["certificates"]}


class TestMaintenance:
    def test_the_timers_are_on(self, control_plane):
        listed = control_plane.run("systemctl list-timers --all --no-legend 'groundswell-*'").output
        for name in ("token", "credential", "snapshot", "certificates", "defragment", "metrics"):
            assert f"groundswell-{name}.timer" in listed

    def test_a_snapshot_reaches_the_bucket_and_a_second_run_adds_nothing(self, world, control_plane):
        control_plane.run("systemctl start groundswell-snapshot.service", seconds=300)
        first = world.bucket_keys("snapshots/")
        assert first
        control_plane.run("systemctl start groundswell-snapshot.service", seconds=300)
        assert len(world.bucket_keys("snapshots/")) <= len(first) + 1

    def test_metrics_say_when_certificates_end_and_how_old_the_snapshot_is(self, control_plane):
        control_plane.run("systemctl start groundswell-metrics.service", seconds=300)
        text = control_plane.read("/var/lib/node_exporter/textfile_collector/groundswell.prom")
        values = {
            line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in text.splitlines() if line[0] != "#"
        }
        end = values['groundswell_certificate_end_seconds{file="/etc/kubernetes/pki/apiserver.crt"}']
        assert 360 * DAY < end - time.time() < 366 * DAY
        assert time.time() - values["groundswell_etcd_snapshot_seconds"] < 3600
        assert values["groundswell_etcd_members"] == values["groundswell_etcd_members_planned"] == 1

    def test_three_hundred_days_later_the_certificates_are_renewed_and_the_api_goes_on(self, world, control_plane):
        """The machine boots with its clock, the metadata service's and the time service's moved."""
        control_plane.run("sync")
        control_plane.cut_power()
        world.metadata.ahead = 300 * DAY
        later = datetime.fromtimestamp(time.time() + world.metadata.ahead, tz=UTC)
        control_plane.clock = later.strftime("%Y-%m-%dT%H:%M:%S")
        control_plane.start()
        wait_for("the machine is up", 900, control_plane.answers, control_plane)
        ready = "curl -sf --cacert /etc/kubernetes/pki/ca.crt https://127.0.0.1:6443/readyz"
        wait_for("the API is ready", 900, lambda: control_plane.run(ready, expect=None).output == "ok", control_plane)
        before = ends(control_plane)
        assert min(before.values()) < 90
        control_plane.run("systemctl start groundswell-certificates.service", seconds=1500)
        after = ends(control_plane)
        assert min(after.values()) > 360
        served = control_plane.run(
            "openssl s_client -connect 127.0.0.1:6443 </dev/null | openssl x509 -noout -checkend $((360*86400))",
            expect=None,
        )
        assert served.code == 0
        assert control_plane.run(ready).output == "ok"
        assert (
            node_name(CONTROL_PLANE)
            in control_plane.run(
                "kubectl --kubeconfig /etc/kubernetes/admin.conf get nodes -o name", seconds=300
            ).output
        )
