"""Calico as its operator reads it: one Installation, and Felix where the source/destination check must go."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from components.manifests.parts import Manifest, metadata, platform_requests, quantities
from config.schema import ClusterConfig
from config.types import CalicoMode
from sizing.model import Plan, PodResources

ENCAPSULATIONS: Final[Mapping[CalicoMode, str]] = MappingProxyType(
    {
        "bgp": "IPIP",
        "bgp-cross-subnet": "IPIPCrossSubnet",
        "vxlan": "VXLAN",
        "vxlan-cross-subnet": "VXLANCrossSubnet",
    }
)
"""The operator's word for each mode; `bgp` wraps always, so EC2's source/destination check may stay on."""

OVERHEADS: Final[Mapping[str, int]] = MappingProxyType(
    {"IPIP": 20, "IPIPCrossSubnet": 20, "VXLAN": 50, "VXLANCrossSubnet": 50, "None": 0}
)
"""Bytes that an encapsulation adds: an IPv4 header, or Ethernet 14 + IPv4 20 + UDP 8 + VXLAN 8."""

LINK_MTU: Final = 9001
"""Jumbo frames, which every instance type carries inside a VPC."""

BLOCK_SIZE: Final = 26
"""Addresses are handed to nodes in blocks of 64: one route per node until it runs more pods than that."""

NODE_REQUESTS: Final = PodResources(cpu_m=250, memory_mib=128)
"""calico-node; part of what sizing keeps back for DaemonSets on every node."""

CRD_GROUP: Final = "crd.projectcalico.org/v1"


def mtu(encapsulation: str, link: int = LINK_MTU) -> int:
    """MTU of pod interfaces.

    The CrossSubnet forms wrap only part of the traffic, but an interface has one MTU: the wrapped part decides.

    Args:
        encapsulation: a word of `OVERHEADS`.
        link: MTU between the nodes, bytes.

    Raises:
        KeyError: unknown encapsulation.
    """
    return link - OVERHEADS[encapsulation]


def installation(plan: Plan) -> Manifest:
    """The Installation that the operator turns into calico-node, Typha and the kube-controllers."""
    config = plan.config
    mode, nftables = config.calico.mode, config.kubernetes.kube_proxy_mode == "nftables"
    encapsulation = ENCAPSULATIONS[mode]
    return {
        "apiVersion": "operator.tigera.io/v1",
        "kind": "Installation",
        "metadata": metadata("default"),
        "spec": {
            "variant": "Calico",
            "cni": {"type": "Calico", "ipam": {"type": "Calico"}},
            "kubeletVolumePluginPath": "None",  # no CSI driver of Calico's own
            "calicoNetwork": {
                "bgp": "Enabled" if mode.startswith("bgp") else "Disabled",
                "linuxDataplane": "Nftables" if nftables else "Iptables",
                "mtu": mtu(encapsulation),
                # Interface names differ between instance generations; the node's own address does not.
                "nodeAddressAutodetectionV4": {"kubernetes": "NodeInternalIP"},
                "ipPools": [_pool(config, encapsulation)],
            },
            "calicoNodeDaemonSet": _requests("calico-node", NODE_REQUESTS),
            "calicoKubeControllersDeployment": _requests(
                "calico-kube-controllers", platform_requests(config, "calico-kube-controllers")
            ),
            "typhaDeployment": _requests("calico-typha", platform_requests(config, "calico-typha")),
        },
    }


def _pool(config: ClusterConfig, encapsulation: str) -> Manifest:
    """The pool of pod addresses, defaults spelled out.

    The operator writes defaults that are missing into the list, becomes its owner by that, and the next change of
    ours would be refused as a conflict.
    """
    return {
        "name": "pods",
        "cidr": str(config.network.pod_cidr),
        "blockSize": BLOCK_SIZE,
        "encapsulation": encapsulation,
        "natOutgoing": "Enabled",
        "nodeSelector": "all()",
        "allowedUses": ["Workload", "Tunnel"],
        "assignmentMode": "Automatic",
        "disableBGPExport": False,
        "disableNewAllocations": False,
    }


def _requests(container: str, requests: PodResources) -> Manifest:
    containers = [{"name": container, "resources": {"requests": quantities(requests)}}]
    return {"spec": {"template": {"spec": {"containers": containers}}}}


def felix_source_destination_check(plan: Plan) -> Manifest | None:
    """Felix switches the check off on every machine it runs on; None in the modes that live with it.

    An Auto Scaling group cannot: launch templates know no such setting.
    """
    if not ENCAPSULATIONS[plan.config.calico.mode].endswith("CrossSubnet"):
        return None
    return {
        "apiVersion": CRD_GROUP,
        "kind": "FelixConfiguration",
        "metadata": metadata("default"),
        "spec": {"awsSrcDstCheck": "Disable"},
    }
