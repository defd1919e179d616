"""Parameter Store through boto3: the only module that knows AWS's client and its errors."""

from collections.abc import Iterator, Mapping
from typing import Final, Protocol, cast

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as NoConnectionError

from operations.gate.loop import GateError
from operations.gate.report import one_line

_PASSING: Final = frozenset(
    {
        "ThrottlingException",
        "Throttling",
        "RequestLimitExceeded",
        "TooManyRequestsException",
        "InternalServerError",
    }
    | {"ServiceUnavailable", "ServiceUnavailableException", "InternalFailure", "RequestTimeout"}
)
"""Error codes that the next try may not see again."""

DELETED_AT_ONCE: Final = 10
"""DeleteParameters takes no more names."""

_FIXES: Final = {
    "AccessDeniedException": "allow ssm:GetParameter, ssm:GetParametersByPath and kms:Decrypt to the caller",
    "ExpiredTokenException": "sign in to AWS again",
    "UnrecognizedClientException": "these AWS credentials are not valid in this account; sign in again",
    "InvalidSignatureException": "check this machine's clock and its AWS credentials",
}


class StoreError(Exception):
    """Parameter Store gave no answer this time; the message is one line."""


class Store(Protocol):
    """What gates ask of Parameter Store."""

    def read(self, name: str) -> str | None:
        """Return a parameter's value, decrypted; None when there is no such parameter.

        Raises:
            StoreError: no answer this time.
            GateError: AWS refuses, and will go on refusing.
        """
        ...

    def below(self, path: str) -> Mapping[str, str]:
        """Return the values of all parameters below a path, by name; errors as for `read`."""
        ...


class SsmClient(Protocol):
    """The part of boto3's client that is used; boto3 itself is untyped."""

    def get_parameter(self, **arguments: object) -> Mapping[str, Mapping[str, str]]:
        """Call GetParameter."""
        ...

    def get_parameters_by_path(self, **arguments: object) -> Mapping[str, object]:
        """Call GetParametersByPath."""
        ...

    def put_parameter(self, **arguments: object) -> Mapping[str, object]:
        """Call PutParameter."""
        ...

    def delete_parameters(self, **arguments: object) -> Mapping[str, object]:
        """Call DeleteParameters."""
        ...


class SsmStore:
    """Parameter Store of one region."""

    def __init__(self, client: SsmClient) -> None:
        self._client = client

    def read(self, name: str) -> str | None:
        """Return a parameter's value, decrypted; None when there is no such parameter."""
        try:
            return self._client.get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"]
        except ClientError as error:
            if _error(error).get("Code") == "ParameterNotFound":
                return None
            raise _refusal(error, name) from error
        except BotoCoreError as error:
            raise _failure(error) from error

    def below(self, path: str) -> Mapping[str, str]:
        """Return the values of all parameters below a path, by name."""
        try:
            return dict(self._pages(path, decrypt=True))
        except ClientError as error:
            raise _refusal(error, path) from error
        except BotoCoreError as error:
            raise _failure(error) from error

    def write(self, name: str, value: str) -> None:
        """Store a plain value, in place of what was there; errors as for `read`."""
        try:
            self._client.put_parameter(Name=name, Value=value, Type="String", Overwrite=True)
        except ClientError as error:
            raise _refusal(error, name) from error
        except BotoCoreError as error:
            raise _failure(error) from error

    def forget(self, path: str) -> int:
        """Delete all parameters below a path and return how many there were; errors as for `read`."""
        try:
            names = sorted(name for name, _ in self._pages(path, decrypt=False))
            for start in range(0, len(names), DELETED_AT_ONCE):
                self._client.delete_parameters(Names=names[start : start + DELETED_AT_ONCE])
        except ClientError as error:
            raise _refusal(error, path) from error
        except BotoCoreError as error:
            raise _failure(error) from error
        return len(names)

    def _pages(self, path: str, *, decrypt: bool) -> Iterator[tuple[str, str]]:
        token: Mapping[str, object] = {}
        while True:
            page = self._client.get_parameters_by_path(Path=path, Recursive=True, WithDecryption=decrypt, **token)
            for parameter in cast("list[Mapping[str, str]]", page["Parameters"]):
                yield parameter["Name"], parameter["Value"]
            if not (following := page.get("NextToken")):
                return
            token = {"NextToken": following}


def open_store(region: str) -> SsmStore:
    """Return the store of a region, with the caller's usual AWS credentials.

    Raises:
        GateError: the AWS configuration of this machine is not usable.
    """
    # One attempt and short timeouts: the gate's own loop tries again and watches the deadline.
    config = Config(connect_timeout=5, read_timeout=10, retries={"total_max_attempts": 1})
    try:
        client = cast("SsmClient", boto3.Session().client("ssm", region_name=region, config=config))  # pyright: ignore[reportUnknownMemberType] - boto3 is untyped
    except BotoCoreError as error:
        raise GateError(f"AWS: {one_line(str(error))}") from error
    return SsmStore(client)


def _error(error: ClientError) -> Mapping[str, str]:
    response = cast("Mapping[str, Mapping[str, str]]", error.response)  # pyright: ignore[reportUnknownMemberType] - botocore is untyped
    return response.get("Error", {})


def _refusal(error: ClientError, name: str) -> StoreError | GateError:
    code = _error(error).get("Code", "")
    text = one_line(_error(error).get("Message", ""))
    if code in _PASSING:
        return StoreError(f"Parameter Store: {code}")
    fix = f"; {_FIXES[code]}" if code in _FIXES else ""
    return GateError(f"{name}: AWS answered {code}: {text}{fix}")


def _failure(error: BotoCoreError) -> StoreError | GateError:
    if isinstance(error, NoConnectionError | HTTPClientError):
        return StoreError(f"Parameter Store cannot be reached: {one_line(str(error))}")
    return GateError(f"AWS: {one_line(str(error))}; set credentials (for example `aws sso login` and AWS_PROFILE)")
