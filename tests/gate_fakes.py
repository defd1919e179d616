"""Stand-ins for what gates talk to: certificates, an API server behind TLS, Parameter Store, a clock, objects."""

import atexit
import base64
import contextlib
import functools
import json
import shutil
import ssl
import subprocess
import tempfile
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

SERVER_NAME = "api.trip.internal"
CLUSTER = "trip"
REGION = "ap-northeast-2"
STATUS = f"/groundswell/{CLUSTER}/status"
CLUSTER_INFO = f"/groundswell/{CLUSTER}/public/cluster"
CREDENTIAL = f"/groundswell/{CLUSTER}/operator/credential"
KEY_BEGINS = "-----BEGIN EC " + "PRIVATE KEY-----"  # written apart, so that no scanner takes it for a key
TOKEN = "abcdef" + ".0123456789abcdef"  # the shape of a bootstrap token, from kubeadm's documentation


def stored(*entries):
    """Status entries by the names under which their machines store them."""
    parsed = [(json.loads(entry), entry) for entry in entries]
    return {f"{STATUS}/{report['role']}/{report['node']}": entry for report, entry in parsed}


@dataclass(frozen=True)
class Certificates:
    """One authority, the API server's pair and an operator's pair; and an authority that signed none of them."""

    folder: Path
    authority: str
    stranger: str
    certificate: str
    key: str

    @property
    def authority_base64(self):
        return base64.b64encode(self.authority.encode()).decode()

    @property
    def exec_credential(self):
        status = {"clientCertificateData": self.certificate, "clientKeyData": self.key}
        return json.dumps({"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": status})

    @property
    def cluster_info(self):
        return json.dumps({"endpoint": f"{SERVER_NAME}:6443", "ca": self.authority_base64, "ca_hash": "sha256:00"})


@functools.cache
def certificates():
    folder = Path(tempfile.mkdtemp(prefix="gate-certificates-"))
    atexit.register(shutil.rmtree, folder)
    authority, stranger = _authority(folder, "ca"), _authority(folder, "stranger")
    _leaf(folder, "server", f"subjectAltName=DNS:{SERVER_NAME}\nextendedKeyUsage=serverAuth")
    certificate = _leaf(folder, "operator", "extendedKeyUsage=clientAuth")
    key = (folder / "operator.key").read_text()
    return Certificates(folder, authority, stranger, certificate, key)


def _openssl(*arguments):
    subprocess.run(["openssl", *arguments], check=True, capture_output=True)


def _authority(folder, name):
    _openssl(
        *("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"),
        *("-subj", f"/CN={name}", "-keyout", folder / f"{name}.key", "-out", folder / f"{name}.pem"),
    )
    return (folder / f"{name}.pem").read_text()


def _leaf(folder, name, extensions):
    (folder / f"{name}.ext").write_text(f"{extensions}\n")
    _openssl(
        *("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", f"/CN={name}"),
        *("-keyout", folder / f"{name}.key", "-out", folder / f"{name}.csr"),
    )
    _openssl(
        *("x509", "-req", "-in", folder / f"{name}.csr", "-days", "2", "-extfile", folder / f"{name}.ext"),
        *("-CA", folder / "ca.pem", "-CAkey", folder / "ca.key", "-out", folder / f"{name}.pem"),
    )
    return (folder / f"{name}.pem").read_text()


class Clock:
    """Time that passes only when somebody sleeps."""

    def __init__(self):
        self.time = 1000.0
        self.sleeps = []

    def now(self):
        return self.time

    def sleep(self, seconds):
        self.sleeps.append(seconds)
        self.time += seconds


class Store:
    """Parameter Store in memory; an exception in place of a value is raised."""

    def __init__(self, values):
        self.values = dict(values)

    def read(self, name):
        value = self.values.get(name)
        if isinstance(value, Exception):
            raise value
        return value

    def below(self, path):
        return {name: value for name, value in self.values.items() if name.startswith(f"{path}/")}


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        """Refused handshakes are what some tests are about."""


