"""How much work a vCPU of one family does beside a vCPU of another, by CoreMark.

One CoreMark run carries 10 to 20 % of noise, so the median over a family's sizes stands for the family. Scores are
those of ec2instances.info (runs of 2025-12-10), as the catalogue says.
"""

from collections import Counter
from decimal import Decimal
from functools import cache
from statistics import median
from typing import Final, Literal

from config.schema import ClusterConfig
from sizing.catalogue import load
from sizing.model import InstanceType

Speeds = Literal["x86-equal", "coremark"]
"""`x86-equal`: every x86 vCPU does the same work, arm64 is weighed by CoreMark; `coremark`: every family is weighed."""

DEFAULT_FAMILY: Final = "c5a"


@cache
def score(family: str) -> Decimal | None:
    """CoreMark per vCPU, median over the family's sizes; None where no size was measured."""
    scores = [
        Decimal(each.coremark) / each.vcpu
        for each in load().values()
        if each.family == family and each.coremark is not None
    ]
    return median(scores) if scores else None


def reference_family(config: ClusterConfig) -> str:
    """The family on which the stack's figures were measured: the one that most of its pools use, else c5a."""
    types = [pool.instance_type for pool in config.pools.values() if pool.instance_type is not None]
    families = Counter(load()[name].family for name in types)
    return min(families, key=lambda family: (-families[family], family)) if families else DEFAULT_FAMILY


def factor(instance: InstanceType, reference: str, speeds: Speeds) -> Decimal | None:
    """Work of one vCPU in units of the reference family's; None where CoreMark is needed and not known.

    Args:
        instance: the machine.
        reference: family whose vCPU counts as 1.
        speeds: what is assumed.
    """
    same = load_architecture(reference) == instance.architecture
    if instance.family == reference or (speeds == "x86-equal" and same and instance.architecture == "x86_64"):
        return Decimal(1)
    own, base = score(instance.family), score(reference)
    return None if own is None or base is None else own / base


@cache
def load_architecture(family: str) -> str:
    """The architecture of a family of the catalogue."""
    return next(each.architecture for each in load().values() if each.family == family)
