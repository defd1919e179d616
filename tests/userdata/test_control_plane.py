"""A control plane's steps: initialise once, join, resume, publish; and what its timers do."""

import base64
import hashlib
import json
import subprocess
from datetime import UTC, datetime, timedelta

import pytest
from bucket_fake import Object
from node_fakes import JOIN_TOKEN, NODE_NAME, SECRETS, Aws, Node, teach_kubeadm, with_programs

from userdata.bundle import bundle

TREE = "/groundswell/travel"
PROVIDER = "aws:///ap-northeast-2a/i-0123456789abcdef0"
KEYS = {
    "ca.crt", "ca.key", "sa.pub", "sa.key", "front-proxy-ca.crt", "front-proxy-ca.key", "etcd-ca.crt", "etcd-ca.key",
    "encryption.json",
}  # fmt: skip


def until(**delta):
    return (datetime.now(UTC) + timedelta(**delta)).strftime("%Y-%m-%dT%H:%M:%SZ")


CONTROL_PLANE, PUBLISH = "steps/control-plane.sh", "steps/publish.sh"


def make_node(new_node, user_data, ca, *, watched=False, **settings):
    node = new_node(user_data, watched=watched, JOIN_SECONDS="1", **settings)
    (node.root / "var/lib/groundswell-data").mkdir(parents=True)
    teach_kubeadm(node, ca)
    node.does("kubectl", f'case "$*" in *"--filename -") cat >/dev/null ;; *) echo {PROVIDER} ;; esac')
    node.identify()
    return node


@pytest.fixture
def node(new_node, slot, ca):
    return make_node(new_node, slot, ca)


@pytest.fixture(scope="module")
def finished(tmp_path_factory, control_plane, dev_plan, ca):
    """A watched machine that has initialised and published, its store, and all that it printed."""
    aws, folder = Aws(), tmp_path_factory.mktemp("finished")
    aws.offer_bucket("travel")
    aws.bucket.objects[bundle(dev_plan).key] = Object(data=bundle(dev_plan).data, metadata={})

    def new_node(user_data, **settings):
        return Node(folder / "node", user_data, aws, **settings)

    node = make_node(new_node, control_plane, ca, watched=True, STEPS="programs control-plane publish maintenance")
    yield node, aws, node.run()
    aws.close()


def inits(node):
    return [call for call in node.calls("kubeadm") if call.startswith("kubeadm init --config")]


def joins(node):
    return [call for call in node.calls("kubeadm") if call.startswith("kubeadm join")]


