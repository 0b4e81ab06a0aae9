"""Durations as people write them: `90s`, `30m`, `4h`, `1.5d`."""

from __future__ import annotations

import re
from decimal import Decimal

__all__ = ["LONGEST_MS", "duration_ms"]

_UNITS_MS = {"s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}

#: Ten years: longer than any target, and short enough that no sum of times overflows.
LONGEST_MS = 3_650 * _UNITS_MS["d"]

_WRITTEN = re.compile(r"(\d{1,12}(?:\.\d{1,3})?)([smhd])", re.ASCII)


def duration_ms(text: object) -> int | None:
    """Return a duration in milliseconds, or None if it is not one between 1 ms and ten years.

    >>> duration_ms("1.5h"), duration_ms("0s"), duration_ms("1 week")
    (5400000, None, None)
    """
    found = _WRITTEN.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        return None
    # At most three decimals of at least 1000 ms: always a whole number of milliseconds.
    ms = int(Decimal(found[1]) * _UNITS_MS[found[2]])
    return ms if 0 < ms <= LONGEST_MS else None