@contextlib.contextmanager
def _serving(handler, tls=None):
    server = _Server(("127.0.0.1", 0), handler)
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextlib.contextmanager
def api_server(answers, asked=None):
    """An API server on loopback.

    `answers` maps paths, queries included, to `(status, body)`; bodies that are no bytes become JSON. All paths
    but /readyz need the operator's client certificate. `asked` collects the paths. Yields the port.
    """
    asked = asked if asked is not None else []
    folder = certificates().folder
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(folder / "server.pem", folder / "server.key")
    tls.load_verify_locations(folder / "ca.pem")
    tls.verify_mode = ssl.CERT_OPTIONAL

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            status, body = answers.get(self.path, (404, {"message": f"{self.path} not found"}))
            if self.path != "/readyz" and not self.connection.getpeercert():
                status, body = 401, {"message": "Unauthorized"}
            raw = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, *arguments):
            pass

    with _serving(Handler, tls) as server:
        yield server.server_port


@contextlib.contextmanager
def parameter_store(values):
    """AWS's HTTP protocol of Parameter Store on loopback, one parameter a page. Yields its URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            operation = self.headers["X-Amz-Target"].rpartition(".")[2]
            known = {
                "GetParameter": self.get_parameter,
                "GetParametersByPath": self.get_parameters_by_path,
            }
            status, body = known[operation](asked)
            raw = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/x-amz-json-1.1")
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def get_parameter(self, asked):
            name = asked["Name"]
            if name not in values:
                return 400, {"__type": "ParameterNotFound", "message": ""}
            return 200, {"Parameter": {"Name": name, "Value": values[name]}}

        def get_parameters_by_path(self, asked):
            names = sorted(name for name in values if name.startswith(f"{asked['Path']}/"))
            start = int(asked.get("NextToken", 0))
            page = [{"Name": name, "Value": values[name]} for name in names[start : start + 1]]
            more = {"NextToken": str(start + 1)} if start + 1 < len(names) else {}
            return 200, {"Parameters": page, **more}

        def log_message(self, *arguments):
            pass

    with _serving(Handler) as server:
        yield f"http://127.0.0.1:{server.server_port}"


def report(node, role="control-plane", *, phase="join", state="done", cause=None, journal=()):
    """A node's status entry."""
    entry = {"node": node, "role": role, "phase": phase, "state": state, "started": "2026-01-01T00:00:00Z"}
    return json.dumps({**entry, "ended": None, "cause": cause, "journal": list(journal)})


def conditions(**states):
    return [{"type": kind, "status": "True" if good else "False"} for kind, good in states.items()]


def etcd_pod(node, *, ready=True):
    return {
        "metadata": {"name": f"etcd-{node}", "namespace": "kube-system", "labels": {"component": "etcd"}},
        "spec": {"nodeName": node},
        "status": {"phase": "Running", "conditions": conditions(Ready=ready)},
    }


def node(name, *, control_plane=False, ready=True, taints=(), addresses=("10.0.0.10",), message=""):
    state = {"type": "Ready", "status": "True" if ready else "False", "message": message}
    return {
        "metadata": {
            "name": name,
            "labels": {"node-role.kubernetes.io/control-plane": ""} if control_plane else {},
        },
        "spec": {"taints": [{"key": key, "effect": "NoSchedule"} for key in taints]},
        "status": {
            "conditions": [{"type": "MemoryPressure", "status": "False"}, state],
            "addresses": [{"type": "InternalIP", "address": address} for address in addresses]
            + [{"type": "Hostname", "address": name}],
        },
    }


def calico(desired, ready, *, generation=3, observed=3, updated=None, cluster_type="k8s,operator"):
    return {
        "metadata": {"name": "calico-node", "namespace": "calico-system", "generation": generation},
        "spec": {
            "template": {
                "spec": {
                    "containers": [{"name": "calico-node", "env": [{"name": "CLUSTER_TYPE", "value": cluster_type}]}]
                }
            }
        },
        "status": {
            "observedGeneration": observed,
            "desiredNumberScheduled": desired,
            "updatedNumberScheduled": desired if updated is None else updated,
            "numberReady": ready,
        },
    }


def calico_pod(name, on_node, *, ready=True, phase="Running"):
    return {
        "metadata": {"name": name, "namespace": "calico-system"},
        "spec": {"nodeName": on_node},
        "status": {"phase": phase, "conditions": conditions(Ready=ready)},
    }
