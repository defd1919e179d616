"""The sections `stated`: what a sizing sheet or an article says, to be compared with what is computed.

Nothing is planned from them. Where they disagree with the plan, with the catalogue or with each other, the plan says
so under a stable code (docs/sizing.md).
"""

from collections.abc import Mapping
from dataclasses import field
from typing import Annotated

from pydantic import Field
from pydantic.dataclasses import dataclass

from config.fields import STRICT
from config.fields import about as _about
from config.types import Formula, Name, ObjectName, PositiveFloat, Share, Text


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Printed:
    """Figures of a type as the sheet prints them, units and all."""

    cpu: Annotated[Text | None, _about("vCPU, such as `4` or `8 (4 core)`")] = None
    memory: Annotated[Text | None, _about("memory, such as `16 GiB` or `15 GB`")] = None
    network: Annotated[Text | None, _about("network, such as `up to 10 Gb/s` or `High`")] = None


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Stated:
    """What somebody believes about an instance type; a difference from the catalogue becomes a warning."""

    vcpu: Annotated[int | None, Field(ge=1, description="vCPU")] = None
    memory_gib: Annotated[float | None, Field(gt=0, description="GiB")] = None
    price_usd_hour: Annotated[float | None, Field(gt=0, description="USD per hour, on demand")] = None
    printed: Annotated[Printed | None, _about("the same as printed, to be read and compared")] = None


@dataclass(frozen=True, kw_only=True, config=STRICT)
class StatedPool(Stated):
    """What somebody believes about a pool and its instance type."""

    same_as: Annotated[Name | None, _about("pool that this one is said to equal in its type")] = None


@dataclass(frozen=True, kw_only=True, config=STRICT)
class StatedControlPlane(Stated):
    """What somebody believes about the control plane and its instance type."""

    count: Annotated[int | None, Field(ge=1, le=99, description="machines that the sheet gives it")] = None


@dataclass(frozen=True, kw_only=True, config=STRICT)
class StatedRange:
    """Low and high end of a figure, as printed."""

    low: Annotated[PositiveFloat, _about("low end")]
    high: Annotated[PositiveFloat, _about("high end")]


@dataclass(frozen=True, kw_only=True, config=STRICT)
class StatedShare:
    """A share of users as the sheet words it."""

    of: Annotated[Name | None, _about("service whose users it is a share of; absent: the whole platform's")] = None
    low: Annotated[Share, _about("low end")]
    high: Annotated[Share, _about("high end")]


@dataclass(frozen=True, kw_only=True, config=STRICT)
class StatedTest:
    """An earlier load test as the sheet tells it."""

    vusers: Annotated[PositiveFloat | None, _about("simultaneous users")] = None
    scenario_vusers: Annotated[
        Mapping[Name, PositiveFloat], _about("simultaneous users of each scenario, where `vusers` came from several")
    ] = field(default_factory=dict[str, float])
    tps: Annotated[PositiveFloat | None, _about("transactions/s beside which the CPU use is printed")] = None
    cpu_share: Annotated[Share | None, _about("CPU use printed beside `tps`")] = None
    instance_type: Annotated[Text | None, _about("EC2 type that it ran on; absent: the service's pool's")] = None


@dataclass(frozen=True, kw_only=True, config=STRICT)
class StatedService:
    """What the sheet says of a service's traffic."""

    rps_peak: Annotated[PositiveFloat | None, _about("peak requests/s")] = None
    rps_with_factors: Annotated[
        StatedRange | None, _about("range of requests/s that is said to hold the peak and safety factors")
    ] = None
    peak_formula: Annotated[
        Formula | None,
        _about(
            "how the sheet gets the peak: users, requests_per_user, requests_per_day, rps_mean, peak_factor,"
            " safety_factor and numbers, such as `rps_mean * peak_factor`"
        ),
    ] = None
    vusers: Annotated[StatedRange | None, _about("simultaneous users")] = None
    tps_target: Annotated[StatedRange | None, _about("load-test target, transactions/s")] = None
    share_of_users: Annotated[StatedShare | None, _about("share of users, and whose")] = None
    lighter_than: Annotated[Name | None, _about("service that is said to have more load")] = None
    load_test: Annotated[StatedTest | None, _about("an earlier load test")] = None


@dataclass(frozen=True, kw_only=True, config=STRICT)
class StatedChange:
    """A change between two figures, in percent."""

    before: Annotated[PositiveFloat, _about("figure before")]
    after: Annotated[PositiveFloat, _about("figure after")]
    percent: Annotated[
        float, Field(ge=-100, le=1_000_000, description="change in percent as printed; a drop is negative")
    ]


@dataclass(frozen=True, kw_only=True, config=STRICT)
class StatedSheet:
    """What the sheet says as a whole."""

    workloads: Annotated[
        tuple[ObjectName, ...], _about("everything that the sheet sizes, services and platform parts")
    ] = ()
    changes: Annotated[Mapping[Name, StatedChange], _about("changes by a name of your choice")] = field(
        default_factory=dict[str, StatedChange]
    )
