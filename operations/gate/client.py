"""HTTPS to the API server: the cluster's own authority, its stable name, the operator's certificate.

The `kubernetes` package is not used here: it carries on without credentials when the exec plugin fails, and
keeps the client key in a file for the life of the process.
"""

import os
import ssl
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeVar

import urllib3
from pydantic import ValidationError
from urllib3 import exceptions as http_errors

from operations.gate.objects import ApiStatus, Part
from operations.gate.report import one_line

REQUEST_SECONDS: Final = 10.0
"""Longest wait for a connection and for an answer; a healthy API server needs milliseconds."""

SHORTEST_SECONDS: Final = 1.0
"""A try that starts just before the deadline still gets this long."""

_OK: Final = 200
_UNAUTHORISED: Final = 401
_NOT_FOUND: Final = 404

_REASONS: Final[tuple[tuple[type[BaseException], str], ...]] = (
    (http_errors.NameResolutionError, "name does not resolve"),
    (ConnectionRefusedError, "connection refused"),
    (ConnectionError, "connection closed before an answer"),
    (TimeoutError, "timed out"),
    (http_errors.ReadTimeoutError, "timed out"),
)

Kind = TypeVar("Kind", bound=Part)


class ApiError(Exception):
    """The API server gave no usable answer; the message is one stable line."""


class UnauthorisedError(ApiError):
    """The credential was refused."""


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """Where the API is reached and how it proves itself.

    Attributes:
        host: name or address to connect to.
        port: TCP port.
        server_name: name that must be in the certificate; also sent as SNI.
        authority: certificate authority, PEM.
    """

    host: str
    port: int
    server_name: str
    authority: str


@dataclass(frozen=True, kw_only=True)
class Credential:
    """A client certificate with its key, PEM, or a bearer token."""

    certificate: str = ""
    key: str = field(default="", repr=False)
    token: str = field(default="", repr=False)


def request_timeout(left: float) -> float:
    """Seconds that one request may take when `left` seconds remain until the deadline."""
    return max(SHORTEST_SECONDS, min(REQUEST_SECONDS, left))


class ApiClient:
    """Asks one API server. Each request opens its own connection, so that the load balancer chooses anew."""

    def __init__(self, endpoint: Endpoint, credential: Credential | None = None) -> None:
        """Prepare TLS.

        Raises:
            ApiError: the authority or the credential is not usable PEM.
        """
        self._endpoint = endpoint
        self._headers = {"Accept": "application/json"}
        try:
            self._tls = ssl.create_default_context(cadata=endpoint.authority)
        except (ssl.SSLError, ValueError) as error:
            raise ApiError("the published certificate authority is not PEM") from error
        if credential and credential.token:
            self._headers["Authorization"] = f"Bearer {credential.token}"
        elif credential:
            _load(self._tls, credential)

    def get(self, path: str, timeout: float) -> tuple[int, bytes]:
        """Ask for a path.

        Returns:
            HTTP status and body.

        Raises:
            ApiError: no answer came.
        """
        pool = urllib3.HTTPSConnectionPool(
            self._endpoint.host,
            self._endpoint.port,
            ssl_context=self._tls,
            server_hostname=self._endpoint.server_name,
            timeout=urllib3.Timeout(connect=timeout, read=timeout),
            retries=False,
        )
        try:
            answer = pool.request("GET", path, headers=self._headers, redirect=False)
        except (http_errors.HTTPError, OSError) as error:
            raise ApiError(f"{self._endpoint.host}:{self._endpoint.port}: {_reason(error)}") from error
        finally:
            pool.close()
        return answer.status, answer.data

    def read(self, kind: type[Kind], path: str, timeout: float) -> Kind | None:
        """Ask for an object or a list.

        Returns:
            It, or None when there is none (404).

        Raises:
            UnauthorisedError: the credential was refused.
            ApiError: no answer, a refusal, or something that is not this kind of object.
        """
        status, body = self.get(path, timeout)
        resource = path.partition("?")[0]
        if status == _NOT_FOUND:
            return None
        if status == _UNAUTHORISED:
            raise UnauthorisedError(f"{resource} answered 401: refused the credential")
        if status != _OK:
            raise ApiError(f"{resource} answered {status}: {_message(body)}")
        try:
            return kind.model_validate_json(body)
        except ValidationError as error:
            raise ApiError(f"{resource}: the answer is not a {kind.__name__}") from error


def _load(tls: ssl.SSLContext, credential: Credential) -> None:
    # OpenSSL reads certificates from files only: 0600 in a private folder, gone before the first request.
    with tempfile.TemporaryDirectory(prefix="groundswell-") as folder:
        pair = Path(folder, "client.pem")
        with os.fdopen(os.open(pair, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
            file.write(f"{credential.certificate}\n{credential.key}\n")
        try:
            tls.load_cert_chain(pair)
        except ssl.SSLError as error:
            # OpenSSL's own text may not be shown: what follows a parse error can be part of the key.
            raise ApiError("the operator credential is not a certificate with its key") from error


def _message(body: bytes) -> str:
    try:
        return one_line(ApiStatus.model_validate_json(body).message)
    except ValidationError:
        return one_line(body.decode(errors="replace"))[:200]


def _reason(error: BaseException) -> str:
    """Say in a few words, the same for every try, why there was no answer."""
    chain = _chain(error)
    for item in chain:
        if isinstance(item, ssl.SSLCertVerificationError):
            return f"certificate verify failed: {item.verify_message}"
    for kind, text in _REASONS:
        if any(isinstance(item, kind) for item in chain):
            return text
    said = [item.strerror.lower() for item in chain if isinstance(item, OSError) and item.strerror]
    return said[0] if said else one_line(str(error))


def _chain(error: BaseException | None) -> list[BaseException]:
    found: list[BaseException] = []
    pending = [error]
    while pending:
        item = pending.pop(0)
        if item is None or item in found:
            continue
        found.append(item)
        pending += [item.__cause__, item.__context__]
        pending += [argument for argument in item.args if isinstance(argument, BaseException)]
    return found
