"""What is said of a partition, when Kafka, ClickHouse or neither answers."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from streams.batch import TopicPartition
from streams.partitions import Log, LogState, Standing, Told, Written, WrittenState, standings

TP = TopicPartition("feedback.responses", 2)
SINCE = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
FLUSHED = WrittenState(epoch=0, position=70, flushed_at=SINCE, ago_s=3.0)
STOPPED = Told("stopped", "no_table", "It lacks a table.", "Make it.", SINCE, "w:1")
WAITING = Told("waiting", "registry", "It does not answer.", "Start it.", SINCE, "w:1")
RUNNING = Told("running", "", "", "", SINCE, "w:1")
RELEASED = Told("released", "", "", "", SINCE, "w:1")


def _log(committed: int | None, end: int, fresh_from: int, has_worker: bool | None) -> LogState:
    return LogState(committed, 0, end, fresh_from, has_worker)


UP_TO_DATE = _log(100, 100, 100, True)


def _one(log: LogState | None, flushed: WrittenState | None, told: Told | None) -> Standing:
    written = Written({TP: flushed} if flushed else {}, {TP: told} if told else {})
    (one,) = standings(Log({TP: log}) if log else None, written)
    return one


@pytest.mark.parametrize(
    ("log", "told", "state"),
    [
        (UP_TO_DATE, RUNNING, "running"),
        (_log(90, 100, 90, True), RUNNING, "running"),  # all that waits came just now
        (_log(89, 100, 90, True), RUNNING, "behind"),
        (_log(None, 0, 0, True), None, "running"),  # there is nothing to read
        (_log(None, 100, 100, True), None, "behind"),
        (_log(100, 100, 100, None), RUNNING, "running"),  # the group sorts itself
        (_log(100, 100, 100, False), RUNNING, "no worker"),  # it was killed
        (_log(90, 100, 100, False), RELEASED, "no worker"),
        (UP_TO_DATE, WAITING, "waiting"),
        (_log(90, 100, 100, False), WAITING, "no worker"),
        (_log(90, 100, 100, True), STOPPED, "stopped"),
        (_log(90, 100, 100, False), STOPPED, "stopped"),  # an alarm outlives its worker
        (UP_TO_DATE, RELEASED, "running"),  # the next owner has not told yet
        (None, RUNNING, "unknown"),
        (None, WAITING, "waiting"),
        (None, STOPPED, "stopped"),
    ],
)
def test_the_state(log: LogState | None, told: Told | None, state: str) -> None:
    assert _one(log, FLUSHED, told).state == state


def test_a_partition_nobody_ever_read() -> None:
    assert _one(_log(None, 100, 100, False), None, None).state == "never read"
    assert _one(_log(None, 0, 0, None), None, None).state == "never read"
    # Its offsets expired, or the group has another name now: the ledger knows better.
    assert _one(_log(None, 100, 100, False), FLUSHED, None).state == "no worker"


def test_an_alarm_has_its_reason_and_nothing_else_has_one() -> None:
    one = _one(UP_TO_DATE, FLUSHED, STOPPED)
    assert one.is_alarm
    assert (one.reason, one.what, one.cure) == ("no_table", STOPPED.what, STOPPED.cure)
    assert (one.since, one.worker) == (SINCE, "w:1")
    gone = _one(_log(90, 100, 100, False), FLUSHED, WAITING)
    assert not gone.is_alarm
    assert (gone.reason, gone.what, gone.worker) == ("", "", "")


def test_what_nobody_can_say_is_none() -> None:
    (only_kafka,) = standings(Log({TP: _log(90, 100, 100, True)}), None)
    assert (only_kafka.lag, only_kafka.flushed_at, only_kafka.epoch) == (10, None, None)
    only_clickhouse = _one(None, FLUSHED, RUNNING)
    assert (only_clickhouse.committed, only_clickhouse.log_end, only_clickhouse.lag) == (None,) * 3
    assert only_clickhouse.flushed_at == SINCE
    assert standings(None, None) == []


def test_partitions_stand_in_the_order_of_numbers() -> None:
    log = Log({TopicPartition("t", n): UP_TO_DATE for n in (10, 2, 1)})
    assert [one.partition for one in standings(log, None)] == [1, 2, 10]
