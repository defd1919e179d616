"""Reads figures of a machine as sheets print them: `8(4 core)`, `15 GB`, `up to 10 Gb`, `High`.

Sheets mix Gb, GB and Gib freely. What is meant follows from the figure: memory is GiB, networks carry Gb/s, and a
vCPU is one thread of a core.
"""

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

_CPU: Final = re.compile(r"(?P<vcpu>\d{1,4}) ?(vCPUs?|CPUs?)?( ?\( ?(?P<cores>\d{1,4}) ?cores?\))?", re.IGNORECASE)
_MEMORY: Final = re.compile(r"(?P<size>\d{1,6}(\.\d{1,3})?) ?(?P<unit>[KMGT]i?B?|[KMGT]i?b)?")
_NETWORK: Final = re.compile(r"(?P<burst>up to )?(?P<rate>\d{1,4}(\.\d{1,3})?) ?(?P<unit>[a-z/]*)", re.IGNORECASE)
_RATES: Final = ("", "g", "gb", "gib", "gb/s", "gbit/s", "gbps", "gigabit")
_LABELS: Final = ("very low", "low", "low to moderate", "moderate", "high")
"""Words instead of rates, which AWS uses for types before the current generation."""
_GIB: Final = {"M": Decimal(1) / 1024, "G": Decimal(1), "T": Decimal(1024)}


@dataclass(frozen=True, kw_only=True)
class Cpu:
    """Threads, and cores where they were named."""

    vcpu: int
    cores: int | None


@dataclass(frozen=True, kw_only=True)
class Network:
    """Gb/s, sustained or at most for a while; or one of AWS's old words."""

    gbps: Decimal | None
    burst: bool
    label: str


def cpu(text: str) -> Cpu | None:
    """Read a number of vCPU, with cores in brackets or without; None for anything else."""
    found = _CPU.fullmatch(text.strip())
    if found is None or int(found["vcpu"]) == 0:
        return None
    return Cpu(vcpu=int(found["vcpu"]), cores=int(found["cores"]) if found["cores"] else None)


def memory_gib(text: str) -> Decimal | None:
    """Read a size of memory as GiB, whatever its letters; None for anything else."""
    found = _MEMORY.fullmatch(text.strip())
    if found is None or Decimal(found["size"]) == 0:
        return None
    scale = _GIB.get((found["unit"] or "G")[0])
    return None if scale is None else Decimal(found["size"]) * scale


def network(text: str) -> Network | None:
    """Read a network rate or one of AWS's words for it; None for anything else."""
    if text.strip().lower() in _LABELS:
        return Network(gbps=None, burst=False, label=text.strip())
    found = _NETWORK.fullmatch(text.strip())
    if found is None or found["unit"].lower() not in _RATES or Decimal(found["rate"]) == 0:
        return None
    return Network(gbps=Decimal(found["rate"]), burst=bool(found["burst"]), label="")


CANONICAL: Final = {
    "cpu": re.compile(r"\d+( vCPU)?"),
    "memory": re.compile(r"[\d.]+ ?GiB"),
    "network": re.compile(r"(up to )?[\d.]+ ?(Gb/s|Gbps)", re.IGNORECASE),
}
"""How each figure is written without doubt; a label of the network is judged apart."""
