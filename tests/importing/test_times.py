"""Times: zones, the two hours a year when clocks change, and what is no time."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.importing.reasons import Refused
from streams.importing.times import TimeReader

SAO_PAULO = ZoneInfo("America/Sao_Paulo")
LOCAL = ("%Y-%m-%d %H:%M:%S",)


def ms(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000)


@pytest.mark.parametrize(
    ("local", "utc"),
    [
        ("2018-08-15 04:10:37", "2018-08-15T07:10:37+00:00"),  # winter, -03
        ("2018-01-18 19:12:30", "2018-01-18T21:12:30+00:00"),  # summer, -02
        ("2017-10-14 23:59:59", "2017-10-15T02:59:59+00:00"),
        # Midnight of 2017-10-15 was skipped; it is the moment of the jump, 01:00 local.
        ("2017-10-15 00:00:00", "2017-10-15T03:00:00+00:00"),
        ("2017-10-15 00:30:00", "2017-10-15T03:30:00+00:00"),
        # 23:30 of 2018-02-17 happened twice; the first is still summer time.
        ("2018-02-17 23:30:00", "2018-02-18T01:30:00+00:00"),
    ],
)
def test_local_times_follow_the_stated_rule(local: str, utc: str) -> None:
    assert TimeReader(LOCAL, SAO_PAULO)(local) == ms(utc)


@pytest.mark.parametrize("local", ["2017-10-15 00:30:00", "2018-02-17 23:30:00"])
def test_a_clock_change_can_be_refused(local: str) -> None:
    read = TimeReader(LOCAL, SAO_PAULO, "refuse")
    with pytest.raises(Refused) as refusal:
        read(local)
    assert refusal.value.reason == "clock_change"
    assert read("2018-08-15 04:10:37") == ms("2018-08-15T07:10:37+00:00")


@settings(max_examples=60, deadline=None)
@given(
    st.datetimes(datetime(1990, 1, 1), datetime(2199, 1, 1)),  # noqa: DTZ001 - without a zone, on purpose
    st.integers(-14 * 60, 14 * 60),
)
def test_a_time_with_an_offset_needs_no_zone_and_loses_less_than_a_millisecond(
    naive: datetime, minutes: int
) -> None:
    moment = naive.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    exact = (moment - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(milliseconds=1)
    got = TimeReader(("iso",), None)(moment.isoformat())
    assert exact - 1 < got <= exact


@settings(max_examples=60, deadline=None)
@given(st.datetimes(datetime(1990, 1, 1), datetime(2199, 1, 1)))  # noqa: DTZ001 - without a zone, on purpose
def test_the_fast_way_reads_as_strptime_does(naive: datetime) -> None:
    text = naive.strftime(LOCAL[0])
    slow = datetime.strptime(text, LOCAL[0]).replace(tzinfo=SAO_PAULO)
    assert TimeReader(LOCAL, SAO_PAULO)(text) == round(slow.timestamp() * 1000)


@pytest.mark.parametrize(
    "text",
    ["", "soon", "2018-13-01 00:00:00", "2018-01-01 00:00+05", "2018-W01-1 00:00:00", "15/08/2018"],
)
def test_what_does_not_follow_the_pattern_is_refused(text: str) -> None:
    with pytest.raises(Refused) as refusal:
        TimeReader(LOCAL, SAO_PAULO)(text)
    assert refusal.value.reason == "not_a_time"
    assert text == "" or text not in refusal.value.detail


def test_a_naive_time_without_a_zone_is_refused() -> None:
    with pytest.raises(Refused) as refusal:
        TimeReader(("iso",), None)("2018-01-01T00:00:00")
    assert refusal.value.reason == "no_time_zone"


@pytest.mark.parametrize(
    ("time_format", "value", "expected"),
    [
        ("unix_s", 1_534_291_200, 1_534_291_200_000),
        ("unix_s", "1534291200", 1_534_291_200_000),
        ("unix_s", 1_534_291_200.25, 1_534_291_200_250),
        ("unix_ms", "1534291200123", 1_534_291_200_123),
        ("%d.%m.%Y %H:%M %z", "15.08.2018 01:00 +0100", 1_534_291_200_000),
        ("iso", "2018-08-15T00:00:00Z", 1_534_291_200_000),
        ("iso", datetime(2018, 8, 15, tzinfo=UTC), 1_534_291_200_000),
    ],
)
def test_formats(time_format: str, value: object, expected: int) -> None:
    assert TimeReader((time_format,), None)(value) == expected


def test_the_first_format_that_fits_is_used() -> None:
    read = TimeReader(("unix_s", "iso"), ZoneInfo("UTC"))
    assert read("0") == 0
    assert read("1970-01-02") == read(date(1970, 1, 2)) == 86_400_000
