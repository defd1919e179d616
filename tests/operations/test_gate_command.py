"""The programs as operators and Pulumi run them: arguments, standard streams, exit status."""

import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from gate_fakes import (
    CLUSTER,
    CLUSTER_INFO,
    CREDENTIAL,
    REGION,
    SERVER_NAME,
    TOKEN,
    Clock,
    api_server,
    calico,
    certificates,
    conditions,
    etcd_pod,
    node,
    parameter_store,
    report,
    stored,
)

from operations.__main__ import SUBCOMMANDS, main
from operations.gate import loop
from operations.gate.api import ETCD_PODS
from operations.gate.crds import DEFINITIONS
from operations.gate.nodes import CALICO, NODES
from operations.kubeconfig import render

ROOT = Path(__file__).parents[2]
KAFKA = "kafkas.kafka.strimzi.io"
API = ("gate", "api", "--cluster", CLUSTER, "--region", REGION, "--members", "1", "--server-name", SERVER_NAME)
NODE = "ip-10-0-0-10.ap-northeast-2.compute.internal"


@pytest.fixture
def surroundings(monkeypatch, tmp_path):
    """AWS credentials, an `aws` program that prints the operator's credential, and a clock that needs no time."""
    credential = tmp_path / "credential.json"
    credential.write_text(certificates().exec_credential)
    program = tmp_path / "aws"
    program.write_text(f"#!/bin/sh\ncat {credential}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "example")
    monkeypatch.setattr("operations.gate.command.SystemClock", Clock)
    return tmp_path


def kubeconfig(port):
    text = render(CLUSTER, REGION, "127.0.0.1", SERVER_NAME, certificates().authority_base64)
    return text.replace(":6443", f":{port}")


def exit_status(*arguments):
    try:
        return main(list(arguments))
    except SystemExit as stopped:
        return stopped.code


def parameters(**changed):
    usual = {CLUSTER_INFO: certificates().cluster_info, CREDENTIAL: certificates().exec_credential}
    return {**usual, **stored(report(NODE)), **changed}


@pytest.mark.usefixtures("surroundings")
def test_the_api_gate_prints_the_authority_as_its_only_line(monkeypatch, capsys):
    asked = []
    answers = {"/readyz": (200, b"ok"), ETCD_PODS: (200, {"items": [etcd_pod(NODE)]})}
    with parameter_store(parameters()) as url, api_server(answers, asked) as port:
        monkeypatch.setenv("AWS_ENDPOINT_URL_SSM", url)
        assert exit_status(*API, "--endpoint", f"127.0.0.1:{port}", "--deadline", "60") == 0
    out, err = capsys.readouterr()
    assert json.loads(out) == {"ca": certificates().authority_base64}
    assert out.count("\n") == 1
    assert err == "gate api: 0 s: API ready, 1 of 1 etcd members ready\n"
    assert asked == ["/readyz", ETCD_PODS] * 3, "one good answer is not enough while control planes join"


@pytest.mark.row("S0-43", "S4-13")
@pytest.mark.usefixtures("surroundings")
def test_a_failing_api_gate_names_phase_node_cause_and_journal_and_prints_no_secret(monkeypatch, capsys):
    journal = [f"kubeadm join --token {TOKEN} api.trip.internal:6443", "error: token id not found in the cluster"]
    entry = report(NODE, phase="join", state="failed", cause="kubeadm ended with 1", journal=journal)
    values = stored(entry)
    with parameter_store(values) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL_SSM", url)
        assert exit_status(*API, "--endpoint", "127.0.0.1:1", "--deadline", "600") == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert "gate api: not passed within 600 s" in err
    assert re.search(r"phase +join\n +node +ip-10-0-0-10.*\n +seen +kubeadm ended with 1\n", err)
    assert "cause    the bootstrap token had expired" in err
    assert "    | error: token id not found in the cluster" in err
    assert TOKEN not in err
    assert "Traceback" not in err


@pytest.mark.usefixtures("surroundings")
def test_the_nodes_gate_fetches_its_credential_with_the_kubeconfigs_own_program(monkeypatch, capsys):
    nodes = {"items": [node("cp-a", control_plane=True), node("w-1")]}
    asked = []
    with api_server({NODES: (200, nodes), CALICO: (200, calico(2, 2))}, asked) as port:
        monkeypatch.setattr(sys, "stdin", io.StringIO(kubeconfig(port)))
        assert exit_status("gate", "nodes", "--control-planes", "1", "--workers", "1", "--deadline", "60") == 0
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert asked == [NODES, CALICO] * 3


@pytest.mark.usefixtures("surroundings")
def test_a_failing_nodes_gate_reads_the_nodes_reports_when_told_where(monkeypatch, capsys):
    entry = report("w-1", "worker", phase="containerd", state="failed", cause="no space left on device")
    answers = {NODES: (200, {"items": [node("cp-a", control_plane=True)]}), CALICO: (200, calico(1, 1))}
    arguments = ("gate", "nodes", "--control-planes", "1", "--workers", "1", "--deadline", "60")
    with parameter_store(stored(entry)) as url, api_server(answers) as port:
        monkeypatch.setenv("AWS_ENDPOINT_URL_SSM", url)
        monkeypatch.setattr(sys, "stdin", io.StringIO(kubeconfig(port)))
        assert exit_status(*arguments, "--cluster", CLUSTER, "--region", REGION) == 1
    err = capsys.readouterr().err
    assert re.search(r"phase +containerd\n +node +w-1\n", err)
    assert "a disk is full" in err


@pytest.mark.usefixtures("surroundings")
def test_the_crds_gate_passes_when_all_names_are_established(monkeypatch, capsys):
    body = {"metadata": {"name": KAFKA}, "status": {"conditions": conditions(Established=True)}}
    with api_server({f"{DEFINITIONS}/{KAFKA}": (200, body)}) as port:
        monkeypatch.setattr(sys, "stdin", io.StringIO(kubeconfig(port)))
        assert exit_status("gate", "crds", "--names", f"{KAFKA},{KAFKA}", "--deadline", "60") == 0
    assert "1 of 1 CustomResourceDefinitions Established" in capsys.readouterr().err


def test_aws_credentials_that_are_missing_are_one_line(surroundings, monkeypatch, capsys):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(surroundings / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(surroundings / "none"))
    assert exit_status(*API, "--endpoint", "127.0.0.1:1", "--deadline", "60") == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("gate api: AWS: Unable to locate credentials")
    assert err.count("\n") == 1


API_LINE = (*API, "--endpoint", "lb.example.com:6443", "--deadline", "60")
NODES_LINE = ("gate", "nodes", "--control-planes", "1", "--workers", "2", "--deadline", "60")
CRDS_LINE = ("gate", "crds", "--names", KAFKA, "--deadline", "60")


def replaced(line, option, value):
    place = line.index(option) + 1
    return (*line[:place], value, *line[place + 1 :])


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ((), "SUBCOMMAND"),
        (("gait",), "invalid choice: 'gait'"),
        (("gate",), "GATE"),
        (("gate", "ape"), "invalid choice: 'ape'"),
        (API, "--endpoint, --deadline"),
        ((*API_LINE, "--verbose"), "--verbose"),
        (replaced(API_LINE, "--cluster", "Trip"), "--cluster"),
        (replaced(API_LINE, "--region", "seoul"), "--region"),
        (replaced(API_LINE, "--members", "0"), "--members"),
        (replaced(API_LINE, "--members", "three"), "--members"),
        (replaced(API_LINE, "--endpoint", "lb.example.com"), "--endpoint"),
        (replaced(API_LINE, "--endpoint", "https://lb:6443"), "--endpoint"),
        (replaced(API_LINE, "--endpoint", "lb:66443"), "--endpoint"),
        (replaced(API_LINE, "--server-name", "api trip"), "--server-name"),
        (replaced(API_LINE, "--deadline", "0"), "--deadline"),
        (replaced(API_LINE, "--deadline", "20m"), "--deadline"),
        (replaced(API_LINE, "--deadline", "1200000"), "--deadline"),
        (replaced(NODES_LINE, "--control-planes", "0"), "--control-planes"),
        (replaced(NODES_LINE, "--workers", "-1"), "--workers"),
        ((*NODES_LINE, "--cluster", CLUSTER), "--cluster and --region"),
        (NODES_LINE, "standard input: kubeconfig: empty"),
        (CRDS_LINE, "standard input: kubeconfig: empty"),
        (replaced(CRDS_LINE, "--names", "a,,b"), "--names"),
        (replaced(CRDS_LINE, "--names", "../secrets"), "--names"),
        (("credential", "--cluster", CLUSTER), "--region"),
    ],
)
def test_wrong_arguments_end_with_status_2_and_one_line_that_names_them(arguments, named, monkeypatch, capsys):
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    assert exit_status(*arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert named in err
    assert err.count("\n") == 1


def test_help_lists_every_subcommand_without_importing_any(capsys):
    assert exit_status("--help") == 0
    out = capsys.readouterr().out
    assert all(re.search(rf"^ +{name}\b", out, re.MULTILINE) for name in SUBCOMMANDS)


def test_an_interrupted_program_ends_without_a_traceback(monkeypatch, capsys):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("operations.gate.command.wait", interrupted)
    monkeypatch.setattr(sys, "stdin", io.StringIO(kubeconfig(6443)))
    assert exit_status(*CRDS_LINE) == 130
    assert capsys.readouterr().err == "interrupted\n"


@pytest.mark.parametrize("arguments", [("rows", "--help"), ("gate", "--help"), ("--help",)])
def test_looking_at_rows_or_help_imports_neither_pulumi_nor_boto3(arguments):
    program = (
        "import sys\n"
        "from operations.__main__ import main\n"
        "try:\n    main(sys.argv[1:])\nexcept SystemExit:\n    pass\n"
        "heavy = {'pulumi', 'boto3', 'botocore', 'urllib3'} & set(sys.modules)\n"
        "sys.exit(f'imported {heavy}' if heavy else 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.row("S0-43")
@pytest.mark.usefixtures("surroundings")
def test_a_gate_run_as_a_process_keeps_its_deadline_and_ends_with_status_1():
    """The real program, the real clock, a real TLS server whose etcd member never becomes ready."""
    entry = report(NODE, journal=["etcd: rafthttp: failed to dial peer"])
    answers = {"/readyz": (200, b"ok"), ETCD_PODS: (200, {"items": [etcd_pod(NODE, ready=False)]})}
    with parameter_store(parameters(**stored(entry))) as url, api_server(answers) as port:
        environment = {**os.environ, "AWS_ENDPOINT_URL_SSM": url}
        line = [sys.executable, "-m", "operations", *API, "--endpoint", f"127.0.0.1:{port}", "--deadline", "1"]
        clock = loop.SystemClock()
        start = clock.now()
        done = subprocess.run(line, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False)
        elapsed = clock.now() - start
    assert done.returncode == 1
    assert done.stdout == ""
    assert "0 of 1 etcd members ready" in done.stderr
    assert "    | etcd: rafthttp: failed to dial peer" in done.stderr
    assert certificates().key.splitlines()[1] not in done.stderr
    assert 1 <= elapsed < 30
