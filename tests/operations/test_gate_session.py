"""From a kubeconfig to answers: the exec plugin, and what happens when it or the credential fails."""

import json
import sys

import pytest
from gate_fakes import SERVER_NAME, api_server, certificates

from operations.gate.client import ApiError, UnauthorisedError
from operations.gate.loop import GateError
from operations.gate.objects import Nodes
from operations.gate.session import Session, run_plugin
from operations.kubeconfig import Kubeconfig


def kubeconfig(port, command=("plugin",)):
    return Kubeconfig(
        host="127.0.0.1",
        port=port,
        server_name=SERVER_NAME,
        authority=certificates().authority,
        command=command,
        environment={},
    )


def printed_with(status, version="v1"):
    return json.dumps(
        {"apiVersion": f"client.authentication.k8s.io/{version}", "kind": "ExecCredential", "status": status}
    )


def test_the_plugin_runs_once_for_many_requests():
    runs = []

    def plugin(command, _environment):
        runs.append(command)
        return certificates().exec_credential

    with api_server({"/api/v1/nodes": (200, {"items": []})}) as port:
        session = Session(kubeconfig(port), plugin)
        assert [session.read(Nodes, "/api/v1/nodes", 5) for _ in range(3)] == [Nodes()] * 3
    assert runs == [("plugin",)]


def test_a_refused_credential_is_fetched_anew_at_the_next_try():
    credentials = iter([printed_with({"token": "expired"}), certificates().exec_credential])
    with api_server({"/api/v1/nodes": (200, {"items": []})}) as port:
        session = Session(kubeconfig(port), lambda *_: next(credentials))
        with pytest.raises(UnauthorisedError):
            session.read(Nodes, "/api/v1/nodes", 5)
        assert session.read(Nodes, "/api/v1/nodes", 5) == Nodes()


@pytest.mark.parametrize(
    "printed",
    [
        "",
        "An error occurred",
        '{"kind": "ExecCredential"}',
        printed_with({}),
        printed_with({"clientKeyData": "canary"}),
        printed_with({"token": "canary"}, "v1beta1"),
    ],
)
def test_a_plugin_that_prints_no_credential_is_one_line_that_shows_nothing_of_it(printed):
    session = Session(kubeconfig(1), lambda *_: printed)
    with pytest.raises(ApiError, match=r"^operator credential: ") as caught:
        session.read(Nodes, "/api/v1/nodes", 5)
    assert "canary" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_plugin_gets_its_own_variables_and_no_standard_input(monkeypatch):
    monkeypatch.setenv("INHERITED", "yes")
    program = (
        "import os, sys; print(os.environ['INHERITED'], os.environ['OWN'], os.environ['KUBERNETES_EXEC_INFO'],"
        " repr(sys.stdin.read()))"
    )
    printed = run_plugin((sys.executable, "-c", program), {"OWN": "too"})
    assert printed.startswith("yes too {")
    assert '"interactive": false' in printed
    assert printed.endswith("''\n")


def test_a_plugin_that_fails_is_told_with_its_own_words_in_one_line():
    program = "import sys; sys.exit('An error occurred (AccessDeniedException)\\nwhen calling')"
    with pytest.raises(ApiError) as caught:
        run_plugin((sys.executable, "-c", program), {})
    assert str(caught.value).endswith("ended with 1: An error occurred (AccessDeniedException) when calling")


def test_a_plugin_that_is_not_installed_ends_the_gate():
    with pytest.raises(GateError, match="groundswell-no-such-program: not installed"):
        run_plugin(("groundswell-no-such-program",), {})


def test_a_plugin_that_cannot_be_run_ends_the_gate(tmp_path):
    (tmp_path / "plugin").write_text("")
    with pytest.raises(GateError, match="cannot be run: Permission denied"):
        run_plugin((str(tmp_path / "plugin"),), {})


def test_a_plugin_that_hangs_is_ended(monkeypatch):
    monkeypatch.setattr("operations.gate.session._PLUGIN_SECONDS", 0.1)
    with pytest.raises(ApiError, match="gave no answer within"):
        run_plugin((sys.executable, "-c", "import time; time.sleep(60)"), {})
