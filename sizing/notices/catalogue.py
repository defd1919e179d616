"""What the sheet says of a machine, and what the catalogue says."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from config import units
from config.schema import ClusterConfig
from config.schema_stated import Printed, Stated
from sizing.catalogue import load
from sizing.model import ControlPlanePlan, InstanceType, Notice, PoolPlan
from sizing.notices.words import figure
from sizing.quorum import quorum, tolerance


@dataclass(frozen=True, kw_only=True)
class _Figure:
    """One figure of a type: what was said in the sheet's words, and whether it is the type's."""

    label: str
    said: str
    known: str
    right: bool


def stated(config: ClusterConfig, pools: Mapping[str, PoolPlan], control_plane: ControlPlanePlan) -> Iterator[Notice]:
    """Yield where what is stated of a machine differs from the catalogue, or had to be read with care."""
    given: dict[str, tuple[Stated | None, InstanceType]] = {
        f"pool {name}": (pool.stated, pools[name].instance) for name, pool in config.pools.items() if name in pools
    }
    given["control plane"] = (config.control_plane.stated, control_plane.instance)
    for where, (said, instance) in given.items():
        if said is not None:
            yield from _compare(where, said, instance, config.region)
    yield from _units({where: said.printed for where, (said, _) in given.items() if said and said.printed})
    yield from _same(config, pools)
    yield from _members(config, control_plane)


def _compare(where: str, said: Stated, instance: InstanceType, region: str) -> Iterator[Notice]:
    wrong = [item for item in _figures(said, instance, region) if not item.right]
    if not wrong:
        return
    owner = next((other.name for other in load().values() if _matches(said, other, region)), None)
    hint = f"; the figures stated are those of {owner}" if owner else ""
    differences = ", ".join(f"{item.label} {item.said} is {item.known}" for item in wrong)
    yield Notice(
        code="catalogue-mismatch",
        text=f"{where}: {instance.name} in the catalogue: {differences}{hint}; the catalogue is used",
    )


def _figures(said: Stated, instance: InstanceType, region: str) -> Iterator[_Figure]:
    printed = said.printed or Printed()
    cpu = units.cpu(printed.cpu) if printed.cpu else None
    memory = units.memory_gib(printed.memory) if printed.memory else None
    price = instance.prices.get(region)
    yield from _number("vCPU", cpu.vcpu if cpu else said.vcpu, Decimal(instance.vcpu))
    yield from _number("memory GiB", said.memory_gib if memory is None else memory, instance.memory_gib)
    if price is not None:
        yield from _number("USD/h", said.price_usd_hour, price.hour)
    if printed.network is not None:
        yield from _network(printed.network, instance)


def _number(label: str, said: float | Decimal | None, known: Decimal) -> Iterator[_Figure]:
    if said is not None:
        yield _Figure(label=label, said=f"{said:g}", known=figure(known), right=Decimal(str(said)) == known)


def _network(text: str, instance: InstanceType) -> Iterator[_Figure]:
    said = units.network(text)
    if said is None:
        return
    if said.gbps is None:  # AWS words rates only for types before the current generation
        known, right = f"up to {figure(instance.network_gbps_burst)} Gb/s", not instance.current_generation
    else:
        most, always = instance.network_gbps_burst, instance.network_gbps_baseline
        known = f"{figure(always)} Gb/s, up to {figure(most)}"
        right = said.gbps in ({most} if said.burst else {always, most})
    yield _Figure(label="network", said=f"'{text}'", known=known, right=right)


def _matches(said: Stated, instance: InstanceType, region: str) -> bool:
    return region in instance.prices and all(item.right for item in _figures(said, instance, region))


def _units(printed: Mapping[str, Printed]) -> Iterator[Notice]:
    readings: dict[str, str] = {}
    for figures in printed.values():
        for key in ("cpu", "memory", "network"):
            text: str | None = getattr(figures, key)
            if text is not None and not units.CANONICAL[key].fullmatch(text.strip()):
                reading = _reading(key, text)
                if reading is not None:
                    readings[f"{key} '{text}'"] = reading
    if readings:
        listed = ", ".join(f"{said} as {read}" for said, read in readings.items())
        yield Notice(
            code="units-normalised",
            text=f"units of the sheet were read by their meaning: {listed}; a vCPU is a thread, memory is GiB, networks"
            " carry Gb/s",
        )


def _reading(key: str, text: str) -> str | None:
    if key == "cpu":
        cpu = units.cpu(text)
        return None if cpu is None else f"{cpu.vcpu} vCPU" + (f" on {cpu.cores} cores" if cpu.cores else "")
    if key == "memory":
        memory = units.memory_gib(text)
        return None if memory is None else f"{memory:g} GiB"
    network = units.network(text)
    if network is None or network.gbps is None:
        return None
    return f"{'up to ' if network.burst else ''}{network.gbps:g} Gb/s"


def _same(config: ClusterConfig, pools: Mapping[str, PoolPlan]) -> Iterator[Notice]:
    for name, pool in config.pools.items():
        other = pool.stated.same_as if pool.stated else None
        if other is None or other not in pools:
            continue
        mine, its = pools[name].instance, pools[other].instance
        if mine.name != its.name:
            yield Notice(
                code="same-spec-mismatch",
                text=f"pool {name}: said to have the machine of pool {other}, but {mine.name} ({mine.vcpu} vCPU,"
                f" {mine.memory_gib:g} GiB) is not {its.name} ({its.vcpu} vCPU, {its.memory_gib:g} GiB);"
                f" {mine.name} is used",
            )


def _members(config: ClusterConfig, control_plane: ControlPlanePlan) -> Iterator[Notice]:
    count = config.control_plane.stated.count if config.control_plane.stated else None
    if count is not None and count % 2 == 0:
        yield Notice(
            code="even-control-plane",
            text=f"control plane: the sheet has {count} machines; {count} etcd members need {quorum(count)} to write"
            f" and tolerate the loss of {tolerance(count)}, as {count - 1} would; {len(control_plane.slots)} planned",
        )
