"""The same scores, slowly: from a list of single answers, with fractions and scipy."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import ceil, sqrt
from statistics import fmean, variance

from scipy import optimize, stats

Bounds = tuple[float, float]


def z_of(confidence: float) -> float:
    """Two-sided normal quantile."""
    return float(stats.norm.isf((1 - confidence) / 2))


def net(answers: Sequence[int], top: range, bottom: range) -> Fraction:
    """100 * mean of +1, 0 and -1."""
    signs = [1 if answer in top else -1 if answer in bottom else 0 for answer in answers]
    return Fraction(100 * sum(signs), len(signs))


def net_bounds(answers: Sequence[int], top: range, bottom: range, confidence: float) -> Bounds:
    """A normal interval around the mean of +1, 0 and -1, with 3/4, 3/2 and 3/4 of an answer added."""
    weights = {1: Fraction(3, 4), 0: Fraction(3, 2), -1: Fraction(3, 4)}
    for answer in answers:
        weights[1 if answer in top else -1 if answer in bottom else 0] += 1
    total = sum(weights.values())
    mean = sum(sign * weight for sign, weight in weights.items()) / total
    spread = sum((sign - mean) ** 2 * weight for sign, weight in weights.items()) / total
    margin = 100 * z_of(confidence) * sqrt(spread / total)
    return max(-100.0, float(100 * mean) - margin), min(100.0, float(100 * mean) + margin)


def share(answers: Sequence[int], top: range) -> Fraction:
    """Percent of the answers that are in the box."""
    return Fraction(100 * sum(answer in top for answer in answers), len(answers))


def share_bounds(answers: Sequence[int], top: range, confidence: float) -> Bounds:
    """The shares p that a score test does not reject, found by bisection: (k/n - p)^2 = z^2 p(1-p)/n."""
    n, z = len(answers), z_of(confidence)
    seen = sum(answer in top for answer in answers) / n

    def excess(p: float) -> float:
        return (seen - p) ** 2 - z * z * p * (1 - p) / n

    def root(inside: float, outside: float) -> float:
        if seen == outside:
            return 100 * outside
        return 100 * float(optimize.brentq(excess, inside, outside, xtol=1e-15, rtol=1e-14))

    # Off the ends, where the equation has roots of its own: there a share is never rejected.
    inside = min(max(seen, 1e-9), 1 - 1e-9)
    return root(inside, 0.0), root(inside, 1.0)


def mean_bounds(answers: Sequence[int], scale: tuple[int, int], confidence: float) -> Bounds | None:
    """scipy's t interval of a mean, clamped to the scale."""
    if len(answers) == 1:
        return None
    margin = float(stats.t.isf((1 - confidence) / 2, len(answers) - 1)) * sqrt(
        variance([Fraction(answer) for answer in answers]) / len(answers)
    )
    return max(scale[0], fmean(answers) - margin), min(scale[1], fmean(answers) + margin)


def quantile(answers: Sequence[int], q: str) -> int:
    """The first answer, in order, that at least a share q does not exceed."""
    ordered = sorted(answers)
    enough = Fraction(q) * len(ordered)
    return next(answer for place, answer in enumerate(ordered, start=1) if place >= enough)


def quantile_bounds(
    answers: Sequence[int], q: str, confidence: float
) -> tuple[int | None, int | None]:
    """The answers a normal margin of the binomial below and above the place of the quantile."""
    ordered, share = dict(enumerate(sorted(answers), start=1)), float(Fraction(q))
    binomial = stats.binom(len(ordered), share)
    margin = z_of(confidence) * float(binomial.std())
    return (
        ordered.get(ceil(len(ordered) * share - margin)),
        ordered.get(ceil(len(ordered) * share + margin)),
    )


def welch(
    one: Sequence[int | Fraction], other: Sequence[int | Fraction], confidence: float
) -> list[float]:
    """Interval, t and p of two means whose spreads may differ, with exact sums."""
    (n1, v1), (n2, v2) = (
        (len(side), variance(map(Fraction, side)) / len(side)) for side in (one, other)
    )
    df = float((v1 + v2) ** 2 / (v1**2 / (n1 - 1) + v2**2 / (n2 - 1)))
    apart = float(Fraction(sum(one)) / n1 - Fraction(sum(other)) / n2)
    error = sqrt(v1 + v2)
    margin = float(stats.t.isf((1 - confidence) / 2, df)) * error
    p = 2 * float(stats.t.sf(abs(apart) / error, df))
    return [apart - margin, apart + margin, apart / error, p]


def n_minus_one_p(k1: int, n1: int, k2: int, n2: int) -> float:
    """P of Pearson's chi-squared of the table, made smaller by (N - 1) / N."""
    chi = stats.chi2_contingency([[k1, n1 - k1], [k2, n2 - k2]], correction=False).statistic
    return float(stats.chi2.sf(chi * (n1 + n2 - 1) / (n1 + n2), 1))
