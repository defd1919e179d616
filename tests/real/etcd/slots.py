"""Control-plane slots on loopback: the nodes' real programs, real etcd members, and a stand-in for the kubelet.

Each slot has an address of its own in 127.0.0.0/8 with etcd's real ports. The stand-in does what the kubelet does with
static pods: it runs what a manifest says while the file is there, and starts it again when it ends. etcd is the real
one; of the other pods only that they run or not is real. `kubeadm join` is played by a program that makes its calls to
etcd: add a learner, start it, promote it.
"""

import json
import os
import secrets
import shlex
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from ipaddress import IPv4Address
from pathlib import Path

import yaml
from bucket_fake import Bucket
from node_fakes import Aws, Node, with_programs
from real.etcd.keys import Keys

from sizing.model import Plan


def fair(seconds: float) -> float:
    """A time limit that was set for a machine of one's own, on this one: longer where others compete for it."""
    return seconds * max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))


PODS = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler")
SECONDS = 60

KUBEADM = """
case "$*" in
  'init phase certs '*) cp -rn {issued}/. $root/etc/kubernetes/pki; exit ;;
  'init phase kubeconfig '* | 'init phase mark-control-plane'*) exit 0 ;;
  'init phase kubelet-start'*) mkdir -p $root/var/lib/kubelet; echo config >$root/var/lib/kubelet/config.yaml
    touch $root/run/kubelet; exit ;;
  'init phase kubelet-finalize'* | 'init phase upload-config kubeadm'*) exit 0 ;;
  'init phase control-plane all'*) mkdir -p {manifests}
    for pod in kube-apiserver kube-controller-manager kube-scheduler; do
      echo "spec: {{containers: [{{command: [sleep, '100000']}}]}}" >{manifests}/$pod.yaml
    done
    exit ;;
  'init phase etcd local'*)
    sed "s|INITIAL|{name}=https://{address}:2380|; s|STATE|new|" {template} >{manifests}/etcd.yaml; exit ;;
  'certs renew all'*) exec {renew} ;;
  'join --config'*) ;;
  'token generate') echo {token}; exit ;;
  *) exit 7 ;;
esac
set -e
pki=$root/etc/kubernetes/pki
cp -rn {issued}/. $pki
ctl() {{ {etcdctl} --cacert $pki/etcd/ca.crt --cert $pki/etcd/healthcheck-client.crt \\
  --key $pki/etcd/healthcheck-client.key --endpoints "$endpoints" "$@"; }}
for peer in {peers}; do
  endpoints=https://$peer:2379
  ctl endpoint health >/dev/null 2>&1 && healthy=$healthy,$endpoints
done
endpoints=${{healthy#,}}
[ ! -e $root/var/lib/etcd/member ]
tries=0
until added=$(ctl member add {name} --learner --peer-urls https://{address}:2380); do
  tries=$((tries + 1)); [ $tries -lt 20 ]; /bin/sleep 0.5
done
members=$(echo "$added" | sed -n 's/^ETCD_INITIAL_CLUSTER="\\(.*\\)"$/\\1/p')
mkdir -p $root/etc/kubernetes/manifests $root/var/lib/kubelet
sed "s|INITIAL|$members|; s|STATE|existing|" {template} >$root/etc/kubernetes/manifests/etcd.yaml
for pod in kube-apiserver kube-controller-manager kube-scheduler; do
  echo "spec: {{containers: [{{command: [sleep, '100000']}}]}}" >$root/etc/kubernetes/manifests/$pod.yaml
done
echo config >$root/var/lib/kubelet/config.yaml
systemctl start kubelet.service
id=$(ctl member list | awk -F', ' '$4 == "https://{address}:2380" {{print $1}}')
until ctl member promote $id >/dev/null 2>&1; do /bin/sleep 0.1; done
"""
CRICTL = """
pods=$root/run/pods
case "$*" in
  *' ps '*) eval "pattern=\\${{$#}}"; for file in $pods/*; do
    [ -e $file ] && echo ${{file##*/}} | grep -qE "$pattern" && cat $file; done; exit 0 ;;
  *' stop '*) for id; do :; done; for file in $pods/*; do [ "$(cat $file)" = $id ] || continue
    rm $file; kill ${{id%-*}}; while kill -0 ${{id%-*}} 2>/dev/null; do /bin/sleep 0.02; done; done ;;
  *' rmp '*) exit 0 ;;
esac
"""
SYSTEMCTL = """
case "$*" in
  'stop kubelet.service') rm -f $root/run/kubelet ;;
  'start kubelet.service' | 'restart kubelet.service') touch $root/run/kubelet ;;
esac
"""
KUBECTL = """
case "$*" in
  *'get --raw /readyz'*) [ -e $root/run/pods/kube-apiserver ] && [ -e $root/run/pods/etcd ] ;;
  *providerID*) echo aws:///ap-northeast-2a/{instance} ;;
  *'--filename -') cat >/dev/null ;;
esac
"""


