"""Reading back from nodes how much memory instance types really have."""

import io
import json
import subprocess
import sys

import pytest
from conftest import ROOT
from gate_fakes import api_server, certificates

from operations import memory as command
from operations.__main__ import main
from sizing import memory
from sizing.catalogue import load
from sizing.memory import Reading


def node(name, kind, capacity, day="2026-11-20"):
    return {
        "metadata": {
            "name": name,
            "labels": {"node.kubernetes.io/instance-type": kind} if kind else {},
            "creationTimestamp": "2026-11-01T00:00:00Z",
        },
        "status": {
            "capacity": {"cpu": "4", "memory": capacity},
            "conditions": [{"type": "Ready", "lastHeartbeatTime": f"{day}T10:00:00Z"}],
            "nodeInfo": {"osImage": "Ubuntu 24.04.1 LTS"},
        },
    }


NODES = {
    "kind": "List",
    "items": [
        node("one", "c5a.xlarge", "8007680Ki"),
        node("two", "c5a.xlarge", "8003584Ki", "2026-11-22"),
        node("three", "x9.huge", "64Gi"),
        node("new", "", "8007680Ki"),
    ],
}


@pytest.fixture
def piped(monkeypatch):
    def pipe(text):
        monkeypatch.setattr(sys, "stdin", io.StringIO(text))

    return pipe


@pytest.mark.parametrize(
    ("quantity", "whole"),
    [("8007680Ki", 7820), ("7820Mi", 7820), ("8Gi", 8192), ("8199864320", 7820), ("8200M", 7820), ("1.5Gi", 1536)],
)
def test_quantities_become_whole_mib(quantity, whole):
    assert command.mib(quantity, "one") == whole


@pytest.mark.parametrize("quantity", ["", "Ki", "-5Ki", "8 Gi", "eight", "1e3Xi", "1.2.3Gi", "9" * 40])
def test_other_quantities_are_refused_with_the_nodes_name(quantity):
    with pytest.raises(command.UnreadableError, match=r"node one: capacity\.memory"):
        command.mib(quantity, "one")


def test_one_reading_a_type_is_the_least_of_its_nodes_with_the_day_of_the_newest(piped, capsys):
    piped(json.dumps(NODES))
    assert main(["memory"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].split()[:8] == ["c5a.xlarge", "Ubuntu", "24.04.1", "LTS", "7,816", "8,192", "4.6%", "7,820"]
    assert "x9.huge" in lines[2]
    assert "not in the catalogue" in lines[2]
    assert len(lines) == 3


def test_written_readings_count_more_than_published_ones(piped, tmp_path, capsys):
    target = tmp_path / "memory.csv"
    piped(json.dumps(NODES))
    assert main(["memory", "--write", "--catalogue", str(target)]) == 0
    assert "1 readings written" in capsys.readouterr().out
    lines = target.read_text(encoding="utf-8").splitlines()
    own = "c5a.xlarge,7816,Ubuntu 24.04.1 LTS,own nodes: status.capacity.memory of 2,2026-11-22"
    assert own in lines
    assert len(lines) == len(memory.load()) + 2
    assert not any(line.startswith("x9") for line in lines)


def test_a_later_reading_takes_the_place_of_the_own_one_before():
    first, later = (
        Reading(type="c5a.xlarge", seen_mib=mib, os="Ubuntu", source=f"{memory.OWN}: 2", date=day)
        for mib, day in ((7000, "2026-11-20"), (7900, "2026-11-22"))
    )
    both = memory.merged(memory.merged(memory.load(), [first]), [later])
    assert first not in both
    assert memory.seen(both)["c5a.xlarge"].mib == 7900
    assert memory.as_csv(both) == memory.as_csv(memory.merged(both, [later]))


@pytest.mark.parametrize("text", ["", "not json", "[]", '{"items": 5}', '{"items": [{"status": {}}]}'])
def test_what_is_no_list_of_nodes_is_one_line(text):
    done = subprocess.run(
        [sys.executable, "-m", "operations", "memory"],
        cwd=ROOT,
        input=text,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr == "memory: standard input: no list of nodes; pipe `kubectl get nodes -o json` into it\n"


@pytest.mark.parametrize(("text", "said"), [(None, "cannot be read: No such file"), ("a: [", "kubeconfig")])
def test_a_kubeconfig_that_cannot_be_used_is_one_line(tmp_path, capsys, text, said):
    path = tmp_path / "kubeconfig"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    assert main(["memory", "--kubeconfig", str(path)]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1


def test_a_cluster_is_asked_with_its_kubeconfig(tmp_path, capsys):
    fetch = tmp_path / "fetch.py"
    fetch.write_text(f"print({certificates().exec_credential!r})", encoding="utf-8")
    path = tmp_path / "kubeconfig"
    with api_server({"/api/v1/nodes": (200, NODES)}) as port:
        path.write_text(json.dumps(_kubeconfig(port, fetch)), encoding="utf-8")
        assert main(["memory", "--kubeconfig", str(path)]) == 0
    assert "7,816" in capsys.readouterr().out
    assert main(["memory", "--kubeconfig", str(path)]) == 1
    assert "connection refused" in capsys.readouterr().err


def _kubeconfig(port, fetch):
    command = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "command": sys.executable,
        "args": [str(fetch)],
        "interactiveMode": "Never",
    }
    server = {
        "server": f"https://127.0.0.1:{port}",
        "tls-server-name": "api.trip.internal",
        "certificate-authority-data": certificates().authority_base64,
    }
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "trip",
        "contexts": [{"name": "trip", "context": {"cluster": "trip", "user": "trip"}}],
        "clusters": [{"name": "trip", "cluster": server}],
        "users": [{"name": "trip", "user": {"exec": command}}],
    }


def test_every_type_of_the_catalogue_has_a_sourced_reading():
    for name, instance in load().items():
        assert instance.memory_seen is not None, name
        share = instance.memory_seen.mib / float(instance.memory_gib * 1024)
        assert 0.8 < share < 1
        assert "@" in instance.memory_seen.source
