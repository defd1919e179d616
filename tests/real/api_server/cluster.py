"""A control plane on loopback: what kubeadm's static pods would run, as plain processes of this machine.

Nothing of a process differs from the pod's command but its folders and sockets, etcd's waiting for the disk, and the
pace of the controllers.
"""

import base64
import json
import secrets
import socket
import ssl
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Self

import urllib3
import yaml
from node_fakes import Aws
from real.api_server.client import PORT, Client
from real.api_server.processes import Processes, free_port
from real.api_server.slot import initialised

from sizing.model import Plan

ADMINISTRATORS = "kubeadm:cluster-admins"


class ApiServer:
    """etcd, the API server and, when asked for, its controllers, of the first slot of a plan.

    Attributes:
        host: loopback address; the port is the one that kubeconfigs name.
        machine: the slot's machine; its programs reach this API server.
        admin: a client that may do everything.
    """

    def __init__(self, folder: Path, plan: Plan, tools: Mapping[str, Path]) -> None:
        self.plan, self.tools, self.folder = plan, tools, folder
        self.host = _free_address()
        self.aws = Aws()
        self.machine = initialised(folder / "machine", plan, tools, self.aws, self.host)
        self.root = self.machine.root
        self.pki = self.root / "etc/kubernetes/pki"
        self.etcd = f"https://127.0.0.1:{free_port()}"
        self._processes = Processes(folder)
        self.admin = self.client(certificate=_pair(self.root / "etc/kubernetes/super-admin.conf"))

    def __enter__(self) -> Self:
        try:
            self._start_etcd()
            self._start_api_server()
            self._finish_as_kubeadm()
            self.machine.run("steps/publish.sh")
            self.machine.run("maintenance/operator-credential.sh")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._processes.stop()
        self.aws.close()

    def client(self, *, certificate: Path | None = None, token: str = "") -> Client:
        """A client with another identity, or with none."""
        return Client(self.host, self.plan.network.api_name, self.pki / "ca.crt", certificate=certificate, token=token)

    def certificate(self, name: str, group: str) -> Path:
        """A client certificate that the cluster's authority signed, with its key in the same file."""
        kubeconfig = self.folder / f"{name}.conf"
        arguments = ["--config", self.root / "run/groundswell/init.yaml", "--client-name", name, "--org", group]
        with kubeconfig.open("wb") as output:
            subprocess.run(
                [self.tools["kubeadm"] / "kubeadm", "kubeconfig", "user", *arguments], check=True, stdout=output
            )
        return _pair(kubeconfig)

    def stored(self, key: str) -> bytes:
        """What etcd holds under a key, asked for as the API server asks."""
        tls = ssl.create_default_context(cafile=self.pki / "etcd/ca.crt")
        tls.load_cert_chain(self.pki / "apiserver-etcd-client.crt", self.pki / "apiserver-etcd-client.key")
        body = json.dumps({"key": base64.b64encode(key.encode()).decode()})
        with urllib3.PoolManager(ssl_context=tls, retries=False) as pool:
            answer = pool.request("POST", f"{self.etcd}/v3/kv/range", body=body).json()
        return base64.b64decode(answer["kvs"][0]["value"])

    def start_controllers(self) -> None:
        """Start the controllers, with as many requests as they want; the autoscaler looks every second."""
        file = self.root / "etc/kubernetes/controller-manager.conf"
        content = yaml.safe_load(file.read_text())
        content["clusters"][0]["cluster"] |= {
            "server": f"https://{self.host}:{PORT}",
            "tls-server-name": self.plan.network.api_name,
        }
        file.write_text(yaml.safe_dump(content))
        flags = {
            name: value.replace("/etc/kubernetes/controller-manager.conf", str(file))
            for name, value in self._flags("kube-controller-manager").items()
        }
        hurry = {"kube-api-qps": "500", "kube-api-burst": "500", "horizontal-pod-autoscaler-sync-period": "1s"}
        self._start("kube-controller-manager", flags | hurry | {"secure-port": "0"})
        lease = "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/kube-controller-manager"
        self._processes.wait(lambda: self.admin.ask("GET", lease).status == 200, "the controllers' lease")

    def _start_etcd(self) -> None:
        flags, peer = self._flags("etcd"), f"https://127.0.0.1:{free_port()}"
        sockets = dict.fromkeys(("advertise-client-urls", "listen-client-urls"), self.etcd)
        sockets |= dict.fromkeys(("initial-advertise-peer-urls", "listen-peer-urls"), peer)
        sockets |= {
            "initial-cluster": f"{flags['name']}={peer}",
            "listen-metrics-urls": f"http://127.0.0.1:{free_port()}",
        }
        self._start("etcd", flags | sockets | {"data-dir": str(self.folder / "etcd"), "unsafe-no-fsync": "true"})

    def _start_api_server(self) -> None:
        (self.root / "var/log/kubernetes/audit").mkdir(parents=True)  # kubelet makes the folders of a pod's volumes
        self._start(
            "kube-apiserver",
            self._flags("kube-apiserver") | {"bind-address": self.host, "etcd-servers": self.etcd},
        )

        def ready() -> bool:
            try:
                return self.admin.ask("GET", "/readyz").status == 200
            except urllib3.exceptions.HTTPError:
                return False

        self._processes.wait(ready, "/readyz")

    def _finish_as_kubeadm(self) -> None:
        """What `kubeadm init` leaves in a cluster and our objects or programs build on: a binding, and CoreDNS."""
        rbac = "rbac.authorization.k8s.io"
        binding = {
            "apiVersion": f"{rbac}/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": ADMINISTRATORS},
            "roleRef": {"apiGroup": rbac, "kind": "ClusterRole", "name": "cluster-admin"},
            "subjects": [{"apiGroup": rbac, "kind": "Group", "name": ADMINISTRATORS}],
        }
        for each in [binding, *yaml.safe_load_all((self.root / "coredns.yaml").read_text())]:
            if each:
                answer = self.admin.create(each, fieldManager="kubeadm")
                assert answer.accepted, answer.said

    def _start(self, name: str, flags: Mapping[str, str]) -> None:
        self._processes.start(self.tools[name] / name, flags)

    def _flags(self, name: str) -> dict[str, str]:
        """The command of a static pod, as kubeadm wrote it."""
        pod = yaml.safe_load((self.root / "manifests" / f"{name}.yaml").read_text())
        _, *arguments = pod["spec"]["containers"][0]["command"]
        return dict(each.removeprefix("--").split("=", 1) for each in arguments)


def _free_address() -> str:
    """A loopback address on which nobody has the API's port, which kubeconfigs do not let choose."""
    while True:
        address = ".".join(["127", *(str(1 + secrets.randbelow(253)) for _ in range(3))])
        with socket.socket() as probe:
            if probe.connect_ex((address, PORT)):
                return address


def _pair(kubeconfig: Path) -> Path:
    """The client certificate and key of a kubeconfig, in one file beside it."""
    user = yaml.safe_load(kubeconfig.read_text())["users"][0]["user"]
    file = kubeconfig.with_suffix(".pem")
    parts = (user[f"client-{part}-data"] for part in ("certificate", "key"))
    file.write_bytes(b"\n".join(base64.b64decode(part) for part in parts))
    return file
