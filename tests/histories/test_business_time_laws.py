"""Business time against a second implementation that looks at the clock every minute."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from hypothesis import example, given, settings
from hypothesis import strategies as st

from schemas.calendars import Calendar, Span
from streams.histories.business_time import BusinessTime
from tests.histories.clocks import ALL_DAY, DAY_MS, at, calendar

MINUTE_MS = 60_000

#: Around days on which some of these zones change their clocks, a new year, and 1970.
MOMENTS = [at(day, "UTC") for day in ("2026-03-28", "2026-10-24", "2026-04-04", "2025-12-31")]
MOMENTS += [at(day, "UTC") for day in ("2026-03-07", "2026-10-31", "2011-12-29", "1970-01-02")]
ZONES = ["Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "Pacific/Apia"]


@st.composite
def spans(draw: st.DrawFn) -> tuple[Span, ...]:
    edges = sorted(draw(st.sets(st.integers(0, 48), max_size=4)))
    return tuple((a * 30, b * 30) for a, b in zip(edges[::2], edges[1::2], strict=False))


@st.composite
def calendars(draw: st.DrawFn) -> Calendar:
    hours = draw(st.tuples(*[spans()] * 7).filter(any))
    moments = draw(st.sets(st.sampled_from(MOMENTS)))
    holidays = frozenset(datetime.fromtimestamp(m / 1000, UTC).date() for m in moments)
    return Calendar("drawn", draw(st.sampled_from(ZONES)), hours, holidays)


starts = st.builds(lambda m, more: m + more, st.sampled_from(MOMENTS), st.integers(0, 2 * DAY_MS))


def slow_elapsed_ms(calendar: Calendar, start_ms: int, end_ms: int) -> int:
    """Look at the wall clock at the beginning of each minute: it shows no seconds there."""
    zone = ZoneInfo(calendar.time_zone)
    elapsed = 0
    for minute in range(start_ms // MINUTE_MS, end_ms // MINUTE_MS + 1):
        wall = datetime.fromtimestamp(minute * 60, zone)
        shown = wall.hour * 60 + wall.minute
        spans_of_day = calendar.hours[wall.weekday()]
        if wall.date() not in calendar.holidays and any(a <= shown < b for a, b in spans_of_day):
            begin, end = minute * MINUTE_MS, (minute + 1) * MINUTE_MS
            elapsed += max(0, min(end, end_ms) - max(begin, start_ms))
    return elapsed


@settings(max_examples=60, deadline=None)
@given(calendars(), starts, st.integers(0, 3 * DAY_MS))
@example(calendar("Europe/Berlin", (), ((150, 210),)), at("2026-10-24T00:00"), 2 * DAY_MS)
@example(calendar("America/New_York", ALL_DAY, (), date(2026, 3, 6)), MOMENTS[4], 3 * DAY_MS)
def test_it_is_the_sum_of_the_open_minutes(drawn: Calendar, start: int, length: int) -> None:
    assert BusinessTime(drawn).elapsed_ms(start, start + length) == slow_elapsed_ms(
        drawn, start, start + length
    )


@settings(max_examples=60, deadline=None)
@given(calendars(), starts, st.integers(0, 3000 * DAY_MS), st.floats(0, 1))
def test_it_adds_up_over_a_split(drawn: Calendar, start: int, length: int, share: float) -> None:
    time = BusinessTime(drawn)
    middle, end = start + int(length * share), start + length
    assert time.elapsed_ms(start, end) == time.elapsed_ms(start, middle) + time.elapsed_ms(
        middle, end
    )


@settings(max_examples=60, deadline=None)
@given(calendars(), starts, st.integers(1, 60 * DAY_MS))
def test_adding_leads_to_the_earliest_instant_by_which_so_much_has_passed(
    drawn: Calendar, start: int, duration: int
) -> None:
    time = BusinessTime(drawn)
    due = time.add_ms(start, duration)
    assert time.elapsed_ms(start, due) == duration
    assert time.elapsed_ms(start, due - 1) == duration - 1
