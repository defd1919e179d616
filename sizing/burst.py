"""Requests in one second at the peak: arrivals of many independent users are a Poisson process.

A small service's busiest second holds twice its mean; a large service's hardly differs from it. So small services
need this term, and large ones may ignore it.
"""

import math
from fractions import Fraction
from statistics import NormalDist
from typing import Final

from sizing.arithmetic import Number, exact

_SUMMED: Final = 1000
"""Mean up to which the distribution is summed; above, its expansion is right to one request."""
_VANISHED: Final = -80.0
"""Logarithm of a term that no longer changes a sum near 1."""


def poisson_percentile(mean: Number, percentile: float) -> int:
    """The smallest count that a Poisson variable does not exceed with the given probability.

    Args:
        mean: mean count, here requests per second times one second.
        percentile: above 0 and below 100.

    Returns:
        The count: 20 for a mean of 11.6 and 99 %.
    """
    value, share = exact(mean), percentile / 100
    if value <= 0:
        return 0
    return _summed(float(value), share) if value <= _SUMMED else _expanded(value, share)


def _summed(mean: float, share: float) -> int:
    """Terms are kept as logarithms, because exp(-mean) is 0 in floating point from 746 on."""
    count, logarithm, step = 0, -mean, math.log(mean)
    total = math.exp(logarithm)
    while total < share and (count < mean or logarithm > _VANISHED):
        count += 1
        logarithm += step - math.log(count)
        total += math.exp(logarithm)
    return count


def _expanded(mean: Fraction, share: float) -> int:
    """Cornish-Fisher: mean + z sqrt(mean) + (z^2 - 1) / 6, less the half of a whole step, rounded up."""
    z = NormalDist().inv_cdf(share)
    return math.ceil(mean + Fraction(z * math.sqrt(float(mean)) + (z * z - 1) / 6 - 0.5))
