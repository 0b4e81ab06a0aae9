"""Calendars for the tests, and instants written as a wall clock shows them."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

from schemas.calendars import Calendar, Span

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS

#: Nine to five and the whole day, in minutes.
OFFICE: tuple[Span, ...] = ((9 * 60, 17 * 60),)
ALL_DAY: tuple[Span, ...] = ((0, 24 * 60),)


def calendar(
    zone: str = "Europe/Berlin",
    weekdays: tuple[Span, ...] = OFFICE,
    weekend: tuple[Span, ...] = (),
    *holidays: date,
) -> Calendar:
    """Return a calendar with the same hours from Monday to Friday, and others at weekends."""
    return Calendar("office", zone, (weekdays,) * 5 + (weekend,) * 2, frozenset(holidays))


def at(wall: str, zone: str = "Europe/Berlin", *, second: bool = False) -> int:
    """Return the instant at which the clocks of a zone show this, the second time if they do twice."""
    moment = datetime.fromisoformat(wall).replace(tzinfo=ZoneInfo(zone), fold=int(second))
    return round(moment.timestamp() * 1000)
