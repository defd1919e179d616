"""Traffic arithmetic: users -> requests -> requests per second -> simultaneous users -> load-test target.

All steps are exact (fractions); rounding happens where the travel platform's sheet rounds and nowhere else:
requests per second half-up to one decimal, simultaneous users up to the next ten.
"""

import math
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Final, TypeAlias

SECONDS_PER_DAY: Final = 86_400
HOURS_PER_DAY: Final = 24
VUSER_STEP: Final = 10

Number: TypeAlias = float | Decimal | Fraction


def exact(value: Number) -> Fraction:
    """The number as a person wrote it: 12.5 and 0.1 mean 25/2 and 1/10, not their binary neighbours."""
    return Fraction(str(value)) if isinstance(value, float) else Fraction(value)


def requests_per_day(users: int, requests_per_user: Number) -> Fraction:
    """Requests a day = users x requests per user and day."""
    return users * exact(requests_per_user)


def mean_rps(daily_requests: Fraction) -> Fraction:
    """Mean requests per second over a whole day."""
    return daily_requests / SECONDS_PER_DAY


def peak_rps(mean: Fraction, peak_factor: Number, safety_factor: Number) -> Fraction:
    """Peak requests per second = mean x peak concentration x safety margin."""
    return mean * exact(peak_factor) * exact(safety_factor)


def peak_factor(peak_hour_share: Number) -> Fraction:
    """Peak concentration = 24 h: the busiest hour holds the share h of the day's requests, an even hour 1/24."""
    return HOURS_PER_DAY * exact(peak_hour_share)


def printed_rps(rps: Fraction) -> Decimal:
    """Half-up to 0.1, as requests per second are printed."""
    return to_decimal(rps, 1)


def vusers_raw(rps: Fraction, scenario_seconds: Number, requests_per_user: Number) -> Fraction:
    """Simultaneous users by Little's law, N = X x (T / r): each user sends r requests in T seconds."""
    return rps * exact(scenario_seconds) / exact(requests_per_user)


def vusers(rps: Fraction, scenario_seconds: Number, requests_per_user: Number) -> int:
    """Simultaneous users for a load test, up to the next ten."""
    raw = vusers_raw(rps, scenario_seconds, requests_per_user)
    return math.ceil(raw / VUSER_STEP) * VUSER_STEP


def think_seconds(session_seconds: Number, requests_per_session: Number, response_seconds: Number) -> Fraction:
    """Pause of a user between a response and the next request, Z = T / r - R; 0 where requests overlap."""
    return max(exact(session_seconds) / exact(requests_per_session) - exact(response_seconds), Fraction(0))


def target_tps(virtual_users: int, response_time_ms: float) -> Fraction:
    """Load-test target = simultaneous users / response time: a closed test without think time (basis `stress`)."""
    return virtual_users * 1000 / exact(response_time_ms)


def to_decimal(value: Fraction, places: int) -> Decimal:
    """Half-up to a fixed number of decimals, exactly."""
    scale = 10**places
    scaled = value * scale
    rounded = math.floor(scaled + Fraction(1, 2))
    return (Decimal(rounded) / scale).quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)
