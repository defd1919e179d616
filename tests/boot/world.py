"""Everything around the machines: network, metadata, what stands in for AWS, the mirror; and the machines."""

import base64
import json
import subprocess
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

import yaml
from boot import network
from boot.aws import Aws
from boot.image import built, cache
from boot.machine import Machine, wait_for
from boot.metadata import Instance, MetadataService
from boot.mirror import fill
from boot.network import NameServer
from boot.phases import DOWNLOADED

from config.loader import load_stack_file
from sizing.model import Plan
from sizing.plan import make_plan
from userdata import render
from userdata.bundle import bundle
from userdata.parameters import ParameterTree

REPOSITORY = Path(__file__).resolve().parents[2]
STACK_FILE = REPOSITORY / "Pulumi.dev.yaml"
ETCDCTL = (
    "etcdctl --endpoints https://127.0.0.1:2379 --cacert /etc/kubernetes/pki/etcd/ca.crt"
    " --cert /etc/kubernetes/pki/etcd/healthcheck-client.crt --key /etc/kubernetes/pki/etcd/healthcheck-client.key"
)
"""On a control plane: its own etcd member."""

CONTROL_PLANE, WORKER = "10.0.0.10", "10.0.0.20"
"""Addresses of the dev stack's only slot and of a worker in the same subnet."""

READY_SECONDS = 2400
"""From power to a finished bootstrap, on a busy machine."""


