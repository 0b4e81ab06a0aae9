"""Business time, checked by hand. 2026-03-02 is a Monday; Berlin changes its clocks on 29 March at two
in the morning, to three, and on 25 October at three, to two. Both are Sundays.
"""

from __future__ import annotations

from datetime import date

import pytest

from schemas.calendars import Calendar
from schemas.errors import ConfigError
from streams.histories.business_time import LATEST_MS, BusinessTime, business_time
from tests.histories.clocks import ALL_DAY, DAY_MS, HOUR_MS, at, calendar

OFFICE = BusinessTime(calendar())


@pytest.mark.parametrize(
    ("start", "end", "hours"),
    [
        ("2026-03-02T10:00", "2026-03-02T11:30", 1.5),
        ("2026-03-02T08:00", "2026-03-02T18:00", 8),
        ("2026-03-02T17:00", "2026-03-03T09:00", 0),
        ("2026-03-02T16:00", "2026-03-03T10:00", 2),
        ("2026-03-06T16:00", "2026-03-09T10:00", 2),  # over a weekend
        ("2026-03-02T00:00", "2026-03-09T00:00", 40),
        ("2026-03-03T10:00", "2026-03-02T10:00", 0),
        ("2026-03-02T10:00", "2026-03-02T10:00", 0),
    ],
)
def test_only_office_hours_count(start: str, end: str, hours: float) -> None:
    assert OFFICE.elapsed_ms(at(start), at(end)) == hours * HOUR_MS


@pytest.mark.parametrize(
    ("start", "hours", "due"),
    [
        ("2026-03-02T10:00", 1, "2026-03-02T11:00"),
        ("2026-03-02T07:00", 1, "2026-03-02T10:00"),
        ("2026-03-06T16:30", 1, "2026-03-09T09:30"),
        ("2026-03-06T16:00", 1, "2026-03-06T17:00"),  # at closing time, not at the next opening
        ("2026-03-02T09:00", 40, "2026-03-06T17:00"),
        ("2026-03-07T12:00", 0, "2026-03-07T12:00"),
    ],
)
def test_a_target_is_due_after_so_many_office_hours(start: str, hours: int, due: str) -> None:
    assert OFFICE.add_ms(at(start), hours * HOUR_MS) == at(due)


def test_a_millisecond_is_counted_as_one() -> None:
    opening = at("2026-03-02T09:00")
    assert OFFICE.elapsed_ms(opening - 1, opening + 1) == 1
    assert OFFICE.add_ms(opening - HOUR_MS, 1) == opening + 1


