"""The rotation of the encryption key against a real API server, which takes the changed file up by itself."""

import pytest
from real.api_server.cluster import ApiServer

pytestmark = pytest.mark.real

SECRET = {
    "apiVersion": "v1",
    "kind": "Secret",
    "metadata": {"name": "before", "namespace": "default"},
    "stringData": {"word": "planted-word"},
}


@pytest.fixture
def server(tmp_path, plans, parts):
    """A cluster with one slot of its own: the others' tests look at the first key."""
    with ApiServer(tmp_path, plans["dev"], parts) as running:
        running.machine.does("sleep", "exec /bin/sleep 2")
        yield running


def rotate(server, step):
    lib = server.machine.root / "usr/local/lib/groundswell"
    path = lib / "step.sh"
    path.write_text(f"#!/usr/bin/env bash\nexec {lib}/maintenance/rotate-encryption.sh {step}\n")
    path.chmod(0o755)
    process = server.machine.start("step.sh")
    said, _ = process.communicate(timeout=500)
    assert process.returncode == 0, said


def key_of(server, name):
    """The name of the key that a Secret of the namespace default is encrypted with."""
    stored = server.stored(f"/registry/secrets/default/{name}")
    assert b"planted-word" not in stored
    return stored[:40].split(b":")[4].decode()


def read(server, name):
    return server.admin.ask("GET", f"/api/v1/namespaces/default/secrets/{name}").status


def test_everything_is_readable_in_every_step_and_in_the_end_encrypted_with_the_new_key_alone(server):
    assert server.admin.create(SECRET).accepted
    assert key_of(server, "before") == "key-1"
    rotate(server, "add")
    assert read(server, "before") == 200
    rotate(server, "promote")
    assert server.admin.create({**SECRET, "metadata": {"name": "after", "namespace": "default"}}).accepted
    assert (key_of(server, "before"), key_of(server, "after")) == ("key-1", "key-2")
    rotate(server, "rewrite")
    assert key_of(server, "before") == "key-2"
    rotate(server, "retire")
    assert (read(server, "before"), read(server, "after")) == (200, 200)
    assert server.admin.ask("GET", "/readyz").status == 200
