"""Imports image archives on this machine, because an emulated one takes minutes for it."""

import subprocess
import time
from collections.abc import Iterable
from pathlib import Path


def imported(folder: Path, programs: Path, archives: Iterable[Path]) -> Path:
    """The root folder of a containerd that holds the images, in the namespace of the kubelet."""
    store, socket = folder / "store", folder / "containerd.sock"
    config = folder / "config.toml"
    config.write_text(
        'version = 3\ndisabled_plugins = ["io.containerd.cri.v1.runtime", "io.containerd.cri.v1.images"]\n'
    )
    log = folder / "containerd.log"
    with log.open("wb") as output:
        daemon = subprocess.Popen(
            [programs / "containerd", "--config", config, "--root", store, "--state", folder / "state",
             "--address", socket], stdout=output, stderr=output,
        )  # fmt: skip
        try:
            deadline = time.monotonic() + 60
            while not socket.exists():
                if daemon.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"containerd does not start: {log.read_text()[-2000:]}")
                time.sleep(0.2)
            for archive in archives:
                subprocess.run(
                    [programs / "ctr", "--address", socket, "--namespace", "k8s.io", "images", "import", archive],
                    check=True, stdout=output, stderr=output,
                )  # fmt: skip
        finally:
            daemon.terminate()
            daemon.wait()
    return store
