"""Intervals and tests once more, from textbook formulas and the standard library alone.

Nothing here comes from Earshot: quantiles of t are found by adding up its density in small steps.
"""

from __future__ import annotations

from math import erfc, exp, lgamma, pi, sqrt
from statistics import NormalDist, fmean, variance

__all__ = ["Compared", "compare_means", "compare_shares", "mean_interval", "share_interval"]

_Z = NormalDist().inv_cdf(0.975)

#: Lower bound, upper bound, statistic and two-sided p of a difference.
Compared = tuple[float, float, float, float]


def share_interval(hits: int, n: int) -> tuple[float, float]:
    """Return the 95 % interval of a share that E. B. Wilson gave in 1927, from 0 to 1."""
    share = hits / n
    middle = (hits + _Z**2 / 2) / (n + _Z**2)
    half = _Z / (n + _Z**2) * sqrt(n * share * (1 - share) + _Z**2 / 4)
    return middle - half, middle + half


def mean_interval(values: list[int]) -> tuple[float, float]:
    """Return the 95 % interval of a mean by Student's t."""
    half = _t_quantile(len(values) - 1) * sqrt(variance(values) / len(values))
    return fmean(values) - half, fmean(values) + half


def compare_shares(k1: int, n1: int, k2: int, n2: int) -> Compared:
    """Compare two shares: Newcombe's interval, and the test of two proportions with n - 1."""
    p1, p2 = k1 / n1, k2 / n2
    (low1, high1), (low2, high2) = share_interval(k1, n1), share_interval(k2, n2)
    lower = p1 - p2 - sqrt((p1 - low1) ** 2 + (high2 - p2) ** 2)
    upper = p1 - p2 + sqrt((high1 - p1) ** 2 + (p2 - low2) ** 2)
    n, pooled = n1 + n2, (k1 + k2) / (n1 + n2)
    z = (p1 - p2) / sqrt(pooled * (1 - pooled) * (1 / n1 + 1 / n2)) * sqrt((n - 1) / n)
    return lower, upper, z, erfc(abs(z) / sqrt(2))


def compare_means(one: list[int], other: list[int]) -> Compared:
    """Compare two means by Welch's t."""
    e1, e2 = variance(one) / len(one), variance(other) / len(other)
    df = (e1 + e2) ** 2 / (e1**2 / (len(one) - 1) + e2**2 / (len(other) - 1))
    apart, error = fmean(one) - fmean(other), sqrt(e1 + e2)
    half = _t_quantile(df) * error
    t = apart / error
    return apart - half, apart + half, t, max(0.0, 1 - _t_within(abs(t), df))


def _t_within(t: float, df: float, steps: int = 4000) -> float:
    """Return the share of Student's t between -t and t, by Simpson's rule."""
    constant = exp(lgamma((df + 1) / 2) - lgamma(df / 2)) / sqrt(df * pi)

    def density(x: float) -> float:
        return float(constant * (1 + x * x / df) ** (-(df + 1) / 2))

    width = t / steps
    inner = sum(density(i * width) * (4 if i % 2 else 2) for i in range(1, steps))
    return 2 * (density(0.0) + inner + density(t)) * width / 3


def _t_quantile(df: float) -> float:
    """Return the t between whose negative and positive lie 95 %."""
    low, high = 0.0, 20.0
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if _t_within(middle, df) < 0.95 else (low, middle)
    return low
