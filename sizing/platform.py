"""Pods that the platform itself needs, and whether they fit beside the services.

Requests are those that our charts and custom resources set, or upstream's defaults where we set none.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from config.schema import ClusterConfig
from sizing.model import PodResources


@dataclass(frozen=True, kw_only=True)
class PlatformPod:
    """One kind of platform pod."""

    name: str
    count: int
    requests: PodResources
    one_per_node: bool = False
    """Two of them must never share a node."""


def platform_pods(config: ClusterConfig) -> tuple[PlatformPod, ...]:
    """Pods that run on workers beside the services; DaemonSets and static pods are reserved elsewhere."""
    pods = [
        PlatformPod(name="coredns", count=2, requests=PodResources(cpu_m=100, memory_mib=70)),
        PlatformPod(name="calico-typha", count=1, requests=PodResources(cpu_m=100, memory_mib=128)),
        PlatformPod(name="calico-kube-controllers", count=1, requests=PodResources(cpu_m=50, memory_mib=128)),
    ]
    if config.addons.csr_approver:
        pods.append(PlatformPod(name="kubelet-csr-approver", count=1, requests=PodResources(cpu_m=50, memory_mib=64)))
    if config.addons.metrics_server:
        pods.append(PlatformPod(name="metrics-server", count=1, requests=PodResources(cpu_m=100, memory_mib=200)))
    if config.addons.dashboard:
        pods.append(PlatformPod(name="headlamp", count=1, requests=PodResources(cpu_m=50, memory_mib=128)))
    if config.kafka is not None:
        broker = config.kafka.resources
        pods += [
            PlatformPod(
                name="kafka",
                count=config.kafka.brokers,
                requests=PodResources(cpu_m=broker.cpu_m, memory_mib=broker.memory_mib),
                one_per_node=True,
            ),
            PlatformPod(name="strimzi-operator", count=1, requests=PodResources(cpu_m=200, memory_mib=384)),
            PlatformPod(name="kafka-entity-operator", count=1, requests=PodResources(cpu_m=100, memory_mib=512)),
            PlatformPod(name="kafka-exporter", count=1, requests=PodResources(cpu_m=50, memory_mib=64)),
        ]
        if config.kafka.ui:
            pods.append(PlatformPod(name="kafka-ui", count=1, requests=PodResources(cpu_m=100, memory_mib=512)))
    return tuple(pods)


def place(pods: Sequence[PlatformPod], shares: Mapping[str, PodResources]) -> tuple[str, ...]:
    """Put the pods into the nodes' platform shares, largest memory first (first-fit decreasing).

    Args:
        pods: what to place.
        shares: free CPU and memory per node name.

    Returns:
        Names of the pods that found no node, in the order tried; empty when all fit.
    """
    free = {node: [share.cpu_m, share.memory_mib] for node, share in sorted(shares.items())}
    unplaced: list[str] = []
    for pod in sorted(pods, key=lambda pod: (-pod.requests.memory_mib, -pod.requests.cpu_m, pod.name)):
        used: set[str] = set()
        for _ in range(pod.count):
            node = next(
                (
                    name
                    for name, (cpu, memory) in free.items()
                    if cpu >= pod.requests.cpu_m
                    and memory >= pod.requests.memory_mib
                    and not (pod.one_per_node and name in used)
                ),
                None,
            )
            if node is None:
                unplaced.append(pod.name)
                continue
            used.add(node)
            free[node][0] -= pod.requests.cpu_m
            free[node][1] -= pod.requests.memory_mib
    return tuple(unplaced)
