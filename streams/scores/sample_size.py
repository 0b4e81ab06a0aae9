"""How many answers a score needs until its interval is narrow enough."""

from __future__ import annotations

from math import ceil

from streams.scores.z_quantile import z_quantile

__all__ = ["answers_needed"]


def answers_needed(top: float, bottom: float, margin: float, confidence: float = 0.95) -> int:
    """Return the answers after which the interval reaches `margin` to either side.

    Args:
        top: Expected share in the top box, 0 to 1.
        bottom: Expected share in the bottom box; 0 for a plain share.
        margin: Half the width wanted, in points of a net score or percentage points of a share.
        confidence: Between 0.5 and 1.

    Raises:
        ValueError: The shares are none, or the margin is not positive.

    Source: z^2 Var / margin^2 with the variance of
    http://www.cybaea.net/journal/2016/01/14/NPS-confidence-intervals-stats/

    >>> answers_needed(0.5, 0.2, 10), answers_needed(0.5, 0.2, 5)
    (235, 938)
    """
    if min(top, bottom) < 0 or top + bottom > 1:
        raise ValueError(f"{top} and {bottom} are not two shares of the same answers.")
    if margin <= 0:
        raise ValueError(f"A margin of {margin} needs no answer or cannot be reached.")
    variance = top + bottom - (top - bottom) ** 2
    return max(1, ceil(variance * (100 * z_quantile(confidence) / margin) ** 2))