class TestInitialise:
    def test_the_first_slot_initialises_once_and_publishes_every_shared_key_under_the_right_key(self, finished):
        node, aws, _ = finished
        assert len(inits(node)) == 1
        assert {name.rsplit("/", 1)[1] for name in aws.parameters if "/pki/" in name} == KEYS
        assert all(
            aws.keys[f"{TREE}/control-plane/pki/{name}"] == "alias/groundswell-travel-control-plane" for name in KEYS
        )
        assert aws.keys[f"{TREE}/worker/join"] == "alias/groundswell-travel-worker"
        assert aws.keys[f"{TREE}/operator/credential"] == "alias/groundswell-travel-control-plane"

    def test_the_published_cluster_names_endpoint_authority_and_its_hash(self, finished, ca):
        info = json.loads(finished[1].parameters[f"{TREE}/public/cluster"])
        assert info["endpoint"] == "api.travel.groundswell.internal:6443"
        assert base64.b64decode(info["ca"]) == ca.read_bytes()
        command = ["openssl", "x509", "-in", ca, "-noout", "-pubkey"]
        public = subprocess.run(command, capture_output=True, check=True).stdout
        command = ["openssl", "pkey", "-pubin", "-outform", "der"]
        digest = hashlib.sha256(
            subprocess.run(command, input=public, capture_output=True, check=True).stdout
        ).hexdigest()
        assert info["ca_hash"] == f"sha256:{digest}"

    def test_the_cluster_is_published_after_all_that_joins_need_and_the_operators_credential_after_it(self, finished):
        written = [name for action, name in finished[1].requests if action == "PutParameter" and "/status/" not in name]
        assert written[0] == f"{TREE}/control-plane/initialised"
        assert written[-2:] == [f"{TREE}/public/cluster", f"{TREE}/operator/credential"]

    def test_the_endpoint_means_this_machine_until_the_end_of_the_init_only(self, finished):
        """The stand-in refuses to initialise without the line in /etc/hosts."""
        assert finished[0].text("/etc/hosts") == "127.0.0.1 localhost\n"

    @pytest.mark.row("S3-33")
    def test_no_key_token_or_credential_is_an_argument_or_a_line_of_output(self, finished):
        node, aws, output = finished
        seen = "\n".join(node.calls()) + output + node.text("/dev/console")
        secret = json.loads(node.text("/etc/kubernetes/pki/encryption.json"))
        key = secret["resources"][0]["providers"][0]["secretbox"]["keys"][0]["secret"]
        assert len(base64.b64decode(key)) == 32
        for value in (*SECRETS, JOIN_TOKEN, "planted-content", "planted-key", "cGxhbnRlZC1rZXk", key):
            assert value not in seen
        public = {name: value for name, value in aws.parameters.items() if "/pki/" not in name}
        assert all(key not in value and "planted-content" not in value for value in public.values())

    def test_the_machine_fills_in_its_name_address_and_provider_id(self, finished):
        documents = [json.loads(text) for text in finished[0].text("/run/groundswell/init.yaml").split("---\n") if text]
        assert [document["kind"] for document in documents] == [
            "ClusterConfiguration", "InitConfiguration", "KubeletConfiguration", "KubeProxyConfiguration",
        ]  # fmt: skip
        registration = documents[1]["nodeRegistration"]
        assert registration["name"] == NODE_NAME
        arguments = {argument["name"]: argument["value"] for argument in registration["kubeletExtraArgs"]}
        assert arguments["cloud-provider"] == "external"
        assert arguments["node-ip"] == "10.0.0.10"
        assert arguments["provider-id"] == PROVIDER

    def test_a_second_run_and_a_reboot_change_nothing(self, finished):
        node, aws, _ = finished
        before, parameters, calls = node.tree(), dict(aws.parameters), len(node.calls("kubeadm", "kubectl"))
        node.run()
        node.reboot()
        node.run()
        assert len(node.calls("kubeadm", "kubectl")) == calls
        changed = {path for path, digest in node.tree().items() if before.get(path) != digest}
        assert changed <= {"var/lib/groundswell/status.json"}
        assert {name for name in parameters if parameters[name] != aws.parameters[name]} <= {
            f"{TREE}/status/control-plane/{NODE_NAME}"
        }

    def test_an_init_that_was_cut_starts_afresh_with_keys_of_its_own_and_the_same_claim(self, node, aws, ca):
        teach_kubeadm(node, ca, cut="exit 1")
        node.run(CONTROL_PLANE, expect=1)
        claim = aws.parameters[f"{TREE}/control-plane/initialised"]
        key = node.text("/etc/kubernetes/pki/encryption.json")
        assert node.text("/etc/hosts") == "127.0.0.1 localhost\n"
        # What a power cut leaves of a file that had not reached the disk.
        (node.root / "etc/kubernetes/pki/apiserver.key").write_text("")
        teach_kubeadm(node, ca)
        node.run(CONTROL_PLANE)
        assert not (node.root / "etc/kubernetes/pki/apiserver.key").exists()
        assert len(inits(node)) == 2
        assert aws.parameters[f"{TREE}/control-plane/initialised"] == claim
        assert node.text("/etc/kubernetes/pki/encryption.json") != key

    def test_a_publication_that_was_cut_ends_before_the_cluster_is_published_and_goes_on_later(self, node, aws):
        node.run(CONTROL_PLANE)
        aws.refuse = "/pki/ca.key"
        assert "/control-plane/pki/ca.key could not be written" in node.run(PUBLISH, expect=1)
        assert f"{TREE}/public/cluster" not in aws.parameters
        aws.refuse = None
        node.run(PUBLISH)
        assert f"{TREE}/public/cluster" in aws.parameters

    def test_without_parameter_store_nothing_is_initialised(self, node, aws):
        aws.refuse = "/control-plane/initialised"
        output = node.run(CONTROL_PLANE, expect=1)
        assert f"{TREE}/control-plane/initialised could not be written" in output
        assert inits(node) == []

    def test_of_several_machines_that_may_initialise_exactly_one_does(self, new_node, slot, ca, aws):
        nodes = [make_node(new_node, slot, ca) for _ in range(5)]
        for process in [node.start(CONTROL_PLANE) for node in nodes]:
            process.communicate(timeout=60)
        assert sum(len(inits(node)) for node in nodes) == 1
        assert aws.versions[f"{TREE}/control-plane/initialised"] == 1

    def test_an_empty_volume_of_the_only_slot_never_makes_a_second_cluster(self, node, aws):
        aws.parameters[f"{TREE}/control-plane/initialised"] = '{"claim": "another"}'
        output = node.run(CONTROL_PLANE, expect=1)
        assert "the cluster exists, but this volume of its only slot is empty: restore a snapshot" in output
        assert inits(node) == joins(node) == []


