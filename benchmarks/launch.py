"""Runs one command and writes what it took as JSON: `python launch.py RESULT_FILE COMMAND...`.

A program of its own, without imports beyond the standard library: on Linux a new program's peak memory starts at that
of the process it was forked from, so whoever measures must be small. Nothing below about 10 MiB can be told apart.
"""

import json
import os
import sys
import time
from pathlib import Path


def main() -> int:
    """Run the command with this process's input and output; returns 0 whatever the command's exit code was."""
    result, *command = sys.argv[1:]
    started = time.perf_counter()
    child = os.fork()
    if child == 0:
        try:
            os.execvp(command[0], command)  # noqa: S606 - a command of the bench itself
        except OSError as error:
            print(f"{command[0]}: {error.strerror}", file=sys.stderr)
            os._exit(127)
    _, status, usage = os.wait4(child, 0)
    measured = {
        "seconds": time.perf_counter() - started,
        "cpu_seconds": usage.ru_utime + usage.ru_stime,
        "peak_mib": usage.ru_maxrss / 1024,
        "code": os.waitstatus_to_exitcode(status),
    }
    Path(result).write_text(json.dumps(measured), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
