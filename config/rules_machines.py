"""Rules about machine types: in the catalogue, large enough, offered and priced where they are wanted."""

from collections.abc import Iterable, Iterator
from typing import Final

from config.problems import Problem
from config.rules_capacity import packed
from config.rules_common import Rule, at, no_such
from config.schema import ClusterConfig
from sizing.catalogue import REGION_ZONES, load
from sizing.model import InstanceType

CONTROL_PLANE_FLOOR: Final = (2, 2)
"""vCPU and GiB: kubeadm's own preflight."""
WORKER_FLOOR: Final = (1, 1)


def region(config: ClusterConfig) -> Iterator[Problem]:
    """The region is one with zones and prices in the catalogue."""
    if config.region not in REGION_ZONES:
        yield Problem(
            path=at("region"),
            value=config.region,
            rule="the catalogue has no prices for this region",
            fix=f"use one of {', '.join(REGION_ZONES)}, or add the region to the catalogue with a source",
        )


def control_plane(config: ClusterConfig) -> Iterator[Problem]:
    """The control planes' type exists, meets kubeadm's floor and is offered in every slot's zone."""
    given = config.control_plane
    path = at("control_plane", "instance_type")
    slots = at("control_plane", "slots")
    if given.instance_type is None:
        yield from _families(config, ("control_plane",), given.families, set(given.slots.values()))
        return
    instance = load().get(given.instance_type)
    if instance is None:
        yield _unknown_type(path, given.instance_type)
        return
    yield from _floor(path, instance, CONTROL_PLANE_FLOOR, "a control plane (kubeadm)")
    yield from _offer(config, path, instance, given.slots.values(), (slots,))
    yield from _sustained(config, instance)


def _sustained(config: ClusterConfig, instance: InstanceType) -> Iterator[Problem]:
    """A burstable control plane lives on what it earns back: in the long run it cannot use more."""
    mean, share = config.control_plane.mean_cpu_m, instance.cpu_baseline_fraction
    if mean is not None and share is not None and mean >= instance.vcpu * 1000 * share:
        yield Problem(
            path=at("control_plane", "mean_cpu_m"),
            value=mean,
            rule=f"{instance.name} earns back {int(instance.vcpu * 1000 * share)}m in the long run, and its credits"
            " would run out",
            fix="use a larger type, or one that does not burst",
            also=(at("control_plane", "instance_type"),),
        )


def workers(config: ClusterConfig) -> Iterator[Problem]:
    """Every pool's type exists, meets the floor and is offered in the pool's zones."""
    for name, pool in config.pools.items():
        if pool.instance_type is None:
            continue
        path = at("pools", name, "instance_type")
        instance = load().get(pool.instance_type)
        if instance is None:
            yield _unknown_type(path, pool.instance_type)
            continue
        yield from _floor(path, instance, WORKER_FLOOR, "a worker")
        wanted = pool.zones or config.network.zones
        yield from _offer(config, path, instance, wanted, (at("pools", name, "zones"), at("network", "zones")))


def families(config: ClusterConfig) -> Iterator[Problem]:
    """A pool without a type names families that exist and have a type on offer in its zones."""
    for name, pool in config.pools.items():
        if pool.instance_type is None:
            wanted = set(pool.zones or config.network.zones)
            yield from _families(config, ("pools", name), pool.families, wanted, mixed=packed(pool))


def _families(
    config: ClusterConfig, owner: tuple[str, ...], families: tuple[str, ...], wanted: set[str], *, mixed: bool = False
) -> Iterator[Problem]:
    """Families exist, and one type is on offer in all zones; of a mix of types one in each zone is enough."""
    known = sorted({instance.family for instance in load().values()})
    path = at(*owner, "families")
    if not families:
        yield Problem(
            path=path,
            value=[],
            rule="must not be empty without instance_type",
            fix=f"name one or more of {', '.join(known)}",
            also=(at(*owner, "instance_type"),),
        )
        return
    for family in families:
        if family not in known:
            yield no_such(path, family, "instance family of the catalogue", known, at("catalogue"))
    together = [{zone} for zone in sorted(wanted)] if mixed else [wanted]
    missing = set[str]().union(*(zones for zones in together if not _any_offered(config, set(families), zones)))
    if set(families) <= set(known) and missing:
        yield Problem(
            path=path,
            value=list(families),
            rule=f"none of their types has a price and is offered in {_zones(config, missing)}",
            fix="name another family, or other zones",
            also=(at("pools", owner[-1], "zones"), at("network", "zones"), at("control_plane", "slots"), at("region")),
        )


def _any_offered(config: ClusterConfig, families: set[str], zones: set[str]) -> bool:
    return any(
        instance.family in families
        and config.region in instance.prices
        and zones <= set(instance.zones.get(config.region, ""))
        for instance in load().values()
    )


def _unknown_type(path: str, name: str) -> Problem:
    family = name.partition(".")[0]
    sizes = [known for known in load() if known.startswith(f"{family}.")]
    families = sorted({instance.family for instance in load().values()})
    known = f"use one of {', '.join(sizes)}" if sizes else f"use a type of {', '.join(families)}"
    return Problem(
        path=path,
        value=name,
        rule="is no type of the catalogue, so its size and price are not known",
        fix=known,
    )


def _floor(path: str, instance: InstanceType, floor: tuple[int, int], role: str) -> Iterator[Problem]:
    vcpu, memory = floor
    if instance.vcpu < vcpu or instance.memory_gib < memory:
        yield Problem(
            path=path,
            value=instance.name,
            rule=f"has {instance.vcpu} vCPU, {instance.memory_gib} GiB, but {role} needs {vcpu} vCPU, {memory} GiB",
            fix="choose a larger type",
        )


def _offer(
    config: ClusterConfig, path: str, instance: InstanceType, wanted: Iterable[str], also: tuple[str, ...]
) -> Iterator[Problem]:
    offered = instance.zones.get(config.region, "")
    also = (*also, at("region"))
    if config.region not in REGION_ZONES:
        return
    known = set(REGION_ZONES[config.region]) & set(config.network.zones)
    missing = {zone for zone in wanted if zone in known and zone not in offered}
    if config.region not in instance.prices:
        yield Problem(
            path=path,
            value=instance.name,
            rule=f"has no known price in {config.region}",
            fix="choose a type that is sold there",
            also=also,
        )
    elif missing:
        yield Problem(
            path=path,
            value=instance.name,
            rule=f"is not offered in {_zones(config, missing)} (only in {_zones(config, offered)})",
            fix="choose another type, or other zones",
            also=also,
        )


def _zones(config: ClusterConfig, letters: Iterable[str]) -> str:
    return ", ".join(f"{config.region}{letter}" for letter in sorted(letters))


RULES: tuple[Rule, ...] = (region, control_plane, workers, families)