def test_nobody_works_over_a_lunch_break() -> None:
    split = BusinessTime(calendar("Europe/Berlin", ((540, 720), (780, 1020))))
    assert split.elapsed_ms(at("2026-03-02T11:30"), at("2026-03-02T13:30")) == HOUR_MS
    assert split.add_ms(at("2026-03-02T11:30"), HOUR_MS) == at("2026-03-02T13:30")
    assert split.add_ms(at("2026-03-02T11:30"), HOUR_MS // 2) == at("2026-03-02T12:00")


def test_spans_that_touch_are_one() -> None:
    split = BusinessTime(calendar("Europe/Berlin", ((540, 720), (720, 1020))))
    assert split.elapsed_ms(at("2026-03-02T11:30"), at("2026-03-02T13:30")) == 2 * HOUR_MS


def test_a_holiday_is_closed_from_midnight_to_midnight() -> None:
    round_the_clock = BusinessTime(calendar("Europe/Berlin", ALL_DAY, ALL_DAY, date(2026, 12, 25)))
    eve, after = at("2026-12-24T23:00"), at("2026-12-26T01:00")
    assert round_the_clock.elapsed_ms(eve, after) == 2 * HOUR_MS
    assert round_the_clock.add_ms(eve, HOUR_MS) == at("2026-12-25T00:00")
    assert round_the_clock.add_ms(eve, HOUR_MS + 1) == at("2026-12-26T00:00") + 1


def test_twenty_four_hours_go_on_into_the_next_day() -> None:
    late = BusinessTime(calendar("Europe/Berlin", ((22 * 60, 24 * 60),)))
    assert late.elapsed_ms(at("2026-03-02T21:00"), at("2026-03-03T12:00")) == 2 * HOUR_MS
    assert late.add_ms(at("2026-03-02T22:00"), 2 * HOUR_MS) == at("2026-03-03T00:00")


def test_a_day_in_spring_has_an_hour_less_and_one_in_autumn_an_hour_more() -> None:
    round_the_clock = BusinessTime(calendar("Europe/Berlin", ALL_DAY, ALL_DAY))
    spring = round_the_clock.elapsed_ms(at("2026-03-29T00:00"), at("2026-03-30T00:00"))
    autumn = round_the_clock.elapsed_ms(at("2026-10-25T00:00"), at("2026-10-26T00:00"))
    assert (spring, autumn) == (23 * HOUR_MS, 25 * HOUR_MS)


def test_a_shift_around_the_change_is_shorter_in_spring_and_longer_in_autumn() -> None:
    night = BusinessTime(calendar("Europe/Berlin", (), ((60, 300),)))  # one to five
    spring = night.elapsed_ms(at("2026-03-29T00:00"), at("2026-03-29T12:00"))
    autumn = night.elapsed_ms(at("2026-10-25T00:00"), at("2026-10-25T12:00"))
    assert (spring, autumn) == (3 * HOUR_MS, 5 * HOUR_MS)
    assert night.add_ms(at("2026-03-29T01:00"), 2 * HOUR_MS) == at("2026-03-29T04:00")
    assert night.add_ms(at("2026-10-25T01:00"), 2 * HOUR_MS) == at("2026-10-25T02:00", second=True)


def test_an_hour_the_clock_skips_is_not_worked_and_one_it_shows_twice_is_worked_twice() -> None:
    two_to_three = BusinessTime(calendar("Europe/Berlin", (), ((120, 180),)))
    start, end = at("2026-03-29T00:00"), at("2026-03-30T00:00")
    assert two_to_three.elapsed_ms(start, end) == 0
    assert two_to_three.add_ms(start, 1) == at("2026-04-04T02:00") + 1
    assert two_to_three.elapsed_ms(at("2026-10-25T00:00"), at("2026-10-26T00:00")) == 2 * HOUR_MS


def test_a_span_cut_by_the_repeated_hour_is_worked_when_the_clock_shows_it() -> None:
    half_past = BusinessTime(calendar("Europe/Berlin", (), ((150, 210),)))  # 02:30 to 03:30
    first = at("2026-10-25T02:30")
    assert half_past.elapsed_ms(first, at("2026-10-26T00:00")) == 1.5 * HOUR_MS
    assert half_past.elapsed_ms(first + HOUR_MS // 2, at("2026-10-25T02:30", second=True)) == 0


def test_a_zone_may_be_half_an_hour_off() -> None:
    kolkata = BusinessTime(calendar("Asia/Kolkata"))
    assert kolkata.add_ms(at("2026-03-02T00:00", "UTC"), 1) == at("2026-03-02T03:30", "UTC") + 1
    day = at("2026-03-02T00:00", "UTC")
    assert kolkata.elapsed_ms(day, day + 4 * HOUR_MS) == HOUR_MS // 2


def test_a_zone_may_change_by_half_an_hour_only() -> None:
    lord_howe = BusinessTime(calendar("Australia/Lord_Howe", (), ALL_DAY))
    zone = "Australia/Lord_Howe"
    spring = lord_howe.elapsed_ms(at("2026-10-04T00:00", zone), at("2026-10-05T00:00", zone))
    assert spring == 23.5 * HOUR_MS


def test_a_day_that_a_zone_left_out_was_not_worked() -> None:
    apia = BusinessTime(calendar("Pacific/Apia", ALL_DAY, ALL_DAY))  # no 30 December 2011, a Friday
    zone = "Pacific/Apia"
    assert apia.elapsed_ms(at("2011-12-29T00:00", zone), at("2012-01-01T00:00", zone)) == 2 * DAY_MS


def test_years_are_exact() -> None:
    round_the_clock = BusinessTime(calendar("America/New_York", ALL_DAY, ALL_DAY))
    start, end = at("1991-05-05T05:05", "UTC"), at("2031-06-07T08:09", "UTC")
    assert round_the_clock.elapsed_ms(start, end) == end - start
    assert round_the_clock.add_ms(start, end - start) == end


def test_no_target_is_due_after_the_last_instant_a_record_may_have() -> None:
    start = at("2199-12-30T10:00")
    assert OFFICE.add_ms(start, 1000 * DAY_MS) == LATEST_MS
    assert OFFICE.add_ms(LATEST_MS + 5, HOUR_MS) == LATEST_MS + 5


def test_it_is_made_once_for_a_calendar() -> None:
    assert business_time(calendar()) is business_time(calendar())


def test_a_calendar_without_hours_is_refused() -> None:
    with pytest.raises(ConfigError, match="office has no open hours"):
        BusinessTime(calendar("Europe/Berlin", ()))
    with pytest.raises(ConfigError, match="no open hours"):
        BusinessTime(Calendar("empty", "UTC", (((60, 60),),) * 7))


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", "../etc/passwd", "Europe"])
def test_an_unknown_zone_is_refused(zone: str) -> None:
    with pytest.raises(ConfigError, match=r"office.*time zone.*IANA"):
        BusinessTime(calendar(zone))
