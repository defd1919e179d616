"""`compare`: the stack as it stands beside other pools, tolerances, machines, ways to pay, and EKS."""

import argparse
import json
import sys
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from rich.console import Console

from config.errors import suggestion
from config.schema import ClusterConfig
from config.types import MemoryAssumption
from sizing.catalogue import load as catalogue
from sizing.commands.prices import FAILED, ask_aws, offered
from sizing.source import add_source, load
from sizing.tables import console, heading

if TYPE_CHECKING:
    from argparse import _SubParsersAction  # pyright: ignore[reportPrivateUsage] - argparse has no public name

    from sizing.compare import Comparison
    from sizing.pricing.price_file import PriceFile

MEMORY: Final[tuple[MemoryAssumption, ...]] = ("known", "flat", "whole")


def add_parser(commands: "_SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command `compare`."""
    parser = commands.add_parser("compare", help="put choices of machines side by side, with their costs")
    add_source(parser)
    add_assumptions(parser)
    parser.add_argument(
        "--memory",
        choices=(*MEMORY, "all"),
        help="memory that machines are taken to have: as read, 7.5 %% less than the catalogue's, the catalogue's, or"
        " each in turn",
    )
    parser.add_argument(
        "--services-only", action="store_true", help="leave the platform's own pods out, to check figures without them"
    )
    parser.add_argument("--live", action="store_true", help="use AWS's prices of today (needs credentials)")
    parser.add_argument("--format", choices=("text", "json"), default="text")
    parser.set_defaults(run=run)


def add_assumptions(parser: argparse.ArgumentParser) -> None:
    """Add `--basis`, `--families` and `--speeds`, which comparison and sweep share."""
    parser.add_argument("--basis", choices=("arrival", "stress"), help="judge by this basis instead of the stack's")
    parser.add_argument("--families", default="", help="only these EC2 families, such as c5a,m5a")
    parser.add_argument(
        "--speeds",
        choices=("x86-equal", "coremark"),
        default="x86-equal",
        help="whether CoreMark weighs the vCPUs of arm64 only, or of every family",
    )


def assumed(options: argparse.Namespace, config: ClusterConfig) -> tuple[ClusterConfig, tuple[str, ...]] | None:
    """The configuration with the basis of the command line, and its families; None, with a line, for unknown ones."""
    if options.basis:
        config = replace(config, traffic=replace(config.traffic, basis=options.basis))
    families = tuple(dict.fromkeys(name.strip() for name in str(options.families).split(",") if name.strip()))
    known = sorted({each.family for each in catalogue().values()})
    for family in families:
        if family not in known:
            close = suggestion(family, known)
            fix = f"did you mean {close}?" if close else f"use some of {', '.join(known)}"
            print(f"--families: {family}: names no instance family of the catalogue; {fix}", file=sys.stderr)
            return None
    return config, families


def run(options: argparse.Namespace) -> int:
    """Print the comparison.

    Raises:
        ConfigError: the configuration cannot be used.
    """
    # The packer brings its solver along: only who compares waits for it.
    from sizing.compare import compare  # noqa: PLC0415

    loaded, stack = load(options)
    given = assumed(options, loaded)
    if given is None:
        return FAILED
    config, families = given
    prices: PriceFile | None = None
    if options.live:
        live = ask_aws(config, offered(config))
        if live is None:
            return FAILED
        prices = live.prices
    memories = MEMORY if options.memory == "all" else (options.memory or config.headroom.memory,)
    found: dict[MemoryAssumption, Comparison] = {}
    with Console(stderr=True).status("") as status:
        for memory in memories:
            found[memory] = compare(
                replace(config, headroom=replace(config.headroom, memory=memory)),
                stack,
                prices=prices,
                speeds=options.speeds,
                families=families,
                services_only=options.services_only,
                progress=status.update,
            )
    _print(found, options.format)
    return 0


def _print(found: Mapping[MemoryAssumption, "Comparison"], form: str) -> None:
    if form == "json":
        from sizing.comparison.document import document  # noqa: PLC0415

        documents = [document(comparison) for comparison in found.values()]
        print(json.dumps(documents[0] if len(documents) == 1 else documents, indent=2, ensure_ascii=False))
        return
    from sizing.comparison.tables import comparison_tables, memory_table  # noqa: PLC0415

    out = console()
    for part in comparison_tables(next(iter(found.values()))):
        out.print(part)
    if len(found) > 1:
        out.print(heading("Workers under each assumption about memory, USD per month"))
        out.print(memory_table(found))
