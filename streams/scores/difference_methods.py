"""The interval and the test of a difference, for each kind of score."""

from __future__ import annotations

from math import hypot, sqrt
from typing import NamedTuple

from streams.scores.histogram import Boxes, Moments
from streams.scores.p_value import p_of_t, p_of_z
from streams.scores.t_quantile import t_quantile
from streams.scores.wilson import wilson

__all__ = ["NOTHING", "Compared", "count", "mean", "net", "share", "welch_df"]


class Compared(NamedTuple):
    """Interval, statistic and two-sided p; None where a method says nothing."""

    lower: float | None
    upper: float | None
    z: float | None
    p: float | None


NOTHING = Compared(None, None, None, None)


def net(one: Boxes, other: Boxes, z: float) -> Compared:
    """Compare two net scores on the adjusted counts of `adjusted_wald`, in points.

    The interval is centred on the difference of the adjusted scores, a little nearer to zero than the
    plain difference, and it is cut at -200 and 200.

    Source: the variances of https://measuringu.com/nps-three-confidence-intervals/, added up as in
    https://measuringu.com/nps-significance-test/
    """
    (s1, v1), (s2, v2) = (_adjusted(side) for side in (one, other))
    error = sqrt(v1 + v2)
    apart = s1 - s2
    score = apart / error
    return Compared(
        max(-200.0, apart - z * error), min(200.0, apart + z * error), score, p_of_z(score)
    )


def _adjusted(side: Boxes) -> tuple[float, float]:
    """Return the adjusted net score in points, and its variance."""
    n = side.n + 3
    both = (side.top + side.bottom + 1.5) / n
    apart = (side.top - side.bottom) / n
    return 100 * apart, 10_000 * (both - apart * apart) / n


def share(one: Boxes, other: Boxes, z: float) -> Compared:
    """Compare two shares, in percentage points.

    The interval is Newcombe's hybrid of the two Wilson intervals (1998, Stat. Med. 17:873, method 10):
    never beyond -100..100, never of width zero. The test is the "N - 1" test of two proportions
    (Campbell 2007, Stat. Med. 26:3661), sound for small samples too. Two shares that are both 0 % or
    both 100 % differ by nothing: z = 0.

    Sources: https://search.r-project.org/CRAN/refmans/misty/html/ci.prop.diff.html,
    https://measuringu.com/what-is-the-n-1-two-proportion-test/
    """
    s1, s2 = 100 * one.top / one.n, 100 * other.top / other.n
    (low1, high1), (low2, high2) = wilson(one.top, one.n, z), wilson(other.top, other.n, z)
    apart = s1 - s2
    lower, upper = apart - hypot(s1 - low1, high2 - s2), apart + hypot(high1 - s1, s2 - low2)
    n, k = one.n + other.n, one.top + other.top
    score = 0.0
    if 0 < k < n:
        pooled = k / n * (1 - k / n) * (1 / one.n + 1 / other.n)
        score = apart / 100 / sqrt(pooled) * sqrt((n - 1) / n)
    return Compared(lower, upper, score, p_of_z(score))


def mean(one: Moments, other: Moments, confidence: float, width: float) -> Compared:
    """Compare two means by Welch's t, in their unit.

    Nothing is said where a side has one answer, or where no side has any spread.

    Args:
        one: Mean and variance of one side.
        other: Mean and variance of the other.
        confidence: Between 0.5 and 1.
        width: The largest difference possible, where the interval is cut.

    Source: B. L. Welch (1947), Biometrika 34:28;
    https://search.r-project.org/CRAN/refmans/superb/html/WelchDegreeOfFreedom.html
    """
    if one.variance is None or other.variance is None or one.variance + other.variance == 0:
        return NOTHING
    apart, error = one.mean - other.mean, sqrt(one.variance + other.variance)
    df = welch_df(one.n, one.variance, other.n, other.variance)
    margin = t_quantile(df, confidence) * error
    t = apart / error
    return Compared(max(-width, apart - margin), min(width, apart + margin), t, p_of_t(t, df))


def welch_df(n1: int, v1: float, n2: int, v2: float) -> float:
    """Return the degrees of freedom of two means with variances v1 and v2 (each s^2 / n), not both 0.

    >>> welch_df(10, 0.5, 10, 0.5)
    18.0
    """
    # As shares of the sum, so that tiny variances do not underflow.
    share = v1 / (v1 + v2)
    return 1 / (share * share / (n1 - 1) + (1 - share) ** 2 / (n2 - 1))


def count(n1: int, n2: int, ratio: float, z: float) -> Compared:
    """Compare two counts of a Poisson process, in records of the time of the first.

    Given n1 + n2, n1 is binomial with the share of the time if the rates are equal (Przyborowski and
    Wilenski 1940, Biometrika 31:313); z is the score test of that share. The interval joins the score
    intervals of the two counts, n + z^2 / 2 -+ z sqrt(n + z^2 / 4), as Newcombe's does for shares.

    Args:
        n1: Records of one side.
        n2: Records of the other; not both are 0.
        ratio: Time of the one side over time of the other.
        z: Two-sided normal quantile.

    Sources: https://www.statsmodels.org/devel/generated/statsmodels.stats.rates.test_poisson_2indep.html
    (score), https://www.statsmodels.org/devel/generated/statsmodels.stats.rates.confint_poisson_2indep.html
    (mover)
    """
    apart = n1 - ratio * n2
    half = z * z / 2
    (down1, up1), (down2, up2) = (
        (z * sqrt(n + half / 2) - half, z * sqrt(n + half / 2) + half) for n in (n1, n2)
    )
    lower, upper = apart - hypot(down1, ratio * up2), apart + hypot(up1, ratio * down2)
    score = apart / sqrt(ratio * (n1 + n2))
    return Compared(lower, upper, score, p_of_z(score))
