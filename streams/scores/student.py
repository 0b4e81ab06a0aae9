"""The interval of a mean: CSAT mean, CES mean, mean duration."""

from __future__ import annotations

from math import inf, sqrt

from streams.scores.histogram import Moments
from streams.scores.t_quantile import t_quantile

__all__ = ["student_t"]


def student_t(
    moments: Moments, confidence: float, lowest: float = -inf, highest: float = inf
) -> tuple[float, float] | None:
    """Return mean +- t * s / sqrt(n) within lowest..highest, or None for one answer.

    The bounds are clamped, because a mean of answers cannot leave their scale, nor a mean of
    durations be negative.

    Args:
        moments: The mean and its variance.
        confidence: Between 0.5 and 1.
        lowest: The lowest answer possible.
        highest: The highest answer possible.

    Source: http://goldbook.iupac.org/C01247.html

    >>> [round(end, 3) for end in student_t(Moments(4, 3.5, 5 / 12), 0.95, 1, 5)]
    [1.446, 5.0]
    """
    if moments.variance is None:
        return None
    margin = t_quantile(moments.n - 1, confidence) * sqrt(moments.variance)
    return max(float(lowest), moments.mean - margin), min(float(highest), moments.mean + margin)
