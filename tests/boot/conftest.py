"""One world for a run: consoles, timings and disks of every machine are kept in build/boot/."""

import os
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from boot.network import NotIsolatedError
from boot.phases import table
from boot.world import CONTROL_PLANE, REPOSITORY, World
from rich.console import Console

RUNS = REPOSITORY / "build" / "boot"


@pytest.fixture(scope="session")
def run_folder() -> Path:
    """A folder for this run; `latest` points at it."""
    folder = RUNS / datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
    folder.mkdir(parents=True)
    link = RUNS / "latest"
    link.unlink(missing_ok=True)
    link.symlink_to(folder.name)
    return folder


@pytest.fixture(scope="module")
def world(run_folder, request):
    """A VPC of this module's own, with the SYSTEM and the dev stack's SETTINGS that it names."""
    folder = run_folder / request.module.__name__.rpartition(".")[2].removeprefix("test_")
    folder.mkdir()
    try:
        made = World(folder, getattr(request.module, "SYSTEM", "debian-12"), getattr(request.module, "SETTINGS", {}))
    except (NotIsolatedError, FileNotFoundError) as error:
        pytest.fail(str(error), pytrace=False)
    yield made
    made.close()
    for disk in (*folder.rglob("*.qcow2"), *folder.rglob("*.img")):
        disk.unlink()


@pytest.fixture(scope="module")
def control_plane(world):
    """The module's control plane of one slot, ready."""
    machine = world.control_plane()
    machine.start()
    world.wait_until_ready(machine, CONTROL_PLANE)
    return machine


def pytest_terminal_summary(terminalreporter):
    latest = RUNS / "latest"
    if latest.exists() and os.environ.get("PYTEST_XDIST_WORKER") is None:
        console = Console(file=terminalreporter._tw._file, width=100)
        terminalreporter.section("phases on the machines' own clocks")
        console.print(table(latest.resolve()))
        terminalreporter.line(f"consoles and logs: build/boot/{latest.resolve().name}, {time.strftime('%H:%M:%S')}")
