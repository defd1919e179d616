"""Fresh processes and what they took."""

import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter

from benchmarks.measured import Usage

LAUNCHER: Final = Path(__file__).with_name("launch.py")
ROOT: Final = Path(__file__).parent.parent


@dataclass(frozen=True, kw_only=True)
class Finished:
    """A process that ended."""

    output: str
    errors: str
    usage: Usage


def run(command: Sequence[str], *, text: str = "", folder: Path = ROOT) -> Finished:
    """Run a command to its end in a fresh process.

    Args:
        command: program and arguments.
        text: its standard input.
        folder: its working directory; the repository unless said.
    """
    with tempfile.TemporaryDirectory() as scratch:
        result = Path(scratch) / "usage.json"
        launcher = [sys.executable, "-I", "-S", str(LAUNCHER), str(result)]
        ended = subprocess.run(
            [*launcher, *command], input=text, capture_output=True, text=True, check=True, cwd=folder
        )
        usage = TypeAdapter(Usage).validate_json(result.read_text(encoding="utf-8"))
    return Finished(output=ended.stdout, errors=ended.stderr, usage=usage)
