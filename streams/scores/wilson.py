"""The interval of a share: CSAT top box, CES share, any proportion."""

from __future__ import annotations

from math import sqrt

__all__ = ["wilson"]


def wilson(k: int, n: int, z: float) -> tuple[float, float]:
    """Return the Wilson score interval of k out of n, in percent.

    It never leaves 0..100, never has width zero, and always contains 100 * k / n.

    Args:
        k: Answers in the box, 0 to n.
        n: All answers, at least 1.
        z: Two-sided normal quantile, see `z_quantile`.

    Source: https://rdrr.io/cran/cicalc/man/ci_prop_wilson.html (E. B. Wilson, 1927).

    >>> [round(end, 2) for end in wilson(13, 15, 1.959963984540054)]
    [62.12, 96.26]
    """
    share = k / n
    centre = share + z * z / (2 * n)
    margin = z * sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    scale = 100 / (1 + z * z / n)
    # At the ends one bound is exact; rounding would miss it by the last digit.
    lower = 0.0 if k == 0 else scale * (centre - margin)
    upper = 100.0 if k == n else scale * (centre + margin)
    return lower, upper
