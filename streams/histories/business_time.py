"""Business time: the part of time that lies inside the hours of a calendar.

An instant is business time if its wall clock, in the zone of the calendar, shows an open hour of
that day of the week and no holiday. So an hour the clock skips in spring is not worked, and an
hour it shows twice in autumn is worked twice.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from itertools import accumulate
from typing import NamedTuple
from zoneinfo import ZoneInfo

from schemas.calendars import Calendar
from schemas.errors import ConfigError

__all__ = ["EARLIEST_MS", "LATEST_MS", "BusinessTime", "business_time"]

#: Nobody works before 1970. Records before 1990 or after 2199 are rejected anyway.
EARLIEST_MS = 0

#: The last instant of 2199. Nobody works later, and no target is due later.
LATEST_MS = int(datetime(2200, 1, 1, tzinfo=UTC).timestamp() * 1000) - 1

_MINUTE_MS = 60_000
_DAY_S = 86_400
_DAY_MS = _DAY_S * 1000

#: Days whose open hours are worked out at once, when they are first needed.
_BLOCK_DAYS = 365
_BLOCK_MS = _BLOCK_DAYS * _DAY_MS

#: 1970-01-01 as Python counts dates, and as a day of the week (Monday is 0).
_EPOCH_ORDINAL = datetime(1970, 1, 1, tzinfo=UTC).toordinal()
_EPOCH_WEEKDAY = 3


class _Block(NamedTuple):
    """The open spans of some days in UTC, in order, and the business time up to the end of each."""

    starts: list[int]
    ends: list[int]
    worked: list[int]

    def before(self, moment_ms: int) -> int:
        """Return the business time from the start of the block to a moment of it."""
        index = bisect_right(self.starts, moment_ms) - 1
        if index < 0:
            return 0
        return self.worked[index] - max(0, self.ends[index] - moment_ms)

    @property
    def total(self) -> int:
        return self.worked[-1] if self.worked else 0


class BusinessTime:
    """Measures and adds business time. All instants are epoch ms, all durations ms.

    Raises:
        ConfigError: The time zone is unknown, or the calendar has no open hours at all.
    """

    def __init__(self, calendar: Calendar) -> None:
        if not any(end > start for spans in calendar.hours for start, end in spans):
            raise ConfigError(
                f"Calendar {calendar.name} has no open hours.",
                cure="Give at least one day of the week a span such as 09:00-17:00.",
            )
        self._zone = _zone_of(calendar)
        self._hours = tuple(
            tuple((start * _MINUTE_MS, end * _MINUTE_MS) for start, end in spans)
            for spans in calendar.hours
        )
        self._holidays = frozenset(day.toordinal() - _EPOCH_ORDINAL for day in calendar.holidays)
        self._blocks: dict[int, _Block] = {}

    def elapsed_ms(self, start_ms: int, end_ms: int) -> int:
        """Return the business time between two instants, 0 if the end is not after the start."""
        start_ms = max(start_ms, EARLIEST_MS)
        end_ms = min(end_ms, LATEST_MS)
        if end_ms <= start_ms:
            return 0
        first, last = start_ms // _BLOCK_MS, end_ms // _BLOCK_MS
        elapsed = self._block(last).before(end_ms) - self._block(first).before(start_ms)
        for index in range(first, last):
            elapsed += self._block(index).total
        return elapsed

    def add_ms(self, start_ms: int, duration_ms: int) -> int:
        """Return the earliest instant by which that much business time has passed after the start.

        Without a duration that is the start itself; it is `LATEST_MS` at the latest (or the start).
        """
        if duration_ms <= 0 or start_ms >= LATEST_MS:
            return start_ms
        start_ms = max(start_ms, EARLIEST_MS)
        index = start_ms // _BLOCK_MS
        wanted = self._block(index).before(start_ms) + duration_ms
        while (block := self._block(index)).total < wanted:
            wanted -= block.total
            index += 1
            if index * _BLOCK_MS > LATEST_MS:
                return LATEST_MS
        span = bisect_left(block.worked, wanted)
        return min(LATEST_MS, block.ends[span] - (block.worked[span] - wanted))

    def _block(self, index: int) -> _Block:
        block = self._blocks.get(index)
        if block is None:
            block = self._blocks[index] = self._build(index)
        return block

    def _build(self, index: int) -> _Block:
        first_s = index * _BLOCK_DAYS * _DAY_S
        starts: list[int] = []
        ends: list[int] = []
        for from_ms, to_ms, offset_ms in _steady(self._zone, first_s, _BLOCK_DAYS):
            # While the offset stands still, the wall clock is UTC moved by it.
            from_day = (from_ms + offset_ms) // _DAY_MS
            to_day = (to_ms - 1 + offset_ms) // _DAY_MS
            for day in range(from_day, to_day + 1):
                if day in self._holidays:
                    continue
                midnight = day * _DAY_MS - offset_ms
                for opens, closes in self._hours[(day + _EPOCH_WEEKDAY) % 7]:
                    start, end = max(from_ms, midnight + opens), min(to_ms, midnight + closes)
                    if start < end:
                        starts.append(start)
                        ends.append(end)
        worked = accumulate(end - start for start, end in zip(starts, ends, strict=True))
        return _Block(starts, ends, list(worked))


@lru_cache(maxsize=256)
def business_time(calendar: Calendar) -> BusinessTime:
    """Return the business time of a calendar, the same one each time, with what it worked out."""
    return BusinessTime(calendar)


def _zone_of(calendar: Calendar) -> ZoneInfo:
    try:
        return ZoneInfo(calendar.time_zone)
    except (LookupError, ValueError, OSError):
        raise ConfigError(
            f"Calendar {calendar.name} has the time zone {calendar.time_zone!r}, "
            "which this machine does not know.",
            cure="Use a name of the IANA database, such as Europe/Berlin; "
            "if it is one, install the package tzdata.",
        ) from None


def _steady(zone: tzinfo, first_s: int, days: int) -> list[tuple[int, int, int]]:
    """Return the stretches of these UTC days with one offset each: from, to, offset, in ms."""
    last_s = first_s + days * _DAY_S
    stretches = []
    since, offset = first_s, _offset_s(zone, first_s)
    for day_s in range(first_s + _DAY_S, last_s + 1, _DAY_S):
        # Two changes that cancel each other within one day of UTC would be missed: no zone has any.
        while _offset_s(zone, day_s) != offset:
            low, high = max(since, day_s - _DAY_S), day_s
            while high - low > 1:
                middle = (low + high) // 2
                if _offset_s(zone, middle) == offset:
                    low = middle
                else:
                    high = middle
            stretches.append((since * 1000, high * 1000, offset * 1000))
            since, offset = high, _offset_s(zone, high)
    if since < last_s:
        stretches.append((since * 1000, last_s * 1000, offset * 1000))
    return stretches


def _offset_s(zone: tzinfo, moment_s: int) -> int:
    moment = datetime.fromtimestamp(moment_s, UTC).astimezone(zone)
    return (moment.utcoffset() or timedelta()) // timedelta(seconds=1)
