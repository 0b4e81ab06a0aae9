"""Nodes and weights of Gauss-Legendre quadrature."""

from __future__ import annotations

from functools import cache
from math import cos, pi

__all__ = ["gauss_legendre"]

_NEWTON_STEPS = 8  # from the start below each step doubles the digits; 4 suffice, 8 cost nothing


@cache
def gauss_legendre(order: int) -> tuple[tuple[float, float], ...]:
    """Return (node, weight) pairs with sum(w * f(x)) = integral of f over -1..1.

    Exact for polynomials of degree below 2 * order.

    Source: https://dlmf.nist.gov/3.5#v
    """
    pairs = []
    for i in range(order):
        x = -cos(pi * (i + 0.75) / (order + 0.5))
        for _ in range(_NEWTON_STEPS):
            value, slope = _legendre(order, x)
            x -= value / slope
        slope = _legendre(order, x)[1]
        pairs.append((x, 2 / ((1 - x * x) * slope * slope)))
    return tuple(pairs)


def _legendre(order: int, x: float) -> tuple[float, float]:
    """Return the Legendre polynomial of this order at x, and its derivative."""
    before, value = 1.0, x
    for k in range(2, order + 1):
        before, value = value, ((2 * k - 1) * x * value - (k - 1) * before) / k
    return value, order * (x * value - before) / (x * x - 1)
