"""Ask ClickHouse for the records that could not be counted. Blocking; nothing is changed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from sinks.clickhouse import ClickHouse

__all__ = [
    "Coordinates",
    "ReasonCount",
    "RejectFilter",
    "RejectedBytes",
    "RejectedRecord",
    "RejectedRow",
    "coordinates_of",
    "instant_of",
    "reason_counts",
    "rejected_record",
    "rejected_rows",
]

_AGO = re.compile(r"(?P<count>[1-9][0-9]{0,5})(?P<unit>[smhdw])")
_UNIT = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}

_COORDINATES = re.compile(
    r"(?P<topic>[A-Za-z0-9._-]+)/(?P<partition>[0-9]{1,9})/(?P<offset>[0-9]{1,18})"
)


class Coordinates(NamedTuple):
    """Where a record stands in the log."""

    topic: str
    partition: int
    offset: int

    def __str__(self) -> str:
        return f"{self.topic}/{self.partition}/{self.offset}"


@dataclass(frozen=True, slots=True)
class RejectFilter:
    """Which rejected records: all, or of a topic, with a reason, since an instant (broker time)."""

    topic: str | None = None
    reason: str | None = None
    since: datetime | None = None

    def where(self) -> tuple[str, dict[str, Any]]:
        """Return the condition in SQL, and its parameters."""
        conditions = {
            "topic": "topic = %(topic)s",
            "reason": "reason = %(reason)s",
            "since_ms": "timestamp >= fromUnixTimestamp64Milli(%(since_ms)s, 'UTC')",
        }
        params: dict[str, Any] = {"topic": self.topic, "reason": self.reason}
        if self.since is not None:
            params["since_ms"] = int(self.since.timestamp() * 1000)
        params = {name: value for name, value in params.items() if value is not None}
        return " AND ".join([conditions[name] for name in params]) or "1", params


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """One rejected record, without its bytes. `bytes` is the size of its value, None for a tombstone."""

    topic: str
    partition: int
    offset: int
    time: datetime
    reason: str
    detail: str
    schema_id: int | None
    bytes: int | None


@dataclass(frozen=True, slots=True)
class ReasonCount:
    """How many records of a topic were rejected for a reason, and when first and last."""

    reason: str
    topic: str
    records: int
    first: datetime
    last: datetime


@dataclass(frozen=True, slots=True)
class RejectedBytes:
    """What a record held, byte for byte. May be personal: kept out of `repr`."""

    key: bytes | None = field(repr=False)
    value: bytes | None = field(repr=False)
    headers: tuple[tuple[bytes, bytes], ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class RejectedRecord:
    """Everything about one rejected record; `content` only if it was asked for."""

    row: RejectedRow
    epoch: int
    key_bytes: int | None
    header_names: tuple[str, ...]
    replays: int
    content: RejectedBytes | None


def coordinates_of(text: str) -> Coordinates:
    """Read TOPIC/PARTITION/OFFSET.

    Raises:
        ValueError: It is written otherwise.

    >>> coordinates_of("feedback.responses/3/1042")
    Coordinates(topic='feedback.responses', partition=3, offset=1042)
    """
    match = _COORDINATES.fullmatch(text.strip())
    if match is None:
        msg = "Give it as TOPIC/PARTITION/OFFSET, for example feedback.responses/0/42."
        raise ValueError(msg)
    return Coordinates(match["topic"], int(match["partition"]), int(match["offset"]))


def instant_of(text: str, now: datetime) -> datetime:
    """Read an instant, or a time span that ended at `now`. Without an offset it is UTC.

    Raises:
        ValueError: It is neither.

    >>> noon = datetime(2026, 1, 31, 12, tzinfo=UTC)
    >>> instant_of("90m", noon).isoformat(), instant_of("2026-01-30", noon).isoformat()
    ('2026-01-31T10:30:00+00:00', '2026-01-30T00:00:00+00:00')
    """
    if match := _AGO.fullmatch(text.strip()):
        return now - timedelta(**{_UNIT[match["unit"]]: int(match["count"])})
    try:
        instant = datetime.fromisoformat(text.strip())
    except ValueError:
        msg = "Give a time span (90s, 30m, 2h, 7d, 4w) or an instant (2026-01-31T08:00:00Z)."
        raise ValueError(msg) from None
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


def rejected_rows(clickhouse: ClickHouse, wanted: RejectFilter, limit: int) -> list[RejectedRow]:
    """Return rejected records, newest first by the broker's time, at most `limit`.

    Raises:
        SinkError: ClickHouse does not answer or refuses.
    """
    where, params = wanted.where()
    rows = clickhouse.rows(
        "SELECT topic, partition, offset, timestamp, reason, detail, schema_id, bytes "
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


def rejected_record(
    clickhouse: ClickHouse, where: Coordinates, *, with_bytes: bool
) -> RejectedRecord | None:
    """Return everything about one record, or None if none was rejected there.

    If the topic was created again and both incarnations have one there, it is the newer one's.

    Raises:
        SinkError: ClickHouse does not answer or refuses.
    """
    # Names of headers are text by Kafka's protocol; all else may be any bytes, so it travels as hex.
    content = "hex(key), hex(value), arrayMap(h -> (hex(h.1), hex(h.2)), headers)"
    rows = clickhouse.rows(
        "SELECT _topic, _partition, _offset, _timestamp, reason, detail, schema_id, length(value), "
        "_epoch, length(key), arrayMap(h -> toValidUTF8(h.1), headers), replays, "
        f"{content if with_bytes else 'NULL, NULL, NULL'} "
        f"FROM {clickhouse.address.database}.rejects FINAL "
        "WHERE _topic = %(topic)s AND _partition = %(partition)s AND _offset = %(offset)s "
        "ORDER BY _epoch DESC LIMIT 1",
        _params(where),
    )
    if not rows:
        return None
    *row, epoch, key_bytes, names, replays, key, value, headers = rows[0]
    return RejectedRecord(
        row=RejectedRow(*row),
        epoch=epoch,
        key_bytes=key_bytes,
        header_names=tuple(names),
        replays=replays,
        content=RejectedBytes(
            _unhex(key),
            _unhex(value),
            tuple((bytes.fromhex(n), bytes.fromhex(v)) for n, v in headers),
        )
        if with_bytes
        else None,
    )


def _params(where: Coordinates) -> Mapping[str, Any]:
    return {"topic": where.topic, "partition": where.partition, "offset": where.offset}


def _unhex(text: str | None) -> bytes | None:
    return None if text is None else bytes.fromhex(text)
