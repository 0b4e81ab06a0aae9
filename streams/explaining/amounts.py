"""Numbers as people read them: 1 h 05 min, 62.5 %, 33.33."""

from __future__ import annotations

from schemas.measures import Measure, Score

__all__ = ["amount", "duration"]

_MINUTE_S, _HOUR_S, _DAY_S = 60, 3_600, 86_400

#: Below this a tenth of a second is worth telling.
_TENTHS_BELOW_S = 10


def duration(seconds: float) -> str:
    """Say a duration in at most two units.

    >>> [duration(value) for value in (0, 0.042, 4.25, 59.7, 3900, 273_600)]
    ['0 s', '42 ms', '4.2 s', '1 min 00 s', '1 h 05 min', '3 d 04 h']
    """
    if 0 < seconds < 1 and (ms := round(seconds * 1000)) < 1000:  # noqa: PLR2004 - of a second
        return f"{ms} ms"
    if seconds > 0 and (rounded := round(seconds, 1)) < _TENTHS_BELOW_S:
        return f"{rounded:g} s"
    whole = round(seconds)
    if whole < _MINUTE_S:
        return f"{whole} s"
    if whole < _HOUR_S:
        return f"{whole // _MINUTE_S} min {whole % _MINUTE_S:02} s"
    minutes = round(whole / _MINUTE_S)
    if minutes < _DAY_S // _MINUTE_S:
        return f"{minutes // 60} h {minutes % 60:02} min"
    hours = round(whole / _HOUR_S)
    return f"{hours // 24:,} d {hours % 24:02} h"


def amount(measure: Measure, score: Score, value: float | None, *, with_unit: bool = False) -> str:
    """Say a value of a score; nothing for none. A duration always has its units."""
    if value is None:
        return ""
    if measure.is_duration and score.kind in ("mean", "quantile"):
        return duration(value)
    text = f"{value:,.{_decimals(score)}f}"
    return f"{text} %" if with_unit and score.unit == "%" else text


def _decimals(score: Score) -> int:
    if score.kind in ("count", "quantile"):
        return 0
    return 1 if score.unit == "%" else 2
