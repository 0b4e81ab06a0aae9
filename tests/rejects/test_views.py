"""What the views say of replayed and dropped records."""

from __future__ import annotations

from typing import Any

import pytest

from streams.rejecting import Coordinates, RejectFilter, chosen_at, rejected_rows
from tests.builders import ANSWERS
from tests.rejects.conftest import Log

pytestmark = pytest.mark.clickhouse


def listed(log: Log) -> list[tuple[int, int]]:
    """Return offset and replays of what is on the list, newest first."""
    return [(row.offset, row.replays) for row in rejected_rows(log.clickhouse, RejectFilter(), 100)]


def rows(log: Log, what: str) -> list[tuple[Any, ...]]:
    return log.clickhouse.rows(what.replace("FROM ", f"FROM {log.clickhouse.address.database}."))


def test_a_record_that_was_counted_is_not_listed_any_more(log: Log) -> None:
    first, other = log.reject(), log.reject()
    assert listed(log) == [(other, 0), (first, 0)]
    by = log.count(first, 1, "accepted")
    assert listed(log) == [(other, 0)]
    told = rows(
        log, "SELECT offset, reason, outcome, fate, by_offset, replays FROM reject_outcomes_current"
    )
    assert told == [(first, "bad_magic", "replayed", "accepted", by, 1)]


def test_a_record_that_was_rejected_again_is_listed_once_as_it_was_last(log: Log) -> None:
    first = log.reject()
    second = log.reject_again(first, 1)
    assert listed(log) == [(second, 1)]
    third = log.reject_again(first, 2)
    assert listed(log) == [(third, 2)]
    assert len(rows(log, "SELECT 1 FROM reject_attempts")) == 3
    log.count(first, 3, "corrected")
    assert listed(log) == []


def test_any_attempt_stands_for_the_record(log: Log) -> None:
    first = log.reject()
    second = log.reject_again(first, 1)
    wanted = [Coordinates(ANSWERS, 2, offset) for offset in (second, first, first, 77)]
    choices, left_out = chosen_at(log.clickhouse, wanted)
    assert [(choice.place.offset, choice.first.offset, choice.replays) for choice in choices] == [
        (second, first, 1)
    ]
    assert [one.where.offset for one in left_out] == [77]


def test_of_two_replays_the_first_counts_in_whatever_order_they_are_written(log: Log) -> None:
    first = log.reject()
    log.next = 60
    log.count(first, 1, "duplicate")
    log.next = 50
    log.count(first, 1, "accepted")
    log.next = 60
    log.count(first, 1, "duplicate")
    assert rows(log, "SELECT fate, by_offset FROM reject_outcomes_current") == [("accepted", 50)]


def test_counts_are_those_of_the_list(log: Log) -> None:
    first = log.reject()
    log.reject()
    log.reject(None, reason="tombstone")
    log.reject_again(first, 1)
    counts = rows(log, "SELECT topic, reason, n FROM reject_counts ORDER BY reason")
    assert counts == [(ANSWERS, "bad_magic", 2), (ANSWERS, "tombstone", 1)]


def test_another_fold_of_the_same_log_changes_nothing(log: Log) -> None:
    log.epochs((0, "one", "current"), (1, "one", "shadow"))
    counted, poison = log.reject(), log.reject()
    log.count(counted, 1, "accepted")
    again = log.reject_again(poison, 1)
    before = listed(log)
    assert before == [(again, 1)]
    # the same offsets, in the epoch of a replay of the whole log
    end, log.next = log.next, 0
    log.reject(epoch=1)
    log.reject(epoch=1)
    log.count(counted, 1, "accepted", epoch=1)
    log.reject_again(poison, 1, epoch=1)
    assert log.next == end
    assert listed(log) == before
    log.epochs((0, "one", "retired"), (1, "one", "current"))
    assert listed(log) == before
    assert len(rows(log, "SELECT 1 FROM reject_outcomes_current")) == 1


def test_the_same_offset_of_a_topic_that_was_created_again_is_another_record(log: Log) -> None:
    log.epochs((0, "one", "current"), (1, "two", "current"))
    log.reject(offset=5)
    log.next = 9
    log.count(5, 1, "accepted")
    log.reject(offset=5, epoch=1)
    assert listed(log) == [(5, 0)]
    (choice,), _ = chosen_at(log.clickhouse, [Coordinates(ANSWERS, 2, 5)])
    assert choice.first.epoch == 1


def test_a_reader_may_have_nulls_from_joins(log: Log) -> None:
    """As the drivers of some BI tools set it."""
    first = log.reject()
    other = log.reject()
    log.count(first, 1, "accepted")
    for view, offset in (("rejects_current", other), ("reject_outcomes_current", first)):
        found = log.clickhouse.rows(
            f"SELECT offset, first_rejected FROM {log.clickhouse.address.database}.{view}",
            settings={"join_use_nulls": 1},
        )
        assert found == [(offset, f"{ANSWERS}/0/2/{offset}")]
