"""Which configuration a command works on: `--stack NAME` or `--file PATH`."""

import argparse
from pathlib import Path

from config.loader import load_stack_file, load_traffic_file
from config.schema import ClusterConfig


def add_source(parser: argparse.ArgumentParser) -> None:
    """Add `--stack` and `--file`, of which exactly one must be given."""
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--stack", help="read Pulumi.<STACK>.yaml of this folder")
    source.add_argument("--file", type=Path, help="read a file with the same structure without Pulumi")


def load(options: argparse.Namespace) -> tuple[ClusterConfig, str]:
    """Read what `add_source` was told.

    Returns:
        The validated configuration, and the name for titles: the stack, or the file without folder and ending.

    Raises:
        ConfigError: with every problem of the file.
    """
    if options.stack:
        return load_stack_file(Path(f"Pulumi.{options.stack}.yaml")), str(options.stack)
    file: Path = options.file
    return load_traffic_file(file), file.stem
