"""How many standard errors a normal interval of a given confidence reaches."""

from __future__ import annotations

from functools import lru_cache
from statistics import NormalDist

from streams.scores.value import check_confidence

__all__ = ["z_quantile"]


@lru_cache(maxsize=64)
def z_quantile(confidence: float) -> float:
    """Return z with P(-z <= Z <= z) = confidence for a standard normal Z.

    Raises:
        ValueError: The confidence is not between 0.5 and 1.

    Source: https://docs.python.org/3/library/statistics.html#statistics.NormalDist.inv_cdf

    >>> round(z_quantile(0.95), 6)
    1.959964
    """
    check_confidence(confidence)
    # From the small tail: 1 - confidence is exact in floating point, (1 + confidence) / 2 is not.
    return -NormalDist().inv_cdf((1 - confidence) / 2)
