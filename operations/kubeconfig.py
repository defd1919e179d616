"""Kubeconfigs without a key: the credential is fetched when it is needed. Pure."""

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Final
from urllib.parse import urlsplit

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from sizing.firewall import API_PORT
from userdata.parameters import ParameterTree

EXEC_API: Final = "client.authentication.k8s.io/v1"


class KubeconfigError(ValueError):
    """Not a kubeconfig that can be used; the message is one line and shows no value that may be secret."""


@dataclass(frozen=True, kw_only=True)
class Kubeconfig:
    """What a gate needs of a kubeconfig's current context.

    Attributes:
        host: name or address to connect to.
        port: TCP port.
        server_name: name that must be in the API server's certificate.
        authority: certificate authority, PEM.
        command: exec plugin and its arguments.
        environment: further environment of the plugin.
    """

    host: str
    port: int
    server_name: str
    authority: str
    command: tuple[str, ...]
    environment: Mapping[str, str]


def render(cluster: str, region: str, server: str, server_name: str, ca_base64: str) -> str:
    """Write the operators' kubeconfig.

    Its exec plugin is the AWS CLI, not a program of this repository: operators have it anyway to sign in, and
    the file works on any machine, without a checkout and without this project's Python.

    Args:
        cluster: the cluster's name; also names context and user.
        region: region of its Parameter Store.
        server: host that the operator reaches, without scheme and port.
        server_name: the API's stable name, which its certificate holds whatever the load balancer is called.
        ca_base64: the cluster's certificate authority, base64 of PEM.

    Returns:
        JSON, which is YAML; the same bytes for the same input.

    Raises:
        KubeconfigError: a part is empty or the authority is not base64. An empty kubeconfig would make the
            Kubernetes provider take whatever `~/.kube/config` points at.
    """
    parts = {"cluster": cluster, "region": region, "server": server, "server name": server_name}
    for what, value in {**parts, "certificate authority": ca_base64}.items():
        if not value.strip():
            raise KubeconfigError(f"kubeconfig: {what}: empty")
    _decode(ca_base64)
    parameter = ParameterTree(cluster=cluster).credential
    fetch = {
        "apiVersion": EXEC_API,
        "command": "aws",
        "args": [
            *("ssm", "get-parameter", "--region", region, "--name", parameter, "--with-decryption"),
            *("--query", "Parameter.Value", "--output", "text"),
        ],
        "env": None,
        "installHint": "The AWS CLI fetches the credential from Parameter Store: install it and sign in.",
        "interactiveMode": "Never",
        "provideClusterInfo": False,
    }
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": cluster,
        "contexts": [{"name": cluster, "context": {"cluster": cluster, "user": cluster}}],
        "clusters": [
            {
                "name": cluster,
                "cluster": {
                    "server": f"https://{server}:{API_PORT}",
                    "tls-server-name": server_name,
                    "certificate-authority-data": ca_base64,
                },
            }
        ],
        "users": [{"name": cluster, "user": {"exec": fetch}}],
    }
    return json.dumps(document, indent=2) + "\n"


class _Part(BaseModel):
    model_config = ConfigDict(
        frozen=True,
        extra="ignore",
        hide_input_in_errors=True,
        alias_generator=lambda name: name.replace("_", "-"),
    )


class _Cluster(_Part):
    server: str
    tls_server_name: str = ""
    certificate_authority_data: str


class _Variable(BaseModel):
    name: str
    value: str


class _Exec(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True, alias_generator=to_camel)

    api_version: str = Field(pattern=f"^{EXEC_API}$")
    command: Annotated[str, Field(min_length=1)]
    args: tuple[str, ...] | None = None
    env: tuple[_Variable, ...] | None = None


class _User(_Part):
    exec: _Exec


class _Context(_Part):
    cluster: str
    user: str


class _NamedCluster(_Part):
    name: str
    cluster: _Cluster


class _NamedUser(_Part):
    name: str
    user: _User


class _NamedContext(_Part):
    name: str
    context: _Context


class _Document(_Part):
    current_context: str
    contexts: tuple[_NamedContext, ...]
    clusters: tuple[_NamedCluster, ...]
    users: tuple[_NamedUser, ...]


def parse(text: str) -> Kubeconfig:
    """Read the current context of a kubeconfig that has an exec plugin.

    Args:
        text: YAML or JSON.

    Raises:
        KubeconfigError: it is empty, malformed, or has no exec plugin; the path of the mistake is named.
    """
    if not text.strip():
        raise KubeconfigError("kubeconfig: empty")
    try:
        document = _Document.model_validate(yaml.safe_load(text))
    except yaml.YAMLError as error:
        raise KubeconfigError("kubeconfig: not YAML") from error
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        path = ".".join(str(part) for part in first["loc"]) or "document"
        raise KubeconfigError(f"kubeconfig: {path}: {first['msg']}") from error
    contexts = {item.name: item.context for item in document.contexts}
    clusters = {item.name: item.cluster for item in document.clusters}
    users = {item.name: item.user for item in document.users}
    try:
        context = contexts[document.current_context]
        cluster, user = clusters[context.cluster], users[context.user]
    except KeyError as error:
        raise KubeconfigError(f"kubeconfig: current-context: {error} is not in the file") from error
    url = urlsplit(cluster.server)
    if url.scheme != "https" or not url.hostname:
        raise KubeconfigError("kubeconfig: server: must be an https address")
    return Kubeconfig(
        host=url.hostname,
        port=url.port or 443,
        server_name=cluster.tls_server_name or url.hostname,
        authority=decode_authority(cluster.certificate_authority_data),
        command=(user.exec.command, *(user.exec.args or ())),
        environment={item.name: item.value for item in user.exec.env or ()},
    )


def decode_authority(text: str) -> str:
    """Return the PEM of a certificate authority.

    Args:
        text: base64 of PEM, as kubeconfigs and the published cluster description hold it.

    Raises:
        KubeconfigError: it is not.
    """
    decoded = _decode(text)
    if "-----BEGIN CERTIFICATE-----" not in decoded:
        raise KubeconfigError("kubeconfig: certificate authority: no PEM certificate in it")
    return decoded


def _decode(text: str) -> str:
    try:
        return base64.b64decode(text, validate=True).decode("ascii")
    except (binascii.Error, ValueError) as error:
        raise KubeconfigError("kubeconfig: certificate authority: not base64 of PEM") from error
