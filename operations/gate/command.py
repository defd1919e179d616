"""`python -m operations gate api|nodes|crds|machine`: arguments, standard streams and exit status of the gates."""

import argparse
import re
import sys
from typing import TYPE_CHECKING, Final, Protocol

from operations.arguments import USAGE_STATUS, add_cluster, cluster_name, region_name
from operations.gate.loop import Clock, GateError, Pace, SystemClock, Verdict, wait
from operations.gate.report import Finding, block, one_line, redact

if TYPE_CHECKING:
    from argparse import _SubParsersAction  # pyright: ignore[reportPrivateUsage] - argparse has no public name

_HOST_PORT = re.compile(r"(?P<host>[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?):(?P<port>[0-9]{1,5})")
_DNS_NAME = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?", re.IGNORECASE)
_INSTANCE_ID = re.compile(r"i-[0-9a-f]{8,17}")
_LONGEST: Final = 24 * 3600

CONFIRMED: Final = Pace(successes=3)
"""While control planes join and targets turn healthy, one good answer proves little."""

ONCE: Final = Pace()
"""For conditions that do not flap."""


class Gate(Protocol):
    """One gate: a try, and an explanation when the time is over."""

    def probe(self, left: float) -> Verdict:
        """Try once; `left` is the time in seconds until the deadline."""
        ...

    def explain(self, verdict: Verdict) -> tuple[Finding, ...]:
        """Say why the last try failed."""
        ...

    def output(self) -> str:
        """The line for standard output after success, empty for none."""
        ...


def add_parser(subparsers: "_SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the subcommand `gate`."""
    gate = subparsers.add_parser(
        "gate",
        help="wait until a part of the cluster is ready, or say why it is not",
        description="Exit status 0: ready; 1: not ready in time, the reason is on standard error.",
    )
    gates = gate.add_subparsers(metavar="GATE", required=True)
    api = gates.add_parser("api", help="the API answers and etcd has the planned members; prints its authority")
    add_cluster(api)
    api.add_argument("--members", type=_count, required=True, metavar="N", help="etcd members, one per control plane")
    api.add_argument("--endpoint", type=_endpoint, required=True, metavar="HOST:PORT", help="where the API is reached")
    api.add_argument("--server-name", type=_dns_name, required=True, metavar="NAME", help="name in its certificate")
    api.set_defaults(run=run, gate="api")
    nodes = gates.add_parser("nodes", help="the planned nodes are Ready; kubeconfig on standard input")
    nodes.add_argument("--control-planes", type=_count, required=True, metavar="N", help="planned control planes")
    nodes.add_argument("--workers", type=_count_or_none, required=True, metavar="N", help="planned workers")
    nodes.add_argument("--cluster", type=cluster_name, help="the cluster's name, to read the nodes' own reports")
    nodes.add_argument("--region", type=region_name, help="its AWS region")
    nodes.set_defaults(run=run, gate="nodes")
    crds = gates.add_parser("crds", help="custom resources are served; kubeconfig on standard input")
    crds.add_argument("--names", type=_names, required=True, metavar="A,B", help="CustomResourceDefinition names")
    crds.set_defaults(run=run, gate="crds")
    machine = gates.add_parser("machine", help="one control plane's machine has finished its bootstrap")
    add_cluster(machine)
    machine.add_argument("--node", type=_dns_name, required=True, metavar="NAME", help="Kubernetes node name")
    machine.add_argument("--instance", type=_instance, required=True, metavar="ID", help="EC2 instance id")
    machine.set_defaults(run=run, gate="machine")
    for parser in (api, nodes, crds, machine):
        parser.add_argument("--deadline", type=_seconds, required=True, metavar="SECONDS", help="longest wait")


def run(arguments: argparse.Namespace, clock: Clock | None = None) -> int:
    """Run a gate.

    Args:
        arguments: what the parser of `add_parser` gives.
        clock: the time; the machine's when absent.

    Returns:
        0 when it passed, 1 when it did not, 2 when the kubeconfig on standard input is wrong.
    """
    # The gates need pydantic, urllib3 and boto3, half a second of imports that `--help` can do without.
    from operations.gate.assembly import assemble  # noqa: PLC0415
    from operations.kubeconfig import KubeconfigError  # noqa: PLC0415

    name = f"gate {arguments.gate}"
    if arguments.gate == "nodes" and bool(arguments.cluster) != bool(arguments.region):
        _say(f"{name}: --cluster and --region: one without the other; give both or neither")
        return USAGE_STATUS
    try:
        gate = assemble(arguments, sys.stdin)
        verdict = wait(
            gate.probe,
            deadline=arguments.deadline,
            pace=ONCE if arguments.gate in {"crds", "machine"} else CONFIRMED,
            clock=clock or SystemClock(),
            progress=lambda elapsed, state: _say(f"{name}: {elapsed:.0f} s: {one_line(state)}"),
        )
    except KubeconfigError as error:
        _say(f"{name}: standard input: {error}")
        return USAGE_STATUS
    except GateError as error:
        _say(f"{name}: {error}")
        return 1
    if not verdict.passed:
        heading = f"{name}: not passed within {arguments.deadline:.0f} s: {one_line(verdict.state)}"
        _say(block(heading, gate.explain(verdict)))
        return 1
    if output := gate.output():
        sys.stdout.write(f"{output}\n")
    return 0


def _say(text: str) -> None:
    sys.stderr.write(f"{redact(text)}\n")
    sys.stderr.flush()


def _whole(text: str, least: int) -> int:
    if not text.isascii() or not text.isdigit() or int(text) < least:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least {least}")
    return int(text)


def _count(text: str) -> int:
    return _whole(text, 1)


def _count_or_none(text: str) -> int:
    return _whole(text, 0)


def _seconds(text: str) -> int:
    seconds = _whole(text, 1)
    if seconds > _LONGEST:
        raise argparse.ArgumentTypeError(f"{text!r} is more than a day; seconds are meant")
    return seconds


def _endpoint(text: str) -> tuple[str, int]:
    match = _HOST_PORT.fullmatch(text)
    if match is None or not 0 < int(match["port"]) < 1 << 16:
        raise argparse.ArgumentTypeError(f"{text!r} is not HOST:PORT")
    return match["host"], int(match["port"])


def _dns_name(text: str) -> str:
    if not _DNS_NAME.fullmatch(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a DNS name")
    return text


def _instance(text: str) -> str:
    if not _INSTANCE_ID.fullmatch(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not an EC2 instance id")
    return text


def _names(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_dns_name(name.strip()) for name in text.split(",")))
