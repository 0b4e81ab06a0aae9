"""The interval of a net score: NPS, CES net index."""

from __future__ import annotations

from math import sqrt

__all__ = ["adjusted_wald"]


def adjusted_wald(top: int, bottom: int, n: int, z: float) -> tuple[float, float]:
    """Return the adjusted-Wald interval of 100 * (top - bottom) / n, in points within -100..100.

    Three answers are added before the variance of a difference of two shares is taken: 3/4 to each
    box, the rest between them. So it is centred on 100 * (top - bottom) / (n + 3), nearer to zero than
    the score itself, and it has a width even when everybody is a promoter. The score is inside
    whenever z * z >= 2 * (n + 3) / (n + 1): at 95 % from two answers on.

    Args:
        top: Answers in the top box (promoters).
        bottom: Answers in the bottom box (detractors).
        n: All answers, at least 1.
        z: Two-sided normal quantile, see `z_quantile`.

    Source: https://measuringu.com/nps-three-confidence-intervals/, and for the variance
    http://www.cybaea.net/journal/2016/01/14/NPS-confidence-intervals-stats/. The bounds are clamped
    here, because no score is beyond 100.

    >>> [round(end, 2) for end in adjusted_wald(6, 2, 10, 1.959963984540054)]
    [-12.59, 74.12]
    """
    enlarged = n + 3
    p, d = (top + 0.75) / enlarged, (bottom + 0.75) / enlarged
    centre = 100 * (top - bottom) / enlarged
    margin = 100 * z * sqrt((p + d - (p - d) ** 2) / enlarged)
    return max(-100.0, centre - margin), min(100.0, centre + margin)
