"""Rules of the repository itself."""

import csv
import re
import subprocess
import tomllib

import pytest
import yaml
from conftest import ROOT


def tracked():
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    return [ROOT / name for name in listed.stdout.decode().split("\0") if name and (ROOT / name).is_file()]


def texts():
    for path in tracked():
        try:
            yield path, path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue


@pytest.mark.row("S4-54")
def test_the_root_holds_what_the_project_is_known_by():
    for name in ("Pulumi.yaml", "Pulumi.dev.yaml", "__main__.py", "components", "sizing", "userdata", "tests"):
        assert (ROOT / name).exists(), name


REGISTRY_HOSTS = (
    "pypi" + ".org",
    "pythonhosted" + ".org",
    "proxy.golang" + ".org",
    "sum.golang" + ".org",
    "deb.debian" + ".org",
)


def test_no_file_names_a_package_registry_and_the_lock_carries_hashes_only():
    for path, text in texts():
        for host in REGISTRY_HOSTS:
            assert host not in text, path
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert "http" not in re.sub(r"^[a-z0-9-]*http[a-z0-9-]*==", "", lock, flags=re.MULTILINE)
    pinned = re.findall(r"^\S+==\S+", lock, flags=re.MULTILINE)
    assert len(pinned) > 30
    for block in re.split(r"\n(?=\S)", lock):
        assert "--hash=sha256:" in block, block.splitlines()[0]


def test_every_direct_dependency_is_locked_and_has_its_reason():
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8").lower()
    lines = [line for line in (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines() if "==" in line]
    assert len(lines) >= 10
    for line in lines:
        pin, reason = (part.strip() for part in line.split("#", 1))
        locked = re.sub(r"\[[a-z0-9,-]+\]", "", pin.lower())  # the lock lists an extra's packages, not its name
        assert re.search(rf"^{re.escape(locked)}\b", lock, flags=re.MULTILINE), pin
        assert len(reason) > 10, pin


SECRETS = (
    re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY"),
    re.compile(r"\bAKIA[0-9A-Z]{16}\b"),
    re.compile(r"(?<![\w.])[a-z0-9]{6}\.[a-z0-9]{16}(?![\w.])"),
)


@pytest.mark.row("S3-33")
def test_no_file_holds_a_key_or_a_bootstrap_token():
    for path, text in texts():
        if path.suffix in {".lock", ".sum"}:
            continue
        for pattern in SECRETS:
            found = pattern.search(text)
            assert found is None, (path, found and found.group())


RETIRED = ("packages.cloud.google.com", "apt.kubernetes.io", "k8s.gcr.io", "docs.projectcalico.org")


@pytest.mark.row("S0-24", "S3-07", "S4-48")
def test_nothing_that_is_shipped_points_at_a_retired_host_or_the_newest_of_anything():
    for path, text in texts():
        if path.suffix == ".md" or "tests" in path.relative_to(ROOT).parts or path.name.startswith("requirements"):
            continue
        for host in RETIRED:
            assert host not in text, path
        # A folder named latest is an address of its own: the metadata service's tree, Debian's parameters.
        assert not re.search(r":latest\b|/latest(?![/\w])", text), path


def test_make_help_lists_every_target_and_recipes_stay_short():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    shown = subprocess.run(
        ["make", "--no-print-directory", "help"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    targets = re.search(r"^\.PHONY: (.+)$", makefile, flags=re.MULTILINE).group(1).split()
    assert {line.split()[0] for line in shown.splitlines()} == set(targets)
    for recipe in re.findall(r"^[a-z-]+:.*\n((?:\t.*\n)+)", makefile, flags=re.MULTILINE):
        assert len(recipe.splitlines()) <= 5


def test_the_readme_fits_a_screen_and_names_the_two_commands():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert len(readme.splitlines()) <= 80
    for command in ("make plan", "make test", "pulumi up", "pulumi destroy"):
        assert command in readme


def test_links_between_documents_resolve():
    for path, text in texts():
        if path.suffix == ".md":
            for target in re.findall(r"\]\((?!https?:)([^)#]+)", text):
                assert (path.parent / target).exists(), (path, target)


def test_every_decision_is_in_the_index():
    index = (ROOT / "docs/adr/README.md").read_text(encoding="utf-8")
    for path in (ROOT / "docs/adr").glob("0*.md"):
        assert f"({path.name})" in index
        text = path.read_text(encoding="utf-8")
        for heading in ("Status:", "## Context", "## Options", "## Decision", "## Consequences"):
            assert heading in text, path


def test_workflows_pin_actions_by_commit_and_start_without_permissions():
    for path in (ROOT / ".github/workflows").glob("*.yml"):
        text = path.read_text(encoding="utf-8")
        workflow = yaml.safe_load(text)
        assert workflow["permissions"] == {}
        for action in re.findall(r"uses: (\S+)", text):
            assert re.search(r"@[0-9a-f]{40}$", action), action


def test_the_requirement_rows_are_all_there():
    with (ROOT / "docs/requirements.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 238
    assert len({row["id"] for row in rows}) == 238


def test_ruff_rules_are_ignored_with_a_reason_only():
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    settings = tomllib.loads(text)
    for rule in settings["tool"]["ruff"]["lint"]["ignore"]:
        (line,) = [line for line in text.splitlines() if line.strip().startswith(f'"{rule}",')]
        assert "#" in line, rule


@pytest.mark.row("S2-22")
def test_no_program_and_no_runbook_changes_objects_by_hand():
    """The API shows a static pod, but the kubelet runs the file on the node: an edit there is lost or refused."""
    by_hand = re.compile(r"kubectl\b[^\n`]*\s(edit|patch|replace|set)\b")
    looked = [
        (path, text)
        for path, text in texts()
        if path.relative_to(ROOT).parts[0] in {"README.md", "operations", "userdata"}
        or path.is_relative_to(ROOT / "docs/runbooks")
    ]
    assert len(looked) > 50
    for path, text in looked:
        assert not by_hand.search(text), path
