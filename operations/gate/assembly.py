"""From arguments and standard input to a gate with its connections."""

import argparse
from contextlib import suppress
from typing import TextIO

from operations.gate.api import ApiGate
from operations.gate.client import Endpoint
from operations.gate.command import Gate
from operations.gate.crds import CrdsGate
from operations.gate.loop import GateError
from operations.gate.machine import MachineGate
from operations.gate.nodes import NodesGate
from operations.gate.session import Session
from operations.gate.status import NodeReport, read_reports
from operations.gate.store import StoreError, open_store
from operations.kubeconfig import parse


def assemble(arguments: argparse.Namespace, standard_input: TextIO) -> Gate:
    """Make the gate that the arguments ask for.

    Args:
        arguments: what the parser gives.
        standard_input: holds the kubeconfig for `nodes` and `crds`; `api` and `machine` do not touch it.

    Raises:
        KubeconfigError: standard input holds no usable kubeconfig.
        GateError: the AWS configuration of this machine is not usable.
    """
    if arguments.gate == "api":
        host, port = arguments.endpoint
        endpoint = Endpoint(host=host, port=port, server_name=arguments.server_name, authority="")
        return ApiGate(open_store(arguments.region), arguments.cluster, endpoint, arguments.members)
    if arguments.gate == "machine":
        return MachineGate(open_store(arguments.region), arguments.cluster, arguments.node, arguments.instance)
    session = Session(parse(standard_input.read()))
    if arguments.gate == "crds":
        return CrdsGate(session, arguments.names)
    return NodesGate(
        session,
        arguments.control_planes,
        arguments.workers,
        lambda: _reports(arguments.cluster, arguments.region),
    )


def _reports(cluster: str | None, region: str | None) -> tuple[NodeReport, ...] | None:
    """Read the nodes' reports if it was said where; an explanation without them beats none."""
    if cluster and region:
        with suppress(StoreError, GateError):
            return read_reports(open_store(region), cluster)
    return None
