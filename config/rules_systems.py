"""Rules about what runs on the machines: Kubernetes versions, kube-proxy, images."""

from collections.abc import Iterator
from typing import Final

from config.problems import Problem
from config.rules_common import Rule, at
from config.schema import ClusterConfig
from userdata.pins import SUPPORTED_KUBERNETES, check_compatibility

NFTABLES_SYSTEMS: Final = ("ubuntu-24.04", "amazon-linux-2023")
"""Where the mode is offered: kube-proxy's own nft 1.0.6 fails on sets of nft 1.1.3 (kubernetes/kubernetes#136786)."""

SAMPLE_AMIS: Final = (
    "ami-0123456789abcdef0",
    "ami-1234567890abcdef0",
    "ami-0abcdef1234567890",
    "ami-12345678",
)
"""Ids that documentation uses."""


def versions(config: ClusterConfig) -> Iterator[Problem]:
    """The Kubernetes version has pinned programs and runs on the operating system."""
    reason = check_compatibility(config.machine.os, config.kubernetes.version)
    if reason is not None:
        yield Problem(
            path=at("kubernetes", "version"),
            value=config.kubernetes.version,
            rule=f"has no pinned programs for {config.machine.os}",
            fix=f"use one of {', '.join(SUPPORTED_KUBERNETES)}",
            also=(at("machine", "os"),),
        )


def proxy(config: ClusterConfig) -> Iterator[Problem]:
    """The nftables mode runs only where the host's nft gets on with the one of kube-proxy."""
    if config.kubernetes.kube_proxy_mode == "nftables" and config.machine.os not in NFTABLES_SYSTEMS:
        yield Problem(
            path=at("kubernetes", "kube_proxy_mode"),
            value="nftables",
            rule=f"is not supported on {config.machine.os}",
            fix=f"use iptables, or one of {', '.join(NFTABLES_SYSTEMS)}",
            also=(at("machine", "os"),),
        )


def amis(config: ClusterConfig) -> Iterator[Problem]:
    """No AMI id was copied from documentation."""
    for architecture, ami in config.machine.ami.items():
        if ami in SAMPLE_AMIS or len(set(ami.removeprefix("ami-"))) == 1:
            yield Problem(
                path=at("machine", "ami", architecture),
                value=ami,
                rule="is an example from documentation, no image",
                fix="give the id of a real image, or leave the key out",
            )


RULES: tuple[Rule, ...] = (versions, proxy, amis)
