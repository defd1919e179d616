"""What stands in for AWS: moto behind TLS under AWS's own names, and the mirror of programs beside it."""

import ssl
import subprocess
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path

import boto3
from boot.metadata import ACCESS_KEY, REGION, SECRET_KEY
from boot.network import ROUTER
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.exceptions import NotFound
from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler, make_server
from werkzeug.utils import send_from_directory
from werkzeug.wrappers import Request, Response


class Quiet(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 60

    def log(self, *_):
        pass


class TlsServer(ThreadedWSGIServer):
    """Shakes hands on each connection's own thread: a machine that lost its power in between holds up nobody else."""

    def __init__(self, application, context: ssl.SSLContext):
        super().__init__(ROUTER, 443, application, handler=Quiet)
        self.ssl_context = context

    def get_request(self):
        wire, address = super().get_request()
        return self.ssl_context.wrap_socket(wire, server_side=True, do_handshake_on_connect=False), address


class Authority:
    """A certificate authority that the machines' image trusts, kept in the cache beside the image."""

    def __init__(self, folder: Path):
        self.certificate, self.key = folder / "authority.crt", folder / "authority.key"
        if not self.certificate.exists():
            folder.mkdir(parents=True, exist_ok=True)
            openssl(
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "3650",
                "-subj", "/CN=stand-in for AWS", "-keyout", self.key, "-out", self.certificate,
            )  # fmt: skip

    def issue(self, folder: Path, *names: str) -> ssl.SSLContext:
        """A server certificate for some names."""
        key, request, certificate, extensions = (folder / f"server.{end}" for end in ("key", "csr", "crt", "ext"))
        extensions.write_text(f"subjectAltName={','.join(f'DNS:{name}' for name in names)}\n")
        openssl(
            "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=stand-in",
            "-keyout", key, "-out", request,
        )  # fmt: skip
        # From long ago and for long: some machines here have wrong clocks.
        openssl(
            "x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self.key, "-CAcreateserial",
            "-days", "3650", "-extfile", extensions, "-out", certificate,
        )  # fmt: skip
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        return context


def openssl(*arguments: str | Path) -> None:
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)


class Aws:
    """SSM, S3, KMS, Auto Scaling and ECR on port 443 of the VPC's router, the mirror on port 80.

    Attributes:
        down: prefixes of host names, such as `ssm.`, that answer 503.
        log: host, method and path of every request, in order.
        sent: address of the machine and bytes of body that it took, of every answer.
    """

    def __init__(self, authority: Authority, folder: Path, mirror: Path):
        self.down: set[str] = set()
        self.log: list[tuple[str, str, str]] = []
        self.sent: list[tuple[str, int]] = []
        self.mirror = mirror
        self.authority = authority
        self.backends = DomainDispatcherApplication(create_backend_app)
        context = authority.issue(
            folder, f"*.{REGION}.amazonaws.com", f"*.s3.{REGION}.amazonaws.com", f"*.dkr.ecr.{REGION}.amazonaws.com",
            "*.amazonaws.com",
        )  # fmt: skip
        self.servers = [
            TlsServer(self.answer, context),
            make_server(ROUTER, 80, self.serve_mirror, threaded=True, request_handler=Quiet),
            make_server("127.0.0.1", 0, self.backends, threaded=True, request_handler=Quiet),
        ]
        for server in self.servers:
            threading.Thread(target=server.serve_forever, daemon=True).start()

    def answer(self, environment, start):
        host = environment["HTTP_HOST"]
        self.log.append((host, environment["REQUEST_METHOD"], environment["PATH_INFO"]))
        if any(host.startswith(prefix) for prefix in self.down):
            return Response("down", status=503)(environment, start)
        return self.counted(self.backends(environment, start), environment["REMOTE_ADDR"])

    def serve_mirror(self, environment, start):
        request = Request(environment)
        self.log.append((request.host, request.method, request.path))
        try:
            response = send_from_directory(self.mirror, request.path.lstrip("/"), environment)
        except NotFound as error:
            response = error.get_response(environment)
        return self.counted(response(environment, start), environment["REMOTE_ADDR"])

    def counted(self, body: Iterable[bytes], address: str) -> Iterator[bytes]:
        """The same body; what was taken of it counts, also when the connection is cut."""
        sent = 0
        try:
            for chunk in body:
                yield chunk
                sent += len(chunk)
        finally:
            self.sent.append((address, sent))
            if hasattr(body, "close"):
                body.close()

    def client(self, service: str):
        """The tests' own way in, as an administrator."""
        return boto3.client(
            service,
            region_name=REGION,
            endpoint_url=f"http://127.0.0.1:{self.servers[-1].server_port}",
            aws_access_key_id=ACCESS_KEY,
            aws_secret_access_key=SECRET_KEY,
        )

    def close(self) -> None:
        for server in self.servers:
            server.shutdown()
            server.server_close()
