"""The kubelet's configuration: what all have in common, and what each machine keeps back.

Field names and defaults: `k8s.io/kubelet/config/v1beta1` of Kubernetes 1.36. CIS items: benchmark 1.12.
"""

from typing import Final

from sizing.model import Plan, Reserves

Document = dict[str, object]

PATCHES: Final = "/etc/groundswell/patches"
KUBELET_PATCH: Final = f"{PATCHES}/kubeletconfiguration+merge.json"
"""kubeadm reads target and patch type from the name."""

PROGRAMS: Final = "/usr/local/lib/groundswell"
CREDENTIAL_PROVIDERS: Final = "/etc/groundswell/credential-providers.json"
"""How the kubelet logs in to Amazon ECR: since 1.27 it has no way of its own."""

CIPHERS: Final = (
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
)
"""TLS 1.2 suites with authenticated encryption (CIS 1.2.29, 4.2.12); TLS 1.3 has no others."""

POD_PIDS_LIMIT: Final = 4096
"""Processes of one pod: far above any service, far below the kernel's limit for the machine."""


def signed_kubelets(plan: Plan) -> bool:
    """Serving certificates signed by the cluster need an approver: without one, logs and exec would break."""
    return plan.config.addons.csr_approver


def kubelet_configuration(plan: Plan) -> Document:
    """What all kubelets have in common; kubeadm keeps it in the cluster for those that join."""
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "authentication": {  # CIS 4.2.1, 4.2.3
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": "/etc/kubernetes/pki/ca.crt"},
        },
        "authorization": {"mode": "Webhook"},  # CIS 4.2.2
        "cgroupDriver": "systemd",
        "clusterDNS": [str(plan.network.dns_service_ip)],
        "failSwapOn": True,
        "maxPods": plan.config.kubernetes.max_pods,
        "podPidsLimit": POD_PIDS_LIMIT,  # CIS 4.2.13
        "protectKernelDefaults": True,
        "readOnlyPort": 0,
        "rotateCertificates": True,
        "seccompDefault": True,  # CIS 4.2.14
        "serializeImagePulls": False,
        "serverTLSBootstrap": signed_kubelets(plan),  # CIS 4.2.9 to 4.2.11
        "shutdownGracePeriod": "60s",
        "shutdownGracePeriodCriticalPods": "20s",
        "tlsCipherSuites": list(CIPHERS),
        "tlsMinVersion": "VersionTLS12",
    }


def kubelet_patch(reserves: Reserves) -> Document:
    """The part of the KubeletConfiguration that differs between machines: what the kubelet keeps back.

    The figures are those that the packer subtracted. A map in the configuration replaces the defaults as a whole, so
    the disk thresholds are repeated (defaults of Kubernetes 1.36).
    """
    return {
        "kubeReserved": {"cpu": f"{reserves.kube_cpu_m}m", "memory": f"{reserves.kube_memory_mib}Mi"},
        "evictionHard": {
            "memory.available": f"{reserves.eviction_memory_mib}Mi",
            "nodefs.available": "10%",
            "nodefs.inodesFree": "5%",
            "imagefs.available": "15%",
            "imagefs.inodesFree": "5%",
        },
    }