class World:
    """One VPC with one cluster in it."""

    def __init__(self, folder: Path, system: str, settings: Mapping[str, object]):
        self.folder = folder
        self.machines: dict[str, Machine] = {}
        self.cards: dict[str, tuple[str, ...]] = {}
        self.image, self.parts, authority = built(system)
        network.set_up()
        self.mirror = (
            cache() / f"mirror-{next(iter(self.image.archives.values())).parent.name.removeprefix('archives-')}"
        )
        config = load_stack_file(STACK_FILE)
        self.mirror_settings = fill(
            self.mirror, self.parts, self.image.archives, os=config.machine.os, version=config.kubernetes.version
        )
        self.plan = self.make_plan(settings)
        self.tree = ParameterTree(cluster=self.plan.name)
        slots = self.plan.control_plane.slots.values()
        api = str(next(iter(slots)).address) if len(slots) == 1 else network.LOAD_BALANCER
        self.names = NameServer(folder, {self.plan.network.api_name: api})
        self.names.start()
        self.metadata = MetadataService()
        self.aws = Aws(authority, folder, self.mirror)
        self.ssm = self.aws.client("ssm")
        self._as_pulumi_makes_it()

    def make_plan(self, settings: Mapping[str, object]) -> Plan:
        """The dev stack as it is, but with programs from the mirror; `settings` replaces further top-level keys."""
        document = yaml.safe_load(STACK_FILE.read_text())
        cluster = document["config"]["groundswell:cluster"]
        cluster["machine"] = {**cluster.get("machine", {}), "mirror": self.mirror_settings}
        cluster |= settings
        file = self.folder / STACK_FILE.name
        file.write_text(yaml.safe_dump(document))
        return make_plan(load_stack_file(file), "dev")

    def _as_pulumi_makes_it(self) -> None:
        kms = self.aws.client("kms")
        for alias in (self.tree.control_plane_key_alias, self.tree.worker_key_alias):
            key = kms.create_key()["KeyMetadata"]["KeyId"]
            kms.create_alias(AliasName=alias, TargetKeyId=key)
        bucket, region = f"{self.plan.name}-backup", self.plan.config.region
        self.s3 = self.aws.client("s3")
        self.s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": region})
        self.offer_programs(self.plan)
        place = json.dumps({"bucket": bucket, "url": f"https://{bucket}.s3.{region}.amazonaws.com"})
        self.ssm.put_parameter(Name=self.tree.backup, Type="String", Value=place)

    def offer_programs(self, plan: Plan) -> None:
        """Put the control planes' own programs of a plan into the backup bucket."""
        programs = bundle(plan)
        self.s3.put_object(Bucket=f"{plan.name}-backup", Key=programs.key, Body=programs.data)

    # Machines.

    def control_plane(self, slot: str = "a", *, plan: Plan | None = None) -> Machine:
        """A machine of a slot with the slot's address and volume; it is not started."""
        plan = plan or self.plan
        owner = plan.control_plane.slots[slot]
        zone = plan.network.zones[owner.zone].name
        data = render.control_plane(plan, slot)
        machine = self.machine(f"control-plane-{slot}", str(owner.address), zone, data.gzipped, memory_mib=3584)
        machine.attach(self.folder / f"volume-{slot}.img")
        return machine

    def worker(self, pool: str, address: str, *, plan: Plan | None = None) -> Machine:
        """A machine of a pool; it is not started."""
        plan = plan or self.plan
        zone = plan.network.zones[plan.pools[pool].zones[0]].name
        return self.machine(f"worker-{pool}", address, zone, render.worker(plan, pool).gzipped, memory_mib=2048)

    def machine(
        self, name: str, address: str, zone: str, user_data: bytes, *, memory_mib: int, further: Iterable[str] = ()
    ) -> Machine:
        """A machine with an address and user data, known to the metadata service; further cards by their address."""
        self.cards[name] = cards = (address, *further)
        macs = tuple(mac_of(card) for card in cards)
        machine = Machine(self.folder / name, name, self.image, macs=macs, memory_mib=memory_mib)
        for mac, card in zip(macs, cards, strict=True):
            self.names.announce(mac, card, node_name(card))
        self.metadata.add(
            Instance(
                id=instance_id(name, 0), name=node_name(address), address=address, mac=macs[0], zone=zone,
                user_data=user_data, further=dict(zip(macs[1:], cards[1:], strict=True)),
            )
        )  # fmt: skip
        self.machines[name] = machine
        return machine

    def replace_instance(self, machine: Machine, address: str, user_data: bytes = b"") -> None:
        """What EC2 does for a replaced instance: another id and an empty disk; address and volume move over.

        Without user data of its own it gets the former one's.
        """
        machine.cut_power()
        machine.renew_disk()
        old = self.metadata.instances[address]
        number = int(old.id[-2:], 16) + 1
        self.metadata.add(replace(old, id=instance_id(machine.name, number), user_data=user_data or old.user_data))

    # What machines have told.

    def parameter(self, name: str) -> str | None:
        try:
            return self.ssm.get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"]
        except self.ssm.exceptions.ParameterNotFound:
            return None

    def bucket_keys(self, prefix: str) -> list[str]:
        """Objects of the backup bucket."""
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=f"{self.plan.name}-backup", Prefix=prefix)
        return [entry["Key"] for page in pages for entry in page.get("Contents", [])]

    def status(self, role: str, address: str) -> dict:
        return json.loads(self.parameter(self.tree.status(role, node_name(address))) or "{}")

    def wait_until_ready(self, machine: Machine, address: str, seconds: float = READY_SECONDS) -> dict:
        """Wait for the machine's own report that its bootstrap is finished."""
        instance = self.metadata.instances[address].id
        role = "worker" if machine.name.startswith("worker") else "control-plane"

        def finished() -> dict | None:
            status = self.status(role, address)
            done = status.get("phase") == "ready" and status.get("state") == "done"
            return status if done and status.get("instance") == instance else None

        return wait_for(f"{machine.name} reports ready", seconds, finished, machine)

    def wait_for_phase(self, machine: Machine, phase: str, state: str, seconds: float = READY_SECONDS) -> None:
        """Wait for a line on the console since the last start."""
        begun = len(machine.console_text())
        wait_for(
            f"{machine.name}: phase {phase} {state}", seconds,
            lambda: f"phase={phase} state={state}" in machine.console_text()[begun:], machine,
        )  # fmt: skip

    # The cluster, as an operator sees it.

    def kubectl(self, *arguments: str, check: bool = True, stdin: str | None = None) -> str:
        """kubectl with the operators' credential from its parameter."""
        result = subprocess.run(
            [self.parts["kubectl"] / "kubectl", "--kubeconfig", self.kubeconfig(), "--request-timeout=60s", *arguments],
            check=False, capture_output=True, text=True, input=stdin,
        )  # fmt: skip
        if check and result.returncode:
            raise AssertionError(f"kubectl {' '.join(arguments)}: {result.stderr}")
        return result.stdout

    def get(self, *arguments: str) -> dict:
        return json.loads(self.kubectl("get", *arguments, "--output=json"))

    def kubeconfig(self) -> Path:
        info = json.loads(self.parameter(self.tree.cluster_info) or "{}")
        status = json.loads(self.parameter(self.tree.credential) or "{}")["status"]
        slot = next(iter(self.plan.control_plane.slots.values()))
        file = self.folder / "kubeconfig"
        server = {
            "server": f"https://{slot.address}:6443",
            "tls-server-name": self.plan.network.api_name,
            "certificate-authority-data": info["ca"],
        }
        user = {
            "client-certificate-data": _encoded(status["clientCertificateData"]),
            "client-key-data": _encoded(status["clientKeyData"]),
        }
        file.write_text(
            json.dumps(
                {
                    "apiVersion": "v1", "kind": "Config", "current-context": "c",
                    "clusters": [{"name": "c", "cluster": server}],
                    "users": [{"name": "u", "user": user}],
                    "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
                }
            )
        )  # fmt: skip
        file.chmod(0o600)
        return file

    def authority(self) -> Path:
        """The cluster's certificate authority, as the nodes have it published."""
        file = self.folder / "ca.crt"
        file.write_bytes(base64.b64decode(json.loads(self.parameter(self.tree.cluster_info) or "{}")["ca"]))
        return file

    def node_is_ready(self, name: str) -> bool:
        """False too while no API server answers, as after each start."""
        nodes = json.loads(self.kubectl("get", "nodes", "--output=json", check=False) or '{"items": []}')["items"]
        node = next((node for node in nodes if node["metadata"]["name"] == name), None)
        conditions = node["status"].get("conditions", []) if node else []
        return any(condition["type"] == "Ready" and condition["status"] == "True" for condition in conditions)

    def close(self) -> None:
        for name, machine in self.machines.items():
            machine.cut_power()
            taken = sum(number for address, number in self.aws.sent if address in self.cards[name])
            (self.folder / name / DOWNLOADED).write_text(str(taken), encoding="utf-8")
        self.aws.close()
        self.metadata.close()
        self.names.stop()
        network.tear_down()


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def mac_of(address: str) -> str:
    """A locally administered MAC that says the address."""
    return "02:00:" + ":".join(f"{int(part):02x}" for part in address.split("."))


def node_name(address: str) -> str:
    return f"ip-{address.replace('.', '-')}.ap-northeast-2.compute.internal"


def instance_id(name: str, number: int) -> str:
    """An id in EC2's form that names the machine and says how often it was replaced."""
    return f"i-{zlib.crc32(name.encode()):08x}{number:09x}"
