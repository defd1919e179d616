"""The scored configuration checks of the CIS Kubernetes benchmark 1.12, as kube-bench's set `cis-1.12` numbers them.

36 look at the flags of API server, controller manager, scheduler and etcd, 6 at the configuration of kubelet and
kube-proxy. Each is said here once, as a condition on those flags or documents; no file of kube-bench is used.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

Flags = Mapping[str, str]
Test = Callable[[Flags], bool]

API, MANAGER, SCHEDULER, ETCD = "kube-apiserver", "kube-controller-manager", "kube-scheduler", "etcd"


@dataclass(frozen=True)
class Check:
    """One check: its number, the program that it looks at, what must hold, and the condition."""

    number: str
    program: str
    holds: str
    test: Test


def given(*names: str) -> Test:
    return lambda flags: all(flags.get(name) for name in names)


def absent(name: str) -> Test:
    return lambda flags: name not in flags


def equal(name: str, value: str) -> Test:
    return lambda flags: flags.get(name) == value


def absent_or(name: str, value: str) -> Test:
    return lambda flags: flags.get(name, value) == value


def at_least(name: str, number: int) -> Test:
    return lambda flags: name in flags and int(flags[name]) >= number


def has(name: str, item: str) -> Test:
    return lambda flags: item in flags.get(name, "").split(",")


def lacks(name: str, item: str) -> Test:
    return lambda flags: item not in flags.get(name, "").split(",")


FLAG_CHECKS = (
    Check("1.2.2", API, "no file of static tokens", absent("token-auth-file")),
    Check("1.2.4", API, "a client certificate for kubelets", given("kubelet-client-certificate", "kubelet-client-key")),
    Check("1.2.5", API, "kubelets' certificates are checked", given("kubelet-certificate-authority")),
    Check(
        "1.2.6", API, "not everything is allowed",
        lambda flags: given("authorization-mode")(flags) and lacks("authorization-mode", "AlwaysAllow")(flags),
    ),
    Check("1.2.7", API, "kubelets see their own objects only", has("authorization-mode", "Node")),
    Check("1.2.8", API, "roles decide", has("authorization-mode", "RBAC")),
    Check("1.2.10", API, "AlwaysAdmit is off", lacks("enable-admission-plugins", "AlwaysAdmit")),
    Check("1.2.12", API, "ServiceAccount is on", lacks("disable-admission-plugins", "ServiceAccount")),
    Check("1.2.13", API, "NamespaceLifecycle is on", lacks("disable-admission-plugins", "NamespaceLifecycle")),
    Check("1.2.14", API, "NodeRestriction is on", has("enable-admission-plugins", "NodeRestriction")),
    Check("1.2.15", API, "no profiling", equal("profiling", "false")),
    Check("1.2.16", API, "an audit log", given("audit-log-path")),
    Check("1.2.17", API, "audit logs for 30 days", at_least("audit-log-maxage", 30)),
    Check("1.2.18", API, "10 old audit logs", at_least("audit-log-maxbackup", 10)),
    Check("1.2.19", API, "audit logs of 100 MB", at_least("audit-log-maxsize", 100)),
    Check("1.2.21", API, "tokens of deleted accounts end", absent_or("service-account-lookup", "true")),
    Check("1.2.22", API, "a key for service accounts", given("service-account-key-file")),
    Check("1.2.23", API, "a client certificate for etcd", given("etcd-certfile", "etcd-keyfile")),
    Check("1.2.24", API, "a serving certificate", given("tls-cert-file", "tls-private-key-file")),
    Check("1.2.25", API, "an authority for clients", given("client-ca-file")),
    Check("1.2.26", API, "etcd's certificate is checked", given("etcd-cafile")),
    Check("1.2.30", API, "tokens are not extended", equal("service-account-extend-token-expiration", "false")),
    Check("1.3.2", MANAGER, "no profiling", equal("profiling", "false")),
    Check(
        "1.3.3", MANAGER, "one account per controller",
        lambda flags: flags.get("use-service-account-credentials", "false") != "false",
    ),
    Check("1.3.4", MANAGER, "a key for service accounts", given("service-account-private-key-file")),
    Check("1.3.5", MANAGER, "an authority for pods", given("root-ca-file")),
    Check(
        "1.3.6", MANAGER, "kubelets' serving certificates rotate",
        lacks("feature-gates", "RotateKubeletServerCertificate=false"),
    ),
    Check("1.3.7", MANAGER, "listens on the loopback", absent_or("bind-address", "127.0.0.1")),
    Check("1.4.1", SCHEDULER, "no profiling", equal("profiling", "false")),
    Check("1.4.2", SCHEDULER, "listens on the loopback", absent_or("bind-address", "127.0.0.1")),
    Check("2.1", ETCD, "a serving certificate", given("cert-file", "key-file")),
    Check("2.2", ETCD, "clients need a certificate", equal("client-cert-auth", "true")),
    Check("2.3", ETCD, "no certificate of its own making", absent_or("auto-tls", "false")),
    Check("2.4", ETCD, "a certificate for peers", given("peer-cert-file", "peer-key-file")),
    Check("2.5", ETCD, "peers need a certificate", equal("peer-client-cert-auth", "true")),
    Check("2.6", ETCD, "no peer certificate of its own making", absent_or("peer-auto-tls", "false")),
)  # fmt: skip

KUBELET, PROXY = "KubeletConfiguration", "KubeProxyConfiguration"

DOCUMENT_CHECKS = (
    Check("4.2.1", KUBELET, "no anonymous request", equal("authentication.anonymous.enabled", "false")),
    Check(
        "4.2.2", KUBELET, "not everything is allowed",
        lambda flags: flags.get("authorization.mode", "AlwaysAllow") != "AlwaysAllow",
    ),
    Check("4.2.3", KUBELET, "an authority for clients", given("authentication.x509.clientCAFile")),
    Check("4.2.6", KUBELET, "the kubelet's own chains", absent_or("makeIPTablesUtilChains", "true")),
    Check("4.2.10", KUBELET, "client certificates rotate", absent_or("rotateCertificates", "true")),
    Check(
        "4.3.1", PROXY, "metrics on the loopback",
        lambda flags: "127.0.0.1" in flags.get("metricsBindAddress", "127.0.0.1"),
    ),
)  # fmt: skip


def flags_of(command: list[str]) -> dict[str, str]:
    """The flags of a command line: the last of two with one name counts, and one without a value is true."""
    flags = [argument.removeprefix("--").partition("=") for argument in command if argument.startswith("--")]
    return {name: value if equals else "true" for name, equals, value in flags}


def leaves(document: object, path: str = "") -> dict[str, str]:
    """A document's values by the names of the keys above them, joined by dots; lists count as their items."""
    if isinstance(document, Mapping):
        found: dict[str, str] = {}
        for key, value in document.items():
            found |= leaves(value, f"{path}.{key}" if path else str(key))
        return found
    if isinstance(document, list | tuple):
        return {path: ",".join(map(str, document))}
    return {path: str(document).lower() if isinstance(document, bool) else str(document)}


def failed(checks: tuple[Check, ...], seen: Mapping[str, Flags]) -> list[str]:
    """Numbers of the checks that do not hold for the flags or documents of each program."""
    return [check.number for check in checks if not check.test(seen[check.program])]
