"""The sections about traffic: who comes, how often, and what one visit asks for."""

from collections.abc import Mapping
from dataclasses import field
from typing import Annotated, Final

from pydantic import Discriminator, Field, Tag
from pydantic.dataclasses import dataclass

from config.fields import STRICT
from config.fields import about as _about
from config.sections import LIST, MAPPING
from config.types import (
    Basis,
    Factor,
    Milliseconds,
    Name,
    PerRequest,
    PositiveFloat,
    Rps,
    Seconds,
    Share,
    TrafficShape,
    Users,
)

DEFAULT_PEAK_FACTOR: Final = 2.0
"""Where neither `peak_factor` nor `peak_hour_share` is given: a twelfth of the day's requests in the busiest hour."""


@dataclass(frozen=True, kw_only=True, config=STRICT)
class UserRange:
    """Low and high estimate of daily active users."""

    low: Annotated[Users, _about("users a day, low estimate")]
    high: Annotated[Users, _about("users a day, high estimate")]


@dataclass(frozen=True, kw_only=True, config=STRICT)
class ShareRange:
    """Low and high share of the platform's daily active users."""

    low: Annotated[Share, _about("share of `traffic.daily_active_users`, low estimate")]
    high: Annotated[Share, _about("share of `traffic.daily_active_users`, high estimate")]


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Traffic:
    """What is known about the platform's traffic as a whole."""

    daily_active_users: Annotated[
        Users | None, _about("different users on one day, whole platform; needed for `share_of_users`")
    ] = None
    shape: Annotated[TrafficShape, _about("how it comes; sets defaults: see the presets")] = "daily"
    basis: Annotated[
        Basis,
        _about(
            "which figure nodes are judged by: `arrival` (requests that really arrive at the peak) or"
            " `stress` (the load-test target, VUsers / response time, without think time)"
        ),
    ] = "arrival"
    response_time_target_ms: Annotated[Milliseconds, _about("response time that users are promised, ms")] = 500.0
    peak_factor: Annotated[
        Factor | None,
        _about("peak requests per second over the daily mean; absent: 24 x `peak_hour_share`, or 2"),
    ] = None
    peak_hour_share: Annotated[
        Share | None,
        _about("share of the day's requests in its busiest hour, instead of `peak_factor`: at least 1/24"),
    ] = None
    safety_factor: Annotated[Factor, _about("margin on top of the peak")] = 2.0
    burst_percentile: Annotated[
        float,
        Field(
            ge=50,
            le=99.999,
            description="of the seconds at the peak, the share (%) that stays within the burst (Poisson arrivals)",
        ),
    ] = 99.0


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Scenario:
    """One kind of visit."""

    share: Annotated[Share, _about("share of all sessions (those of a service add up to 1)")]
    requests_per_session: Annotated[PositiveFloat, _about("requests in one session")]
    session_seconds: Annotated[Seconds, _about("length of one session, s")]


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Rate:
    """Requests per second that are known, from a monitor or a contract: at least one of the two."""

    mean: Annotated[Rps | None, _about("requests/s over the whole day; absent: `peak` over the peak factor")] = None
    peak: Annotated[
        Rps | None,
        _about("requests/s in the busiest hour, before `safety_factor`; absent: `mean` times the peak factor"),
    ] = None


@dataclass(frozen=True, kw_only=True, config=STRICT)
class ServiceTraffic:
    """Traffic of one service from one source: its users, a known rate, or other services that call it."""

    users: Annotated[UserRange | None, _about("source: daily active users of this service")] = None
    share_of_users: Annotated[ShareRange | None, _about("source: the same as a share of all users")] = None
    requests_per_second: Annotated[Rate | None, _about("source: a known rate")] = None
    sent_by: Annotated[
        Mapping[Name, PerRequest],
        _about("source: requests that other services send here for each request they get themselves"),
    ] = field(default_factory=dict[str, float])
    requests_per_user: Annotated[
        PositiveFloat | None,
        _about("requests per user and day, in one session: short for `sessions_per_day` 1 and `requests_per_session`"),
    ] = None
    sessions_per_day: Annotated[PositiveFloat | None, _about("sessions per user and day; absent: 1")] = None
    requests_per_session: Annotated[PositiveFloat | None, _about("requests in one session")] = None
    scenario_seconds: Annotated[Seconds | None, _about("length of one user's session, s")] = None
    scenarios: Annotated[
        Mapping[Name, Scenario], _about("kinds of sessions by share, instead of the three keys above")
    ] = field(default_factory=dict[str, Scenario])


def _form(value: object) -> str:
    return MAPPING if isinstance(value, Mapping) else LIST


Routes = Annotated[
    Annotated[tuple[Name, ...], Tag(LIST)] | Annotated[Mapping[Name, PerRequest], Tag(MAPPING)],
    Discriminator(_form),
]
"""Names, or names with requests that pass for each request that the named service gets."""
