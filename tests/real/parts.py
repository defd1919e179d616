"""Where `make tools` put the real parts."""

import subprocess
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]


def folders_of(*parts: str) -> dict[str, Path]:
    """The folders of the programs of these parts.

    Raises:
        FileNotFoundError: One is absent; the message says what to run.
    """
    listing = subprocess.run(
        [REPOSITORY / "tools" / "build.sh", "--list"], check=True, capture_output=True, text=True
    ).stdout
    rows = {name: (Path(folder) / "bin", state) for name, folder, state in map(str.split, listing.splitlines())}
    absent = [part for part in parts if rows[part][1] != "present"]
    if absent:
        raise FileNotFoundError(f"not built yet: {', '.join(absent)}: run `make tools`, which says what it needs")
    return {part: rows[part][0] for part in parts}
