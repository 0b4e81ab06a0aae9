"""The two clocks of a conversation: plain time, and the hours of its business calendar."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from schemas.calendars import Calendar
from schemas.facts import CLOCKS
from schemas.measures import HistoryRules
from streams.histories.business_time import business_time
from streams.histories.events import InteractionEvent

__all__ = ["Clock", "Clocks"]

_PLAIN, _BUSINESS = CLOCKS


class Clock(NamedTuple):
    """What a clock shows at each event, in ms since some moment. A duration is a difference."""

    name: str
    readings: list[int]

    def between(self, since: int, until: int) -> int:
        """Return the ms from one event to another, by their positions."""
        return self.readings[until] - self.readings[since]


class Clocks:
    """The clocks of one conversation. Without a business calendar there is only plain time."""

    __slots__ = ("_calendar", "_calendars", "_default", "_elapsed_ms", "_times", "_worked", "all")

    def __init__(self, rules: HistoryRules) -> None:
        self._calendars = rules.calendars
        self._default = rules.calendars.get(rules.default_calendar)
        self._times: list[int] = []
        self._worked: list[int] = []
        self._calendar: Calendar | None = None
        self._elapsed_ms: Callable[[int, int], int] = _none
        self.all: tuple[Clock, ...] = (Clock(_PLAIN, self._times),)
        self._follow(self._default)

    def read(self, event: InteractionEvent) -> None:
        """Read the clocks at the next event."""
        self._times.append(event.event_time)
        named = event.calendar_id
        calendar = self._calendars.get(named, self._default) if named else self._calendar
        if calendar is not self._calendar:
            # The latest calendar is that of the whole conversation, also of what lies behind.
            self._follow(calendar)
        elif calendar is not None:
            self._work(len(self._times) - 1)

    def _follow(self, calendar: Calendar | None) -> None:
        self._calendar = calendar
        self._worked.clear()
        self.all = self.all[:1]
        if calendar is None:
            return
        self.all = (*self.all, Clock(_BUSINESS, self._worked))
        self._elapsed_ms = business_time(calendar).elapsed_ms
        for index in range(len(self._times)):
            self._work(index)

    def _work(self, index: int) -> None:
        """Add what was worked since the event before: business time adds up."""
        if not index:
            self._worked.append(0)
            return
        since, now = self._times[index - 1], self._times[index]
        self._worked.append(self._worked[-1] + self._elapsed_ms(since, now))


def _none(_start_ms: int, _end_ms: int) -> int:
    return 0
