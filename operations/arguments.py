"""Arguments that several subcommands take, and a parser whose errors are one line."""

import argparse
import sys
from collections.abc import Callable
from typing import NoReturn

from pydantic import TypeAdapter, ValidationError

from config.types import Name, Region

USAGE_STATUS = 2
"""Exit status of wrong arguments, as argparse's own."""


class OneLineParser(argparse.ArgumentParser):
    """An argument parser that names the mistake in one line instead of printing the usage first."""

    def error(self, message: str) -> NoReturn:
        """Print the mistake and end the program with status 2."""
        sys.stderr.write(f"{self.prog}: {' '.join(message.split())}; `{self.prog} --help` lists the arguments\n")
        sys.exit(USAGE_STATUS)


def _checked(adapter: TypeAdapter[str], what: str, rule: str) -> Callable[[str], str]:
    def check(text: str) -> str:
        try:
            return adapter.validate_python(text)
        except ValidationError as error:
            raise argparse.ArgumentTypeError(f"{text!r} is not {what}: {rule}") from error

    return check


cluster_name = _checked(
    TypeAdapter[str](Name),
    "a cluster name",
    "at most 20 lower-case letters, digits and hyphens, a letter first",
)
region_name = _checked(TypeAdapter[str](Region), "an AWS region", "such as ap-northeast-2")


def add_cluster(parser: argparse.ArgumentParser) -> None:
    """Add the two arguments that say which cluster is meant: `--cluster` and `--region`."""
    parser.add_argument("--cluster", type=cluster_name, required=True, help="the cluster's name")
    parser.add_argument("--region", type=region_name, required=True, help="its AWS region")
