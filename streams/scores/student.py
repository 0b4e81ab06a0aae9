"""The interval of a mean: CSAT mean, CES mean."""

from __future__ import annotations

from math import sqrt

from streams.scores.t_quantile import t_quantile

__all__ = ["student_t"]


def student_t(
    n: int, total: int, squares: int, scale: tuple[int, int], confidence: float
) -> tuple[float, float] | None:
    """Return mean +- t * s / sqrt(n) within the scale, or None for one answer.

    The sums are integers, so s is exact up to one rounding whatever n is. The bounds are clamped to the
    scale, because a mean of answers cannot leave it.

    Args:
        n: All answers, at least 1.
        total: Sum of the answers.
        squares: Sum of their squares.
        scale: Lowest and highest answer possible.
        confidence: Between 0.5 and 1.

    Source: http://goldbook.iupac.org/C01247.html

    >>> [round(end, 3) for end in student_t(4, 14, 54, (1, 5), 0.95)]
    [1.446, 5.0]
    """
    if n < 2:  # noqa: PLR2004 - one answer has no spread
        return None
    lowest, highest = scale
    mean = total / n
    # s^2 / n, with s^2 = (squares - total^2 / n) / (n - 1), as one quotient of integers
    margin = t_quantile(n - 1, confidence) * sqrt((n * squares - total * total) / (n * n * (n - 1)))
    return max(float(lowest), mean - margin), min(float(highest), mean + margin)
