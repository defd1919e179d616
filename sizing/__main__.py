"""`python -m sizing COMMAND`: what a traffic sheet means in machines, pods and money."""

import argparse
import importlib
import pkgutil
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final, Protocol, cast

from config.problems import ConfigError
from sizing import commands

if TYPE_CHECKING:
    from argparse import _SubParsersAction  # pyright: ignore[reportPrivateUsage] - argparse has no public name

EXIT_BAD_INPUT: Final = 2
_INTERRUPTED: Final = 130  # 128 + SIGINT, what shells expect


class Command(Protocol):
    """What a module of `sizing.commands` offers."""

    def add_parser(self, commands: "_SubParsersAction[argparse.ArgumentParser]") -> None:
        """Add its parser, which sets `run`: a function from the options to an exit status.

        `run` raises ConfigError for input that cannot be used. What is slow to import, it imports itself.
        """
        ...


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        arguments: what follows the program's name; absent: the process's own.

    Returns:
        The exit status.
    """
    parser = argparse.ArgumentParser(prog="python -m sizing", description=__doc__)
    subparsers = parser.add_subparsers(required=True, metavar="COMMAND")
    for module in sorted(found.name for found in pkgutil.iter_modules(commands.__path__)):
        cast("Command", importlib.import_module(f"{commands.__name__}.{module}")).add_parser(subparsers)
    options = parser.parse_args(arguments)
    run = cast("Callable[[argparse.Namespace], int]", options.run)
    try:
        return run(options)
    except ConfigError as error:
        print(error, file=sys.stderr)
        return EXIT_BAD_INPUT
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return _INTERRUPTED


if __name__ == "__main__":
    sys.exit(main())