class TestJoin:
    @pytest.fixture
    def node(self, new_node, ha_plan, ca, aws):
        """Slot b of a cluster with three slots, under the address of the stand-in machine."""
        aws.parameters |= {f"/groundswell/ha/control-plane/pki/{name}": f"shared {name}\n" for name in KEYS}
        aws.parameters["/groundswell/ha/public/cluster"] = json.dumps(
            {"endpoint": f"{ha_plan.network.api_name}:6443", "ca": "Q0E=", "ca_hash": "sha256:0"}
        )
        aws.parameters["/groundswell/ha/worker/join"] = json.dumps({"token": JOIN_TOKEN, "expires": until(minutes=20)})
        node = make_node(new_node, with_programs(ha_plan, "b"), ca, ADDRESS="10.0.0.10", READY_SECONDS="1")
        self.members(node)
        return node

    def members(self, node, *, lost="", healthy=("a", "c")):
        """Let etcdctl answer for the peers: slots a and c, and a former member of this slot."""
        addresses = {"a": "10.0.0.10", "c": "10.0.64.12"}
        rows = [f"{slot}1, started, {slot}, https://{addresses[slot]}:2380, x, false" for slot in ("a", "c")]
        rows = [row.replace("https://10.0.0.10:", "https://10.0.0.200:") for row in rows] + ([lost] if lost else [])
        sick = "|".join(f"*{addresses[slot]}*'endpoint health'*" for slot in addresses if slot not in healthy) or "none"
        listing = "".join(f"echo '{row}'; " for row in rows)
        node.does("etcdctl", f"case \"$*\" in {sick}) exit 1 ;; *'member list'*) {listing} ;; esac")

    @pytest.mark.row("S3-26")
    def test_it_takes_the_shared_keys_from_the_store_and_joins_without_a_certificate_key(self, node, aws):
        node.run(CONTROL_PLANE)
        node.run(PUBLISH)
        assert [name for action, name in aws.requests if action == "PutParameter"] == []
        assert inits(node) == []
        assert len(joins(node)) == 1
        assert node.text("/etc/kubernetes/pki/etcd/ca.key") == "shared etcd-ca.key\n"
        assert node.text("/etc/kubernetes/pki/encryption.json") == "shared encryption.json\n"
        assert (node.root / "etc/kubernetes/pki/ca.key").stat().st_mode & 0o077 == 0
        document = json.loads((node.folder / "join.yaml").read_text().removeprefix("---\n"))
        assert set(document["controlPlane"]) == {"localAPIEndpoint"}
        assert (node.root / "var/lib/groundswell-data/member").exists()

    def test_it_waits_for_the_cluster_and_says_what_it_waited_for(self, node, aws):
        del aws.parameters["/groundswell/ha/public/cluster"]
        output = node.run(CONTROL_PLANE, expect=1)
        assert "/groundswell/ha/public/cluster was not published within 1 s" in output
        assert joins(node) == []

    def test_its_own_former_member_is_removed_before_it_joins(self, node):
        self.members(node, lost="b1, started, b, https://10.0.0.10:2380, x, false")
        node.run(CONTROL_PLANE)
        calls = node.calls("etcdctl", "kubeadm")
        removal = next(index for index, call in enumerate(calls) if call.endswith("member remove b1"))
        assert removal < calls.index(joins(node)[0])

    def test_a_member_that_never_started_is_removed_too(self, node):
        self.members(node, lost="b1, unstarted, , https://10.0.0.10:2380, , true", healthy=("a",))
        node.run(CONTROL_PLANE)
        assert any(call.endswith("member remove b1") for call in node.calls("etcdctl"))

    def test_a_member_whose_removal_would_break_quorum_stays(self, node):
        self.members(node, lost="b1, started, b, https://10.0.0.10:2380, x, false", healthy=("c",))
        output = node.run(CONTROL_PLANE, expect=1)
        assert "only 1 of 3 etcd members are healthy: removing the lost member b1 breaks quorum" in output
        assert not any("remove" in call for call in node.calls("etcdctl"))
        assert joins(node) == []

    def test_nobody_is_joined_when_no_peer_is_healthy(self, node):
        self.members(node, healthy=())
        assert "no etcd of the other slots is healthy" in node.run(CONTROL_PLANE, expect=1)
        assert joins(node) == []

    def test_once_its_etcd_has_a_vote_a_failure_does_not_take_it_away_again(self, node):
        """A cluster of two would lose its majority with it."""
        answer = node.folder / "ready"
        api = f"*' get --raw /readyz'*) [ -e {answer} ] ;; *providerID*) echo {PROVIDER} ;; esac"
        node.does("kubectl", f'case "$*" in {api}')
        assert "the API server of this slot does not become ready" in node.run(CONTROL_PLANE, expect=1)
        assert (node.root / "var/lib/groundswell-data/member").exists()
        self.members(node, lost="b1, started, b, https://10.0.0.10:2380, x, false")
        answer.touch()
        node.run(CONTROL_PLANE)
        assert len(joins(node)) == 1
        assert not any("remove" in call for call in node.calls("etcdctl"))
        assert any("mark-control-plane" in call for call in node.calls("kubeadm"))

    def leave_etcd(self, node):
        """What a try leaves that ended after kubeadm had joined etcd and before the slot knew."""
        for path in ("var/lib/etcd/member/wal/0", "etc/kubernetes/manifests/etcd.yaml", "etc/kubernetes/admin.conf"):
            (node.root / path).parent.mkdir(parents=True, exist_ok=True)
            (node.root / path).write_text("left\n")
        (node.root / "etc/kubernetes/pki/etcd").mkdir(parents=True, exist_ok=True)
        for name in ("apiserver.key", "etcd/ca.key"):
            (node.root / "etc/kubernetes/pki" / name).write_text("")

    def test_a_vote_that_an_earlier_try_had_won_is_found_even_without_a_majority(self, node):
        self.leave_etcd(node)
        self.members(node, lost="b1, started, b, https://10.0.0.10:2380, x, false", healthy=())
        node.run(CONTROL_PLANE)
        assert joins(node) == []
        assert not any("remove" in call for call in node.calls("etcdctl"))
        assert (node.root / "var/lib/etcd/member/wal/0").exists()
        assert (node.root / "var/lib/groundswell-data/member").exists()
        assert not (node.root / "etc/kubernetes/pki/apiserver.key").exists(), "kubeadm makes what is not there"
        assert node.text("/etc/kubernetes/pki/etcd/ca.key") == "shared etcd-ca.key\n"
        assert any("phase certs all" in call for call in node.calls("kubeadm"))

    def test_a_learner_that_an_earlier_try_has_left_begins_anew(self, node):
        self.leave_etcd(node)
        self.members(node, lost="b1, started, b, https://10.0.0.10:2380, x, true")
        node.run(CONTROL_PLANE)
        assert any(call.endswith("member remove b1") for call in node.calls("etcdctl"))
        assert len(joins(node)) == 1
        assert not (node.root / "var/lib/etcd/member/wal/0").exists()

    def test_while_nobody_can_say_whether_it_has_a_vote_nothing_is_taken_away(self, node):
        self.leave_etcd(node)
        node.does("etcdctl", "exit 1")
        assert "no etcd of the other slots says whether this slot is a member" in node.run(CONTROL_PLANE, expect=1)
        assert (node.root / "etc/kubernetes/manifests/etcd.yaml").exists()
        assert joins(node) == []


