"""The instance metadata service as machines see it: IMDSv2 only, one answer per asking address."""

import contextlib
import json
import socket
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from boot.network import METADATA, TIME

TOKEN = "planted-metadata-token"
ACCESS_KEY = "PLANTEDACCESSKEY"
SECRET_KEY = "planted/secret+key/of/the/instance/role"
SESSION_TOKEN = "planted-session-token-of-the-instance-role"
SECRETS = (TOKEN, SECRET_KEY, SESSION_TOKEN)
REGION = "ap-northeast-2"
NTP_EPOCH = 2_208_988_800
"""Seconds between 1900, where NTP counts from, and 1970."""


@dataclass(kw_only=True)
class Instance:
    """What EC2 knows of one machine."""

    id: str
    name: str
    address: str
    mac: str
    zone: str
    user_data: bytes
    further: dict[str, str] = field(default_factory=dict)
    """Addresses of further network cards by MAC."""

    def tree(self) -> dict[str, object]:
        """The metadata below `meta-data/`, as far as cloud-init and the node programs ask."""
        cards = {self.mac: self.address, **self.further}
        return {
            "ami-id": "ami-0123456789abcdef0",
            "hostname": self.name,
            "iam": {"security-credentials": {"node": json.dumps(self.credentials())}},
            "instance-id": self.id,
            "instance-type": "c5a.xlarge",
            "local-hostname": self.name,
            "local-ipv4": self.address,
            "mac": self.mac,
            "network": {
                "interfaces": {
                    "macs": {
                        mac: {
                            "device-number": str(number),
                            "interface-id": f"eni-{number:017x}",
                            "local-hostname": self.name,
                            "local-ipv4s": address,
                            "mac": mac,
                            "owner-id": "111122223333",
                            "subnet-ipv4-cidr-block": "10.0.0.0/16",
                            "vpc-ipv4-cidr-block": "10.0.0.0/16",
                            "vpc-ipv4-cidr-blocks": "10.0.0.0/16",
                        }
                        for number, (mac, address) in enumerate(cards.items())
                    }
                }
            },
            "placement": {"availability-zone": self.zone, "region": REGION},
            "security-groups": "nodes",
            "services": {"domain": "amazonaws.com", "partition": "aws"},
        }

    def credentials(self) -> dict[str, str]:
        return {
            "Code": "Success",
            "Type": "AWS-HMAC",
            "AccessKeyId": ACCESS_KEY,
            "SecretAccessKey": SECRET_KEY,
            "Token": SESSION_TOKEN,
            "Expiration": "2099-01-01T00:00:00Z",
        }

    def document(self) -> dict[str, str]:
        return {
            "instanceId": self.id,
            "region": REGION,
            "availabilityZone": self.zone,
            "privateIp": self.address,
            "accountId": "111122223333",
            "architecture": "x86_64",
            "imageId": "ami-0123456789abcdef0",
            "instanceType": "c5a.xlarge",
            "version": "2017-09-30",
        }


class MetadataService(ThreadingHTTPServer):
    """http://169.254.169.254 for every machine that was added; `silent` makes it hang as an overloaded one does."""

    daemon_threads = True

    def __init__(self):
        self.instances: dict[str, Instance] = {}
        self.silent: set[str] = set()
        """Addresses of machines that get no answer."""
        self.ahead = 0.0
        """Seconds that this service's clock, and the time service's, are ahead of the real time."""
        super().__init__((METADATA, 80), Handler)
        threading.Thread(target=self.serve_forever, args=(0.1,), daemon=True).start()
        self.clock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.clock.bind((TIME, 123))
        threading.Thread(target=keep_time, args=(self.clock, lambda: time.time() + self.ahead), daemon=True).start()

    def add(self, instance: Instance) -> None:
        self.instances[instance.address] = instance

    def close(self) -> None:
        self.shutdown()
        self.server_close()
        self.clock.close()


class Handler(BaseHTTPRequestHandler):
    server: MetadataService

    def log_message(self, *_):
        pass

    def date_time_string(self, timestamp=None):
        return super().date_time_string((timestamp or time.time()) + self.server.ahead)

    def caller(self) -> Instance | None:
        address = self.client_address[0]
        if address in self.server.silent:
            time.sleep(60)
            return None
        found = self.server.instances.get(address)
        if found is None:
            # A further card of a machine: the primary one's facts, as on EC2.
            found = next((one for one in self.server.instances.values() if address in one.further.values()), None)
        return found

    def do_PUT(self):
        instance = self.caller()
        if instance is None or not self.path.endswith("/api/token"):
            return self.answer(404, b"")
        return self.answer(200, TOKEN.encode())

    def do_GET(self):
        instance = self.caller()
        if instance is None:
            return self.answer(404, b"")
        if self.headers.get("X-aws-ec2-metadata-token") != TOKEN:
            return self.answer(401, b"")
        return self.answer(*self.found(instance))

    def found(self, instance: Instance) -> tuple[int, bytes]:
        """The answer to a path below any version of the interface: a value, or the names below it."""
        document = json.dumps(instance.document())
        value: object = {
            "dynamic": {"instance-identity": {"document": document}},
            "meta-data": instance.tree(),
            "user-data": instance.user_data,
        }
        _, _, rest = self.path.lstrip("/").partition("/")
        for part in filter(None, rest.split("/")):
            if not isinstance(value, dict) or part not in value:
                return 404, b""
            value = value[part]
        if isinstance(value, bytes):
            return 200, value
        if isinstance(value, dict):
            return 200, "\n".join(f"{key}/" if isinstance(value[key], dict) else key for key in value).encode()
        return 200, str(value).encode()

    def answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        with contextlib.suppress(OSError):
            self.wfile.write(body)


def keep_time(wire: socket.socket, clock: Callable[[], float]) -> None:
    """The Amazon Time Sync Service, by SNTP (RFC 4330), until its socket is closed."""
    while True:
        try:
            request, sender = wire.recvfrom(512)
        except OSError:
            return
        if len(request) < 48:
            continue
        now = clock() + NTP_EPOCH
        stamp = struct.pack("!II", int(now), int(now % 1 * 2**32))
        # No leap warning, version 4, server; stratum 2, poll 6, precision 2^-20; no root delay or dispersion.
        head = struct.pack("!BBbbII4s", 0x24, 2, 6, -20, 0, 0, b"\x7f\x00\x00\x01")
        wire.sendto(head + stamp + request[40:48] + stamp + stamp, sender)
