"""The gate programs as Pulumi runs them, each as a process, against a real API server: not yet, then passed."""

import json
import subprocess
import sys

import pytest
import yaml
from gate_fakes import parameter_store
from real.api_server.client import until
from real.api_server.machines import place, register, start
from real.api_server.objects import ONLY_DEV
from real.parts import REPOSITORY

from components.addons.calico import INSTALLATION_CRD
from components.addons.strimzi import CRDS

pytestmark = [pytest.mark.real, ONLY_DEV]

AGENT = {
    "apiVersion": "apps/v1",
    "kind": "DaemonSet",
    "metadata": {"name": "calico-node", "namespace": "calico-system"},
    "spec": {
        "selector": {"matchLabels": {"k8s-app": "calico-node"}},
        "template": {
            "metadata": {"labels": {"k8s-app": "calico-node"}},
            "spec": {
                "hostNetwork": True,
                "tolerations": [{"operator": "Exists"}],
                "containers": [{"name": "calico-node", "image": "calico-node"}],
            },
        },
    },
}
"""The DaemonSet that Calico's operator makes."""


@pytest.fixture
def gate(desk):
    """Runs a gate: its arguments, then whether it passed and what it printed."""

    def run(*arguments, deadline, url="http://127.0.0.1:1"):
        return subprocess.run(
            [sys.executable, "-m", "operations", "gate", *arguments, "--deadline", str(deadline)],
            cwd=REPOSITORY,
            env={
                **desk.environment,
                "AWS_ENDPOINT_URL_SSM": url,
                "AWS_ACCESS_KEY_ID": "planted",
                "AWS_SECRET_ACCESS_KEY": "planted",
            },
            input=desk.kubeconfig,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return run


def test_the_crds_gate_waits_for_all_definitions_that_the_program_names(gate, definitions):
    assert set(definitions) == {INSTALLATION_CRD, *CRDS}
    passed = gate("crds", "--names", ",".join(definitions), deadline=30)
    assert (passed.returncode, passed.stdout) == (0, "")
    assert f"{len(definitions)} of {len(definitions)} CustomResourceDefinitions Established" in passed.stderr

    missing = gate("crds", "--names", f"{definitions[0]},widgets.example.com", deadline=1)
    assert missing.returncode == 1
    assert "1 of 2 CustomResourceDefinitions Established" in missing.stderr
    assert "no such CustomResourceDefinition" in missing.stderr


def test_the_api_gate_waits_for_the_etcd_member_and_prints_the_authority(gate, api, plan):
    api_gate = [
        *("api", "--cluster", plan.name, "--region", plan.config.region, "--members", "1"),
        *("--endpoint", f"{api.host}:6443", "--server-name", plan.network.api_name),
    ]
    with parameter_store(api.aws.parameters) as url:
        waiting = gate(*api_gate, deadline=1, url=url)
        assert (waiting.returncode, waiting.stdout) == (1, "")
        assert "0 of 1 etcd members ready" in waiting.stderr

        # A kubelet shows its static pod as a mirror of kubeadm's manifest.
        pod = yaml.safe_load((api.root / "manifests/etcd.yaml").read_text())
        pod["metadata"] |= {"name": "etcd-a", "annotations": {"kubernetes.io/config.mirror": "0"}}
        pod["spec"]["nodeName"] = "a"
        assert (created := api.admin.create(pod)).accepted, created.said
        start(api.admin, pod, "10.0.0.10")
        passed = gate(*api_gate, deadline=60, url=url)
    assert passed.returncode == 0, passed.stderr
    assert set(json.loads(passed.stdout)) == {"ca"}
    assert passed.stdout.count("\n") == 1


def test_the_nodes_gate_waits_until_calico_is_ready_on_every_machine_of_the_plan(gate, cluster, plan):
    masters, workers = len(plan.control_plane.slots), plan.worker_count
    nodes_gate = ("nodes", "--control-planes", str(masters), "--workers", str(workers))
    for number in range(masters + workers):
        register(cluster.admin, f"node-{number}", f"10.0.0.{100 + number}", control_plane=number < masters)
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "calico-system"}}
    assert cluster.admin.create(namespace).accepted
    assert cluster.admin.create(AGENT).accepted
    pods = until(lambda: _agents(cluster, masters + workers), "pods of calico-node")
    waiting = gate(*nodes_gate, deadline=1)
    assert (waiting.returncode, waiting.stdout) == (1, "")
    assert f"calico-node 0 of {masters + workers} Ready" in waiting.stderr

    for number, pod in enumerate(pods):
        place(cluster.admin, pod, _meant_for(pod))
        start(cluster.admin, pod, f"10.0.0.{100 + number}")
    until(lambda: _ready(cluster) == masters + workers, "calico-node ready")
    passed = gate(*nodes_gate, deadline=60)
    assert (passed.returncode, passed.stdout) == (0, ""), passed.stderr


def _agents(cluster, number):
    found = cluster.admin.get("/api/v1/namespaces/calico-system/pods")["items"]
    return found if len(found) == number else None


def _ready(cluster):
    return cluster.admin.get(cluster.admin.path_of(AGENT))["status"]["numberReady"]


def _meant_for(pod):
    """The DaemonSet's controller names the node in the pod; the scheduler only obeys."""
    terms = pod["spec"]["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    return terms["nodeSelectorTerms"][0]["matchFields"][0]["values"][0]
