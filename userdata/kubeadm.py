"""kubeadm's documents (v1beta4) as plain data. What only a machine knows at boot is filled in there, see `kubeadm.sh`.

Field names and defaults: `cmd/kubeadm/app/apis/kubeadm/v1beta4` and `k8s.io/kube-proxy/config` of Kubernetes 1.36.
Hardening: the CIS Kubernetes benchmark 1.12, items named where they are decided.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from sizing.firewall import API_PORT
from sizing.model import ControlPlanePlan, Plan, PoolPlan
from userdata.kubelet import (
    CIPHERS,
    CREDENTIAL_PROVIDERS,
    PATCHES,
    PROGRAMS,
    Document,
    kubelet_configuration,
    signed_kubelets,
)

CRI_SOCKET: Final = "unix:///run/containerd/containerd.sock"
DISCOVERY_FILE: Final = "/run/groundswell/discovery.conf"
API_SERVER_FILES: Final = "/etc/groundswell/apiserver"
AUDIT_LOGS: Final = "/var/log/kubernetes/audit"
ENCRYPTION_FILE: Final = "/etc/kubernetes/pki/encryption.json"
"""Lies with the keys that all control planes share; kubeadm mounts that folder into the API server itself."""

ETCD_QUOTA_GIB: Final = 8
"""The largest backend that etcd recommends; half of the volume stays free for snapshots and defragmentation."""

SLOW_ETCD: Final[Mapping[str, str]] = MappingProxyType({"election-timeout": "2500", "heartbeat-interval": "500"})
"""Milliseconds. A burstable machine is put aside for a while when its host is busy or its credits are gone; etcd's own
second would then elect a leader anew each time. The values are those of OpenShift's hardware speed "Slower"."""

_TLS: Final[Mapping[str, str]] = MappingProxyType(
    {"tls-cipher-suites": ",".join(CIPHERS), "tls-min-version": "VersionTLS12"}
)
"""CIS 1.2.29, for controller manager and scheduler too."""


def init_documents(plan: Plan, slot: str) -> tuple[Document, ...]:
    """Everything `kubeadm init` reads, for one slot; the resume steps of every slot use it too.

    Args:
        plan: the plan.
        slot: letter of the slot.
    """
    return (
        _cluster_configuration(plan),
        {
            **_kubeadm("InitConfiguration"),
            # kubeadm always makes one token. Joins use minted ones, so this one ends at once and is never printed.
            "bootstrapTokens": [{"ttl": "1m0s", "usages": ["authentication"]}],
            "localAPIEndpoint": _local_endpoint(plan, slot),
            "nodeRegistration": _control_plane_registration(plan.control_plane),
            "skipPhases": ["show-join-command"],
            "patches": {"directory": PATCHES},
            "timeouts": _timeouts(),
        },
        kubelet_configuration(plan),
        _kube_proxy_configuration(plan),
    )


def control_plane_join_documents(plan: Plan, slot: str) -> tuple[Document, ...]:
    """What `kubeadm join` reads on a further control plane. Shared keys are on its disk: no certificate key exists."""
    return (
        {
            **_join(),
            "controlPlane": {"localAPIEndpoint": _local_endpoint(plan, slot)},
            "nodeRegistration": _control_plane_registration(plan.control_plane),
        },
    )


def worker_join_documents(pool: PoolPlan) -> tuple[Document, ...]:
    """What `kubeadm join` reads on a worker. The role label is set later: NodeRestriction refuses it from a kubelet."""
    labels = ",".join(f"{key}={value}" for key, value in sorted(pool.labels.items()))
    arguments = {"node-labels": labels} if labels else {}
    return (
        {
            **_join(),
            "nodeRegistration": {**_registration(arguments), "taints": [_taint(text) for text in pool.taints]},
        },
    )


def _kubeadm(kind: str) -> Document:
    return {"apiVersion": "kubeadm.k8s.io/v1beta4", "kind": kind}


def _arguments(values: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in sorted(values.items())]


def _timeouts() -> dict[str, str]:
    """Generous: a slow disk or registry is no fault, and systemd starts the bootstrap again in any case."""
    return {
        "controlPlaneComponentHealthCheck": "15m0s",
        "etcdAPICall": "5m0s",
        "kubeletHealthCheck": "10m0s",
        "kubernetesAPICall": "5m0s",
        "tlsBootstrap": "10m0s",
    }


def _join() -> Document:
    """Discovery by a file that the machine writes: it holds the CA, and the token as its user."""
    return {
        **_kubeadm("JoinConfiguration"),
        "discovery": {"file": {"kubeConfigPath": DISCOVERY_FILE}},
        "patches": {"directory": PATCHES},
        "timeouts": _timeouts(),
    }


def _registration(arguments: Mapping[str, str]) -> Document:
    return {
        "criSocket": CRI_SOCKET,
        "imagePullSerial": False,
        "kubeletExtraArgs": _arguments(
            {
                "cloud-provider": "external",
                "image-credential-provider-bin-dir": PROGRAMS,
                "image-credential-provider-config": CREDENTIAL_PROVIDERS,
                **arguments,
            }
        ),
    }


