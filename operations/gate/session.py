"""An API client from a kubeconfig: runs its exec plugin, and runs it again when the credential is refused."""

import json
import os
import subprocess
from collections.abc import Callable, Mapping
from typing import Final, TypeVar

from operations.credential import CredentialError, parse_credential
from operations.gate.client import ApiClient, ApiError, Credential, Endpoint, UnauthorisedError
from operations.gate.loop import GateError
from operations.gate.objects import Part
from operations.gate.report import one_line
from operations.kubeconfig import EXEC_API, Kubeconfig

_PLUGIN_SECONDS: Final = 30.0
_SHOWN: Final = 300  # characters of a plugin's complaint

Kind = TypeVar("Kind", bound=Part)
Run = Callable[[tuple[str, ...], Mapping[str, str]], str]


def run_plugin(command: tuple[str, ...], environment: Mapping[str, str]) -> str:
    """Run an exec plugin and return what it prints.

    Args:
        command: program and arguments.
        environment: variables beside this process's own.

    Raises:
        GateError: the program is not installed.
        ApiError: it failed or did not end in time; its own last words are in the message.
    """
    request = {"apiVersion": EXEC_API, "kind": "ExecCredential", "spec": {"interactive": False}}
    try:
        done = subprocess.run(
            command,
            env={**os.environ, **environment, "KUBERNETES_EXEC_INFO": json.dumps(request)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_PLUGIN_SECONDS,
            check=False,
        )
    except FileNotFoundError as error:
        raise GateError(f"{command[0]}: not installed; the kubeconfig fetches its credential with it") from error
    except OSError as error:
        raise GateError(f"{command[0]}: cannot be run: {error.strerror}") from error
    except subprocess.TimeoutExpired as error:
        raise ApiError(f"operator credential: {command[0]} gave no answer within {_PLUGIN_SECONDS:.0f} s") from error
    if done.returncode:
        said = one_line(done.stderr)[-_SHOWN:]
        raise ApiError(f"operator credential: {command[0]} ended with {done.returncode}: {said}")
    return done.stdout


class Session:
    """Reads objects with a kubeconfig's credential, fetched at the first request and kept in memory."""

    def __init__(
        self,
        kubeconfig: Kubeconfig,
        run: Run = run_plugin,
        connect: Callable[[Endpoint, Credential | None], ApiClient] = ApiClient,
    ) -> None:
        self._kubeconfig = kubeconfig
        self._run = run
        self._connect = connect
        self._client: ApiClient | None = None

    def read(self, kind: type[Kind], path: str, timeout: float) -> Kind | None:
        """Ask for an object or a list; None when there is none.

        Raises:
            ApiError: no usable answer this time.
            GateError: the exec plugin is not installed.
        """
        if self._client is None:
            self._client = self._open()
        try:
            return self._client.read(kind, path, timeout)
        except UnauthorisedError:
            # The next try fetches the credential anew: it may have been refreshed in the meantime.
            self._client = None
            raise

    def _open(self) -> ApiClient:
        try:
            found = parse_credential(self._run(self._kubeconfig.command, self._kubeconfig.environment))
        except CredentialError as error:
            raise ApiError(f"operator credential: {error}") from error
        endpoint = Endpoint(
            host=self._kubeconfig.host,
            port=self._kubeconfig.port,
            server_name=self._kubeconfig.server_name,
            authority=self._kubeconfig.authority,
        )
        credential = Credential(certificate=found.client_certificate_data, key=found.client_key_data, token=found.token)
        return self._connect(endpoint, credential)
