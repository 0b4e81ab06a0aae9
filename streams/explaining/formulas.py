"""A score as arithmetic: its formula with the numbers in it, and what its interval is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from schemas.measures import Measure, Score
from streams.explaining.amounts import amount
from streams.scores import Method, ScoreValue
from streams.scores.histogram import boxes, moments
from streams.scores.order_statistics import bucket_of_rank, quantile_ranks
from streams.scores.z_quantile import z_quantile

__all__ = ["INTERVALS", "Interval", "formula"]


class Interval(NamedTuple):
    """How an interval is computed, in one line, and where the formula comes from."""

    formula: str
    source: str


INTERVALS: dict[Method, Interval] = {
    "adjusted_wald": Interval(
        "adjusted Wald: three answers added, 3/4 to each box; "
        "100 * (top - bottom) / (n + 3) +- 100 * z * sqrt((p + d - (p - d)^2) / (n + 3))",
        "https://measuringu.com/nps-three-confidence-intervals/",
    ),
    "wilson": Interval(
        "Wilson score: (p + z^2 / 2n +- z * sqrt(p (1 - p) / n + z^2 / 4n^2)) / (1 + z^2 / n)",
        "https://rdrr.io/cran/cicalc/man/ci_prop_wilson.html",
    ),
    "student_t": Interval(
        "Student t: mean +- t * s / sqrt(n), within the scale",
        "http://goldbook.iupac.org/C01247.html",
    ),
    "order_statistics": Interval(
        "order statistics: the answers number ceil(n q -+ z * sqrt(n q (1 - q)))",
        "https://rdrr.io/cran/rcompanion/man/quantileCI.html",
    ),
    "exact": Interval("none: a count of all records is exact", ""),
}


def formula(
    measure: Measure, score: Score, counts: Mapping[int, int], result: ScoreValue, confidence: float
) -> str:
    """Write a score's formula with its numbers; for a quantile, which answers bound it.

    Args:
        measure: The measure of the counts.
        score: One of its scores.
        counts: Bucket -> answers in it.
        result: What the counts were evaluated to.
        confidence: Of its interval.

    >>> from schemas.definitions import load_measures
    >>> from streams.scores import Thresholds, evaluate
    >>> nps = load_measures().by_name("nps.relational")
    >>> counts, score = {10: 162, 8: 108, 3: 54}, nps.scores[0]
    >>> result = evaluate(score, counts, nps.scale, Thresholds())
    >>> formula(nps, score, counts, result, 0.95)
    '100 * (n[9..10] - n[0..6]) / n = 100 * (162 - 54) / 324 = 33.33'
    """
    if result.value is None:
        return f"{_general(score)} = NULL, because n = {result.n} ({result.status})"
    value = amount(measure, score, result.value)
    counts = dict(sorted(counts.items()))
    if score.kind in ("net", "share"):
        found = boxes(score, counts)
        top = f"({found.top} - {found.bottom})" if score.kind == "net" else str(found.top)
        return f"{_general(score)} = 100 * {top} / {found.n} = {value}"
    if score.kind == "mean":
        mean = moments(counts, duration=measure.is_duration)
        total = mean.mean * mean.n
        if measure.is_duration:
            sums = f"{total:.3f} s / {mean.n} = {mean.mean:.3f} s"
        else:
            sums = f"{round(total)} / {mean.n}"
        return f"{_general(score)} = {sums} = {value}"
    if score.kind == "quantile":
        return _quantile(score, counts, result, value, confidence)
    return f"{_general(score)} = {value}"


def _quantile(
    score: Score, counts: Mapping[int, int], result: ScoreValue, value: str, confidence: float
) -> str:
    q = score.q or 0.0
    rank, lower, upper = quantile_ranks(result.n, q, z_quantile(confidence))
    bounds = " and ".join("none" if one is None else f"number {one}" for one in (lower, upper))
    return (
        f"{_general(score)} = number {rank} of {result.n} = bucket {bucket_of_rank(counts, rank)}"
        f" = {value}; bounds: {bounds}"
    )


def _general(score: Score) -> str:
    n = "n" if score.base is None else f"n{_box(score.base)}"
    if score.kind == "net":
        return f"100 * (n{_box(score.top)} - n{_box(score.bottom)}) / {n}"
    if score.kind == "share":
        return f"100 * n{_box(score.top)} / {n}"
    if score.kind == "mean":
        return "sum of (value of bucket * n[bucket]) / n"
    if score.kind == "quantile":
        return f"answer number ceil({score.q:g} * n), by size"
    return "n"


def _box(box: tuple[int, int] | None) -> str:
    if box is None:
        return "[]"
    return f"[{box[0]}]" if box[0] == box[1] else f"[{box[0]}..{box[1]}]"
