"""The pins: one table for every program of a node, a sum for both architectures, and pairs that go together."""

import re
from urllib.parse import urlsplit

import pytest
from conftest import ROOT

from userdata import pins
from userdata.artefacts import CONTROL_PLANE_PROGRAMS

SYSTEMS = ("ubuntu-24.04", "debian-12", "amazon-linux-2023")
UPSTREAM = {"dl.k8s.io", "github.com"}


def every_artifact():
    for system in SYSTEMS:
        for version in pins.SUPPORTED_KUBERNETES:
            yield from pins.node_artifacts(system, version).values()


@pytest.mark.row("S2-12", "S3-10", "S3-12", "S3-13")
def test_every_program_has_a_sum_for_both_architectures():
    sums = [artifact.sha256[architecture] for artifact in every_artifact() for architecture in ("x86_64", "arm64")]
    assert len(sums) >= 100
    assert all(re.fullmatch("[0-9a-f]{64}", value) for value in sums)


def test_no_two_files_share_a_sum():
    sums = {}
    for artifact in every_artifact():
        for architecture in ("x86_64", "arm64"):
            sums.setdefault(artifact.sha256[architecture], set()).add(artifact.url(architecture))
    assert all(len(addresses) == 1 for addresses in sums.values())


def test_every_address_is_an_upstream_release_and_names_version_and_architecture():
    for artifact in every_artifact():
        for architecture, upstream in pins.UPSTREAM_ARCHITECTURE.items():
            address = urlsplit(artifact.url(architecture))
            assert address.scheme == "https"
            assert address.hostname in UPSTREAM
            assert f"v{artifact.version}" in address.path
            assert upstream in address.path


@pytest.mark.row("S0-25", "S1-02")
@pytest.mark.parametrize("version", pins.SUPPORTED_KUBERNETES)
def test_kubeadm_kubelet_and_kubectl_are_always_the_same_version(version):
    chosen = pins.node_artifacts("ubuntu-24.04", version)
    assert {chosen[name].version for name in ("kubeadm", "kubelet", "kubectl")} == {version}
    assert chosen["crictl"].version.rpartition(".")[0] == version.rpartition(".")[0]


@pytest.mark.parametrize("system", SYSTEMS)
def test_every_placed_program_is_pinned_and_every_pinned_one_is_placed(system):
    assert set(pins.node_artifacts(system, "1.36.4")) == set(CONTROL_PLANE_PROGRAMS)


def test_a_system_with_an_old_c_library_gets_the_static_containerd_and_others_do_not():
    """containerd's dynamic builds need glibc 2.35; Amazon Linux 2023 has 2.34."""
    static = {system: "static" in pins.node_artifacts(system, "1.36.4")["containerd"].address for system in SYSTEMS}
    assert static == {"ubuntu-24.04": False, "debian-12": False, "amazon-linux-2023": True}


def test_containerd_is_none_of_the_releases_that_start_no_pod():
    """2.3.0 to 2.3.3 fail with a sandbox image that is pinned by digest (containerd#13529)."""
    for system in SYSTEMS:
        assert pins.node_artifacts(system, "1.36.4")["containerd"].version not in {"2.3.0", "2.3.1", "2.3.2", "2.3.3"}


@pytest.mark.row("S0-24", "S3-07", "S4-08")
@pytest.mark.parametrize(
    ("system", "version", "words"),
    [
        ("amazon-linux-2", "1.36.4", "Amazon Linux 2 has cgroup v1, which Kubernetes refuses since 1.35"),
        ("amazon-linux-2", "1.35.8", "Amazon Linux 2 has cgroup v1, which Kubernetes refuses since 1.35"),
        ("amazon-linux-2", "1.32.0", "Amazon Linux 2 has cgroup v1"),
        ("ubuntu-24.04", "1.32.0", "Kubernetes 1.32.0 has no pinned sums; use one of 1.36.4, 1.36.3, 1.35.8"),
        ("ubuntu-24.04", "latest", "Kubernetes latest has no pinned sums"),
        ("windows-2022", "1.36.4", "windows-2022 is not a supported system; use one of ubuntu-24.04, debian-12,"),
    ],
)
def test_pairs_that_do_not_go_together_are_refused_in_one_line(system, version, words):
    problem = pins.check_compatibility(system, version)
    assert problem is not None
    assert problem.startswith(words)
    assert "\n" not in problem
    with pytest.raises(ValueError, match=re.escape(problem)):
        pins.node_artifacts(system, version)


@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize("version", pins.SUPPORTED_KUBERNETES)
def test_every_supported_pair_is_accepted(system, version):
    assert pins.check_compatibility(system, version) is None


def test_every_version_carries_a_marker_for_the_bot_that_proposes_updates():
    lines = (ROOT / "userdata/pins.py").read_text(encoding="utf-8").splitlines()
    versions = [index for index, line in enumerate(lines) if re.match(r'\s+"\d+\.\d+\.\d+": \(', line)]
    assert len(versions) >= 15
    assert all("# renovate: datasource=" in lines[index - 1] for index in versions)


def test_no_other_file_of_the_user_data_names_a_version():
    """Two places would drift apart. `2.3` in a comment about a limit is no pin; three numbers in a row are."""
    pinned = {artifact.version for artifact in every_artifact()}
    for kubernetes in pins.SUPPORTED_KUBERNETES:
        pinned |= {reference.rpartition(":")[2] for reference in pins.system_images(kubernetes).values()}
    for path in (ROOT / "userdata").rglob("*"):
        if path.is_file() and path.suffix != ".pyc" and path.name != "pins.py":
            text = path.read_text(encoding="utf-8")
            assert not [version for version in pinned if version in text], path
