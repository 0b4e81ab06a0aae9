"""Values at the edges of what a field can hold, and some that have broken programs before."""

from __future__ import annotations

import math
from datetime import UTC, datetime

__all__ = ["LONGS", "SCORES", "TEXTS", "TIMES_MS"]

LONGS = (
    -(2**63), -(2**63) + 1, -(2**53), -(2**31) - 1, -(2**31), -1_000, -1, 0, 1, 2**31 - 1, 2**31,
    2**32 - 1, 2**32, 2**53, 2**62, 2**63 - 1,
)  # fmt: skip

SCORES = (
    math.nan, math.inf, -math.inf, -0.0, 0.0, 5e-324, 1e308, -1e308, 9.0, 9.000000000000002, 10.0, 10.5,
    11.0, -1.0, 2.0**53, 2.0**63, None,
)  # fmt: skip

TEXTS = (
    "", " ", "\x00", "a\x00b", "\n\r\t", "'; DROP TABLE answers; --", "%s %(x)s {0} {x!r} \\N", "\\",
    "\N{RIGHT-TO-LEFT OVERRIDE}abc", "\N{ZERO WIDTH SPACE}", "é", "e\N{COMBINING ACUTE ACCENT}",
    "\N{PILE OF POO}", "\ufffe\uffff", "\U0010ffff", "NaN", "null", "2038-01-19", "a|b|c", "x" * 300,
)  # fmt: skip


def _at(year: int, *rest: int) -> int:
    """Return an instant of UTC: month, day, and as much of the time as matters."""
    month, day, *time = rest
    hour, minute, second = (*time, 0, 0, 0)[:3]
    moment = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    return int(moment.timestamp() * 1000)


TIMES_MS = (
    *(number for number in LONGS),
    _at(1901, 12, 13, 20, 45, 52), _at(1970, 1, 1, 0, 0, 1), _at(1989, 12, 31, 23, 59, 59),
    _at(1990, 1, 1), _at(1999, 12, 31, 23, 59, 59), _at(2000, 2, 29),
    # Clocks change in Europe and in the United States; a leap second had just passed.
    _at(2025, 3, 30, 0, 59, 59), _at(2025, 3, 30, 1), _at(2025, 10, 26, 0, 30), _at(2025, 10, 26, 1),
    _at(2025, 3, 9, 7), _at(2025, 11, 2, 6), _at(2017, 1, 1),
    _at(2038, 1, 19, 3, 14, 7), _at(2038, 1, 19, 3, 14, 8),
    _at(2106, 2, 7, 6, 28, 15), _at(2106, 2, 7, 6, 28, 16), _at(2149, 6, 6), _at(2149, 6, 8),
    _at(2199, 12, 31, 23, 59, 59), _at(2200, 1, 1), _at(9999, 12, 31),
)  # fmt: skip
