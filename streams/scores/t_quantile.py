"""How many standard errors a t interval of a given confidence reaches.

With theta = atan(t / sqrt(df)), the probability of -t..t is k * integral of cos(u)^(df - 1) over
0..theta, where k = 2 / sqrt(pi) * gamma((df + 1) / 2) / gamma(df / 2)
(https://dlmf.nist.gov/8.17, the substitution x = cos(u)^2). The integrand is smooth, so twenty nodes
give every digit, for 1 as for 10^9 degrees of freedom, and theta follows by Halley's method.
`sinks/sql/R1_functions.sql` does the same, step by step.
"""

from __future__ import annotations

from functools import lru_cache
from math import atan, exp, expm1, lgamma, log1p, pi, sqrt, tan

from streams.scores.legendre import gauss_legendre
from streams.scores.value import check_confidence
from streams.scores.z_quantile import z_quantile

__all__ = ["QUADRATURE_ORDER", "gamma_ratio", "t_quantile", "t_shape"]

QUADRATURE_ORDER = 20
_HALLEY_STEPS = 4  # the start is good to a digit or more, and each step triples them
_LARGE = 16  # from here on the series of gamma_ratio is exact to the last digit


@lru_cache(maxsize=4096)
def t_quantile(df: float, confidence: float) -> float:
    """Return t with P(-t <= T <= t) = confidence for Student's T with df degrees of freedom.

    The relative error is below 1e-10 up to a confidence of 0.99999. Beyond, about a digit is lost with
    every nine, because what is left of 1 has fewer digits itself. For a fraction below 2, as the
    degrees of freedom of Welch may be, it is below 1e-4.

    Args:
        df: Degrees of freedom, from 1.
        confidence: Between 0.5 and 1.

    Raises:
        ValueError: One of the two is out of its range.

    >>> round(t_quantile(10, 0.95), 6)
    2.228139
    """
    check_confidence(confidence)
    if df < 1:
        raise ValueError(f"{df} degrees of freedom: a t quantile needs at least 1, so two answers.")
    goal = confidence * sqrt(pi) / 2 / gamma_ratio(df / 2)
    theta = _start(z_quantile(confidence), df)
    for _ in range(_HALLEY_STEPS):
        step = (_area(theta, df) - goal) / t_shape(theta, df)
        theta -= step / (1 + step * (df - 1) / 2 * tan(theta))
    return sqrt(df) * tan(theta)


def _start(z: float, df: float) -> float:
    """Return theta of the t whose normal equivalent is z (Wallace 1959, Ann. Math. Stat. 30:1121)."""
    return atan(sqrt(expm1(z * z / df * ((8 * df + 3) / (8 * df + 1)) ** 2)))


def t_shape(theta: float, df: float) -> float:
    """Return cos(theta)^(df - 1), without cancellation at either end of theta."""
    return exp((1 - df) / 2 * log1p(tan(theta) ** 2))


def _area(theta: float, df: float) -> float:
    """Return the integral of the shape over 0..theta."""
    return (
        theta
        / 2
        * sum(w * t_shape(theta * (1 + x) / 2, df) for x, w in gauss_legendre(QUADRATURE_ORDER))
    )


def gamma_ratio(a: float) -> float:
    """Return gamma(a + 1/2) / gamma(a).

    For large a two nearly equal logarithms would cancel, so their difference is expanded instead:
    Stirling's series (https://dlmf.nist.gov/5.11#i) at a + 1/2 and at a.
    """
    if a < _LARGE:
        return exp(lgamma(a + 0.5) - lgamma(a))
    series = -1 / 8 + (1 / 192 + (-1 / 640 + (17 / 14336 - 31 / 18432 / a**2) / a**2) / a**2) / a**2
    return sqrt(a) * exp(series / a)
