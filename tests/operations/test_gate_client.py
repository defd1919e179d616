"""HTTPS to an API server: real TLS on loopback, with certificates made for the run."""

import socket
import ssl
import tempfile

import pytest
from gate_fakes import KEY_BEGINS, SERVER_NAME, api_server, certificates

from operations.gate.client import (
    ApiClient,
    ApiError,
    Credential,
    Endpoint,
    UnauthorisedError,
    request_timeout,
)
from operations.gate.objects import Nodes


def endpoint(port, *, server_name=SERVER_NAME, authority=None, host="127.0.0.1"):
    authority = authority or certificates().authority
    return Endpoint(host=host, port=port, server_name=server_name, authority=authority)


def operator():
    return Credential(certificate=certificates().certificate, key=certificates().key)


def test_the_api_is_reached_at_any_address_when_its_certificate_holds_the_stable_name():
    with api_server({"/readyz": (200, b"ok")}) as port:
        assert ApiClient(endpoint(port)).get("/readyz", 5) == (200, b"ok")


def test_a_certificate_without_the_stable_name_is_refused():
    with api_server({"/readyz": (200, b"ok")}) as port:
        client = ApiClient(endpoint(port, server_name="api.other.internal"))
        with pytest.raises(ApiError, match="certificate verify failed: Hostname mismatch"):
            client.get("/readyz", 5)


def test_a_certificate_of_another_authority_is_refused():
    with api_server({"/readyz": (200, b"ok")}) as port:
        client = ApiClient(endpoint(port, authority=certificates().stranger))
        with pytest.raises(ApiError, match="certificate verify failed"):
            client.get("/readyz", 5)


def test_the_operator_is_known_by_the_client_certificate():
    with api_server({"/api/v1/nodes": (200, {"items": []})}) as port:
        with pytest.raises(UnauthorisedError, match="answered 401"):
            ApiClient(endpoint(port)).read(Nodes, "/api/v1/nodes", 5)
        assert ApiClient(endpoint(port), operator()).read(Nodes, "/api/v1/nodes", 5) == Nodes()


def test_the_key_is_on_no_disk_once_the_client_exists(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    ApiClient(endpoint(1), operator())
    assert list(tmp_path.rglob("*")) == []


def test_while_openssl_reads_the_key_its_file_is_private(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    modes = []

    def looked(_self, path):
        modes.append((path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777))

    monkeypatch.setattr(ssl.SSLContext, "load_cert_chain", looked)
    ApiClient(endpoint(1), operator())
    assert modes == [(0o600, 0o700)]


def test_a_credential_shows_no_key_when_printed():
    text = repr(Credential(certificate="public", key="private-key", token="bearer-token"))
    assert "public" in text
    assert "private-key" not in text
    assert "bearer-token" not in text


def test_a_broken_credential_is_one_line_without_its_content():
    broken = Credential(certificate=certificates().certificate, key=f"{KEY_BEGINS}\nMHcC\n")
    with pytest.raises(ApiError) as caught:
        ApiClient(endpoint(1), broken)
    assert str(caught.value) == "the operator credential is not a certificate with its key"


def test_an_authority_that_is_no_pem_is_one_line():
    with pytest.raises(ApiError, match="not PEM"):
        ApiClient(endpoint(1, authority="nonsense"))


def test_nobody_listening_is_told_as_connection_refused():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    with pytest.raises(ApiError) as caught:
        ApiClient(endpoint(port)).get("/readyz", 5)
    assert str(caught.value) == f"127.0.0.1:{port}: connection refused"


def test_a_listener_that_says_nothing_is_told_as_timed_out():
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        with pytest.raises(ApiError, match="timed out"):
            ApiClient(endpoint(silent.getsockname()[1])).get("/readyz", 0.2)


def test_a_name_that_does_not_resolve_is_told_as_such():
    with pytest.raises(ApiError, match=r"api\.trip\.invalid:6443: name does not resolve"):
        ApiClient(endpoint(6443, host="api.trip.invalid")).get("/readyz", 5)


def test_a_refusal_carries_the_servers_own_words():
    body = {"kind": "Status", "message": 'nodes is forbidden:\n User "x"'}
    with api_server({"/api/v1/nodes": (403, body)}) as port:
        client = ApiClient(endpoint(port), operator())
        with pytest.raises(ApiError) as caught:
            client.read(Nodes, "/api/v1/nodes", 5)
    assert str(caught.value) == '/api/v1/nodes answered 403: nodes is forbidden: User "x"'


def test_something_that_does_not_exist_is_none():
    with api_server({}) as port:
        assert ApiClient(endpoint(port), operator()).read(Nodes, "/api/v1/nodes", 5) is None


def test_an_answer_that_is_no_such_object_is_one_line():
    with api_server({"/api/v1/nodes": (200, b"<html>login</html>")}) as port:
        client = ApiClient(endpoint(port), operator())
        with pytest.raises(ApiError, match="the answer is not a Nodes"):
            client.read(Nodes, "/api/v1/nodes", 5)


def test_requests_never_wait_much_longer_than_the_gate_may():
    assert request_timeout(600) == 10
    assert request_timeout(4) == 4
    assert request_timeout(-3) == 1
