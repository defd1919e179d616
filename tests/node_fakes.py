"""A machine for the node programs: a folder as its root, stand-ins for what changes a system, a small AWS.

PATH holds nothing but named real programs and the stand-ins, which write down their arguments and then do what a test
says; a program that nobody expected is not found. A watched machine writes down the real programs' arguments too, so
that a test sees every process that was started.
"""

import hashlib
import json
import re
import shutil
import subprocess
import threading
import time
import urllib.parse
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from bucket_fake import NAME, PREFIX, Bucket

from userdata import render
from userdata.bundle import contents
from userdata.render import UserData

ACCESS_KEY = "planted-access-key"
SECRET_KEY = "planted/secret+key"
SESSION_TOKEN = "planted-session-token=="
METADATA_TOKEN = "planted-metadata-token"
SECRETS = (SECRET_KEY, SESSION_TOKEN, METADATA_TOKEN)
NODE_NAME = "ip-10-0-0-10.ap-northeast-2.compute.internal"
METADATA = {
    "instance-id": "i-0123456789abcdef0",
    "local-hostname": f"{NODE_NAME} ip-10-0-0-10.example.internal",
    "local-ipv4": "10.0.0.10",
    "placement/availability-zone": "ap-northeast-2a",
    "iam/security-credentials/": "node-role",
    "iam/security-credentials/node-role": json.dumps(
        {"AccessKeyId": ACCESS_KEY, "SecretAccessKey": SECRET_KEY, "Token": SESSION_TOKEN}
    ),
}

WORD_END, CALL_END = "\x1f", "\x1e"

REAL = (
    "awk", "base64", "bash", "basename", "cat", "chmod", "cp", "curl", "cut", "date", "df", "dirname", "env", "find",
    "flock", "grep", "gzip", "head", "install", "jq", "ln", "mkdir", "mv", "od", "openssl", "readlink", "rm", "sed",
    "sha256sum", "sort", "tail", "tar", "tee", "timeout", "touch", "tr", "wc",
)  # fmt: skip
"""Programs that run for real; the rest only writes down that it was called."""

STAND_INS = (
    "apt-get", "blkid", "chown", "conntrack", "containerd", "crictl", "ctr", "dnf", "etcdctl", "etcdutl", "ethtool",
    "id", "ip", "iptables", "kubeadm", "kubectl", "lsblk", "mkfs.ext4", "modprobe", "mount", "mount.nfs", "mountpoint",
    "resize2fs", "sleep", "socat", "stat", "swapoff", "sync", "sysctl", "systemctl", "tc", "timedatectl", "udevadm",
    "useradd",
)  # fmt: skip

BEHAVIOUR = {
    "ip": 'echo "2: ens5    inet 10.0.0.10/19 brd 10.0.31.255 scope global ens5"',
    "sleep": "exec /bin/sleep 0.02",
    "stat": "echo cgroup2fs",
    "timedatectl": "echo yes",
}


