"""How far apart two scores of the same kind are: two windows, or a segment and the rest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf
from typing import Literal

from schemas.measures import Score, ScoreKind
from streams.scores import difference_methods as methods
from streams.scores.histogram import boxes, checked, moments
from streams.scores.score import evaluate
from streams.scores.value import Status, Thresholds
from streams.scores.z_quantile import z_quantile

__all__ = ["Difference", "DifferenceMethod", "difference"]

#: How two scores are compared. `none`: there is no test.
DifferenceMethod = Literal["adjusted_wald", "newcombe", "welch", "poisson_score", "none"]

_METHODS: dict[ScoreKind, DifferenceMethod] = {
    "net": "adjusted_wald",
    "share": "newcombe",
    "mean": "welch",
    "quantile": "none",
    "count": "poisson_score",
}

# From the worst: a difference is worth as much as the weaker of its two sides.
_WORST_FIRST: tuple[Status, ...] = ("empty", "suppressed", "thin", "ok")


@dataclass(frozen=True, slots=True)
class Difference:
    """One score minus another, in the unit of the score.

    `lower` and `upper` are the interval of the true difference, `z` how many standard errors it lies
    from zero (for a mean: Welch's t), `p` how likely one at least as large would be by chance. None
    where there is nothing to say.
    """

    value: float | None
    lower: float | None
    upper: float | None
    z: float | None
    p: float | None
    method: DifferenceMethod
    status: Status


def difference(
    score: Score,
    here: Mapping[int, int],
    there: Mapping[int, int],
    scale: tuple[int, int] | None,
    thresholds: Thresholds,
    *,
    duration: bool = False,
    seconds: tuple[float, float] = (1.0, 1.0),
) -> Difference:
    """Return the score of `here` minus the score of `there`.

    The two must share no answer: compare a window with the one before, a segment with the rest.

    Args:
        score: Which number to compare.
        here: Bucket -> answers in it, of one side.
        there: The same of the other side.
        scale: Lowest and highest bucket of the measure; None for a count of records or a duration.
        thresholds: When to show it, and the confidence of its interval.
        duration: The buckets are those of durations.
        seconds: How long each side was counted, for a count only: records there are compared as many
            as there would have been in the time of `here`.

    Raises:
        ValueError: As `evaluate`, or a time is not positive.

    >>> nps = Score("nps", "net", "points", "", top=(9, 10), bottom=(0, 6))
    >>> now, before = {10: 500, 8: 300, 3: 200}, {10: 440, 8: 320, 3: 240}
    >>> result = difference(nps, now, before, (0, 10), Thresholds())
    >>> result.value, round(result.z or 0, 3)
    (10.0, 2.825)
    """
    if min(seconds) <= 0:
        raise ValueError(f"The times {seconds} s of the score {score.name} are not both positive.")
    scale = None if duration else scale
    one, other = (
        evaluate(score, side, scale, thresholds, duration=duration) for side in (here, there)
    )
    method, status = _METHODS[score.kind], min(one.status, other.status, key=_WORST_FIRST.index)
    if one.value is None or other.value is None:
        return Difference(None, None, None, None, None, method, status)
    here, there = (checked(score, side, scale, duration=duration) for side in (here, there))
    z = z_quantile(thresholds.confidence)
    value = one.value - other.value
    found = methods.NOTHING
    match score.kind:
        case "net":
            found = methods.net(boxes(score, here), boxes(score, there), z)
        case "share":
            found = methods.share(boxes(score, here), boxes(score, there), z)
        case "mean":
            pair = moments(here, duration=duration), moments(there, duration=duration)
            width = inf if scale is None else float(scale[1] - scale[0])
            found = methods.mean(*pair, thresholds.confidence, width)
        case "count":
            ratio = seconds[0] / seconds[1]
            value = one.value - other.value * ratio
            found = methods.count(one.n, other.n, ratio, z)
        case "quantile":
            pass
    return Difference(value, found.lower, found.upper, found.z, found.p, method, status)
