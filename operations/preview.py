"""`plan` and `graph`: what `pulumi up` would create, from the real program, without an account or an engine."""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

from rich.table import Table
from rich.tree import Tree

from config.loader import load_stack_file
from config.problems import ConfigError
from config.secret_keys import CLUSTER_KEY, secret_keys
from config.yaml_file import read_yaml
from operations.arguments import USAGE_STATUS
from operations.recorder import Recorded, Recording, record
from sizing.model import Plan
from sizing.plan import make_plan
from sizing.tables import console, heading, tables
from userdata import render

if TYPE_CHECKING:
    from argparse import _SubParsersAction  # pyright: ignore[reportPrivateUsage] - argparse has no public name

STAND_IN: Final = "only-for-the-plan"
"""Value of every secret while planning: the real ones are neither needed nor read."""
NAMES_SHOWN: Final = 3


def add_parser(subparsers: "_SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `plan` and `graph`."""
    for name, run, formats in (("plan", _plan, ("text",)), ("graph", _graph, ("text", "json"))):
        parser = subparsers.add_parser(name, help=__doc__)
        parser.add_argument("--stack", default="dev", help="stack whose Pulumi.<STACK>.yaml is read")
        parser.add_argument("--format", choices=formats, default=formats[0])
        parser.set_defaults(run=run)


def recording_of(stack: str) -> tuple[Plan, Recording]:
    """Plan a stack and run the program for it.

    Raises:
        ConfigError: the stack file is wrong.
        UserDataTooLargeError: EC2 would refuse a machine.
    """
    path = Path(f"Pulumi.{stack}.yaml")
    config = load_stack_file(path)
    plan = make_plan(config, stack)
    render.every_machine(plan)
    raw = cast("dict[str, object]", read_yaml(path)["config"])[CLUSTER_KEY]
    secrets = {key.full_name: STAND_IN for key in secret_keys(config.databases, config.caches)}
    return plan, record(stack, {CLUSTER_KEY: json.dumps(raw)}, secrets)


def _plan(options: argparse.Namespace) -> int:
    try:
        plan, recording = recording_of(options.stack)
    except (ConfigError, render.UserDataTooLargeError) as error:
        print(error, file=sys.stderr)
        return USAGE_STATUS
    out = console()
    for table in (*tables(plan), *_sizes(plan), heading("Resources"), tree(recording), *_counts(recording)):
        out.print(table)
    out.print(_secrets(plan))
    return 0


def _graph(options: argparse.Namespace) -> int:
    try:
        _, recording = recording_of(options.stack)
    except (ConfigError, render.UserDataTooLargeError) as error:
        print(error, file=sys.stderr)
        return USAGE_STATUS
    if options.format == "json":
        resources = [asdict(each) for each in sorted(recording.resources, key=lambda each: each.urn)]
        print(json.dumps({"resources": resources, "outputs": recording.outputs}, indent=2, sort_keys=True))
    else:
        console().print(tree(recording, names=None))
    return 0


def _sizes(plan: Plan) -> Iterator[object]:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in ("machine", "files", "plain bytes", "gzipped bytes", "of the limit"):
        table.add_column(column, justify="left" if column == "machine" else "right")
    for name, data in render.every_machine(plan).items():
        table.add_row(
            name,
            str(len(data.files)),
            f"{len(data.cloud_config.encode()):,}",
            f"{data.size:,}",
            f"{data.size / render.LIMIT_BYTES:.0%}",
        )
    yield heading(f"User data: EC2 takes {render.LIMIT_BYTES:,} bytes")
    yield table


def tree(recording: Recording, names: int | None = NAMES_SHOWN) -> Tree:
    """Components as branches, their resources below them, gathered by type; siblings in alphabetical order.

    Args:
        recording: what the program registered.
        names: types with more resources than this show their number only; None shows every name.
    """
    children: dict[str, list[Recorded]] = {}
    known = recording.by_urn()
    for resource in sorted(recording.resources, key=lambda resource: (resource.type, resource.name)):
        children.setdefault(resource.parent if resource.parent in known else "", []).append(resource)
    root = Tree("[bold]stack")
    _below(root, "", children, names)
    return root


def _below(tree: Tree, parent: str, children: Mapping[str, list[Recorded]], names: int | None) -> None:
    by_type: dict[str, list[str]] = {}
    for child in children.get(parent, []):
        if child.custom:
            by_type.setdefault(_short(child.type), []).append(child.name)
        else:
            _below(tree.add(f"[bold]{child.name}[/bold] {_short(child.type)}"), child.urn, children, names)
    for kind, members in by_type.items():
        shown = f"{len(members)}" if names is not None and len(members) > names else ", ".join(members)
        tree.add(f"[dim]{kind}[/dim] {shown}")


def _short(token: str) -> str:
    """`aws:ec2/vpc:Vpc` as `ec2 Vpc`, `kubernetes:apps/v1:Deployment` as `apps/v1 Deployment`."""
    package, module, kind = token.split(":")
    return (
        kind
        if package in {"groundswell", "command"}
        else f"{module.split('/')[0] if package == 'aws' else module} {kind}"
    )


def _counts(recording: Recording) -> Iterator[object]:
    counts = Counter(resource.type for resource in recording.resources if resource.custom)
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("type")
    table.add_column("count", justify="right")
    for kind, count in sorted(counts.items()):
        table.add_row(kind, str(count))
    components = sum(1 for resource in recording.resources if not resource.custom)
    yield heading(f"{counts.total()} resources of {len(counts)} types in {components} components")
    yield table


def _secrets(plan: Plan) -> str:
    keys = secret_keys(plan.config.databases, plan.config.caches)
    if not keys:
        return ""
    lines = "\n".join(f"  {key.command}" for key in keys)
    return f"\nSecrets that `pulumi up` needs:\n{lines}"
