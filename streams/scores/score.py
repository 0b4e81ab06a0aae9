"""From the counts of a histogram to a score."""

from __future__ import annotations

from collections.abc import Mapping
from operator import index

from schemas.measures import Score, ScoreKind
from streams.scores.adjusted_wald import adjusted_wald
from streams.scores.student import student_t
from streams.scores.value import Method, ScoreValue, Thresholds
from streams.scores.wilson import wilson
from streams.scores.z_quantile import z_quantile

__all__ = ["evaluate"]

_METHODS: dict[ScoreKind, Method] = {
    "net": "adjusted_wald",
    "share": "wilson",
    "mean": "student_t",
    "count": "exact",
}


def evaluate(
    score: Score,
    counts: Mapping[int, int],
    scale: tuple[int, int] | None,
    thresholds: Thresholds,
) -> ScoreValue:
    """Compute a score from the totals of its measure's buckets.

    Args:
        score: Which number to derive, with its boxes.
        counts: Bucket -> answers in it. Buckets without answers may be left out.
        scale: Lowest and highest bucket of the measure; None for a count of records.
        thresholds: When to show it, and the confidence of its interval.

    Raises:
        ValueError: A total is negative, a bucket is outside the scale, or a scale or a box is missing.

    >>> nps = Score("nps", "net", "points", "", top=(9, 10), bottom=(0, 6))
    >>> evaluate(nps, {10: 6, 8: 2, 3: 2}, (0, 10), Thresholds()).value
    40.0
    """
    counts = _checked(score, counts, scale)
    method = _METHODS[score.kind]
    n = sum(counts.values())
    status = thresholds.status(n)
    if score.kind == "count" and status == "thin":
        # A count is complete: few records are few, not a noisy estimate.
        status = "ok"
    if status in ("empty", "suppressed"):
        return ScoreValue(None, None, None, n, method, status)
    value: float
    bounds: tuple[float, float] | None
    match score.kind:
        case "net":
            top, bottom = _in_box(score, "top", counts), _in_box(score, "bottom", counts)
            value = 100 * (top - bottom) / n
            bounds = adjusted_wald(top, bottom, n, z_quantile(thresholds.confidence))
        case "share":
            top = _in_box(score, "top", counts)
            value = 100 * top / n
            bounds = wilson(top, n, z_quantile(thresholds.confidence))
        case "mean":
            if scale is None:
                raise ValueError(f"The score {score.name} is a mean and needs a scale.")
            total = sum(bucket * answers for bucket, answers in counts.items())
            squares = sum(bucket * bucket * answers for bucket, answers in counts.items())
            value = total / n
            bounds = student_t(n, total, squares, scale, thresholds.confidence)
        case "count":
            value = float(n)
            bounds = (value, value)
    lower, upper = bounds or (None, None)
    return ScoreValue(value, lower, upper, n, method, status)


def _checked(
    score: Score, counts: Mapping[int, int], scale: tuple[int, int] | None
) -> dict[int, int]:
    """Return the counts as Python integers, which never overflow, or refuse them."""
    checked = {}
    for raw_bucket, raw_answers in counts.items():
        bucket, answers = index(raw_bucket), index(raw_answers)
        if answers < 0:
            raise ValueError(
                f"Bucket {bucket} of the score {score.name} holds {answers} answers; a total is never "
                "negative. A correction was counted without the answer it corrects."
            )
        if answers and scale is not None and not scale[0] <= bucket <= scale[1]:
            raise ValueError(
                f"Bucket {bucket} of the score {score.name} is outside the scale {scale[0]} to "
                f"{scale[1]}; two scales are never mixed."
            )
        checked[bucket] = answers
    return checked


def _in_box(score: Score, name: str, counts: Mapping[int, int]) -> int:
    """Return the answers in the `top` or `bottom` box."""
    box = score.top if name == "top" else score.bottom
    if box is None:
        raise ValueError(f"The score {score.name} is a {score.kind} and needs a {name} box.")
    return sum(answers for bucket, answers in counts.items() if box[0] <= bucket <= box[1])
