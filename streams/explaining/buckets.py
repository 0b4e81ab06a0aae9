"""A histogram as lines: one a bucket, or one a range of durations."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby

from streams.explaining.amounts import duration
from streams.scores.duration_buckets import bounds_of

__all__ = ["bucket_lines", "bucket_range"]

_MOST_LINES = 24


def bucket_lines(histogram: Mapping[int, int], *, durations: bool) -> list[tuple[str, int]]:
    """Return what each line stands for and how many are in it; no line is empty.

    Neighbouring buckets of durations share a line where there are many.

    >>> bucket_lines({9: 2, 10: 5}, durations=False)
    [('9', 2), ('10', 5)]
    >>> bucket_lines({756: 3}, durations=True)
    [('59 min 03 s .. 1 h 00 min', 3)]
    """
    buckets = sorted(histogram)
    if not durations:
        return [(str(bucket), histogram[bucket]) for bucket in buckets]
    if not buckets:
        return []
    width = -(-(buckets[-1] - buckets[0] + 1) // _MOST_LINES)
    if len(buckets) <= _MOST_LINES:
        width = 1
    lines = []
    for _, group in groupby(buckets, key=lambda bucket: (bucket - buckets[0]) // width):
        members = list(group)
        low, high = bounds_of(members[0])[0], bounds_of(members[-1])[1]
        lines.append((_range(low, high), sum(histogram[bucket] for bucket in members)))
    return lines


def bucket_range(bucket: int) -> tuple[float, float]:
    """Return the shortest and the longest duration of a bucket, in seconds."""
    low, high = bounds_of(bucket)
    return low / 1000, high / 1000


def _range(low_ms: int, high_ms: int) -> str:
    low, high = duration(low_ms / 1000), duration(high_ms / 1000)
    return low if low == high else f"{low} .. {high}"
