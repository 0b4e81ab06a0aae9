"""The quadrature table of the SQL, computed to forty digits: `python -m tests.scores.legendre_table`."""

from __future__ import annotations

from decimal import Decimal, localcontext
from fractions import Fraction
from math import cos, pi

DIGITS = 40


def coefficients(order: int) -> list[Fraction]:
    """Coefficients of the Legendre polynomial, constant first, by Bonnet's recursion."""
    before, now = [Fraction(1)], [Fraction(0), Fraction(1)]
    for k in range(2, order + 1):
        following = [Fraction(0)] * (k + 1)
        for power, factor in enumerate(now):
            following[power + 1] += Fraction(2 * k - 1, k) * factor
        for power, factor in enumerate(before):
            following[power] -= Fraction(k - 1, k) * factor
        before, now = now, following
    return now


def table(order: int) -> list[tuple[float, float]]:
    """Nodes in rising order and their weights, each the float nearest to the true number."""
    factors = coefficients(order)
    with localcontext() as context:
        context.prec = 2 * DIGITS
        exact = [Decimal(f.numerator) / Decimal(f.denominator) for f in factors]
        slopes = [power * factor for power, factor in enumerate(exact)][1:]

        def at(polynomial: list[Decimal], x: Decimal) -> Decimal:
            result = Decimal(0)
            for factor in reversed(polynomial):
                result = result * x + factor
            return result

        rows = []
        for i in range(order):
            x = Decimal(-cos(pi * (i + 0.75) / (order + 0.5)))
            while abs(step := at(exact, x) / at(slopes, x)) > Decimal(10) ** -DIGITS:
                x -= step
            rows.append((float(x), float(2 / ((1 - x * x) * at(slopes, x) ** 2))))
        return rows


def literal(numbers: list[float]) -> str:
    """Write numbers as the array of the SQL file, four a line."""
    lines = [
        " " * 12 + ", ".join(map(repr, numbers[start : start + 4]))
        for start in range(0, len(numbers), 4)
    ]
    return "[\n" + ",\n".join(lines) + "\n        ]"


if __name__ == "__main__":
    from streams.scores.t_quantile import QUADRATURE_ORDER

    rows = table(QUADRATURE_ORDER)
    print(literal([node for node, _ in rows]) + ",\n" + literal([weight for _, weight in rows]))
