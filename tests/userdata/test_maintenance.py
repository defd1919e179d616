"""What a control plane does again and again: how the programs come to it, and what each finds and does.

The programs that work on etcd run against a real one in `tests/real/etcd`; here are those that need none.
"""

import json
import re
from datetime import UTC, datetime, timedelta

import pytest
from bucket_fake import Object
from node_fakes import NODE_NAME, SECRETS
from real.etcd.keys import Keys

from userdata.bundle import bundle, contents

TREE = "/groundswell/travel/control-plane"
FETCH, START = "steps/programs.sh", "steps/maintenance.sh"
TIMERS = {"certificates", "credential", "defragment", "metrics", "restore", "snapshot", "space", "token"}
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAYS = [(91, False), (89, True), (31, True), (29, True), (-1, True)]
"""Days that a certificate has left; whether it is renewed."""


@pytest.fixture
def bare(new_node, control_plane, dev_plan, aws):
    """A slot that has become a control plane; the bucket has its programs."""
    aws.offer_bucket("travel")
    programs = bundle(dev_plan)
    aws.bucket.objects[programs.key] = Object(data=programs.data, metadata={})
    aws.parameters["/groundswell/travel/operator/credential"] = json.dumps(
        {"status": {"expirationTimestamp": "2099-01-01T00:00:00Z"}}
    )
    node = new_node(control_plane, watched=True, BUNDLE_SECONDS="1")
    node.identify()
    return node


@pytest.fixture
def node(bare):
    bare.run(FETCH)
    bare.run(START)
    bare.tell_time(int(NOW.timestamp()))
    return bare


def lay_keys(node, days, **others):
    """Certificates with so many days left from NOW, and half a day more; `others` by file name."""
    keys, pki = Keys(), node.root / "etc/kubernetes/pki"
    keys.store(pki)
    ahead = NOW - datetime.now(UTC) + timedelta(hours=12)
    keys.issue(pki, "127.0.0.1", left=ahead + timedelta(days=days))
    for name, left in others.items():
        keys.cluster.issue(pki / name, "127.0.0.1", left=ahead + timedelta(days=left))
    return keys


class TestSteps:
    def test_the_programs_are_fetched_by_their_sum(self, bare, dev_plan, aws):
        bare.run(FETCH)
        assert aws.bucket.requests == [("GET", bundle(dev_plan).key)]
        for path, file in contents(dev_plan).items():
            assert bare.text(path) == file.content
            assert (bare.root / path.lstrip("/")).stat().st_mode & 0o777 == file.mode

    def test_every_timer_is_started(self, bare):
        bare.run(FETCH)
        bare.run(START)
        calls = bare.calls("systemctl")
        (enabled,) = [call for call in calls if "enable --quiet --now" in call]
        assert set(re.findall(r"groundswell-(\w+)\.timer", enabled)) == TIMERS
        assert "systemctl enable --quiet groundswell-hold.service" in calls

    def test_a_second_run_changes_nothing(self, bare):
        bare.run(FETCH)
        bare.run(START)
        before = bare.tree()
        bare.run(FETCH)
        bare.run(START)
        assert bare.tree() == before

    def test_another_archive_under_the_same_name_is_refused_and_not_unpacked(self, bare, dev_plan, aws):
        aws.bucket.objects[bundle(dev_plan).key] = Object(data=b"somebody else's", metadata={})
        assert f"{TREE}/backup: no programs {bundle(dev_plan).sha256} there" in bare.run(FETCH, expect=1)
        assert not (bare.root / "usr/local/lib/groundswell/slot.sh").exists()

    def test_without_the_object_it_ends_in_one_line_that_names_the_parameter(self, bare, aws):
        aws.bucket.objects.clear()
        assert f"{TREE}/backup: no programs " in bare.run(FETCH, expect=1)

    def test_no_credential_is_an_argument_of_any_process(self, bare):
        bare.run(FETCH)
        bare.run(START)
        assert not [call for call in bare.calls() for secret in SECRETS if secret in call]


