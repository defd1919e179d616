"""Gates and the way into the cluster, declared under mocks."""

import json
import re
import shlex
from pathlib import Path

import pulumi
import pytest
from pulumi import ResourceOptions
from pulumi_command import local

from components.access import ClusterAccess, ClusterAccessArgs, keyless_kubeconfig
from components.gate import Gate, crds_gate, nodes_gate
from components.providers import command_provider
from operations.kubeconfig import KubeconfigError
from operations.recorder import record

COMMAND = "command:local:Command"
PROVIDER = "pulumi:providers:kubernetes"
GATE = "groundswell:gate:Gate"


def words(recorded):
    """A gate's command line as the shell will see it, without the interpreter."""
    interpreter, _, rest = recorded.inputs["create"].partition(" -m operations gate ")
    assert interpreter == '"${GROUNDSWELL_PYTHON:-.venv/bin/python}"'
    return shlex.split(rest)


def declared(plan):
    """ClusterAccess and one gate of each kind, in a program of their own."""

    def program():
        options = ResourceOptions(providers=[command_provider(plan)])
        access = ClusterAccess(
            plan.name,
            ClusterAccessArgs(plan=plan, server=pulumi.Output.from_input("lb; rm -rf $HOME"), machines=["i-1", "i-2"]),
            options,
        )
        Gate(f"{plan.name}-nodes", nodes_gate(plan, access.kubeconfig, ["v1"]), options)
        Gate(f"{plan.name}-crds", crds_gate(["b.example.com", "a.example.com"], access.kubeconfig), options)
        pulumi.export("kubeconfig", access.kubeconfig)

    return record("test", {}, {}, program)


@pytest.fixture(scope="module")
def recording(ha_plan):
    return declared(ha_plan)


def test_the_api_gate_asks_for_the_plans_members_at_the_given_server_under_the_stable_name(recording, ha_plan):
    line = words(recording.one(COMMAND, "ha-api"))
    options = dict(zip(line[1::2], line[2::2], strict=True))
    assert line[0] == "api"
    assert options == {
        "--cluster": "ha",
        "--region": ha_plan.config.region,
        "--members": "3",
        "--endpoint": "lb; rm -rf $HOME:6443",
        "--server-name": ha_plan.network.api_name,
        "--deadline": options["--deadline"],
    }


def test_the_nodes_gate_asks_for_exactly_the_plans_machines(recording, ha_plan):
    line = words(recording.one(COMMAND, "ha-nodes"))
    assert line[0] == "nodes"
    assert line[line.index("--control-planes") + 1] == "3"
    assert line[line.index("--workers") + 1] == str(ha_plan.worker_count)
    assert line[line.index("--cluster") + 1] == "ha"


def test_the_names_of_definitions_are_sorted_so_that_the_same_set_gives_the_same_line(recording):
    line = words(recording.one(COMMAND, "ha-crds"))
    assert line[:3] == ["crds", "--names", "a.example.com,b.example.com"]


@pytest.mark.row("S4-13")
def test_every_gate_has_a_deadline_and_pulumi_waits_a_little_longer(ha_plan, monkeypatch):
    limits, real = {}, local.Command

    def watched(name, **arguments):
        limits[name] = arguments["opts"].custom_timeouts
        return real(name, **arguments)

    monkeypatch.setattr("components.gate.local.Command", watched)
    gates = declared(ha_plan).of(COMMAND)
    assert set(limits) == {"ha-api", "ha-nodes", "ha-crds"}
    for gate in gates:
        line = words(gate)
        deadline = int(line[line.index("--deadline") + 1])
        assert 0 < deadline <= 1200
        assert limits[gate.name].create == limits[gate.name].update == f"{deadline + 120}s"


def test_a_gate_shows_its_progress_only_and_does_nothing_when_deleted(recording):
    for gate in recording.of(COMMAND):
        assert gate.inputs["logging"] == "stderr"
        assert gate.inputs["addPreviousOutputInEnv"] is False
        assert "delete" not in gate.inputs
        assert gate.inputs["update"] == gate.inputs["create"]


def test_a_gate_runs_again_when_a_machine_or_its_kubeconfig_changes(recording):
    assert recording.one(COMMAND, "ha-api").inputs["triggers"] == ["i-1", "i-2"]
    nodes = recording.one(COMMAND, "ha-nodes")
    assert nodes.inputs["triggers"] == ["v1"]
    assert json.loads(nodes.inputs["stdin"])["current-context"] == "ha"
    assert "stdin" not in recording.one(COMMAND, "ha-api").inputs


def test_gates_and_the_way_in_stand_under_their_own_components(recording):
    assert {gate.parent_type for gate in recording.of(COMMAND)} == {GATE}
    assert recording.one(PROVIDER, "ha").parent_type == "groundswell:access:ClusterAccess"
    assert recording.one(GATE, "ha-api").parent_type == "groundswell:access:ClusterAccess"
    assert all(gate.provider for gate in recording.of(COMMAND))


def test_the_provider_waits_for_the_gate(recording):
    assert recording.depends_on(recording.one(PROVIDER, "ha"), recording.one(COMMAND, "ha-api"))


def test_only_another_cluster_replaces_the_provider(recording):
    """Without an identifier the provider chooses replacement whenever the kubeconfig is still unknown."""
    inputs = recording.one(PROVIDER, "ha").inputs
    assert inputs["clusterIdentifier"] == "ha"
    assert inputs["enableServerSideApply"] == "true"


@pytest.mark.row("S0-29")
def test_neither_the_exported_kubeconfig_nor_any_resource_holds_a_key(recording):
    kubeconfig = json.loads(recording.outputs["kubeconfig"])
    assert list(kubeconfig["users"][0]["user"]) == ["exec"]
    assert kubeconfig["clusters"][0]["cluster"]["server"].endswith(":6443")
    everything = json.dumps([dict(resource.inputs) for resource in recording.resources]) + json.dumps(kubeconfig)
    for word in ("PRIVATE KEY", "client-key", "client-certificate", "admin.conf"):
        assert word not in everything
    assert not any(resource.secrets for resource in recording.resources)


@pytest.mark.parametrize("printed", ["", "ready", "{}", "[]", "null"])
def test_a_gate_that_printed_no_authority_never_becomes_an_empty_kubeconfig(printed, ha_plan):
    with pytest.raises(ValueError, match="printed no certificate authority"):
        keyless_kubeconfig(ha_plan, "lb.example.com", printed)


def test_a_server_without_a_name_never_becomes_an_empty_kubeconfig(ha_plan):
    with pytest.raises(KubeconfigError, match="server: empty"):
        keyless_kubeconfig(ha_plan, "", '{"ca": "Y2E="}')


COPY_OF_ADMIN_CONF = re.compile(r"\b(cp|mv|scp|ln|tee|cat|install|chown|copy\w*)\b[^\n]*admin\.conf|\.kube/config\b")


@pytest.mark.row("S0-30")
def test_no_program_of_a_node_or_an_operator_copies_the_administrators_kubeconfig():
    assert COPY_OF_ADMIN_CONF.search("sudo cp -i /etc/kubernetes/admin.conf $HOME/.kube/config")
    root = Path(__file__).parents[2] / "userdata"
    files = [path for path in root.rglob("*") if path.suffix in {"", ".py", ".sh", ".service", ".timer"}]
    texts = [path.read_text(encoding="utf-8") for path in files if path.is_file()]
    assert texts
    assert not [text for text in texts if COPY_OF_ADMIN_CONF.search(text)]
