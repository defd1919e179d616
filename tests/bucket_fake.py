"""A bucket for the node programs: what S3 keeps and refuses, as far as they rely on it."""

import base64
import hashlib
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler

NAME = "backup-bucket"
PREFIX = f"/{NAME}/"


@dataclass(frozen=True, kw_only=True)
class Object:
    """One object with the metadata that came with it."""

    data: bytes
    metadata: dict[str, str]


class Bucket:
    """Objects by key; `refuse` is a status that every request gets instead of an answer."""

    def __init__(self):
        self.objects = {}
        self.requests = []
        self.refuse = None
        self.lock = threading.Lock()

    def answer(self, request: BaseHTTPRequestHandler, body: bytes) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body for a request whose signature is right."""
        key = request.path.removeprefix(PREFIX)
        with self.lock:
            self.requests.append((request.command, key))
            if self.refuse:
                return self.refuse, {}, b"<Error><Code>Refused</Code></Error>"
            if request.command == "PUT":
                return self._put(key, request.headers, body)
            found = self.objects.get(key)
        # A role that may not list is not told what is missing.
        if found is None:
            return 403, {}, b"<Error><Code>AccessDenied</Code></Error>"
        headers = {f"x-amz-meta-{name}": value for name, value in found.metadata.items()}
        return 200, headers, found.data

    def _put(self, key, headers, body):
        sum_ = hashlib.sha256(body)
        assert headers["x-amz-content-sha256"] == sum_.hexdigest()
        assert headers["x-amz-checksum-sha256"] == base64.b64encode(sum_.digest()).decode()
        if headers.get("If-None-Match") == "*" and key in self.objects:
            return 412, {}, b"<Error><Code>PreconditionFailed</Code></Error>"
        metadata = {
            name.lower().removeprefix("x-amz-meta-"): value
            for name, value in headers.items()
            if name.lower().startswith("x-amz-meta-")
        }
        self.objects[key] = Object(data=body, metadata=metadata)
        return 200, {}, b""