def _control_plane_registration(control_plane: ControlPlanePlan) -> Document:
    """Without a list of taints kubeadm sets its own; an empty list lets other pods in."""
    return {**_registration({}), **({"taints": []} if control_plane.schedulable else {})}


def _taint(text: str) -> dict[str, str]:
    pair, _, effect = text.rpartition(":")
    key, _, value = pair.partition("=")
    return {"key": key, "value": value, "effect": effect}


def _local_endpoint(plan: Plan, slot: str) -> Document:
    return {"advertiseAddress": str(plan.control_plane.slots[slot].address), "bindPort": API_PORT}


def _cluster_configuration(plan: Plan) -> Document:
    return {
        **_kubeadm("ClusterConfiguration"),
        "clusterName": plan.name,
        "kubernetesVersion": f"v{plan.config.kubernetes.version}",
        "controlPlaneEndpoint": f"{plan.network.api_name}:{API_PORT}",
        "networking": {
            "podSubnet": str(plan.config.network.pod_cidr),
            "serviceSubnet": str(plan.config.network.service_cidr),
        },
        "apiServer": {
            "certSANs": [plan.network.api_name, "127.0.0.1", *_slot_addresses(plan)],
            "extraArgs": _arguments(_api_server_arguments(plan)),
            "extraVolumes": [
                _volume("groundswell", API_SERVER_FILES, read_only=True),
                _volume("audit", AUDIT_LOGS, read_only=False),
            ],
        },
        "controllerManager": {
            "extraArgs": _arguments(
                {
                    # Calico hands out blocks of its own; one range per node would end at 256 nodes of a /16.
                    "allocate-node-cidrs": "false",
                    "cloud-provider": "external",
                    "leader-elect": "true",
                    "profiling": "false",  # CIS 1.3.2
                    "terminated-pod-gc-threshold": "1000",  # CIS 1.3.1
                    **_TLS,
                }
            )
        },
        "scheduler": {"extraArgs": _arguments({"leader-elect": "true", "profiling": "false", **_TLS})},  # CIS 1.4.1
        "etcd": {"local": {"extraArgs": _arguments(_etcd_arguments(plan))}},
    }


def _slot_addresses(plan: Plan) -> Sequence[str]:
    return [str(slot.address) for slot in plan.control_plane.slots.values()]


def _volume(name: str, path: str, *, read_only: bool) -> Document:
    return {
        "name": name,
        "hostPath": path,
        "mountPath": path,
        "pathType": "DirectoryOrCreate",
        "readOnly": read_only,
    }


def _api_server_arguments(plan: Plan) -> dict[str, str]:
    """Flags of the API server. `cloud-provider` is not among them: the flag is gone since Kubernetes 1.33."""
    arguments = {
        "admission-control-config-file": f"{API_SERVER_FILES}/admission.yaml",
        "audit-log-maxage": "30",  # days; CIS 1.2.16 to 1.2.19
        "audit-log-maxbackup": "10",
        "audit-log-maxsize": "100",  # MB
        "audit-log-path": f"{AUDIT_LOGS}/audit.log",
        "audit-policy-file": f"{API_SERVER_FILES}/audit-policy.yaml",
        "authentication-config": f"{API_SERVER_FILES}/authentication.yaml",  # CIS 1.2.1
        "enable-admission-plugins": "DenyServiceExternalIPs,EventRateLimit,NodeRestriction",  # CIS 1.2.3, 1.2.9, 1.2.14
        "encryption-provider-config": ENCRYPTION_FILE,  # CIS 1.2.27
        # A new key is taken up without a restart, on every control plane.
        "encryption-provider-config-automatic-reload": "true",
        "profiling": "false",  # CIS 1.2.15
        # Tokens that pods do not renew end after their hour, not after a year.
        "service-account-extend-token-expiration": "false",  # CIS 1.2.30
        **_TLS,
    }
    if signed_kubelets(plan):
        arguments["kubelet-certificate-authority"] = "/etc/kubernetes/pki/ca.crt"  # CIS 1.2.5
    return arguments


def etcd_quota_bytes(plan: Plan) -> int:
    """The size at which etcd stops taking writes, bytes."""
    return min(ETCD_QUOTA_GIB, plan.control_plane.etcd_disk_gib // 2) * 1024**3


def _etcd_arguments(plan: Plan) -> dict[str, str]:
    arguments = {
        "cipher-suites": ",".join(CIPHERS),
        "quota-backend-bytes": str(etcd_quota_bytes(plan)),
        "tls-min-version": "TLS1.2",
    }
    if len(plan.control_plane.slots) > 1 and plan.control_plane.credits is not None:
        arguments |= SLOW_ETCD
    return arguments


def _kube_proxy_configuration(plan: Plan) -> Document:
    return {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "clusterCIDR": str(plan.config.network.pod_cidr),
        "metricsBindAddress": "127.0.0.1:10249",  # CIS 4.3.1
        "mode": plan.config.kubernetes.kube_proxy_mode,
        # Node ports listen on the node's own address, not on every address of every interface.
        "nodePortAddresses": ["primary"],
    }