class TestResume:
    @pytest.fixture
    def node(self, new_node, slot, ca):
        """A new machine with the volume of one that had finished."""
        node = make_node(new_node, slot, ca)
        for name in ("groundswell-data/member", "groundswell-data/claim", "etcd/member/snap/db"):
            self.leave(node, f"var/lib/{name}")
        for name in (
            "admin.conf",
            "kubelet.conf",
            "pki/ca.key",
            "pki/sa.key",
            "pki/etcd/ca.key",
            "pki/encryption.json",
        ):
            self.leave(node, f"etc/kubernetes/{name}")
        return node

    def leave(self, node, path):
        (node.root / path).parent.mkdir(parents=True, exist_ok=True)
        (node.root / path).write_text(f"from the former machine: {path}\n")

    def phases(self, node):
        return [call.split(" --config")[0].removeprefix("kubeadm init phase ") for call in node.calls("kubeadm")]

    def register(self, node, provider):
        """Let the API server know a Node until it is deleted, then the one that the kubelet registers."""
        node.does(
            "kubectl",
            f'case "$*" in *" delete node "*) touch {node.folder}/deleted ;; *providerID*)'
            f" if [ -e {node.folder}/deleted ]; then echo {PROVIDER}; else echo {provider}; fi ;; esac",
        )

    def test_a_new_machine_with_the_slots_volume_neither_initialises_nor_joins(self, node):
        node.run(CONTROL_PLANE)
        assert inits(node) == joins(node) == []
        assert self.phases(node)[2:4] == ["kubeconfig kubelet", "kubelet-start"]

    @pytest.mark.row("S2-22")
    def test_its_static_pods_are_what_its_own_documents_say_before_the_kubelet_starts_them(self, node):
        node.run(CONTROL_PLANE)
        assert self.phases(node)[:2] == ["control-plane all", "etcd local"]
        assert self.phases(node)[-1] == "upload-config kubeadm"

    def test_static_pods_that_a_restore_holds_back_stay_away(self, node):
        self.leave(node, "etc/kubernetes/held/etcd.yaml")
        assert "a restore holds back the static pods" in node.run(CONTROL_PLANE, expect=1)
        assert self.phases(node) == ["kubeconfig kubelet", "kubelet-start"]

    def test_a_second_try_brings_the_static_pods_up_to_date_too(self, node):
        node.does("kubectl", 'case "$*" in *providerID*) exit 1 ;; esac')
        node.run(CONTROL_PLANE, expect=1)
        self.register(node, PROVIDER)
        node.run(CONTROL_PLANE)
        assert self.phases(node).count("etcd local") == 2

    def test_the_node_of_the_former_instance_is_replaced(self, node):
        self.register(node, "aws:///ap-northeast-2a/i-00000000000000000")
        node.run(CONTROL_PLANE)
        assert any(f"delete node {NODE_NAME}" in call for call in node.calls("kubectl"))
        assert self.phases(node)[4:6] == ["mark-control-plane", "kubelet-finalize enable-client-cert-rotation"]

    def test_a_node_that_is_already_this_instance_is_left_alone(self, node):
        self.register(node, PROVIDER)
        node.run(CONTROL_PLANE)
        assert not any("delete node" in call for call in node.calls("kubectl"))

    def test_a_node_is_never_deleted_when_the_api_does_not_answer(self, node):
        node.does("kubectl", 'case "$*" in *providerID*) exit 1 ;; esac')
        assert "the API server does not say what it knows" in node.run(CONTROL_PLANE, expect=1)
        assert not any("delete node" in call for call in node.calls("kubectl"))

    def test_etcd_and_keys_on_the_volume_are_untouched(self, node):
        kept = {
            path: digest for path, digest in node.tree().items()
            if path.startswith(("var/lib/etcd", "etc/kubernetes/pki", "var/lib/groundswell-data"))
        }  # fmt: skip
        assert len(kept) == 7
        node.run(CONTROL_PLANE)
        assert kept.items() <= node.tree().items()


