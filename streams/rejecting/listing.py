"""The list: records that could not be counted, and how many for each reason. Blocking."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sinks.clickhouse import ClickHouse
from streams.rejecting.filtering import RejectFilter

__all__ = ["ReasonCount", "RejectedRow", "reason_counts", "rejected_rows"]


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """One rejected record, without its bytes. `bytes` is the size of its value, None for a tombstone.

    `replays` is how often it had been sent again when it was rejected here.
    """

    topic: str
    partition: int
    offset: int
    time: datetime
    reason: str
    detail: str
    schema_id: int | None
    bytes: int | None
    replays: int


@dataclass(frozen=True, slots=True)
class ReasonCount:
    """How many records of a topic were rejected for a reason, and when first and last."""

    reason: str
    topic: str
    records: int
    first: datetime
    last: datetime


def rejected_rows(clickhouse: ClickHouse, wanted: RejectFilter, limit: int) -> list[RejectedRow]:
    """Return rejected records, newest first by the broker's time, at most `limit`.

    Raises:
        SinkError: ClickHouse does not answer or refuses.
    """
    where, params = wanted.where()
    rows = clickhouse.rows(
        "SELECT topic, partition, offset, timestamp, reason, detail, schema_id, bytes, replays "
        f"FROM {clickhouse.address.database}.rejects_current WHERE {where} "
        "ORDER BY timestamp DESC, topic, partition, offset DESC LIMIT %(limit)s",
        {**params, "limit": limit},
    )
    return [RejectedRow(*row) for row in rows]


def reason_counts(clickhouse: ClickHouse, wanted: RejectFilter) -> list[ReasonCount]:
    """Return how many records were rejected for each reason and topic, most first.

    Raises:
        SinkError: ClickHouse does not answer or refuses.
    """
    where, params = wanted.where()
    rows = clickhouse.rows(
        "SELECT reason, topic, count() AS records, min(timestamp), max(timestamp) "
        f"FROM {clickhouse.address.database}.rejects_current WHERE {where} "
        "GROUP BY reason, topic ORDER BY records DESC, reason, topic",
        params,
    )
    return [ReasonCount(*row) for row in rows]
