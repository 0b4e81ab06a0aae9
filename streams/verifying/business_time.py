"""Business time: a moment counts if the clock on the wall shows an hour somebody works.

Every local day is looked at by itself. The days a zone changes its offset are cut where it changes, and
each piece is read with its own offset: an hour that is skipped is not worked, one that comes twice is
worked twice.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from schemas.calendars import Calendar

__all__ = ["add", "between"]

_HOUR_S, _DAY_S = 3600, 86_400
_EPOCH = date(1970, 1, 1)
_LAST_YEAR = 2200

#: The last moment any calendar knows: no accepted record is dated later.
_END_MS = 7_258_118_399_999

#: A calendar that is closed for so many days in a row never opens again.
_NEVER_DAYS = 3660


def between(calendar: Calendar, start_ms: int, end_ms: int) -> int:
    """Return the ms of business between two moments, 0 if the second is not later."""
    total = 0
    day = _local_date(calendar, start_ms)
    while end_ms > start_ms and day <= _local_date(calendar, end_ms):
        for opens, closes in _open(calendar, day):
            total += max(0, min(closes, end_ms) - max(opens, start_ms))
        day += timedelta(days=1)
    return total


def add(calendar: Calendar, start_ms: int, business_ms: int) -> int:
    """Return the first moment at which so much business has passed, at most the end of 2199."""
    left = business_ms
    if left <= 0:
        return start_ms
    day = _local_date(calendar, start_ms)
    closed = 0
    while closed < _NEVER_DAYS and day.year <= _LAST_YEAR:
        closed += 1
        for opens, closes in _open(calendar, day):
            begins = max(opens, start_ms)
            if closes <= begins:
                continue
            closed = 0
            if left <= closes - begins:
                return min(begins + left, _END_MS)
            left -= closes - begins
        day += timedelta(days=1)
    return _END_MS


def _local_date(calendar: Calendar, ms: int) -> date:
    return datetime.fromtimestamp(ms // 1000, ZoneInfo(calendar.time_zone)).date()


def _open(calendar: Calendar, day: date) -> list[tuple[int, int]]:
    """Return when business opens and closes on a local day, in epoch ms."""
    if day in calendar.holidays:
        return []
    spans = calendar.hours[day.weekday()]
    return _stretches(calendar.time_zone, spans, day) if spans else []


@cache
def _stretches(
    time_zone: str, spans: tuple[tuple[int, int], ...], day: date
) -> list[tuple[int, int]]:
    midnight_s = (day - _EPOCH).days * _DAY_S  # as if the day were one of UTC
    found = []
    # No zone is further than a day from UTC.
    for first_s, last_s, offset_s in _pieces(
        time_zone, midnight_s - _DAY_S, midnight_s + 2 * _DAY_S
    ):
        for from_minute, to_minute in spans:
            opens = max(midnight_s + from_minute * 60 - offset_s, first_s)
            closes = min(midnight_s + to_minute * 60 - offset_s, last_s)
            if opens < closes:
                found.append((opens * 1000, closes * 1000))
    return sorted(found)


def _pieces(time_zone: str, start_s: int, end_s: int) -> list[tuple[int, int, int]]:
    """Return stretches of one offset from UTC: from, to, offset, all in seconds."""
    pieces = []
    begins, moment = start_s, start_s
    while moment < end_s:
        later = min(moment + _HOUR_S, end_s)
        if _offset_s(time_zone, moment) != _offset_s(time_zone, later):
            changes = next(
                second
                for second in range(moment + 1, later + 1)
                if _offset_s(time_zone, second) != _offset_s(time_zone, moment)
            )
            pieces.append((begins, changes, _offset_s(time_zone, moment)))
            begins = later = changes
        moment = later
    pieces.append((begins, end_s, _offset_s(time_zone, begins)))
    return pieces


def _offset_s(time_zone: str, moment_s: int) -> int:
    shift = datetime.fromtimestamp(moment_s, ZoneInfo(time_zone)).utcoffset()
    return int((shift or timedelta()).total_seconds())
