"""How many times likelier something is in one group than in another."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, log, sqrt

from streams.scores.z_quantile import z_quantile

__all__ = ["RelativeRisk", "relative_risk"]


@dataclass(frozen=True, slots=True)
class RelativeRisk:
    """A ratio of two shares and its interval; None where there is nothing to say."""

    value: float | None
    lower: float | None
    upper: float | None


def relative_risk(k1: int, n1: int, k2: int, n2: int, confidence: float = 0.95) -> RelativeRisk:
    """Return (k1 / n1) / (k2 / n2) with the interval of its logarithm.

    Nothing is said of an empty group or where nobody of the second one is affected; where nobody of
    the first one is, the ratio is 0 and the method has no interval.

    Args:
        k1: Affected in the first group.
        n1: Size of the first group.
        k2: Affected in the second group.
        n2: Size of the second group.
        confidence: Between 0.5 and 1.

    Raises:
        ValueError: More are affected than there are, or a number is negative.

    Source: Katz et al. (1978), Biometrics 34:469;
    https://docs.scipy.org/doc/scipy/reference/generated/scipy.stats.contingency.relative_risk.html

    >>> risk = relative_risk(40, 200, 10, 200)
    >>> risk.value, round(risk.lower or 0, 2), round(risk.upper or 0, 2)
    (4.0, 2.06, 7.78)
    """
    if not (0 <= k1 <= n1 and 0 <= k2 <= n2):
        raise ValueError(f"{k1} of {n1} or {k2} of {n2}: no group has more affected than members.")
    z = z_quantile(confidence)
    if n1 == 0 or k2 == 0:
        return RelativeRisk(None, None, None)
    ratio = k1 * n2 / (n1 * k2)
    if k1 == 0:
        return RelativeRisk(ratio, None, None)
    margin = z * sqrt((n1 - k1) / (k1 * n1) + (n2 - k2) / (k2 * n2))
    return RelativeRisk(ratio, exp(log(ratio) - margin), exp(log(ratio) + margin))
