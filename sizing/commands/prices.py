"""`prices`: what machines cost, says who and when; with `--live`, how AWS's prices of today differ."""

import argparse
import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from config.schema import ClusterConfig
from sizing.catalogue import load as catalogue
from sizing.model import InstanceType
from sizing.pricing.book import OPTIONS, PriceBook, price_book
from sizing.pricing.difference import differences
from sizing.pricing.price_file import price_file_text
from sizing.source import add_source, load
from sizing.tables import console, heading

if TYPE_CHECKING:
    from argparse import _SubParsersAction  # pyright: ignore[reportPrivateUsage] - argparse has no public name

    from sizing.pricing.live import LivePrices

FAILED: Final = 2


def add_parser(commands: "_SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command `prices`."""
    parser = commands.add_parser("prices", help="print the prices that plans use, or compare them with AWS's")
    add_source(parser)
    parser.add_argument("--live", action="store_true", help="ask AWS (needs credentials), print what differs")
    parser.add_argument("--write", type=Path, metavar="FILE", help="with --live: write a price file for `prices.file`")
    parser.add_argument("--format", choices=("text", "json"), default="text")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print the price book, or the differences.

    Raises:
        ConfigError: the configuration cannot be used.
    """
    if options.write and not options.live:
        print("--write: needs --live: there is nothing new to write; add --live", file=sys.stderr)
        return FAILED
    config, stack = load(options)
    types = offered(config)
    if not options.live:
        _print_book(price_book(config), types, stack, options.format)
        return 0
    live = ask_aws(config, types)
    if live is None:
        return FAILED
    if options.write and not _write(options.write, price_file_text(live.prices)):
        return FAILED
    _print_differences(config, live, types, options.format)
    if options.write:
        print(f"written: {options.write}; name it in the stack: prices: {{file: {options.write}}}", file=sys.stderr)
    return 0


def offered(config: ClusterConfig) -> tuple[InstanceType, ...]:
    """The catalogue's types that the stack's region offers."""
    return tuple(each for each in catalogue().values() if each.zones.get(config.region, ""))


def ask_aws(config: ClusterConfig, types: tuple[InstanceType, ...]) -> "LivePrices | None":
    """Read today's prices; on failure, one line on standard error and None."""
    # boto3 takes a quarter of a second to import: only who asks AWS waits for it.
    from sizing.pricing.live import LiveError, open_clients, read_live  # noqa: PLC0415

    try:
        clients = open_clients(config.region)
        live = read_live(clients, config.region, [each.name for each in types], datetime.now(UTC))
    except LiveError as error:
        print(f"--live: {error}", file=sys.stderr)
        return None
    for gap in live.gaps:
        print(f"--live: {gap}", file=sys.stderr)
    return live


def _print_book(book: PriceBook, types: tuple[InstanceType, ...], stack: str, form: str) -> None:
    # rich takes its time, and programs that read JSON have no use for it.
    from sizing.pricing.tables import book_document, book_table, sources  # noqa: PLC0415

    if form == "json":
        document = {"region": book.region, "term": book.term, "types": book_document(book, types)}
        print(json.dumps(document, indent=2, ensure_ascii=False))
        return
    out = console()
    out.print(
        heading(f"Linux prices of {stack} in {book.region}, USD per hour; reserved and savings plan: {book.term}")
    )
    out.print(book_table(book, types))
    out.print(heading("Sources"))
    for line in sources(book.price(each, option) for each in types for option in OPTIONS):
        out.print(line)


def _print_differences(config: ClusterConfig, live: "LivePrices", types: tuple[InstanceType, ...], form: str) -> None:
    from sizing.pricing.tables import difference_document, difference_table  # noqa: PLC0415

    said = PriceBook(region=config.region, term=config.prices.term, stated={}, file=live.prices, catalogue=False)
    found = list(differences(price_book(config), said, types))
    changed = [each for each in found if not each.same]
    if form == "json":
        document = {
            "region": live.prices.region,
            "date": live.prices.date,
            "source": live.prices.source,
            "gaps": list(live.gaps),
            "same": len(found) - len(changed),
            "differences": difference_document(changed),
        }
        print(json.dumps(document, indent=2, ensure_ascii=False))
        return
    out = console()
    out.print(heading(f"{live.prices.source}, {live.prices.region}, {live.prices.date}: what differs, USD per hour"))
    out.print(difference_table(changed))
    out.print(f"\n{len(changed)} of {len(found)} prices differ")


def _write(path: Path, text: str) -> bool:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        reason = (error.strerror or "cannot be written").lower()
        print(f"--write: {path}: {reason}; give a file in a folder that can be written to", file=sys.stderr)
        return False
    return True
