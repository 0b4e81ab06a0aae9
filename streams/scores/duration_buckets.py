"""Buckets of durations: logarithmic, so that each stands for its durations within one percent.

Bucket 0 is exactly 0 ms. Bucket b >= 1 holds the whole milliseconds above EDGES[b - 1] and up to
EDGES[b], where EDGES[0] = 0 and EDGES[b] = floor(gamma^(b - 1)) with gamma = 101 / 99. Two edges that are
equal leave a bucket that no duration falls in. This is the mapping of DDSketch
(https://arxiv.org/abs/1908.10693) with gamma = (1 + alpha) / (1 - alpha) and alpha = 1 %, here in exact
integer arithmetic: a logarithm in floating point would put a duration at an edge into either bucket.
"""

from __future__ import annotations

from bisect import bisect_left
from itertools import pairwise

__all__ = ["EDGES", "LARGEST_MS", "bounds_of", "bucket_of", "value_of"]

#: The longest duration told from longer ones: 200 years of 365.25 days.
LARGEST_MS = 200 * 31_557_600_000

_UP, _DOWN = 101, 99  # gamma = _UP / _DOWN


def _edges() -> tuple[int, ...]:
    edges, power_up, power_down = [0], 1, 1
    while edges[-1] < LARGEST_MS:
        edges.append(power_up // power_down)
        power_up, power_down = power_up * _UP, power_down * _DOWN
    return tuple(edges)


#: The largest whole ms of every bucket, by bucket.
EDGES = _edges()


def _values() -> tuple[float, ...]:
    """Return what stands for each bucket: 2 gamma^(b - 1) / (gamma + 1), rounded once."""
    values, power_up, power_down = [0.0], 2 * _DOWN, _UP + _DOWN
    for below, edge in pairwise(EDGES):
        # A bucket of one whole number is that number.
        values.append(float(edge) if edge - below == 1 else power_up / power_down)
        power_up, power_down = power_up * _UP, power_down * _DOWN
    return tuple(values)


_VALUES = _values()


def bucket_of(ms: int) -> int:
    """Return the bucket of a duration in whole ms. Longer than the last bucket counts as the last.

    Raises:
        ValueError: The duration is negative.

    >>> bucket_of(0), bucket_of(1), bucket_of(2), bucket_of(3_600_000)
    (0, 1, 36, 756)
    """
    if ms < 0:
        raise ValueError(f"A duration of {ms} ms is negative; it ends before it starts.")
    return min(bisect_left(EDGES, ms), len(EDGES) - 1)


def bounds_of(bucket: int) -> tuple[int, int]:
    """Return the smallest and the largest whole ms of a bucket, both included.

    Raises:
        ValueError: No duration falls in this bucket.

    >>> bounds_of(756)
    (3543065, 3614641)
    """
    _check(bucket)
    return (EDGES[bucket - 1] + 1, EDGES[bucket]) if bucket else (0, 0)


def value_of(bucket: int) -> float:
    """Return the ms that stand for a bucket: within 1 % of every duration in it.

    Raises:
        ValueError: No duration falls in this bucket.

    >>> round(value_of(756))
    3578496
    """
    _check(bucket)
    return _VALUES[bucket]


def _check(bucket: int) -> None:
    if bucket and not (0 < bucket < len(EDGES) and EDGES[bucket - 1] < EDGES[bucket]):
        raise ValueError(f"Bucket {bucket} is not one of a duration; no duration falls in it.")
