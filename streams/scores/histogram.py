"""What every score is derived from: a checked histogram and the few sums taken over it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import fsum
from operator import index

from schemas.measures import Score
from streams.scores.duration_buckets import bounds_of, value_of

__all__ = ["Boxes", "Moments", "boxes", "checked", "moments", "seconds_of"]


def checked(
    score: Score, counts: Mapping[int, int], scale: tuple[int, int] | None, *, duration: bool
) -> dict[int, int]:
    """Return the counts by rising bucket, as Python integers, which never overflow.

    Raises:
        ValueError: A total is negative, or a bucket is none of this measure.
    """
    found = {}
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
        if answers and duration:
            bounds_of(bucket)
        found[bucket] = answers
    return dict(sorted(found.items()))


@dataclass(frozen=True, slots=True)
class Boxes:
    """Answers in the boxes of a score: of `n` answers that count, `top` and `bottom`."""

    n: int
    top: int
    bottom: int


def boxes(score: Score, counts: Mapping[int, int]) -> Boxes:
    """Return what a net score or a share is made of. Only a share has a base: there n is the base.

    Raises:
        ValueError: The score has no box of this kind.
    """
    if score.kind == "share" and score.base is not None:
        low, high = score.base
        counts = {bucket: answers for bucket, answers in counts.items() if low <= bucket <= high}

    def inside(name: str, box: tuple[int, int] | None) -> int:
        if box is None:
            raise ValueError(f"The score {score.name} is a {score.kind} and needs a {name} box.")
        return sum(answers for bucket, answers in counts.items() if box[0] <= bucket <= box[1])

    bottom = inside("bottom", score.bottom) if score.kind == "net" else 0
    return Boxes(sum(counts.values()), inside("top", score.top), bottom)


def seconds_of(bucket: int) -> float:
    """Return the seconds that stand for a bucket of durations."""
    return value_of(bucket) / 1000


@dataclass(frozen=True, slots=True)
class Moments:
    """A mean and how much it varies: `variance` is s^2 / n, None for one answer."""

    n: int
    mean: float
    variance: float | None


def moments(counts: Mapping[int, int], *, duration: bool) -> Moments:
    """Return the mean of at least one answer: of a scale in its unit, of durations in seconds.

    On a scale the sums are integers, so both numbers are exact up to one rounding whatever n is. Each
    duration stands for its bucket, so a mean of durations is within 1 % of the true one.
    """
    n = sum(counts.values())
    if duration:
        values = [(seconds_of(bucket), answers) for bucket, answers in counts.items() if answers]
        # From the first one on, so that durations in one bucket have no spread at all.
        first = values[0][0]
        mean = first + fsum((value - first) * answers for value, answers in values) / n
        # Around the mean: a difference of sums of squares would cancel.
        spread = fsum((value - mean) ** 2 * answers for value, answers in values)
        return Moments(n, mean, spread / (float(n) * (n - 1)) if n > 1 else None)
    total = sum(bucket * answers for bucket, answers in counts.items())
    squares = sum(bucket * bucket * answers for bucket, answers in counts.items())
    # s^2 / n, with s^2 = (squares - total^2 / n) / (n - 1), as one quotient of integers
    variance = (n * squares - total * total) / (n * n * (n - 1)) if n > 1 else None
    return Moments(n, total / n, variance)
