"""The certificates that kubeadm would make for stacked etcd members, with dates of a test's choice."""

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

LEAVES = {
    "apiserver": [],
    "apiserver-etcd-client": [],
    "apiserver-kubelet-client": [],
    "front-proxy-client": [],
    "etcd/server": ["etcd"],
    "etcd/peer": ["etcd"],
    "etcd/healthcheck-client": ["etcd"],
}
"""File below pki without its ending; whether etcd's own authority signs it."""


def _write(path: Path, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.with_suffix(".crt").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    form = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    path.with_suffix(".key").write_bytes(key.private_bytes(serialization.Encoding.PEM, *form))


class Authority:
    """One certificate authority."""

    def __init__(self, name: str, days: int = 3650) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.certificate = (
            self._builder(self.name, self.key, timedelta(days=days))
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(self.key, hashes.SHA256())
        )

    def store(self, path: Path) -> None:
        """Write certificate and key as `<path>.crt` and `<path>.key`."""
        _write(path, self.certificate, self.key)

    def issue(self, path: Path, address: str, *, left: timedelta = timedelta(days=365)) -> None:
        """Write a certificate for an address, for servers and clients alike, valid for a time from now."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, path.name)])
        names = x509.SubjectAlternativeName([x509.IPAddress(ip_address(address)), x509.DNSName("localhost")])
        usages = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH])
        certificate = (
            self._builder(subject, key, left)
            .add_extension(names, critical=False)
            .add_extension(usages, critical=False)
            .sign(self.key, hashes.SHA256())
        )
        _write(path, certificate, key)

    def _builder(self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, left: timedelta) -> x509.CertificateBuilder:
        now = datetime.now(UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=400))
            .not_valid_after(now + left)
        )


class Keys:
    """The authorities of one cluster."""

    def __init__(self) -> None:
        self.cluster, self.etcd = Authority("kubernetes"), Authority("etcd-ca")

    def store(self, pki: Path) -> None:
        """Write what all slots share."""
        self.cluster.store(pki / "ca")
        self.etcd.store(pki / "etcd/ca")

    def issue(self, pki: Path, address: str, *, left: timedelta = timedelta(days=365)) -> None:
        """Write one slot's own certificates."""
        for name, of_etcd in LEAVES.items():
            (self.etcd if of_etcd else self.cluster).issue(pki / name, address, left=left)
