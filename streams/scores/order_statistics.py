"""A quantile and its interval: the median and the slow end of durations, with no shape assumed."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import accumulate
from math import ceil, sqrt

__all__ = ["bucket_of_rank", "quantile_ranks"]

_MILLIONTHS = 10**6


def quantile_ranks(n: int, q: float, z: float) -> tuple[int, int | None, int | None]:
    """Return the ranks, from 1, of a quantile and of its bounds among n sorted answers.

    The quantile is answer number ceil(n * q). Of n answers a number around n * q, with the standard
    error sqrt(n * q * (1 - q)), lies below the true quantile, whatever the distribution. So the bounds
    are the answers number ceil(n * q -+ z * that error). A rank below 1 or above n is None: too few
    answers to bound the quantile on that side.

    Args:
        n: All answers, at least 1.
        q: Share of the answers that do not exceed the quantile, between 0 and 1. Taken to the
            millionth, because 0.07 * 100 is more than 7 in floating point.
        z: Two-sided normal quantile, see `z_quantile`.

    Raises:
        ValueError: q is not between 0 and 1.

    Source: W. J. Conover, Practical Nonparametric Statistics, 3rd ed., 1999, p. 143;
    https://rdrr.io/cran/rcompanion/man/quantileCI.html and
    https://real-statistics.com/order-statistics/confidence-intervals-order-statistics/normal-confidence-intervals-for-percentiles

    >>> quantile_ranks(100, 0.5, 1.96)
    (50, 41, 60)
    >>> quantile_ranks(30, 0.9, 1.96)
    (27, 24, None)
    """
    millionths = round(q * _MILLIONTHS)
    if not 0 < millionths < _MILLIONTHS:
        raise ValueError(f"The quantile {q} is not between 0 and 1.")
    rank = -(-n * millionths // _MILLIONTHS)
    centre = n * millionths / _MILLIONTHS
    margin = z * sqrt(centre * (1 - millionths / _MILLIONTHS))
    lower, upper = ceil(centre - margin), ceil(centre + margin)
    return rank, lower if lower >= 1 else None, upper if upper <= n else None


def bucket_of_rank(counts: Mapping[int, int], rank: int) -> int:
    """Return the bucket of answer number `rank` of counts sorted by bucket.

    >>> bucket_of_rank({3: 2, 5: 1}, 3)
    5
    """
    return next(
        bucket
        for bucket, so_far in zip(counts, accumulate(counts.values()), strict=True)
        if so_far >= rank
    )
