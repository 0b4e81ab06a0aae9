"""Business time and the buckets of durations, at their edges."""

from __future__ import annotations

from datetime import UTC, date, datetime
from fractions import Fraction

import pytest

from schemas.calendars import Calendar
from streams.scores import duration_buckets
from streams.verifying import business_time
from streams.verifying.duration_bucket import bucket_of
from tests.verifying.rows import HOUR, MINUTE


def at(text: str) -> int:
    """Return a moment in UTC as epoch ms."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


def every_day(*spans: tuple[int, int], zone: str = "Europe/Berlin") -> Calendar:
    return Calendar("c", zone, (spans,) * 7)


NIGHT = every_day((0, 300))


@pytest.mark.parametrize(
    ("day", "hours"),
    [("2025-03-29", 5), ("2025-03-30", 4), ("2025-10-25", 5), ("2025-10-26", 6)],
)
def test_a_night_the_clocks_change(day: str, hours: int) -> None:
    noon = at(f"{day}T12:00")
    assert business_time.between(NIGHT, noon - 24 * HOUR, noon) == hours * HOUR


def test_a_span_inside_the_hour_that_is_skipped_or_comes_twice() -> None:
    half_past_one = every_day((90, 150))  # 01:30 to 02:30
    spring, autumn = at("2025-03-30T12:00"), at("2025-10-26T12:00")
    nine = every_day((150, 180))  # 02:30 to 03:00
    assert business_time.between(nine, spring - 24 * HOUR, spring) == 0
    assert business_time.between(nine, autumn - 24 * HOUR, autumn) == HOUR
    # In New York the hour from 01:00 comes twice: 30 minutes of it twice, and then 30 more.
    new_york = Calendar("c", "America/New_York", half_past_one.hours)
    change = at("2025-11-02T12:00")
    assert business_time.between(new_york, change - 24 * HOUR, change) == 90 * MINUTE


def test_weekends_holidays_and_the_ends_of_a_span() -> None:
    hours = (((540, 720), (780, 1020)),) * 5 + ((), ())
    office = Calendar("office", "UTC", hours, frozenset({date(2025, 10, 13)}))
    friday, tuesday = at("2025-10-10T16:30"), at("2025-10-14T09:15")
    assert business_time.between(office, friday, tuesday) == 45 * MINUTE
    assert business_time.between(office, tuesday, friday) == 0
    assert business_time.add(office, friday, 30 * MINUTE) == at("2025-10-10T17:00")
    assert business_time.add(office, friday, 30 * MINUTE + 1) == at("2025-10-14T09:00") + 1
    assert business_time.add(office, at("2025-10-14T12:30"), MINUTE) == at("2025-10-14T13:01")
    assert business_time.add(office, friday, 0) == friday


def test_a_calendar_that_never_opens_is_due_at_the_end_of_time() -> None:
    assert business_time.add(every_day(), 0, 1) == at("2199-12-31T23:59:59.999")


def test_the_whole_day_until_midnight() -> None:
    assert business_time.between(every_day((0, 1440)), 0, 10 * HOUR + 1) == 10 * HOUR + 1


def test_buckets_by_their_definition() -> None:
    assert [bucket_of(ms) for ms in (0, 1, 2, 3)] == [0, 1, 36, 56]
    gamma = Fraction(101, 99)
    for bucket in (500, 1000, 1400):
        edge = int(gamma ** (bucket - 1))
        assert bucket_of(edge) == bucket
        assert bucket_of(edge + 1) == bucket + 1


def test_buckets_are_those_of_the_scores() -> None:
    edges = duration_buckets.EDGES
    for ms in {0, *edges, *(edge + 1 for edge in edges), *(max(0, edge - 1) for edge in edges)}:
        assert bucket_of(ms) == duration_buckets.bucket_of(ms)
    assert bucket_of(2**62) == len(edges) - 1
