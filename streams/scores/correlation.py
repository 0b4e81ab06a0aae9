"""How two numbers of the same answers or groups go together."""

from __future__ import annotations

from dataclasses import dataclass
from math import atanh, sqrt, tanh

from streams.scores.z_quantile import z_quantile

__all__ = ["Correlation", "correlation", "pearson_bounds"]

_FEWEST = 4  # the variance of Fisher's z is 1 / (n - 3)


@dataclass(frozen=True, slots=True)
class Correlation:
    """Pearson's r of n pairs with its interval, within -1..1; None where there is nothing to say."""

    r: float | None
    lower: float | None
    upper: float | None
    n: int


def correlation(
    n: int,
    *,
    sum_x: float,
    sum_y: float,
    sum_xx: float,
    sum_yy: float,
    sum_xy: float,
    confidence: float = 0.95,
) -> Correlation:
    """Return Pearson's r from the sums over n pairs, exact up to rounding if the sums are integers.

    There is no r for fewer than two pairs or where x or y never varies, and no interval for fewer than
    four pairs or where r is 1 or -1: a perfect line says nothing about its uncertainty. r knows only
    straight lines, and it is not a cause.

    Source: https://rdrr.io/cran/DescTools/man/CorCI.html (Fisher's z)

    >>> correlation(5, sum_x=15, sum_y=20, sum_xx=55, sum_yy=90, sum_xy=66).r
    0.6
    """
    spread_x, spread_y = n * sum_xx - sum_x * sum_x, n * sum_yy - sum_y * sum_y
    if n < 2 or spread_x <= 0 or spread_y <= 0:  # noqa: PLR2004 - one pair has no spread
        return Correlation(None, None, None, n)
    r = (n * sum_xy - sum_x * sum_y) / sqrt(spread_x) / sqrt(spread_y)
    r = max(-1.0, min(1.0, r))
    lower, upper = pearson_bounds(r, n, z_quantile(confidence)) or (None, None)
    return Correlation(r, lower, upper, n)


def pearson_bounds(r: float, n: int, z: float) -> tuple[float, float] | None:
    """Return the interval tanh(atanh(r) -+ z / sqrt(n - 3)), or None if there is none.

    >>> [round(end, 3) for end in pearson_bounds(0.6, 28, 1.96) or ()]
    [0.292, 0.795]
    """
    if n < _FEWEST or abs(r) >= 1:
        return None
    margin = z / sqrt(n - 3)
    return tanh(atanh(r) - margin), tanh(atanh(r) + margin)
