"""The CIS benchmark's scored checks against what the real kubeadm makes of our documents."""

import json
import os
import subprocess
from pathlib import Path

import pytest
import yaml
from cis_checks import DOCUMENT_CHECKS, FLAG_CHECKS, KUBELET, PROXY, Flags, failed, flags_of, leaves

from sizing.model import Plan
from userdata import render
from userdata.kubelet import KUBELET_PATCH, PATCHES

pytestmark = pytest.mark.real

INIT = "/etc/groundswell/kubeadm/init.json"
PROGRAMS = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "etcd")


def documents_of(plan: Plan, slot: str, folder: Path) -> Path:
    """The slot's documents as kubeadm reads them there, with a name, and with the patch in the folder."""
    files = render.control_plane(plan, slot).files
    (folder / "patches").mkdir()
    (folder / "patches" / Path(KUBELET_PATCH).name).write_text(files[KUBELET_PATCH].content)
    documents = json.loads(files[INIT].content.replace(PATCHES, str(folder / "patches")))
    for document in documents:
        if "nodeRegistration" in document:
            document["nodeRegistration"]["name"] = "ip-10-0-0-10"
    path = folder / "init.yaml"
    path.write_text("\n---\n".join(map(json.dumps, documents)))
    return path


def phase(kubeadm: Path, folder: Path, config: Path, *words: str) -> str:
    done = subprocess.run(
        [kubeadm, "init", "phase", *words, "--config", config],
        check=False, capture_output=True, text=True, timeout=120,
        env={**os.environ, "KUBEADM_INIT_DRYRUN_DIR": str(folder)},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def generated(kubeadm: Path, folder: Path, config: Path) -> dict[str, Flags]:
    """Flags of the four static pods and values of the two configurations, by program."""
    out = folder / "out"
    out.mkdir()
    phase(kubeadm, out, config, "control-plane", "all", "--dry-run")
    phase(kubeadm, out, config, "etcd", "local", "--dry-run")
    phase(kubeadm, out, config, "kubelet-start", "--dry-run")
    seen: dict[str, Flags] = {}
    for program in PROGRAMS:
        (container,) = yaml.safe_load((out / f"{program}.yaml").read_text())["spec"]["containers"]
        seen[program] = flags_of(container["command"])
    seen[KUBELET] = leaves(yaml.safe_load((out / "config.yaml").read_text()))
    manifests = yaml.safe_load_all(phase(kubeadm, out, config, "addon", "kube-proxy", "--print-manifest"))
    (settings,) = [m for m in manifests if isinstance(m, dict) and m["kind"] == "ConfigMap"]
    seen[PROXY] = leaves(yaml.safe_load(settings["data"]["config.conf"]))
    return seen


@pytest.mark.parametrize("stack", ["dev", "ha"])
def test_every_scored_check_holds_for_what_kubeadm_generates(
    kubeadm: Path, plans: dict[str, Plan], stack: str, tmp_path: Path
) -> None:
    plan = plans[stack]
    slot = max(plan.control_plane.slots)
    seen = generated(kubeadm, tmp_path, documents_of(plan, slot, tmp_path))
    assert failed(FLAG_CHECKS, seen) == []
    assert failed(DOCUMENT_CHECKS, seen) == []


def test_kubeadms_defaults_fail_the_checks_that_our_settings_are_for(
    kubeadm: Path, plans: dict[str, Plan], tmp_path: Path
) -> None:
    config = documents_of(plans["dev"], "a", tmp_path)
    bare: list[dict[str, object]] = []
    for text in config.read_text().split("\n---\n"):
        document = json.loads(text)
        if document["kind"] == "ClusterConfiguration":
            for section in ("apiServer", "controllerManager", "scheduler", "etcd"):
                del document[section]
        if document["kind"] != KUBELET:
            bare.append(document)
    config.write_text("\n---\n".join(map(json.dumps, bare)))
    assert failed(FLAG_CHECKS, generated(kubeadm, tmp_path, config)) == [
        "1.2.5", "1.2.15", "1.2.16", "1.2.17", "1.2.18", "1.2.19", "1.2.30", "1.3.2", "1.4.1",
    ]  # fmt: skip
