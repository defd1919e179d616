"""Rules about mirrors: who may answer without TLS, and a sum for everything that has no signature."""

from collections.abc import Iterator, Mapping
from ipaddress import AddressValueError, IPv4Address
from urllib.parse import urlsplit

from config.errors import suggestion
from config.problems import MISSING, Problem
from config.rules_common import Rule, at
from config.schema import ClusterConfig
from sizing.catalogue import load
from userdata.pins import SUPPORTED_KUBERNETES, check_compatibility, image_stems, node_artifacts

MIRROR = ("machine", "mirror")


def address(config: ClusterConfig) -> Iterator[Problem]:
    """A mirror's address can be used by a node; without TLS it is a private one."""
    if config.machine.mirror is None:
        return
    given = config.machine.mirror.address
    parts = urlsplit(given)
    path = at(*MIRROR, "address")
    if parts.scheme == "file" and parts.path in {"", "/"}:
        yield Problem(path=path, value=given, rule="names no folder", fix="give one such as file:///srv/mirror")
    if parts.scheme in {"http", "https"} and not _usable_port(given):
        yield Problem(path=path, value=given, rule="has no port from 1 to 65535", fix="correct the port")
    elif parts.scheme == "http" and not _is_private(parts.hostname or ""):
        yield Problem(
            path=path,
            value=given,
            rule="has no TLS, and its host is no private IPv4 address",
            fix="use https://, or the mirror's private address",
        )


def _usable_port(given: str) -> bool:
    try:
        return urlsplit(given).port != 0
    except ValueError:
        return False


def _is_private(host: str) -> bool:
    try:
        return IPv4Address(host).is_private
    except AddressValueError:
        return False


def sums(config: ClusterConfig) -> Iterator[Problem]:
    """Sums are those of programs or image archives that a node fetches."""
    mirror = config.machine.mirror
    if mirror is None or check_compatibility(config.machine.os, config.kubernetes.version) is not None:
        return
    images = image_stems(config.kubernetes.version)
    known = {*node_artifacts(config.machine.os, config.kubernetes.version), *images, *mirror.archives}
    for name, by_architecture in mirror.sums.items():
        if name not in known:
            close = suggestion(name, known)
            yield Problem(
                path=at(*MIRROR, "sums", name),
                value=dict(by_architecture),
                rule="belongs to no program and no image archive",
                fix=f"did you mean {close}?" if close else f"use one of {', '.join(sorted(known))}",
                also=(at(*MIRROR, "archives"), at("machine", "os"), at("kubernetes", "version")),
            )


def archives(config: ClusterConfig) -> Iterator[Problem]:
    """Every image archive has a sum for each architecture of the machines."""
    mirror = config.machine.mirror
    if mirror is None or config.kubernetes.version not in SUPPORTED_KUBERNETES:
        return
    wanted = [*(image_stems(config.kubernetes.version) if mirror.images else ()), *mirror.archives]
    machines = _architectures(config)
    for name in wanted:
        given: Mapping[str, str] = mirror.sums.get(name, {})
        for architecture in sorted(machines.keys() - given.keys()):
            yield Problem(
                path=at(*MIRROR, "sums", name, architecture),
                value=MISSING,
                rule="is required: no image archive is imported unchecked",
                fix="leave images and archives out, and `python -m userdata mirror --sums FOLDER` prints the sums",
                also=(at(*MIRROR, "sums", "*"), at(*MIRROR, "images"), machines[architecture]),
            )


def _architectures(config: ClusterConfig) -> dict[str, str]:
    """Architectures of all machine types that may be chosen, each with a key path that asks for it."""
    catalogue = load()
    found: dict[str, str] = {}
    types: dict[str, str] = {}
    if config.control_plane.instance_type is not None:
        types[at("control_plane", "instance_type")] = config.control_plane.instance_type
    else:
        for instance in catalogue.values():
            if instance.family in config.control_plane.families:
                found.setdefault(instance.architecture, at("control_plane", "families"))
    for name, pool in config.pools.items():
        if pool.instance_type is not None:
            types[at("pools", name, "instance_type")] = pool.instance_type
        else:
            for instance in catalogue.values():
                if instance.family in pool.families:
                    found.setdefault(instance.architecture, at("pools", name, "families"))
    for path, name in types.items():
        if name in catalogue:
            found.setdefault(catalogue[name].architecture, path)
    return found


def packages(config: ClusterConfig) -> Iterator[Problem]:
    """Packages come from one's own tree for every architecture of the machines, or for none."""
    given = config.machine.packages
    for architecture, tree in given.items():
        if not _usable_port(tree):
            yield Problem(
                path=at("machine", "packages", architecture),
                value=tree,
                rule="has no port from 1 to 65535",
                fix="correct the port",
            )
    machines = _architectures(config) if given else {}
    for architecture in sorted(machines.keys() - given.keys()):
        yield Problem(
            path=at("machine", "packages", architecture),
            value=MISSING,
            rule=f"is required: there are machines of {architecture}, and the other architecture has its own tree",
            fix="give its package tree, or leave machine.packages out",
            also=(at("machine", "packages", "*"), machines[architecture]),
        )


RULES: tuple[Rule, ...] = (address, sums, archives, packages)