def test_every_timer_has_its_service_and_every_service_a_program_that_is_there(dev_plan, control_plane):
    units = {path.rpartition("/")[2]: file.content for path, file in contents(dev_plan).items() if "/system/" in path}
    timers = {name.removesuffix(".timer") for name in units if name.endswith(".timer")}
    assert timers == {f"groundswell-{name}" for name in TIMERS}
    assert timers | {"groundswell-hold"} == {name.removesuffix(".service") for name in units if ".service" in name}
    there = contents(dev_plan).keys() | control_plane.files.keys()
    for name, text in units.items():
        for program in re.findall(r"^ExecStart=(\S+)", text, flags=re.MULTILINE):
            assert program in there, name


def test_snapshots_are_due_every_quarter_of_an_hour(dev_plan):
    """The recovery point: at most fifteen minutes, and the delay of the fastest machine's own choice."""
    timer = contents(dev_plan)["/etc/systemd/system/groundswell-snapshot.timer"].content
    assert "OnCalendar=*:0/15\n" in timer
    assert "Persistent=true" in timer


def test_every_setting_that_a_maintenance_program_insists_on_is_there(dev_plan, control_plane):
    known = {"NODE_NAME", "NODE_ADDRESS", "INSTANCE_ID", "ZONE"}
    texts = [control_plane.files["/etc/groundswell/node.env"].content]
    texts.append(contents(dev_plan)["/etc/groundswell/maintenance.env"].content)
    known |= set(re.findall(r"^([A-Z_0-9]+)=", "\n".join(texts), flags=re.MULTILINE))
    for path, file in contents(dev_plan).items():
        assert set(re.findall(r"\$\{([A-Z_]+):\?\}", file.content)) <= known, path


class TestExpiry:
    @pytest.fixture
    def node(self, node):
        node.does("etcdctl", 'for last; do :; done; case "$*" in *" lock "*) exec $last ;; esac')
        node.does("kubectl", "exit 0")
        node.does(
            "crictl",
            f'[ -e {node.folder}/id ] || echo 1 >{node.folder}/id; case "$*" in *" ps "*) cat {node.folder}/id ;;'
            f' *" stop "*) echo $(($(cat {node.folder}/id) + 1)) >{node.folder}/id ;; esac',
        )
        return node

    def renewing(self, node, keys):
        """Let kubeadm renew: certificates with a year from NOW."""
        fresh = node.folder / "fresh"
        left = NOW - datetime.now(UTC) + timedelta(days=365)
        keys.issue(fresh, "127.0.0.1", left=left)
        node.does("kubeadm", f'case "$*" in "certs renew all"*) cp -r {fresh}/. $root/etc/kubernetes/pki/ ;; esac')

    @pytest.mark.parametrize(("days", "renewed"), DAYS)
    def test_certificates_are_renewed_below_ninety_days(self, node, days, renewed):
        self.renewing(node, lay_keys(node, days))
        output = node.run("maintenance/certificates.sh")
        renewals = [call for call in node.calls("kubeadm") if call.startswith("kubeadm certs renew all --config")]
        assert len(renewals) == (1 if renewed else 0)
        assert ("renewed the certificates: the first one ends in 365 days" in output) == renewed

    def test_every_static_pod_is_started_again_etcd_first(self, node):
        self.renewing(node, lay_keys(node, 20))
        node.run("maintenance/certificates.sh")
        seen = [call.split("^")[1].rstrip("$") for call in node.calls("crictl") if " ps " in call]
        order = list(dict.fromkeys(seen))
        assert order == ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"]
        assert sum(" stop " in call for call in node.calls("crictl")) == 4

    def test_only_one_slot_at_a_time_renews_under_etcds_lock(self, node):
        self.renewing(node, lay_keys(node, 20))
        node.run("maintenance/certificates.sh")
        calls = node.calls("etcdctl", "kubeadm")
        lock = next(index for index, call in enumerate(calls) if " lock --ttl 60 groundswell/maintenance " in call)
        assert lock < next(index for index, call in enumerate(calls) if "certs renew" in call)

    def test_restarts_that_were_cut_off_are_made_up_for(self, node):
        keys = lay_keys(node, 20)
        self.renewing(node, keys)
        node.does("kubectl", "exit 1")
        program = node.root / "usr/local/lib/groundswell/maintenance/certificates.sh"
        text = program.read_text()
        program.write_text(text.replace("soon 600", "soon 0"))
        node.run("maintenance/certificates.sh")
        node.does("kubectl", "exit 0")
        program.write_text(text)
        node.forget()
        node.run("maintenance/certificates.sh")
        assert sum(" stop " in call for call in node.calls("crictl")) == 4
        node.forget()
        node.run("maintenance/certificates.sh")
        assert not node.calls("crictl")

    @pytest.mark.parametrize(("days", "alarmed"), [(91, False), (89, False), (31, False), (29, True), (-1, True)])
    def test_below_thirty_days_that_nothing_renews_there_is_an_alert(self, node, days, alarmed):
        """An authority's own certificate is nobody's to renew."""
        lay_keys(node, 300)
        pki = node.root / "etc/kubernetes/pki"
        ahead = NOW - datetime.now(UTC) + timedelta(hours=12)
        Keys().cluster.issue(pki / "front-proxy-ca", "127.0.0.1", left=ahead + timedelta(days=days))
        output = node.run("maintenance/certificates.sh", expect=1 if alarmed else 0)
        assert (f"ALERT: a certificate of slot a ends in {days} days" in output) == alarmed
        assert not node.calls("kubeadm")


