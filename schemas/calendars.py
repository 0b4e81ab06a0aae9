"""Business calendars: the hours a team works, on the wall clock of its time zone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

__all__ = ["MINUTES_OF_A_DAY", "Calendar", "Span"]

MINUTES_OF_A_DAY = 24 * 60

#: A stretch of one day, in minutes since its midnight: from (inclusive) to (exclusive).
Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Calendar:
    """When a team works.

    `hours` holds the spans of each day of the week, Monday first, in order and without overlap;
    nobody works on a day of `holidays`. `time_zone` is a name of the IANA database.
    """

    name: str
    time_zone: str
    hours: tuple[tuple[Span, ...], ...]
    holidays: frozenset[date] = frozenset()
