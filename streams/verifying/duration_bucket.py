"""The bucket of a duration, from the definition of its edges, in whole numbers and fractions."""

from __future__ import annotations

from fractions import Fraction
from functools import cache, lru_cache
from itertools import count

__all__ = ["bucket_of"]

#: Longer durations are in the last bucket: 200 years of 365.25 days, in ms.
_LONGEST_MS = 200 * 31_557_600_000

_GAMMA = Fraction(101, 99)


@lru_cache(maxsize=65_536)
def bucket_of(ms: int) -> int:
    """Return the smallest bucket whose edge reaches a duration in whole ms.

    The edge of bucket 0 is 0 ms, of bucket b the whole part of (101/99)^(b - 1) ms.

    >>> bucket_of(0), bucket_of(1), bucket_of(2)
    (0, 1, 36)
    """
    wanted = min(ms, _LONGEST_MS)
    if wanted <= 0:
        return 0
    below = 0  # its edge does not reach
    above = _last_bucket()
    while above - below > 1:
        middle = (below + above) // 2
        if _edge(middle) >= wanted:
            above = middle
        else:
            below = middle
    return above


@cache
def _edge(bucket: int) -> int:
    return int(_GAMMA ** (bucket - 1)) if bucket else 0


@cache
def _last_bucket() -> int:
    return next(bucket for bucket in count(1) if _edge(bucket) >= _LONGEST_MS)
