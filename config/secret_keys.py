"""The secret configuration keys that stand beside `groundswell:cluster`, never inside it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

PROJECT: Final = "groundswell"
"""Name of the Pulumi project and prefix of its configuration keys."""

CLUSTER_KEY: Final = f"{PROJECT}:cluster"


@dataclass(frozen=True, kw_only=True)
class SecretKey:
    """One key that is set with `pulumi config set --secret`.

    Attributes:
        name: key without the project's prefix, as `pulumi.Config` wants it.
        meaning: what the value is.
    """

    name: str
    meaning: str

    @property
    def full_name(self) -> str:
        """The key as it stands in the stack file."""
        return f"{PROJECT}:{self.name}"

    @property
    def command(self) -> str:
        """How to set it; the value is asked for and not echoed."""
        return f"pulumi config set --secret {self.full_name}"


def database_password(name: str) -> SecretKey:
    """Key of the password of `databases.<name>`."""
    return SecretKey(
        name=f"database-{name}-password",
        meaning=f"password of the user that `databases.{name}.username` names",
    )


def cache_token(name: str) -> SecretKey:
    """Key of the authentication token of `caches.<name>`."""
    return SecretKey(
        name=f"cache-{name}-token",
        meaning=f"token of `caches.{name}`, 16 to 128 printable characters without quotes, slashes and @",
    )


def secret_keys(databases: Iterable[str], caches: Iterable[str] = ()) -> tuple[SecretKey, ...]:
    """All secret keys that a configuration with these databases and caches needs."""
    return (*(database_password(name) for name in databases), *(cache_token(name) for name in caches))
