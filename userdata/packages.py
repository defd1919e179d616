"""Where the system's own packages come from, when that is not what the image says."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from sizing.model import InstanceType, Plan

SUITES: Final[Mapping[str, tuple[str, str, str]]] = MappingProxyType(
    {
        "ubuntu-24.04": ("noble noble-updates noble-security", "main universe", "ubuntu-archive-keyring.gpg"),
        "debian-12": ("bookworm bookworm-updates", "main", "debian-archive-keyring.gpg"),
    }
)
"""Suites, components and the keyring that signs them. Debian's security suite lies in a tree of its own."""

_REPOSITORY: Final = """\
[packages]
name=packages
baseurl={address}
gpgcheck=1
gpgkey=file:///etc/pki/rpm-gpg/RPM-GPG-KEY-amazon-linux-2023
"""


def sources(plan: Plan, instance: InstanceType) -> dict[str, str]:
    """The file that takes the place of the image's package sources, by path; none without a tree of one's own.

    Signatures are checked with the keys of the image, so a tree cannot change what is installed.
    """
    system, address = plan.config.machine.os, plan.config.machine.packages.get(instance.architecture)
    if address is None:
        return {}
    if system not in SUITES:
        return {"/etc/groundswell/packages.repo": _REPOSITORY.format(address=address)}
    suites, components, keyring = SUITES[system]
    lines = (
        "Types: deb",
        f"URIs: {address}",
        f"Suites: {suites}",
        f"Components: {components}",
        f"Signed-By: /usr/share/keyrings/{keyring}",
    )
    return {"/etc/groundswell/packages.sources": "".join(f"{line}\n" for line in lines)}
