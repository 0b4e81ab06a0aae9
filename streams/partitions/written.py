"""What ClickHouse says: what was written last of each partition, and what its worker told of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from schemas.catalog import INPUTS
from sinks.clickhouse import Address, ClickHouse
from streams.batch import TopicPartition

__all__ = ["Told", "Written", "WrittenState", "ask_clickhouse"]


@dataclass(frozen=True, slots=True)
class WrittenState:
    """The last flush of one partition.

    Attributes:
        epoch: Epoch of the topic that is written to.
        position: The offset after the last record that has its fate.
        flushed_at: When that was written, None if it was before that was noted.
        ago_s: Seconds since, by the clock of ClickHouse.
    """

    epoch: int
    position: int
    flushed_at: datetime | None = None
    ago_s: float | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """What a worker told of a partition: the newest row of the table `conditions`."""

    state: str
    reason: str
    what: str
    cure: str
    since: datetime
    worker: str


@dataclass(frozen=True, slots=True)
class Written:
    """All that is known of the input topics; a partition nothing was written of is in neither."""

    flushed: Mapping[TopicPartition, WrittenState]
    told: Mapping[TopicPartition, Told]


def ask_clickhouse(address: Address) -> Written:
    """Ask what was written.

    Raises:
        SinkError: ClickHouse does not answer, or lacks a table.
    """
    clickhouse = ClickHouse(address)
    try:
        return Written(_flushed(clickhouse), _told(clickhouse))
    finally:
        clickhouse.close()


def _flushed(clickhouse: ClickHouse) -> dict[TopicPartition, WrittenState]:
    database = clickhouse.address.database
    epochs = clickhouse.rows(
        f"SELECT topic, max(epoch) FROM {database}.epochs FINAL WHERE state = 'current' GROUP BY topic"
    )
    current: dict[str, int] = dict(epochs)
    rows = clickhouse.rows(
        "SELECT _topic, _epoch, _partition, max(last) + 1, max(flushed_at), "
        "date_diff('ms', max(flushed_at), now64(3, 'UTC')) / 1000 "
        f"FROM {database}.ledger WHERE _topic IN %(topics)s GROUP BY _topic, _epoch, _partition "
        "ORDER BY _epoch",
        {"topics": tuple(topic.name for topic in INPUTS)},
    )
    flushed = {}
    for topic, epoch, partition, position, at, ago_s in rows:
        # Where no epoch was written down yet, the newest there are rows of is the one.
        if epoch == current.get(topic, epoch):
            is_noted = at.year > 1970  # noqa: PLR2004 - the column's default
            state = WrittenState(
                epoch, position, at if is_noted else None, ago_s if is_noted else None
            )
            flushed[TopicPartition(topic, partition)] = state
    return flushed


def _told(clickhouse: ClickHouse) -> dict[TopicPartition, Told]:
    rows = clickhouse.rows(
        "SELECT _topic, _partition, state, reason, what, cure, since, worker "
        f"FROM {clickhouse.address.database}.conditions FINAL WHERE _topic IN %(topics)s",
        {"topics": tuple(topic.name for topic in INPUTS)},
    )
    return {TopicPartition(topic, partition): Told(*told) for topic, partition, *told in rows}
