"""What ClickHouse says of rejected records."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from sinks.clickhouse import ClickHouse
from streams.rejecting import (
    Coordinates,
    RejectFilter,
    coordinates_of,
    instant_of,
    reason_counts,
    rejected_record,
    rejected_rows,
)
from tests.rejects.conftest import NOON_MS, SECRET, Record, reject

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)

pytestmark = pytest.mark.clickhouse


def _offsets(clickhouse: ClickHouse, wanted: RejectFilter, limit: int = 100) -> list[int]:
    return [row.offset for row in rejected_rows(clickhouse, wanted, limit)]


def test_the_newest_come_first_and_each_once(rejected: ClickHouse) -> None:
    assert _offsets(rejected, RejectFilter()) == [7, 13, 12, 11, 10]
    assert _offsets(rejected, RejectFilter(), limit=2) == [7, 13]


def test_a_row_tells_where_when_and_why(rejected: ClickHouse) -> None:
    row = rejected_rows(rejected, RejectFilter(reason="missing_score"), 5)[0]
    assert (row.topic, row.partition, row.offset) == ("feedback.responses", 2, 10)
    assert row.time == NOON
    assert (row.reason, row.detail) == ("missing_score", "value_number is null")
    assert (row.schema_id, row.bytes) == (1, 5 + 2 + len(SECRET))


def test_a_tombstone_has_no_size_and_an_empty_value_has_one(rejected: ClickHouse) -> None:
    sizes = {row.reason: row.bytes for row in rejected_rows(rejected, RejectFilter(), 100)}
    assert sizes["tombstone"] is None
    assert sizes["empty"] == 0


@pytest.mark.parametrize(
    ("wanted", "offsets"),
    [
        (RejectFilter(topic="feedback.followups"), [7]),
        (RejectFilter(reason="bad_magic"), [7, 13]),
        (RejectFilter(topic="feedback.responses", reason="bad_magic"), [13]),
        (RejectFilter(since=NOON + timedelta(milliseconds=2)), [7, 13, 12]),
        (RejectFilter(since=NOON + timedelta(hours=1)), []),
        (RejectFilter(reason="x' OR 1 = 1 --"), []),
    ],
)
def test_filters_narrow(rejected: ClickHouse, wanted: RejectFilter, offsets: list[int]) -> None:
    assert _offsets(rejected, wanted) == offsets


def test_reasons_are_counted_most_first(rejected: ClickHouse) -> None:
    counts = reason_counts(rejected, RejectFilter(topic="feedback.responses"))
    assert [(count.reason, count.records) for count in counts] == [
        ("bad_magic", 1), ("empty", 1), ("missing_score", 1), ("tombstone", 1),
    ]  # fmt: skip
    both = [c for c in reason_counts(rejected, RejectFilter()) if c.reason == "bad_magic"]
    assert {(count.topic, count.records) for count in both} == {
        ("feedback.responses", 1), ("feedback.followups", 1),
    }  # fmt: skip
    assert both[0].first == both[0].last


def test_the_bytes_come_back_as_they_were(rejected: ClickHouse) -> None:
    where = Coordinates("feedback.responses", 2, 10)
    found = rejected_record(rejected, where, with_bytes=True)
    assert found is not None
    assert found.content is not None
    assert found.content.key == SECRET
    assert found.content.value == b"\x00\x00\x00\x00\x01\xff\x00" + SECRET
    assert found.content.headers == ((b"trace", SECRET), (b"tenant", b"t"))
    assert found.header_names == ("trace", "tenant")


def test_null_and_empty_are_told_apart(rejected: ClickHouse) -> None:
    values = {}
    for offset in (11, 12):
        found = rejected_record(
            rejected, Coordinates("feedback.responses", 2, offset), with_bytes=True
        )
        assert found is not None
        assert found.content is not None
        values[offset] = (found.content.key, found.content.value)
    assert values == {11: (SECRET, None), 12: (None, b"")}


def test_without_being_asked_nothing_of_the_record_is_fetched(rejected: ClickHouse) -> None:
    found = rejected_record(rejected, Coordinates("feedback.responses", 2, 10), with_bytes=False)
    assert found is not None
    assert found.content is None
    assert found.key_bytes == len(SECRET)
    assert SECRET.decode() not in repr(found)


def test_content_stays_out_of_repr(rejected: ClickHouse) -> None:
    found = rejected_record(rejected, Coordinates("feedback.responses", 2, 10), with_bytes=True)
    assert SECRET.decode() not in repr(found)


def test_no_record_there_is_none(rejected: ClickHouse) -> None:
    assert (
        rejected_record(rejected, Coordinates("feedback.responses", 0, 10), with_bytes=True) is None
    )


def test_of_two_incarnations_of_a_topic_the_newer_counts(rejected: ClickHouse) -> None:
    record = Record(500, NOON_MS - 1000, None, b"old")
    reject(rejected, "feedback.interactions", record, "bad_magic", epoch=0)
    reject(rejected, "feedback.interactions", record, "malformed", epoch=1)
    found = rejected_record(
        rejected, Coordinates("feedback.interactions", 2, 500), with_bytes=False
    )
    assert found is not None
    assert (found.epoch, found.row.reason) == (1, "malformed")
    rejected.command(
        f"ALTER TABLE {rejected.address.database}.rejects DELETE WHERE _offset = 500 "
        "SETTINGS mutations_sync = 2"
    )


@pytest.mark.parametrize(
    "text", ["", "feedback.responses", "a/1", "a/1/2/3", "a/-1/2", "a/x/2", "a/1/1e3", "a b/1/2"]
)
def test_other_coordinates_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="TOPIC/PARTITION/OFFSET"):
        coordinates_of(text)


def test_coordinates_are_written_as_they_are_read() -> None:
    assert str(coordinates_of(" feedback.responses/0/42 ")) == "feedback.responses/0/42"


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("45s", NOON - timedelta(seconds=45)),
        ("2h", NOON - timedelta(hours=2)),
        ("7d", NOON - timedelta(days=7)),
        ("2w", NOON - timedelta(weeks=2)),
        ("2026-01-31T08:00Z", NOON - timedelta(hours=4)),
        ("2026-01-31T09:00+01:00", NOON - timedelta(hours=4)),
        ("2026-01-31", NOON - timedelta(hours=12)),
    ],
)
def test_since_is_a_span_or_an_instant(text: str, instant: datetime) -> None:
    assert instant_of(text, NOON) == instant


@pytest.mark.parametrize(
    "text", ["", "0m", "yesterday", "-2h", "2 hours", "9999999d", "2026-13-01"]
)
def test_other_since_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="time span"):
        instant_of(text, NOON)