class Handler(BaseHTTPRequestHandler):
    """Answers for the Aws object that its server carries."""

    server: "Server"

    def log_message(self, *_):
        pass

    def date_time_string(self, timestamp=None):
        return super().date_time_string((timestamp or time.time()) + self.server.aws.clock_offset)

    def do_HEAD(self):
        return self.bucket()

    def bucket(self):
        """S3: the signature is checked over the sum that the header states."""
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        url = f"http://{self.headers['Host']}{self.path}"
        assert signed_by(self.headers, body, url, self.command) == "s3"
        status, headers, answer = self.server.aws.bucket.answer(self, body)
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(answer))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer)

    def do_PUT(self):
        aws = self.server.aws
        if self.path.startswith(PREFIX):
            return self.bucket()
        if aws.silent_for > 0:
            aws.silent_for -= 1
            return self.answer(503, b"")
        assert self.path == "/latest/api/token"
        assert int(self.headers["X-aws-ec2-metadata-token-ttl-seconds"]) > 0
        return self.answer(200, METADATA_TOKEN.encode())

    def do_GET(self):
        aws = self.server.aws
        if self.path.startswith(PREFIX):
            return self.bucket()
        if self.path.startswith("/bucket/"):
            assert signed_by(self.headers, b"", f"http://{self.headers['Host']}{self.path}", "GET") == "s3"
            assert self.headers["x-amz-content-sha256"] == hashlib.sha256(b"").hexdigest()
        if self.path in aws.files:
            return self.file(aws.files[self.path])
        if self.path.startswith("/bucket/"):
            return self.answer(404, b"")
        if self.headers.get("X-aws-ec2-metadata-token") != METADATA_TOKEN:
            return self.answer(401, b"")
        name = self.path.removeprefix("/latest/meta-data/")
        return self.answer(200 if name in aws.metadata else 404, aws.metadata.get(name, "").encode())

    def file(self, data):
        """A file or the rest of it, cut off where a test says so."""
        first = int(re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", "bytes=0-"))[1])
        if first and first >= len(data):
            return self.answer(416, b"")
        rest, cut = data[first:], self.server.aws.cuts.pop(self.path, None)
        self.server.aws.fetched.append((self.path, first))
        self.send_response(206 if first else 200)
        if first:
            self.send_header("Content-Range", f"bytes {first}-{len(data) - 1}/{len(data)}")
        self.send_header("Content-Length", str(len(rest)))
        self.end_headers()
        self.wfile.write(rest[:cut])
        self.close_connection = True
        return None

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        service = signed_by(self.headers, body, f"http://{self.headers['Host']}{self.path}")
        if service == "autoscaling":
            form = urllib.parse.parse_qs(body.decode())
            assert form["Action"] == ["SetInstanceHealth"]
            assert form["HealthStatus"] == ["Unhealthy"]
            self.server.aws.unhealthy += form["InstanceId"]
            return self.answer(200, b"<SetInstanceHealthResponse/>")
        if service == "ecr":
            assert self.headers["X-Amz-Target"] == "AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken"
            assert body == b"{}"
            return self.answer(*self.server.aws.registry)
        assert service == "ssm"
        action = self.headers["X-Amz-Target"].removeprefix("AmazonSSM.")
        status, answer = self.server.aws.parameter_store(action, json.loads(body))
        return self.answer(status, json.dumps(answer).encode())

    def answer(self, status, body):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Server(ThreadingHTTPServer):
    """A loopback port for one Aws object."""

    def __init__(self, aws: "Aws"):
        self.aws = aws
        super().__init__(("127.0.0.1", 0), Handler)


class Aws:
    """Instance metadata, Parameter Store and Auto Scaling on one loopback port, with signatures checked."""

    def __init__(self):
        self.parameters = {}
        self.versions = {}
        self.keys = {}
        self.requests = []
        self.unhealthy = []
        self.registry = (400, b"{}")
        self.metadata = dict(METADATA)
        self.files = {}
        self.cuts = {}
        self.fetched = []
        self.bucket = Bucket()
        self.clock_offset = 0
        self.silent_for = 0
        self.refuse = None
        self.lock = threading.Lock()
        self.server = Server(self)
        self.endpoint = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def offer_bucket(self, cluster: str) -> None:
        """Publish the bucket as the stack does."""
        value = json.dumps({"bucket": NAME, "url": f"{self.endpoint}/{NAME}"})
        self.parameters[f"/groundswell/{cluster}/control-plane/backup"] = value

    def parameter_store(self, action, request):
        name = request["Name"]
        with self.lock:
            self.requests.append((action, name))
            if self.refuse and self.refuse in name:
                return 400, {"__type": "AccessDeniedException", "Message": f"not authorized on {name}"}
            if action == "GetParameter":
                assert request["WithDecryption"] is True
                if name not in self.parameters:
                    return 400, {"__type": "ParameterNotFound"}
                return 200, {"Parameter": {"Name": name, "Value": self.parameters[name]}}
            assert action == "PutParameter"
            value = request["Value"]
            # Parameter Store's own rules: 4 KiB, no reference to another parameter, a key for secure strings only.
            assert 0 < len(value.encode()) <= 4096
            assert "{{" not in value
            assert (request["Type"] == "SecureString") == ("KeyId" in request)
            if name in self.parameters and not request["Overwrite"]:
                return 400, {"__type": "ParameterAlreadyExists"}
            self.parameters[name] = value
            self.keys[name] = request.get("KeyId")
            self.versions[name] = self.versions.get(name, 0) + 1
            return 200, {"Version": self.versions[name]}


def signed_by(headers: Message, body: bytes, url: str, method: str = "POST") -> str:
    """Compute the signature anew with botocore's own code and compare; returns the service it was made for."""
    fields = re.fullmatch(
        r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8})/([^/]+)/([^/]+)/aws4_request, ?"
        r"SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})",
        headers["Authorization"],
    )
    assert fields, headers["Authorization"]
    access_key, _, region, service, names, signature = fields.groups()
    assert access_key == ACCESS_KEY
    assert {"host", "x-amz-date", "x-amz-security-token"} <= set(names.split(";"))
    assert headers["X-Amz-Security-Token"] == SESSION_TOKEN
    request = AWSRequest(method=method, url=url, data=body, headers={name: headers[name] for name in names.split(";")})
    request.context["timestamp"] = headers["X-Amz-Date"]
    signer = SigV4Auth(Credentials(ACCESS_KEY, SECRET_KEY, SESSION_TOKEN), service, region)
    assert signer.signature(signer.string_to_sign(request, signer.canonical_request(request)), request) == signature
    return service