class TestTimers:
    @pytest.fixture
    def node(self, node):
        node.does("kubectl", f"case \"$*\" in *'create --filename -') cat >{node.folder}/secret ;; esac")
        return node

    def test_a_minted_token_is_short_lived_and_only_authenticates_joining_nodes(self, node, aws):
        node.run("mint-token.sh")
        stored = json.loads(aws.parameters[f"{TREE}/worker/join"])
        assert stored["token"] == JOIN_TOKEN
        assert until(minutes=29) < stored["expires"] <= until(minutes=30)
        secret = json.loads((node.folder / "secret").read_text())
        assert secret["metadata"] == {"name": "bootstrap-token-abcdef", "namespace": "kube-system"}
        assert secret["type"] == "bootstrap.kubernetes.io/token"
        assert secret["stringData"] == {
            "token-id": "abcdef",
            "token-secret": "0123456789abcdef",
            "expiration": stored["expires"],
            "description": "minted by slot a",
            "usage-bootstrap-authentication": "true",
            "auth-extra-groups": "system:bootstrappers:kubeadm:default-node-token",
        }

    @pytest.mark.row("S0-33", "S3-34")
    @pytest.mark.parametrize(("left", "versions"), [(25, 1), (20, 2), (-5, 2)])
    def test_a_token_is_minted_anew_before_it_runs_out_and_not_sooner(self, node, aws, left, versions):
        aws.parameters[f"{TREE}/worker/join"] = json.dumps({"token": "old", "expires": until(minutes=left)})
        aws.versions[f"{TREE}/worker/join"] = 1
        node.run("mint-token.sh")
        assert aws.versions[f"{TREE}/worker/join"] == versions

    def test_a_token_that_the_api_did_not_take_is_not_handed_out(self, node, aws):
        node.does("kubectl", "exit 1")
        node.run("mint-token.sh", expect=1)
        assert f"{TREE}/worker/join" not in aws.parameters

    def test_the_operators_credential_is_an_exec_credential_that_ends_in_two_hours(self, node, aws):
        node.run("maintenance/operator-credential.sh")
        credential = json.loads(aws.parameters[f"{TREE}/operator/credential"])
        assert credential["apiVersion"] == "client.authentication.k8s.io/v1"
        assert credential["kind"] == "ExecCredential"
        assert credential["status"]["clientCertificateData"] == "planted-cert"
        assert credential["status"]["clientKeyData"] == "planted-key"
        assert until(minutes=119) < credential["status"]["expirationTimestamp"] <= until(minutes=120)
        command = node.calls("kubeadm")[0]
        assert "--client-name groundswell-operator --org groundswell:operators --validity-period 120m" in command

    @pytest.mark.parametrize(("left", "versions"), [(100, 1), (60, 2), (-5, 2)])
    def test_a_credential_is_renewed_before_it_runs_out_and_not_sooner(self, node, aws, left, versions):
        name = f"{TREE}/operator/credential"
        aws.parameters[name] = json.dumps({"status": {"expirationTimestamp": until(minutes=left)}})
        aws.versions[name] = 1
        node.run("maintenance/operator-credential.sh")
        assert aws.versions[name] == versions
