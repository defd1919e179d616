"""Drills on real snapshots: a throw-away etcd, and an API server on top."""

import json
import re
import uuid

import pytest
from real.parts import folders_of

from operations.__main__ import main
from operations.backup.proof import mark

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def snapshot(new_cluster, tmp_path_factory):
    """A snapshot that a slot has made, as a file, and the slot's cluster."""
    cluster = new_cluster("a")
    assert cluster.put("/registry/x", "y")
    cluster.slots["a"].task("snapshot")
    path = tmp_path_factory.mktemp("drill") / "snapshot.db"
    path.write_bytes(next(iter(cluster.bucket.objects.values())).data)
    return path, cluster


def test_a_drill_tells_the_age_of_the_data_and_how_long_it_took(snapshot, etcd_tools, capsys):
    assert main(["drill", "--file", str(snapshot[0]), "--programs", str(etcd_tools)]) == 0
    text = capsys.readouterr().out
    assert re.search(r"^  2 keys at revision \d+; no kube-apiserver at hand$", text, flags=re.MULTILINE)
    assert re.search(r"^  RPO: the data are \d+\.\d minutes old$", text, flags=re.MULTILINE)
    assert re.search(r"^  RTO: an etcd served them after \d+\.\d s on this machine$", text, flags=re.MULTILINE)


def test_an_api_server_on_the_restored_etcd_lists_the_namespaces(snapshot, etcd_tools, tmp_path, capsys):
    try:
        folder = folders_of("kube-apiserver")["kube-apiserver"]
    except FileNotFoundError as error:
        pytest.fail(str(error), pytrace=False)
    for program in (*(etcd_tools / name for name in ("etcd", "etcdctl", "etcdutl")), folder / "kube-apiserver"):
        (tmp_path / program.name).symlink_to(program)
    path = tmp_path / "clean.db"
    _, cluster = snapshot
    cluster.ctl("del", "/registry/x")
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "planted", "uid": str(uuid.UUID(int=1))}}
    assert cluster.put("/registry/namespaces/planted", json.dumps(namespace))
    assert cluster.ctl("snapshot", "save", str(path)).returncode == 0
    assert main(["drill", "--file", str(path), "--programs", str(tmp_path)]) == 0
    assert re.search(r"\d+ keys at revision \d+; [1-9]\d* namespaces by the API", capsys.readouterr().out)


def test_a_corrupt_file_is_refused_by_name_in_one_line(snapshot, etcd_tools, tmp_path, capsys):
    path = tmp_path / "bad.db"
    data = bytearray(snapshot[0].read_bytes())
    data[len(data) // 2] ^= 255
    path.write_bytes(data)
    assert main(["drill", "--file", str(path), "--programs", str(etcd_tools)]) == 1
    said = capsys.readouterr().err
    assert said.startswith("drill: refused: bad.db: corrupt: its SHA-256 is ")
    assert said.count("\n") == 1


def test_missing_programs_are_named(snapshot, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert main(["drill", "--file", str(snapshot[0])]) == 1
    missing = "etcd, etcdctl, etcdutl, jq"
    assert capsys.readouterr().err == f"drill: not found: {missing}; name their folder with --programs\n"


def test_operators_know_the_same_mark_as_the_slots(snapshot):
    """Published with the cluster: the sum of the authority's public key."""
    _, cluster = snapshot
    slot = cluster.slots["a"]
    program = slot.root / "usr/local/lib/groundswell/mark.sh"
    program.write_text(
        '#!/usr/bin/env bash\n. "$GROUNDSWELL_ROOT/usr/local/lib/groundswell/maintenance/maintenance.sh"\nca_sum\n'
    )
    program.chmod(0o755)
    info = json.dumps({"ca_hash": f"sha256:{slot.node.run('mark.sh').strip()}"})

    class Store:
        def read(self, name):
            return {"/groundswell/ha/public/cluster": info}.get(name)

    assert mark(Store(), "ha") == cluster.value("groundswell/cluster")
