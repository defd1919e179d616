"""The real Pulumi command line over the provider doubles: a throw-away workspace, its runs, their journal."""

import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from real.journal import Call, Journal, Made, made_by_providers
from real.parts import REPOSITORY

DOUBLES = Path(__file__).resolve().parent / "doubles" / "bin"
PROGRAM = ["__main__.py", "config", "sizing", "userdata", "components", "operations"]
RUN_SECONDS = 300


def program_path(*folders: Path) -> str:
    """A PATH with this Python first, then the folders, then the system."""
    return os.pathsep.join(map(str, [Path(sys.executable).parent, *folders, "/usr/bin", "/bin"]))


@dataclass(frozen=True, kw_only=True)
class Result:
    """How a run of the command line ended.

    `changes` counts resources by operation, `text` is what a person reads, `output` all that was printed, `run` names
    the run in the journal.
    """

    run: str
    code: int
    changes: dict[str, int]
    text: str = field(repr=False)
    output: str = field(repr=False)
    seconds: float


class Engine:
    """A stack in a folder of its own: program, file backend, the command line's home, and the doubles' cloud."""

    def __init__(self, folder: Path, stack: str, tools: Mapping[str, Path], passphrase: str) -> None:
        self.folder = folder
        self.stack = stack
        self.tools = tools
        self.passphrase = passphrase
        self.workspace = folder / "program"
        self.backend = folder / "backend"
        self.cloud = folder / "cloud"
        self.journal = Journal(self.cloud)
        self.last_run = ""
        self._runs = itertools.count(1)

    @classmethod
    def create(
        cls,
        folder: Path,
        stack: str,
        tools: Mapping[str, Path],
        *,
        program: Path | None = None,
        settings: Mapping[str, Any] | None = None,
        secrets: Mapping[str, str],
        passphrase: str,
    ) -> "Engine":
        """Makes the workspace and the stack, and sets its secrets.

        Args:
            folder: An empty folder.
            stack: The stack's name.
            tools: The folders of the parts `pulumi` and `language-host`.
            program: The program's folder, copied whole; without it groundswell itself.
            settings: Plain configuration, by full key, in place of the stack file that the program has.
            secrets: Secret configuration, by full key.
            passphrase: What the state's secrets are encrypted with.
        """
        engine = cls(folder, stack, tools, passphrase)
        for path in (engine.backend, engine.cloud, folder / "home"):
            path.mkdir(parents=True)
        if program:
            shutil.copytree(program, engine.workspace)
        else:
            engine.workspace.mkdir()
            for path in [*(REPOSITORY / name for name in PROGRAM), *REPOSITORY.glob("Pulumi*.yaml")]:
                copy = shutil.copytree if path.is_dir() else shutil.copy2
                copy(path, engine.workspace / path.name)
        if settings:
            engine.settings.write_text(yaml.safe_dump({"config": dict(settings)}))
        engine._plain("stack", "init", stack)
        if secrets:
            pairs = (("--secret", f"{key}={value}") for key, value in secrets.items())
            engine._plain("config", "set-all", *itertools.chain.from_iterable(pairs))
        return engine

    def copy(self, folder: Path) -> "Engine":
        """The same stack, with everything that exists in it, in another folder."""
        shutil.copytree(self.folder, folder, symlinks=True)
        return Engine(folder, self.stack, self.tools, self.passphrase)

    @property
    def settings(self) -> Path:
        """The stack file, which a test may rewrite; `encryptionsalt` and the secrets in it have to stay."""
        return self.workspace / f"Pulumi.{self.stack}.yaml"

    def reconfigure(self, key: str, value: Any) -> None:
        """Replaces one plain value of the stack file, of any shape, by full key."""
        content = yaml.safe_load(self.settings.read_text())
        content["config"][key] = value
        self.settings.write_text(yaml.safe_dump(content))

    def preview(self, *flags: str, **options: Any) -> Result:
        """Runs `pulumi preview`."""
        return self._run("preview", *flags, **options)

    def up(self, *flags: str, **options: Any) -> Result:
        """Runs `pulumi up` without a preview before it."""
        return self._run("up", "--yes", "--skip-preview", *flags, **options)

    def refresh(self, *flags: str, **options: Any) -> Result:
        """Runs `pulumi refresh` without a preview before it."""
        return self._run("refresh", "--yes", "--skip-preview", *flags, **options)

    def destroy(self, *flags: str, **options: Any) -> Result:
        """Runs `pulumi destroy` without a preview before it."""
        return self._run("destroy", "--yes", "--skip-preview", *flags, **options)

    def cancel(self) -> None:
        """Takes away the lock that a killed engine leaves."""
        self._plain("cancel", "--yes")

    def export(self) -> dict[str, Any]:
        """The state as the backend holds it: `pulumi stack export`, secrets encrypted."""
        return json.loads(self._plain("stack", "export"))

    def state(self) -> set[Made]:
        """The provider-made resources in the state."""
        return made_by_providers(self.export()["deployment"].get("resources", []))

    def saved(self) -> set[Made]:
        """As `state`, read from the backend's file while a run is in progress."""
        (file,) = self.backend.glob(f".pulumi/stacks/*/{self.stack}.json")
        try:
            return made_by_providers(json.loads(file.read_text())["checkpoint"]["latest"].get("resources", []))
        except ValueError:
            return set()

    def exists(self) -> set[Made]:
        """What exists behind the doubles."""
        return self.journal.exists()

    def calls(self, *ops: str, run: str = "") -> list[Call]:
        """The calls of a run (without one, of the last), in the order they began."""
        return self.journal.calls(run or self.last_run, *ops)

    @contextmanager
    def running(self, command: str, *flags: str, faults: Mapping[str, str]) -> Iterator["Running"]:
        """A run that the test interrupts or kills; whatever it started is gone afterwards."""
        process = self._start([command, "--yes", "--skip-preview", *flags], faults)
        running = Running(self, process)
        try:
            yield running
        finally:
            running.kill()

    def _run(
        self, *arguments: str, faults: Mapping[str, str] | None = None, check: bool = True, seconds: int = RUN_SECONDS
    ) -> Result:
        started = time.monotonic()
        process = self._start(arguments, faults or {})
        try:
            output, errors = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            Running(self, process).kill()
            raise
        result = _result(self.last_run, process.returncode, output, errors, time.monotonic() - started)
        if check and result.code:
            raise AssertionError(f"pulumi {arguments[0]} ended with {result.code}:\n{result.text}")
        return result

    def _start(self, arguments: Sequence[str], faults: Mapping[str, str]) -> "subprocess.Popen[str]":
        self.last_run = f"{arguments[0]}-{next(self._runs)}-{time.time_ns()}"
        return subprocess.Popen(
            ["pulumi", *arguments, "--json", "--non-interactive", "--color", "never", "--stack", self.stack],
            cwd=self.workspace,
            env={**self.environment(), "DOUBLE_RUN": self.last_run, **faults},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def _plain(self, *arguments: str) -> str:
        done = subprocess.run(
            ["pulumi", *arguments, "--non-interactive", *([] if "init" in arguments else ["--stack", self.stack])],
            cwd=self.workspace,
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=RUN_SECONDS,
        )
        if done.returncode:
            raise AssertionError(f"pulumi {' '.join(arguments[:2])} ended with {done.returncode}:\n{done.stderr}")
        return done.stdout

    def environment(self) -> dict[str, str]:
        """All that the command line, the program and the doubles see; the venv's python3 comes first on PATH."""
        return {
            "PATH": program_path(DOUBLES, self.tools["pulumi"], self.tools["language-host"]),
            "HOME": str(self.folder / "home"),
            "PULUMI_HOME": str(self.folder / "home"),
            "PULUMI_BACKEND_URL": f"file://{self.backend}",
            "PULUMI_CONFIG_PASSPHRASE": self.passphrase,
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_ERROR_OUTPUT_STRING": "1",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "PULUMI_ENABLE_STREAMING_JSON_PREVIEW": "true",
            "DOUBLE_CLOUD": str(self.cloud),
        }


class Running:
    """A run in progress."""

    def __init__(self, engine: Engine, process: "subprocess.Popen[str]") -> None:
        self.engine = engine
        self.process = process

    def wait_for_call(self, number: int, seconds: float = 60) -> Call:
        """Waits until the run's n-th Create, Update or Delete has reached its double.

        Raises:
            TimeoutError: It did not.
        """
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            for call in self.engine.calls("create", "update", "delete"):
                if call.call == number:
                    return call
            time.sleep(0.05)
        raise TimeoutError(f"call {number} was not seen within {seconds} s")

    def wait_until_saved(self, seconds: float = 60) -> None:
        """Waits until the state file holds every object that exists: the engine saves behind its calls.

        Raises:
            TimeoutError: It never did.
        """
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self.engine.saved() == self.engine.exists():
                return
            time.sleep(0.05)
        raise TimeoutError(f"the state did not catch up within {seconds} s")

    def interrupt(self) -> Result:
        """What Ctrl-C does; gives back how the run ended."""
        started = time.monotonic()
        self.process.send_signal(signal.SIGINT)
        output, errors = self.process.communicate(timeout=RUN_SECONDS)
        run = self.engine.last_run
        return _result(run, self.process.returncode, output, errors, time.monotonic() - started)

    def kill(self) -> None:
        """What a power cut does: the engine, the language host, the program and the doubles end at once."""
        for process in [self.process.pid, *_descendants(self.process.pid)] if self.process.poll() is None else []:
            with _gone_is_fine():
                os.kill(process, signal.SIGKILL)
        self.process.communicate()


@contextmanager
def _gone_is_fine() -> Iterator[None]:
    try:
        yield
    except (ProcessLookupError, FileNotFoundError):
        return


def _descendants(parent: int) -> list[int]:
    found: list[int] = []
    for task in Path(f"/proc/{parent}/task").glob("*/children"):
        with _gone_is_fine():
            for child in map(int, task.read_text().split()):
                found += [child, *_descendants(child)]
    return found


def _result(run: str, code: int, output: str, errors: str, seconds: float) -> Result:
    changes: dict[str, int] = {}
    lines: list[str] = []
    for line in output.splitlines():
        if not line.startswith("{"):
            lines.append(line)
            continue
        event = json.loads(line)
        changes |= event.get("summaryEvent", {}).get("resourceChanges") or {}
        message = event.get("diagnosticEvent", {})
        if message.get("severity") in {"error", "warning", "info", "info#err"}:
            lines.append(f"{message.get('urn', '')} {message['severity']}: {message['message'].rstrip()}".strip())
    text = "\n".join([*lines, errors])
    return Result(run=run, code=code, changes=changes, text=text, output=output + errors, seconds=seconds)
