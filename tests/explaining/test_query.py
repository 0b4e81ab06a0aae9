"""Queries: what is written is what is read, and what cannot be read is said."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.explaining import Query, query_of
from streams.explaining.periods import window_of, written
from streams.explaining.query import pairs_of
from streams.reading import Window

MINUTES = st.integers(10**7, 10**8).map(lambda minute: datetime.fromtimestamp(60 * minute, UTC))
NAMES = st.from_regex(r"[a-z][a-z0-9_.\-]{0,12}", fullmatch=True)


@st.composite
def windows(draw: st.DrawFn) -> Window:
    since = draw(MINUTES)
    return Window(since, since + timedelta(minutes=draw(st.integers(1, 10**6))))


@given(st.builds(Query, NAMES, windows(), st.dictionaries(NAMES, st.text(max_size=8), max_size=3)))
def test_a_query_that_is_written_is_read_as_it_was(query: Query) -> None:
    assert query_of(str(query)) == query


@given(windows())
def test_a_window_that_is_written_is_read_as_it_was(window: Window) -> None:
    assert window_of(written(window)) == window


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("2018", "2018-01-01T00:00Z/2019-01-01T00:00Z"),
        ("2018-12", "2018-12-01T00:00Z/2019-01-01T00:00Z"),
        ("2020-02", "2020-02-01T00:00Z/2020-03-01T00:00Z"),
        ("2018-03-14", "2018-03-14T00:00Z/2018-03-15T00:00Z"),
        ("2018-03-14/2d", "2018-03-14T00:00Z/2018-03-16T00:00Z"),
        ("2018-03/2018-05", "2018-03-01T00:00Z/2018-05-01T00:00Z"),
        ("2018-03-14T10:00/1h", "2018-03-14T10:00Z/2018-03-14T11:00Z"),
        ("2018-03-14t10:00z/1h30m", "2018-03-14T10:00Z/2018-03-14T11:30Z"),
        ("2018-03-14 10:00/PT90M", "2018-03-14T10:00Z/2018-03-14T11:30Z"),
        ("2018-03-14T10:00+02:00/P1W", "2018-03-14T08:00Z/2018-03-21T08:00Z"),
        ("2018-03-14T23:00-05:00/2018-03-16T00:00", "2018-03-15T04:00Z/2018-03-16T00:00Z"),
    ],
)
def test_windows_are_written_in_many_ways(text: str, said: str) -> None:
    assert written(window_of(text)) == said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no instant"),
        ("yesterday", "no instant"),
        ("2018-02-30", "no date"),
        ("2018-13", "no date"),
        ("2018-03-14T10:00", "how long"),
        ("2018-03-14/", "no instant"),
        ("2018-03-14/0h", "no length"),
        ("2018-03-14/2018-03-14", "ends at or before"),
        ("2018-03-14T10:00:01/1h", "whole minutes"),
        ("9999", "beyond the calendar"),
        ("2018-03-14/999999w", "beyond the calendar"),
    ],
)
def test_a_window_that_is_none_is_told(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        window_of(text)


@given(st.text(max_size=30))
def test_any_text_is_a_query_or_a_sentence(text: str) -> None:
    try:
        found = query_of(text)
    except ValueError as error:
        assert str(error)
    else:
        assert query_of(str(found)) == found


def test_values_may_be_quoted_and_blanks_do_not_matter() -> None:
    query = query_of("  csat   BY channel = EMAIL , touchpoint='call, \"centre\"'   2018-03 ")
    assert query.name == "csat"
    assert query.where == {"channel": "EMAIL", "touchpoint": 'call, "centre"'}
    assert query_of('csat by channel="" 2018-03').where == {"channel": ""}
    assert pairs_of("") == {}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("csat by 2018-03", "NAME=VALUE"),
        ("csat by channel=EMAIL,channel=CHAT 2018-03", "twice"),
        ("csat by channel=EMAIL", "ends with a window"),
        ("csat by channel='EMAIL 2018-03", "no instant"),
        ("csat", "A query is"),
    ],
)
def test_what_cannot_be_read_is_told(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        query_of(text)


def test_pairs_alone_end_with_the_last_pair() -> None:
    with pytest.raises(ValueError, match="quotes around a value"):
        pairs_of("touchpoint=call centre")
