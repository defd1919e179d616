"""What the nodes are given, read by the programs that will read it there: kubeadm and cloud-init's own checkers."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from sizing.model import Plan
from userdata import render
from userdata.render import UserData

pytestmark = pytest.mark.real

KUBEADM_FOLDER = "/etc/groundswell/kubeadm"
DISCOVERY = "/run/groundswell/discovery.conf"
STACKS = ("dev", "ha")


def nodes(plan: Plan) -> Iterator[tuple[str, UserData]]:
    for slot in plan.control_plane.slots:
        yield f"control plane {slot}", render.control_plane(plan, slot)
    for pool in plan.pools:
        yield f"worker {pool}", render.worker(plan, pool)


def refusal(kubeadm: Path, documents: list[dict[str, object]], folder: Path) -> str:
    """What `kubeadm config validate` says against the documents, with the discovery file that a joining node has."""
    discovery = folder / "discovery.conf"
    discovery.write_text(
        json.dumps(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "current-context": "join",
                "contexts": [{"name": "join", "context": {"cluster": "join", "user": "join"}}],
                "clusters": [{"name": "join", "cluster": {"server": "https://api.example.internal:6443"}}],
                "users": [{"name": "join", "user": {"token": "abcdef" + ".0123456789abcdef"}}],
            }
        )
    )
    path = folder / "kubeadm.yaml"
    path.write_text("\n---\n".join(map(json.dumps, documents)).replace(DISCOVERY, str(discovery)))
    done = subprocess.run(
        [kubeadm, "config", "validate", "--config", path], check=False, capture_output=True, text=True, timeout=60
    )
    return "" if done.returncode == 0 else done.stdout + done.stderr


@pytest.mark.parametrize("stack", STACKS)
def test_kubeadm_accepts_the_documents_of_every_node(
    kubeadm: Path, plans: dict[str, Plan], stack: str, tmp_path: Path
) -> None:
    checked = 0
    for node, data in nodes(plans[stack]):
        for path, file in data.files.items():
            if path.startswith(f"{KUBEADM_FOLDER}/"):
                assert refusal(kubeadm, json.loads(file.content), tmp_path) == "", f"{node} {path}"
                checked += 1
    assert checked >= 3


def test_kubeadm_refuses_a_field_that_it_does_not_know(kubeadm: Path, plans: dict[str, Plan], tmp_path: Path) -> None:
    data = render.worker(plans["dev"], next(iter(plans["dev"].pools)))
    documents = json.loads(data.files[f"{KUBEADM_FOLDER}/join.json"].content)
    documents[0]["nodeRegistraton"] = {}
    assert "nodeRegistraton" in refusal(kubeadm, documents, tmp_path)


def schema_check(cloud_init: Path, text: str, folder: Path) -> subprocess.CompletedProcess[str]:
    path = folder / "user-data.txt"
    path.write_text(text)
    return subprocess.run(
        [cloud_init, "schema", "--config-file", path], check=False, capture_output=True, text=True, timeout=60
    )


@pytest.mark.parametrize("stack", STACKS)
def test_cloud_init_accepts_the_user_data_of_every_node(
    cloud_init: Path, plans: dict[str, Plan], stack: str, tmp_path: Path
) -> None:
    for node, data in nodes(plans[stack]):
        done = schema_check(cloud_init, data.cloud_config, tmp_path)
        assert done.returncode == 0, f"{node}: {done.stderr}"
        assert "deprecat" not in done.stdout.lower()


def test_cloud_init_refuses_user_data_of_the_wrong_shape(cloud_init: Path, tmp_path: Path) -> None:
    done = schema_check(cloud_init, "#cloud-config\nruncmd: 3\n", tmp_path)
    assert done.returncode != 0
    assert "runcmd: 3 is not of type 'array'" in done.stderr