class TestMetrics:
    @pytest.fixture
    def node(self, node):
        lay_keys(node, 100, **{"front-proxy-ca": 3000})
        node.does("etcdctl", "exit 1")
        return node

    def status(self, node, aws):
        node.run("maintenance/metrics.sh")
        return json.loads(aws.parameters[f"{TREE}/maintenance/a"])

    def remember(self, node, minutes):
        folder = node.root / "var/lib/groundswell-data/maintenance"
        folder.mkdir(parents=True, exist_ok=True)
        at = int(NOW.timestamp()) - 60 * minutes
        (folder / "snapshot.json").write_text(json.dumps({"key": "snapshots/recent/x.db", "at": at}))

    def test_the_parameter_names_the_slot_its_certificates_and_its_snapshot(self, node, aws):
        self.remember(node, 10)
        status = self.status(node, aws)
        assert (status["slot"], status["node"], status["alerts"]) == ("a", NODE_NAME, [])
        ends = status["certificates"]["/etc/kubernetes/pki/apiserver.crt"] - NOW.timestamp()
        assert timedelta(days=100) < timedelta(seconds=ends) < timedelta(days=101)
        assert status["snapshot"]["key"] == "snapshots/recent/x.db"
        assert status["etcd"] == {
            "members": 0, "expected": 1, "quota": 8 * 1024**3, "leader": False, "bytes": 0, "in_use": 0, "lag": None,
        }  # fmt: skip

    @pytest.mark.parametrize(("minutes", "late"), [(15, False), (45, False), (46, True), (600, True)])
    def test_a_snapshot_that_is_missed_is_an_alert(self, node, aws, minutes, late):
        self.remember(node, minutes)
        expected = [f"the newest snapshot that slot a knows of is {minutes} minutes old"]
        assert self.status(node, aws)["alerts"] == (expected if late else [])

    def test_no_snapshot_at_all_is_an_alert(self, node, aws):
        assert self.status(node, aws)["alerts"] == ["slot a knows of no snapshot"]

    @pytest.mark.parametrize(("days", "alarmed"), [(91, False), (89, False), (31, False), (29, True), (-1, True)])
    def test_the_alert_about_certificates_comes_on_the_right_day(self, node, aws, days, alarmed):
        self.remember(node, 5)
        lay_keys(node, days)
        expected = [f"a certificate of slot a ends in {days} days"]
        assert self.status(node, aws)["alerts"] == (expected if alarmed else [])

    def test_the_text_file_is_what_node_exporter_reads(self, node, aws):
        self.remember(node, 10)
        self.status(node, aws)
        path = "/var/lib/node_exporter/textfile_collector/groundswell.prom"
        assert (node.root / path.lstrip("/")).stat().st_mode & 0o777 == 0o644
        samples = {}
        for line in node.text(path).splitlines():
            assert re.fullmatch(r'# (HELP|TYPE) \w+ .+|\w+(\{file="[^"]+"\})? (NaN|-?[0-9.]+)', line), line
            if not line.startswith("#"):
                name, value = line.rsplit(" ", 1)
                samples[name] = value
        assert samples["groundswell_etcd_snapshot_seconds"] == str(int(NOW.timestamp()) - 600)
        assert samples["groundswell_etcd_lag_entries"] == "NaN"
        assert samples['groundswell_certificate_end_seconds{file="/etc/kubernetes/pki/etcd/peer.crt"}']
