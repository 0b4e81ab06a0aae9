"""`[[calendar]]`: when a team works."""

from __future__ import annotations

import re
from datetime import date, datetime
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from schemas.calendars import MINUTES_OF_A_DAY, Calendar, Span
from schemas.definitions.section import Section

__all__ = ["calendar_of"]

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

_SPAN = re.compile(r"([01]\d|2[0-4]):([0-5]\d)-([01]\d|2[0-4]):([0-5]\d)", re.ASCII)


def calendar_of(section: Section, name: str) -> Calendar:
    """Read one calendar; what is wrong is noted in the section."""
    zone = section.text("time_zone", required=True)
    if zone and not _exists(zone):
        section.problem(f"time_zone {zone} is not in the IANA database; write Europe/Vienna or UTC")
    by_day = section.inner("hours")
    hours = tuple(_day(section, f"hours.{day}", by_day.get(day)) for day in _DAYS)
    for extra in sorted(by_day.keys() - set(_DAYS)):
        section.problem(f"hours.{extra} is none of {', '.join(_DAYS)}")
    if section.is_good and not any(hours):
        section.problem("hours has no hours in any day, so no time would ever pass")
    holidays = _holidays(section)
    section.close()
    return Calendar(name, zone, hours, holidays)


def _exists(zone: str) -> bool:
    try:
        ZoneInfo(zone)
    except (OSError, ValueError, LookupError):  # a folder of the database, a path, nothing at all
        return False
    return True


def _day(section: Section, key: str, value: Any) -> tuple[Span, ...]:
    """Read the spans of one day, in order."""
    spans = []
    for text in section.distinct(key, value):
        found = _SPAN.fullmatch(text)
        start, end = _minutes(found, 1), _minutes(found, 3)
        if not found or start >= MINUTES_OF_A_DAY or end > MINUTES_OF_A_DAY:
            section.problem(f"{key}: {text} is not a span such as 09:00-17:00")
        elif end <= start:
            section.problem(f"{key}: {text} ends before it begins")
        else:
            spans.append((start, end, text))
    spans.sort()
    for (_, end, one), (start, _, other) in pairwise(spans):
        if start < end:
            section.problem(f"{key}: {one} and {other} overlap")
    return tuple((start, end) for start, end, _ in spans)


def _minutes(found: re.Match[str] | None, group: int) -> int:
    return int(found[group]) * 60 + int(found[group + 1]) if found else 0


def _holidays(section: Section) -> frozenset[date]:
    value = section.value("holidays")
    if value is None:
        return frozenset()
    if not isinstance(value, list):
        section.problem("holidays must be a list of dates such as 2026-12-25")
        return frozenset()
    found = {_date(one) for one in value}
    if None in found:
        wrong = next(one for one in value if _date(one) is None)
        section.problem(f"holidays: {wrong} is not a date such as 2026-12-25")
    return frozenset(day for day in found if day is not None)


def _date(value: Any) -> date | None:
    """Return a date, from a text or as TOML has it."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    try:
        return date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