def with_programs(plan, slot: str) -> UserData:
    """What lies on a slot's machine once its step `programs` is done."""
    return UserData(files={**render.control_plane(plan, slot).files, **contents(plan)})


class Node:
    """One machine with its user data laid down."""

    def __init__(self, folder: Path, user_data, aws: Aws, *, watched: bool = False, **settings: str):
        self.folder, self.aws = folder, aws
        self.root, self.shims, self.log = folder / "root", folder / "bin", folder / "calls"
        self.behaviour = folder / "behaviour"
        for name in ("dev", "etc", "sys/fs/cgroup", "etc/udev/rules.d", "proc"):
            (self.root / name).mkdir(parents=True, exist_ok=True)
        (self.root / "dev/console").write_text("")
        (self.root / "etc/fstab").write_text("UUID=1 / ext4 defaults 0 1\n/swapfile none swap sw 0 0\n")
        (self.root / "etc/hosts").write_text("127.0.0.1 localhost\n")
        self.lay(user_data.files)
        settings = {"IMDS_ENDPOINT": aws.endpoint, "SSM_ENDPOINT": aws.endpoint, **settings}
        if "AUTOSCALING_ENDPOINT" in (self.root / "etc/groundswell/node.env").read_text():
            settings["AUTOSCALING_ENDPOINT"] = aws.endpoint
        with (self.root / "etc/groundswell/node.env").open("a") as environment:
            environment.writelines(f"{name}='{value}'\n" for name, value in settings.items())
        self.shims.mkdir()
        self.behaviour.mkdir()
        for name, text in BEHAVIOUR.items():
            self.does(name, text)
        for name in REAL:
            if watched and name != "bash":
                self.shim(name, f'exec {shutil.which(name)} "$@"')
            else:
                (self.shims / name).symlink_to(shutil.which(name))
        for name in STAND_INS:
            self.shim(name, f"[ ! -e {self.behaviour}/{name} ] || . {self.behaviour}/{name}")

    def lay(self, files) -> None:
        """Lay files down, by path."""
        for path, file in files.items():
            target = self.root / path.lstrip("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(file.content, encoding="utf-8")
            target.chmod(file.mode)

    def shim(self, name: str, action: str) -> None:
        """Put a stand-in on PATH that writes its arguments down and then acts."""
        path = self.shims / name
        path.write_text(f'#!/bin/sh\nprintf "%s{WORD_END}" {name} "$@" "{CALL_END}" >>{self.log}\n{action}\n')
        path.chmod(0o755)

    def tell_time(self, seconds: int) -> None:
        """Let `date +%s` say a time of the test's choice; everything else about dates stays real."""
        date = shutil.which("date")
        (self.shims / "date").unlink()
        self.shim("date", f'[ "$*" != +%s ] || {{ echo {seconds}; exit; }}\nexec {date} "$@"')

    def does(self, name: str, text: str) -> None:
        """Say as a shell program what a stand-in does; $root is the machine's root."""
        (self.behaviour / name).write_text(f"root={self.root}\n{text}\n")

    def start(self, program: str = "bootstrap.sh") -> subprocess.Popen:
        name, *arguments = program.split()
        return subprocess.Popen(
            [str(self.root / "usr/local/lib/groundswell" / name), *arguments],
            env={"PATH": str(self.shims), "GROUNDSWELL_ROOT": str(self.root), "LC_ALL": "C.UTF-8"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, program: str = "bootstrap.sh", *, expect: int = 0) -> str:
        """Run a program to its end and give what it printed."""
        process = self.start(program)
        output, _ = process.communicate(timeout=60)
        assert process.returncode == expect, output
        return output

    def calls(self, *names: str) -> list[str]:
        """Processes started so far, name and arguments; only those of some programs if any are named."""
        text = self.log.read_text() if self.log.exists() else ""
        calls = [call.rstrip(WORD_END).replace(WORD_END, " ") for call in text.split(f"{CALL_END}{WORD_END}") if call]
        return [call for call in calls if not names or call.split(" ", 1)[0] in names]

    def identify(self) -> None:
        """Write down what identity.sh would, for tests that start at a later step."""
        identity = self.root / "run/groundswell/identity.env"
        identity.parent.mkdir(parents=True, exist_ok=True)
        identity.write_text(
            f"NODE_NAME={NODE_NAME}\nNODE_ADDRESS=10.0.0.10\nINSTANCE_ID=i-0123456789abcdef0\nZONE=ap-northeast-2a\n"
        )

    def forget(self) -> None:
        """Start a new list of calls."""
        self.log.unlink(missing_ok=True)

    def reboot(self, *, new_machine: bool = False) -> None:
        """Lose what lives in memory and, as a new machine, everything but the slot's volume."""
        shutil.rmtree(self.root / "run", ignore_errors=True)
        if new_machine:
            for name in ("var/lib/groundswell", "var/lib/kubelet"):
                shutil.rmtree(self.root / name, ignore_errors=True)

    def text(self, path: str) -> str:
        return (self.root / path.lstrip("/")).read_text()

    def tree(self) -> dict[str, str]:
        """Every file below the root with the sum of its content, but for logs of the run itself."""
        return {
            str(path.relative_to(self.root)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(self.root.rglob("*"))
            if path.is_file() and not str(path.relative_to(self.root)).startswith(("run/", "dev/"))
        }

    def serve_artefacts(self) -> None:
        """Replace the table of downloads by small files of the same form, kept by the small AWS."""
        program, archive = b"#!/bin/sh\n", self.folder / "tool.tar.gz"
        (self.folder / "tool").write_bytes(program)
        subprocess.run(["tar", "-czf", archive, "-C", self.folder, "tool"], check=True)
        rows = []
        for name, data, rest in (
            ("program", program, "file /usr/local/bin/program"),
            ("tool.tar.gz", archive.read_bytes(), "tar /opt/tool tool"),
        ):
            self.aws.files[f"/{name}"] = data
            rows.append(f"{hashlib.sha256(data).hexdigest()} {self.aws.endpoint}/{name} {rest}\n")
        (self.root / "etc/groundswell/artefacts").write_text("".join(rows))


KUBEADM = """
mkdir -p $root/etc/kubernetes/pki/etcd $root/etc/kubernetes/manifests $root/var/lib/kubelet/pki
kubelet_files() {
  echo config >$root/var/lib/kubelet/config.yaml
  echo flags >$root/var/lib/kubelet/kubeadm-flags.env
}
case "$1 $2 $3 $4" in
  'init phase kubelet-start '*) kubelet_files ;;
  'init phase kubeconfig kubelet') echo kubelet >$root/etc/kubernetes/kubelet.conf ;;
  'init phase '*) ;;
  'init --config '*)
    grep -q 'api.travel.groundswell.internal # groundswell' $root/etc/hosts || exit 9
    [ ! -e $root/var/lib/etcd/member ] || exit 8
    for file in sa.pub sa.key front-proxy-ca.crt front-proxy-ca.key ca.key etcd/ca.crt etcd/ca.key; do
      [ -e $root/etc/kubernetes/pki/$file ] || echo "planted-content-of-$file" >$root/etc/kubernetes/pki/$file
    done
    cp {ca} $root/etc/kubernetes/pki/ca.crt
    mkdir -p $root/var/lib/etcd/member
    {cut}
    kubelet_files
    echo admin >$root/etc/kubernetes/admin.conf; echo kubelet >$root/etc/kubernetes/kubelet.conf ;;
  'join --config '*)
    {refuse}
    cp $root/run/groundswell/discovery.conf {folder}/discovery.json; cp $root/run/groundswell/join.yaml {folder}/
    kubelet_files; echo pem >$root/var/lib/kubelet/pki/kubelet-client-current.pem
    echo kubelet >$root/etc/kubernetes/kubelet.conf ;;
  'token generate  ') echo {token} ;;
  'kubeconfig user '*)
    printf '    client-certificate-data: %s\\n    client-key-data: %s\\n' cGxhbnRlZC1jZXJ0 cGxhbnRlZC1rZXk= ;;
  *) exit 7 ;;
esac
"""
"""What kubeadm leaves on a disk, as far as the programs look. It insists on the pinned name and on no old data."""

TOKEN_ID = "abcdef"
JOIN_TOKEN = f"{TOKEN_ID}.0123456789abcdef"  # in two parts: no scanner takes it for a token


def teach_kubeadm(node: Node, ca: Path, *, cut: str = "", refuse: str = "") -> None:
    """Let the stand-in for kubeadm work, be cut in the middle of an init, or refuse a join."""
    words = {"{ca}": str(ca), "{cut}": cut, "{refuse}": refuse, "{folder}": str(node.folder), "{token}": JOIN_TOKEN}
    text = KUBEADM
    for word, value in words.items():
        text = text.replace(word, value)
    node.does("kubeadm", text)