class Slot:
    """One slot: its machine, its etcd's certificates, its kubelet."""

    def __init__(self, letter: str, cluster: "Cluster", folder: Path) -> None:
        self.letter, self.cluster = letter, cluster
        plan = cluster.plan
        self.address = str(plan.control_plane.slots[letter].address)
        self.name = f"slot-{letter}"
        self.node = Node(folder, with_programs(plan, letter), cluster.aws, JOIN_SECONDS="30", PEER_SECONDS="60")
        self.root = self.node.root
        self.data, self.pki = self.root / "var/lib/groundswell-data", self.root / "etc/kubernetes/pki"
        self.manifests = self.root / "etc/kubernetes/manifests"
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self._lay_down(folder)

    @property
    def url(self) -> str:
        """The member's client address."""
        return f"https://{self.address}:2379"

    def _lay_down(self, folder: Path) -> None:
        if self.cluster.quota:
            with (self.root / "etc/groundswell/maintenance.env").open("a") as settings:
                settings.write(f"ETCD_QUOTA={self.cluster.quota}\n")
        for path in (self.data / "etcd", self.manifests, self.root / "run/pods", self.root / "run/groundswell"):
            path.mkdir(parents=True, exist_ok=True)
        (self.root / "var/lib/etcd").symlink_to(self.data / "etcd")
        self.cluster.keys.store(self.pki)
        self.cluster.keys.issue(self.pki, self.address)
        shutil.copytree(self.pki, folder / "issued")
        (self.root / "run/groundswell/identity.env").write_text(
            f"NODE_NAME={self.name}\nNODE_ADDRESS={self.address}\nINSTANCE_ID=i-0{self.letter}\nZONE=ap-northeast-2a\n"
        )
        template = folder / "etcd.yaml"
        template.write_text(yaml.safe_dump({"spec": {"containers": [{"command": self._command()}]}}, width=10**6))
        tools = self.cluster.tools
        slots = self.cluster.plan.control_plane.slots
        peers = [str(slot.address) for letter, slot in slots.items() if letter != self.letter]
        self.node.does("etcdctl", f'exec {tools / "etcdctl"} "$@"')
        self.node.does("etcdutl", f'exec {tools / "etcdutl"} "$@"')
        self.node.tell_time(self.cluster.clock)
        self.teach_crictl()
        self.node.does("sleep", "exec /bin/sleep 0.2")
        self.node.does("systemctl", SYSTEMCTL)
        self.node.does("kubectl", KUBECTL.format(instance=f"i-0{self.letter}"))
        self.node.does(
            "kubeadm",
            KUBEADM.format(
                etcdctl=tools / "etcdctl", peers=" ".join(peers), name=self.name, address=self.address,
                manifests=self.manifests, template=template, token="abcdef" + ".0123456789abcdef",
                issued=folder / "issued", renew=shlex.join(self.cluster.renewal(self)),
            ),
        )  # fmt: skip

    def teach_crictl(self) -> None:
        """Let the stand-in for crictl speak of the pods that run."""
        self.node.does("crictl", CRICTL.format())

    def _command(self) -> list[str]:
        """The flags that kubeadm gives a stacked member, without waiting for the disk."""
        pki, peer = self.pki / "etcd", f"https://{self.address}:2380"
        flags = {
            "name": self.name, "data-dir": str(self.root / "var/lib/etcd"), "log-level": "warn",
            "advertise-client-urls": self.url, "listen-client-urls": self.url,
            "initial-advertise-peer-urls": peer, "listen-peer-urls": peer,
            "initial-cluster": "INITIAL", "initial-cluster-state": "STATE",
            "cert-file": f"{pki}/server.crt", "key-file": f"{pki}/server.key", "trusted-ca-file": f"{pki}/ca.crt",
            "peer-cert-file": f"{pki}/peer.crt", "peer-key-file": f"{pki}/peer.key",
            "peer-trusted-ca-file": f"{pki}/ca.crt", "client-cert-auth": "true", "peer-client-cert-auth": "true",
            "snapshot-count": "10000", "watch-progress-notify-interval": "5s",
            "feature-gates": "InitialCorruptCheck=true", "unsafe-no-fsync": "true",
            "quota-backend-bytes": str(self.cluster.quota or 8 * 1024**3),
        }  # fmt: skip
        return ["etcd", *(f"--{name}={value}" for name, value in flags.items())]

    def initialise(self, members: str) -> None:
        """What `kubeadm init` leaves, for a member of a cluster that begins with all its members."""
        text = (self.node.folder / "etcd.yaml").read_text().replace("INITIAL", members).replace("STATE", "new")
        (self.manifests / "etcd.yaml").write_text(text)
        for pod in PODS[1:]:
            (self.manifests / f"{pod}.yaml").write_text("spec: {containers: [{command: [sleep, '100000']}]}\n")
        (self.data / "member").touch()
        os.utime(self.data / "member", (time.time() - 3600,) * 2)
        (self.root / "run/kubelet").touch()

    def look(self) -> None:
        """One round of the kubelet."""
        for pod in PODS:
            process, record = self.running.get(pod), self.root / "run/pods" / pod
            wanted = (self.manifests / f"{pod}.yaml").exists() and (self.root / "run/kubelet").exists()
            if process and process.poll() is not None:
                record.unlink(missing_ok=True)
                del self.running[pod]
            elif process and not wanted:
                process.terminate()
                process.wait()
                record.unlink(missing_ok=True)
                del self.running[pod]
            elif wanted and not process:
                self._run(pod, record)

    def _run(self, pod: str, record: Path) -> None:
        try:
            manifest = yaml.safe_load((self.manifests / f"{pod}.yaml").read_text())
        except FileNotFoundError:
            return
        if not manifest:
            return
        program, *flags = manifest["spec"]["containers"][0]["command"]
        program = str(self.cluster.tools / "etcd") if program == "etcd" else program
        with (self.node.folder / f"{pod}.log").open("ab") as log:
            self.running[pod] = subprocess.Popen(
                [program, *flags], stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
            )
        new = record.with_suffix(".new")
        new.write_text(f"{self.running[pod].pid}-{secrets.token_hex(4)}\n")
        new.rename(record)

    def lose(self) -> None:
        """The machine is gone from one moment to the next; its volume stays as it was."""
        (self.root / "run/kubelet").unlink(missing_ok=True)
        with self.cluster.pause:
            for process in self.running.values():
                process.kill()
                process.wait()

    def come_back(self) -> None:
        """The machine boots again."""
        (self.root / "run/kubelet").touch()

    def empty_volume(self) -> None:
        """A new machine with a blank volume."""
        for path in (*self.manifests.iterdir(), self.data / "member"):
            path.unlink()
        shutil.rmtree(self.data / "etcd/member")
        shutil.rmtree(self.data / "maintenance", ignore_errors=True)

    def move_to_a_new_machine(self, *, expect: int = 0) -> str:
        """The volume comes to another machine, which does the slot's step."""
        self.lose()
        for path in ("var/lib/kubelet/config.yaml", "etc/kubernetes/kubelet.conf"):
            (self.root / path).unlink(missing_ok=True)
        return self.node.run("steps/control-plane.sh", expect=expect)

    def task(self, name: str, *, expect: int = 0) -> str:
        """Run a maintenance program to its end."""
        return self.node.run(f"maintenance/{name}.sh", expect=expect)

    def etcd_pid(self) -> int:
        """Process of the member that runs."""
        return int((self.root / "run/pods/etcd").read_text().split("-")[0])


