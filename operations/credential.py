"""The operator's credential: an `ExecCredential` in Parameter Store, so that no kubeconfig holds a key.

`python -m operations credential` prints it for machines without the AWS CLI, which kubeconfigs name.
"""

import argparse
import sys
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel

from operations.arguments import add_cluster
from userdata.parameters import ParameterTree

if TYPE_CHECKING:
    from argparse import _SubParsersAction  # pyright: ignore[reportPrivateUsage] - argparse has no public name


class CredentialError(ValueError):
    """Not an `ExecCredential` that authenticates; the message never shows its content."""


class CredentialStatus(BaseModel):
    """`status` of an `ExecCredential`: a client certificate with its key, PEM, or a bearer token."""

    model_config = ConfigDict(
        frozen=True,
        extra="ignore",
        alias_generator=to_camel,
        hide_input_in_errors=True,
        validate_by_name=True,
    )

    client_certificate_data: str = ""
    client_key_data: str = ""
    token: str = ""


class ExecCredential(BaseModel):
    """What a kubeconfig's exec plugin prints."""

    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=to_camel, hide_input_in_errors=True)

    api_version: Literal["client.authentication.k8s.io/v1"]
    kind: Literal["ExecCredential"]
    status: CredentialStatus


def parse_credential(text: str) -> CredentialStatus:
    """Read an `ExecCredential`.

    Args:
        text: JSON.

    Raises:
        CredentialError: it is none, or it holds neither a token nor a certificate with its key.
    """
    try:
        status = ExecCredential.model_validate_json(text).status
    except ValidationError as error:
        raise CredentialError("not an ExecCredential of client.authentication.k8s.io/v1") from error
    if not status.token and not (status.client_certificate_data and status.client_key_data):
        raise CredentialError("holds neither a token nor a client certificate with its key")
    return status


def add_parser(subparsers: "_SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the subcommand `credential`."""
    parser = subparsers.add_parser(
        "credential",
        help="print the operator's ExecCredential, for kubeconfigs on machines without the AWS CLI",
        description="Reads the operator's credential from Parameter Store and prints it, key included.",
    )
    add_cluster(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print the credential.

    Returns:
        0, or 1 after one line on standard error.
    """
    # boto3 takes a quarter of a second to import: not for `--help`.
    from operations.gate.loop import GateError  # noqa: PLC0415
    from operations.gate.store import StoreError, open_store  # noqa: PLC0415

    name = ParameterTree(cluster=arguments.cluster).credential
    try:
        text = open_store(arguments.region).read(name)
        if text is None:
            problem = f"{name}: not published; a control plane writes it once its API server is ready"
        else:
            parse_credential(text)
            sys.stdout.write(f"{text.strip()}\n")
            return 0
    except CredentialError as error:
        problem = f"{name}: {error}"
    except (StoreError, GateError) as error:
        problem = str(error)
    sys.stderr.write(f"credential: {problem}\n")
    return 1
