"""Requests to an API server as a client of its own would send them: server-side apply, strict about unknown fields."""

import json
import ssl
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, TypeVar
from urllib.parse import urlencode

import urllib3

PORT = 6443
MANAGER = "groundswell"
APPLY = "application/apply-patch+yaml"
MERGE = "application/merge-patch+json"

Found = TypeVar("Found")


class Answer(NamedTuple):
    """Status, body as JSON where it is JSON, and what the server warned about."""

    status: int
    body: Any
    warnings: tuple[str, ...]

    @property
    def accepted(self) -> bool:
        """Whether the request did what it asked for."""
        return self.status in {200, 201}

    @property
    def said(self) -> str:
        """Why a request was refused."""
        return self.body["message"] if isinstance(self.body, dict) and "message" in self.body else str(self.body)


def until(find: Callable[[], Found], what: str, seconds: float = 30) -> Found:
    """What `find` gives as soon as it is true.

    Raises:
        TimeoutError: it was not in time; the message says what was waited for.
    """
    deadline = time.monotonic() + seconds
    while not (found := find()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not within {seconds:.0f} s")
        time.sleep(0.05)
    return found


def whole(value: Any) -> Any:
    """The value with whole numbers as such: on Pulumi's wire every number is a float, JSON writes 3.0 as 3."""
    if isinstance(value, dict):
        return {key: whole(item) for key, item in value.items()}
    if isinstance(value, list):
        return [whole(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


class Client:
    """One caller: a client certificate with its key in a PEM file, a bearer token, or nobody."""

    def __init__(
        self, host: str, name: str, authority: Path, *, certificate: Path | None = None, token: str = ""
    ) -> None:
        tls = ssl.create_default_context(cafile=authority)
        if certificate:
            tls.load_cert_chain(certificate)
        self.pool = urllib3.HTTPSConnectionPool(
            host,
            PORT,
            ssl_context=tls,
            server_hostname=name,
            retries=False,
            timeout=20,
            headers={"Authorization": f"Bearer {token}"} if token else {},
        )
        self._paths: dict[tuple[str, str], tuple[str, bool]] = {}

    def ask(self, method: str, path: str, body: Any = None, kind: str = "application/json", **query: str) -> Answer:
        """One request."""
        answer = self.pool.request(
            method,
            f"{path}?{urlencode(query)}" if query else path,
            body=None if body is None else json.dumps(body),
            headers={**self.pool.headers, "Content-Type": kind, "Accept": "application/json"},
        )
        text = answer.data.decode()
        is_json = answer.headers.get("Content-Type", "").startswith("application/json")
        warnings = tuple(answer.headers.getlist("Warning"))
        return Answer(answer.status, json.loads(text) if is_json else text, warnings)

    def get(self, path: str, **query: str) -> Any:
        """The body of what must be there."""
        answer = self.ask("GET", path, **query)
        assert answer.status == 200, f"{path}: {answer.status}: {answer.said}"
        return answer.body

    def create(self, manifest: dict[str, Any], **query: str) -> Answer:
        """Create an object."""
        return self.ask("POST", self._collection(manifest), manifest, fieldValidation="Strict", **query)

    def apply(self, manifest: dict[str, Any], *, force: bool = False, **query: str) -> Answer:
        """Say what one manager wants of an object; unknown and repeated fields are errors."""
        query = {"fieldManager": MANAGER, "force": str(force).lower(), "fieldValidation": "Strict", **query}
        return self.ask("PATCH", self.path_of(manifest), manifest, APPLY, **query)

    def merge(self, path: str, change: dict[str, Any], manager: str) -> Any:
        """Change some fields as something in the cluster does: a controller, a kubelet."""
        answer = self.ask("PATCH", path, change, MERGE, fieldManager=manager)
        assert answer.accepted, f"{path}: {answer.said}"
        return answer.body

    def path_of(self, manifest: dict[str, Any]) -> str:
        """Where an object stands."""
        return f"{self._collection(manifest)}/{manifest['metadata']['name']}"

    def _collection(self, manifest: dict[str, Any]) -> str:
        version, kind = manifest["apiVersion"], manifest["kind"]
        root = f"/apis/{version}" if "/" in version else f"/api/{version}"
        if (version, kind) not in self._paths:
            # A new definition is served a moment before it is listed.
            until(lambda: self.ask("GET", root).status == 200, root)
            for each in self.get(root)["resources"]:
                if "/" not in each["name"]:
                    self._paths[version, each["kind"]] = each["name"], each["namespaced"]
        plural, namespaced = self._paths[version, kind]
        return f"{root}/namespaces/{manifest['metadata']['namespace']}/{plural}" if namespaced else f"{root}/{plural}"