class Cluster:
    """Slots with one Parameter Store and one bucket."""

    def __init__(self, folder: Path, plan: Plan, tools: Path, letters: str = "abc", *, quota: int = 0) -> None:
        self.folder, self.tools, self.keys, self.quota = folder, tools, Keys(), quota
        net = f"127.{1 + secrets.randbelow(253)}.{secrets.randbelow(256)}"
        template = next(iter(plan.control_plane.slots.values()))
        slots = {
            letter: replace(template, slot=letter, address=IPv4Address(f"{net}.{11 + index}"), node=f"slot-{letter}")
            for index, letter in enumerate(letters)
        }
        self.plan = replace(plan, control_plane=replace(plan.control_plane, slots=slots))
        self.aws = Aws()
        self.aws.offer_bucket(plan.name)
        # The middle of an interval of snapshots, so that no test runs into the next one.
        self.clock = int(time.time()) // 900 * 900 + 450
        self.pause = threading.Lock()
        self.slots = {letter: Slot(letter, self, folder / letter) for letter in letters}
        self._stop = threading.Event()
        self._kubelets = threading.Thread(target=self._look, daemon=True)

    @property
    def bucket(self) -> Bucket:
        """The backup bucket."""
        return self.aws.bucket

    def renewal(self, slot: Slot) -> Sequence[str]:
        """What `kubeadm certs renew all` does to a slot: the certificates that a test has put there."""
        return ("cp", "-r", str(self.folder / slot.letter / "renewed") + "/.", str(slot.pki))

    def start(self) -> None:
        """Begin with all members at once, and publish what joins need."""
        members = ",".join(f"{slot.name}=https://{slot.address}:2380" for slot in self.slots.values())
        for slot in self.slots.values():
            slot.initialise(members)
        root = f"/groundswell/{self.plan.name}"
        first = next(iter(self.slots.values()))
        for name in ("ca", "etcd/ca"):
            for end in ("crt", "key"):
                stored = f"{root}/control-plane/pki/{name.replace('/', '-')}.{end}"
                self.aws.parameters[stored] = (first.pki / f"{name}.{end}").read_text()
        for name in ("sa.pub", "sa.key", "front-proxy-ca.crt", "front-proxy-ca.key", "encryption.json"):
            self.aws.parameters[f"{root}/control-plane/pki/{name}"] = name
        self.aws.parameters[f"{root}/control-plane/initialised"] = json.dumps({"claim": "of the first machine"})
        self.aws.parameters[f"{root}/public/cluster"] = json.dumps(
            {"endpoint": f"{self.plan.network.api_name}:6443", "ca": "Q0E=", "ca_hash": "sha256:0"}
        )
        expires = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 7200))
        self.aws.parameters[f"{root}/worker/join"] = json.dumps({"token": "planted", "expires": expires})
        self._kubelets.start()
        self.all_healthy()

    def stop(self) -> None:
        """End everything that runs."""
        self._stop.set()
        self._kubelets.join()
        for slot in self.slots.values():
            for process in slot.running.values():
                process.send_signal(signal.SIGKILL)
                process.wait()
        self.aws.close()

    def _look(self) -> None:
        while not self._stop.wait(0.02):
            with self.pause:
                for slot in self.slots.values():
                    slot.look()

    def ctl(
        self, *arguments: str, at: Sequence[Slot] = (), timeout: str = "5s", stdin: str = ""
    ) -> subprocess.CompletedProcess[str]:
        """etcdctl with some slots' addresses, all of them when none are named."""
        slots = list(at or self.slots.values())
        pki = next(iter(self.slots.values())).pki / "etcd"
        return subprocess.run(
            [
                self.tools / "etcdctl", "--endpoints", ",".join(slot.url for slot in slots), "--cacert", pki / "ca.crt",
                "--cert", pki / "healthcheck-client.crt", "--key", pki / "healthcheck-client.key",
                "--dial-timeout", "2s", "--command-timeout", timeout, *arguments,
            ],
            check=False, capture_output=True, text=True, input=stdin,
        )  # fmt: skip

    def healthy(self, slot: Slot) -> bool:
        """Whether a member answers with a majority."""
        return self.ctl("get", "anything", at=[slot], timeout="2s").returncode == 0

    def put(self, key: str, value: str, *, at: Sequence[Slot] = ()) -> bool:
        """Write a key; whether a majority took it."""
        return self.ctl("put", key, at=at, stdin=value).returncode == 0

    def value(self, key: str, *, at: Sequence[Slot] = ()) -> str:
        """The value of a key, empty when there is none."""
        return self.ctl("get", "--print-value-only", key, at=at).stdout.strip()

    def revision(self, *, at: Sequence[Slot] = ()) -> int:
        """etcd's revision."""
        return json.loads(self.ctl("get", "x", "--write-out", "json", at=at).stdout)["header"]["revision"]

    def leader(self) -> Slot:
        """The slot whose member leads."""
        for slot in self.slots.values():
            (row,) = json.loads(self.ctl("endpoint", "status", "--write-out", "json", at=[slot]).stdout)
            if row["Status"]["leader"] == row["Status"]["header"]["member_id"]:
                return slot
        raise LookupError("etcd has no leader")

    def all_healthy(self, slots: Sequence[Slot] = ()) -> None:
        """Wait until every member answers."""
        self.wait(lambda: all(self.healthy(slot) for slot in slots or self.slots.values()), "all members")

    def members(self, *, at: Sequence[Slot] = ()) -> dict[str, str]:
        """Peer address to `started voter`, `unstarted learner` and so on."""
        rows = [line.split(", ") for line in self.ctl("member", "list", at=at).stdout.splitlines()]
        return {row[3]: f"{row[1]} {'learner' if row[5] == 'true' else 'voter'}" for row in rows}

    def wait(self, condition: Callable[[], bool], what: str) -> float:
        """Wait until something holds; gives the seconds it took.

        Raises:
            TimeoutError: it did not hold in time; the end of each member's log says more.
        """
        begun = time.monotonic()
        while not condition():
            if time.monotonic() - begun > fair(SECONDS):
                logs = "\n".join(
                    "\n".join(log.read_text(errors="replace").splitlines()[-5:])
                    for log in self.folder.glob("*/etcd.log")
                )
                raise TimeoutError(f"{what}: not within {SECONDS} s\n{logs}")
            time.sleep(0.05)
        return time.monotonic() - begun
