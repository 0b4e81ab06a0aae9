"""From the counts of a histogram to a score."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf

from schemas.measures import Score, ScoreKind
from streams.scores.adjusted_wald import adjusted_wald
from streams.scores.duration_buckets import bounds_of
from streams.scores.histogram import boxes, checked, moments, seconds_of
from streams.scores.order_statistics import bucket_of_rank, quantile_ranks
from streams.scores.student import student_t
from streams.scores.value import Method, ScoreValue, Thresholds
from streams.scores.wilson import wilson
from streams.scores.z_quantile import z_quantile

__all__ = ["evaluate"]

_METHODS: dict[ScoreKind, Method] = {
    "net": "adjusted_wald",
    "share": "wilson",
    "mean": "student_t",
    "quantile": "order_statistics",
    "count": "exact",
}

_Numbers = tuple[float, float | None, float | None]


def evaluate(
    score: Score,
    counts: Mapping[int, int],
    scale: tuple[int, int] | None,
    thresholds: Thresholds,
    *,
    duration: bool = False,
) -> ScoreValue:
    """Compute a score from the totals of its measure's buckets.

    Args:
        score: Which number to derive, with its boxes.
        counts: Bucket -> answers in it. Buckets without answers may be left out.
        scale: Lowest and highest bucket of the measure; None for a count of records or a duration.
        thresholds: When to show it, and the confidence of its interval.
        duration: The buckets are those of durations; a mean or a quantile is in seconds then.

    Raises:
        ValueError: A total is negative, a bucket is none of the measure, or the score lacks what its
            kind needs: a scale, a box, a q.

    >>> nps = Score("nps", "net", "points", "", top=(9, 10), bottom=(0, 6))
    >>> evaluate(nps, {10: 6, 8: 2, 3: 2}, (0, 10), Thresholds()).value
    40.0
    """
    if duration:
        scale = None
    counts = checked(score, counts, scale, duration=duration)
    in_boxes = boxes(score, counts) if score.kind in ("net", "share") else None
    n = in_boxes.n if in_boxes else sum(counts.values())
    method, status = _METHODS[score.kind], thresholds.status(n)
    if score.kind == "count" and status == "thin":
        # A count is complete: few records are few, not a noisy estimate.
        status = "ok"
    if status in ("empty", "suppressed"):
        return ScoreValue(None, None, None, n, method, status)
    if in_boxes:
        z = z_quantile(thresholds.confidence)
        value = 100 * (in_boxes.top - in_boxes.bottom) / n
        if score.kind == "net":
            bounds = adjusted_wald(in_boxes.top, in_boxes.bottom, n, z)
        else:
            bounds = wilson(in_boxes.top, n, z)
        return ScoreValue(value, *bounds, n, method, status)
    if score.kind == "count":
        return ScoreValue(float(n), float(n), float(n), n, method, status)
    if scale is None and not duration:
        raise ValueError(f"The score {score.name} is a {score.kind} and needs a scale.")
    derive = _mean if score.kind == "mean" else _quantile
    return ScoreValue(*derive(score, counts, scale, thresholds.confidence), n, method, status)


def _mean(
    score: Score, counts: Mapping[int, int], scale: tuple[int, int] | None, confidence: float
) -> _Numbers:
    """Return a mean and its bounds, within the scale or from 0 seconds."""
    found = moments(counts, duration=scale is None)
    bounds = student_t(found, confidence, *(scale or (0, inf)))
    return found.mean, *(bounds or (None, None))


def _quantile(
    score: Score, counts: Mapping[int, int], scale: tuple[int, int] | None, confidence: float
) -> _Numbers:
    """Return a quantile and its bounds. Those of durations are the outer edges of their buckets."""
    if score.q is None:
        raise ValueError(f"The score {score.name} is a quantile and needs a q.")
    n, z = sum(counts.values()), z_quantile(confidence)
    rank, lower, upper = quantile_ranks(n, score.q, z)
    at = bucket_of_rank(counts, rank)
    low = None if lower is None else bucket_of_rank(counts, lower)
    high = None if upper is None else bucket_of_rank(counts, upper)
    if scale is not None:
        return float(at), None if low is None else float(low), None if high is None else float(high)
    return (
        seconds_of(at),
        None if low is None else bounds_of(low)[0] / 1000,
        None if high is None else bounds_of(high)[1] / 1000,
    )
