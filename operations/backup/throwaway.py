"""A throw-away etcd on a restored snapshot: loopback only, no TLS, gone with its folder."""

import json
import os
import shutil
import socket
import ssl
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Mapping
from importlib.resources import as_file, files
from pathlib import Path
from typing import Final, Self, cast

from operations.backup.bucket import BackupError
from operations.gate.report import one_line

NEEDED: Final = ("etcd", "etcdctl", "etcdutl")
READY_SECONDS: Final = 120
_BUMP: Final = "1000000000"  # as the nodes' restore.sh
_TOKEN: Final = "drill"  # noqa: S105 - of an API server on loopback that lives for seconds


def _path(programs: Path | None) -> str:
    return os.pathsep.join([*([str(programs.resolve())] if programs else []), os.environ.get("PATH", "")])


def _environment(programs: Path | None) -> dict[str, str]:
    return {**os.environ, "PATH": _path(programs), "LC_ALL": "C.UTF-8"}


def check(path: Path, mark: str, programs: Path | None) -> Mapping[str, object]:
    """Judge a snapshot with the nodes' own program.

    Args:
        path: the file.
        mark: the cluster's mark, or `-`.
        programs: folder of the programs; None: PATH.

    Returns:
        `bytes`, `revision`, `keys` and `hash` of the file.

    Raises:
        BackupError: a program is missing, or the file is refused.
    """
    missing = [name for name in (*NEEDED, "jq") if shutil.which(name, path=_path(programs)) is None]
    if missing:
        raise BackupError(f"not found: {', '.join(missing)}; name their folder with --programs")
    with as_file(files("userdata") / "files" / "maintenance" / "check-snapshot.sh") as program:
        done = subprocess.run(
            ["bash", program, path, mark], env=_environment(programs), check=False, capture_output=True, text=True
        )
    if done.returncode:
        raise BackupError(one_line(done.stderr))
    return cast("Mapping[str, object]", json.loads(done.stdout))


class ThrowAway:
    """etcd, restored and running while the context lasts."""

    def __init__(self, snapshot: Path, programs: Path | None) -> None:
        self._snapshot, self._programs = snapshot, programs
        self._folder = tempfile.TemporaryDirectory(prefix="groundswell-drill-")
        self._root = Path(self._folder.name)
        self._client, self._peer = (f"http://127.0.0.1:{_free_port()}" for _ in range(2))
        self._running: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Self:
        try:
            cluster = ("--name", "drill", "--initial-cluster", f"drill={self._peer}")
            peer = ("--initial-advertise-peer-urls", self._peer)
            restored = ("snapshot", "restore", str(self._snapshot), "--data-dir", str(self._root / "etcd"))
            self._run("etcdutl", *restored, *cluster, *peer, "--bump-revision", _BUMP, "--mark-compacted")
            self._start(
                "etcd", *("--name", "drill", "--data-dir", str(self._root / "etcd"), "--log-level", "error"),
                *("--listen-client-urls", self._client, "--advertise-client-urls", self._client),
                *("--listen-peer-urls", self._peer, *peer, *cluster[2:]),
            )  # fmt: skip
            self._wait_until_it_answers()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _wait_until_it_answers(self) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while not self._answers():
            if self._running[0].poll() is not None or time.monotonic() > deadline:
                words = self._last_words("etcd")
                raise BackupError(f"{self._snapshot.name}: an etcd on it does not serve: {words}")
            time.sleep(0.1)

    def __exit__(self, *_: object) -> None:
        for process in reversed(self._running):
            process.kill()
            process.wait()
        self._folder.cleanup()

    def read(self, key: str) -> str:
        """The value of a key, empty when there is none."""
        return self._ctl("get", "--print-value-only", key).strip()

    def count(self) -> int:
        """How many keys there are."""
        answer = self._ctl("get", "", "--prefix", "--count-only", "--write-out", "fields")
        return int(answer.partition('"Count" : ')[2].split()[0])

    def namespaces(self) -> int | None:
        """Namespaces that an API server on top lists; None when there is no kube-apiserver.

        Raises:
            BackupError: it does not serve.
        """
        if shutil.which("kube-apiserver", path=_path(self._programs)) is None:
            return None
        port = _free_port()
        key, users = self._root / "sa.key", self._root / "users.csv"
        self._run("openssl", "genrsa", "-out", str(key), "2048")
        users.write_text(f"{_TOKEN},drill,drill,system:masters\n", encoding="utf-8")
        self._start(
            "kube-apiserver",
            *(f"--etcd-servers={self._client}", "--bind-address=127.0.0.1", f"--secure-port={port}"),
            *(f"--cert-dir={self._root}", f"--service-account-key-file={key}", f"--token-auth-file={users}"),
            *(f"--service-account-signing-key-file={key}", "--service-account-issuer=https://drill"),
            *(
                "--authorization-mode=RBAC",
                "--service-cluster-ip-range=10.96.0.0/12",
                "--endpoint-reconciler-type=none",
            ),
        )
        address = f"https://127.0.0.1:{port}/api/v1/namespaces"
        request = urllib.request.Request(address, headers={"Authorization": f"Bearer {_TOKEN}"})
        deadline = time.monotonic() + READY_SECONDS
        while True:
            try:
                trust = ssl.create_default_context(cafile=self._root / "apiserver.crt")
                with urllib.request.urlopen(request, context=trust, timeout=10) as answer:  # noqa: S310 - as above
                    return len(cast("list[object]", json.load(answer)["items"]))
            except (OSError, ValueError):
                if self._running[-1].poll() is not None or time.monotonic() > deadline:
                    words = self._last_words("kube-apiserver")
                    raise BackupError(f"{self._snapshot.name}: an API server on it does not serve: {words}") from None
                time.sleep(0.3)

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self._client}/readyz", timeout=2) as answer:  # noqa: S310 - loopback
                return bool(answer.status == 200)  # noqa: PLR2004 - HTTP
        except OSError:
            return False

    def _ctl(self, *arguments: str) -> str:
        return self._run("etcdctl", "--endpoints", self._client, *arguments)

    def _run(self, program: str, *arguments: str) -> str:
        done = subprocess.run(
            [program, *arguments], env=_environment(self._programs), check=False, capture_output=True, text=True
        )
        if done.returncode:
            raise BackupError(f"{self._snapshot.name}: {program}: {one_line(done.stderr)[-300:]}")
        return done.stdout

    def _start(self, program: str, *arguments: str) -> None:
        with (self._root / f"{program}.log").open("wb") as log:
            self._running.append(
                subprocess.Popen(
                    [program, *arguments],
                    env=_environment(self._programs),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                )
            )

    def _last_words(self, program: str) -> str:
        return one_line((self._root / f"{program}.log").read_text(errors="replace"))[-300:]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
