"""How likely a difference at least this large is by chance, if there is none: two-sided p."""

from __future__ import annotations

from math import acos, atan, cos, cosh, erfc, exp, pi, sinh, sqrt, tanh

from streams.scores.t_quantile import gamma_ratio, t_shape

__all__ = ["p_of_t", "p_of_z"]

_STEP, _STEPS = 0.1, 31  # of the quadrature: more change nothing beyond the twelfth digit
_NEGLIGIBLE = 37  # exp(-37) is less than what a float can tell from nothing


def p_of_z(z: float) -> float:
    """Return the two-sided p of a standard normal z.

    Source: https://dlmf.nist.gov/7.18#E2 (erfc)

    >>> round(p_of_z(1.959964), 6)
    0.05
    """
    return erfc(abs(z) / sqrt(2))


def _tanh_sinh() -> list[tuple[float, float]]:
    """Return nodes in -1..1 and weights of the double exponential rule (Takahasi and Mori 1974)."""
    arguments = [_STEP * i for i in range(-_STEPS, _STEPS + 1)]
    return [
        (tanh(pi / 2 * sinh(x)), _STEP * pi / 2 * cosh(x) / cosh(pi / 2 * sinh(x)) ** 2)
        for x in arguments
    ]


_RULE = _tanh_sinh()


def p_of_t(t: float, df: float) -> float:
    """Return the two-sided p of Student's t with df degrees of freedom, which may be a fraction.

    With theta = atan(|t| / sqrt(df)) it is 2 / sqrt(pi) * gamma((df + 1) / 2) / gamma(df / 2) times the
    integral of cos(u)^(df - 1) from theta to pi / 2 (https://dlmf.nist.gov/8.17, x = cos(u)^2). It stops
    where the integrand has fallen to nothing, so that a narrow one is not missed. Taken over the tail
    itself, a small p keeps its digits: the relative error is below 1e-11.

    Raises:
        ValueError: df is below 1.

    >>> round(p_of_t(2.228139, 10), 6)
    0.05
    """
    if df < 1:
        raise ValueError(f"{df} degrees of freedom: a t test needs at least 1.")
    start = atan(abs(t) / sqrt(df))
    end = acos(cos(start) * exp(-_NEGLIGIBLE / (df - 1))) if df > 1 else pi / 2
    half = (end - start) / 2
    tail = half * sum(weight * t_shape(start + half * (1 + node), df) for node, weight in _RULE)
    return min(1.0, 2 / sqrt(pi) * gamma_ratio(df / 2) * tail)
