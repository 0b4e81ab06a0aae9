"""Everything about one rejected record. Blocking."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from sinks.clickhouse import ClickHouse
from streams.rejecting.coordinates import Coordinates
from streams.rejecting.erased import ERASED
from streams.rejecting.listing import RejectedRow

__all__ = [
    "Outcome",
    "Place",
    "RejectedBytes",
    "RejectedRecord",
    "contents",
    "outcome_of",
    "place_of",
    "rejected_record",
]

# Names of headers are text by Kafka's protocol; all else may be any bytes, so it travels as hex.
_CONTENT = "hex(key), hex(value), arrayMap(h -> (hex(h.1), hex(h.2)), headers)"


class Place(NamedTuple):
    """Where a record stands in the log, in which incarnation of its topic."""

    topic: str
    epoch: int
    partition: int
    offset: int

    @property
    def coordinates(self) -> Coordinates:
        """The place as people write it."""
        return Coordinates(self.topic, self.partition, self.offset)

    def __str__(self) -> str:
        return f"{self.topic}/{self.epoch}/{self.partition}/{self.offset}"


@dataclass(frozen=True, slots=True)
class RejectedBytes:
    """What a record held, byte for byte. May be personal: kept out of `repr`."""

    key: bytes | None = field(repr=False)
    value: bytes | None = field(repr=False)
    headers: tuple[tuple[bytes, bytes], ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a record: `replayed`, with the fate and where the replay stands, or `dropped`."""

    outcome: str
    fate: str
    by_partition: int | None
    by_offset: int | None
    at: datetime
    why: str


@dataclass(frozen=True, slots=True)
class RejectedRecord:
    """Everything about one rejected record; `content` only if it was asked for.

    Attributes:
        row: What the list says of it.
        epoch: Incarnation of its topic.
        first: Where it was rejected first, as topic/epoch/partition/offset; itself if it is no replay.
        newest: Its newest attempt; itself if there is none.
        replays: How often it has been replayed until its newest attempt.
        outcome: Why it is no longer on the list, None if it is on it.
        erased: Whether its bytes are erased.
        key_bytes: Size of its key.
        header_names: Names of its headers.
        content: Its bytes.
    """

    row: RejectedRow
    epoch: int
    first: str
    newest: Coordinates
    replays: int
    outcome: Outcome | None
    erased: bool
    key_bytes: int | None
    header_names: tuple[str, ...]
    content: RejectedBytes | None


def rejected_record(
    clickhouse: ClickHouse, where: Coordinates, *, with_bytes: bool
) -> RejectedRecord | None:
    """Return everything about one record, or None if none was rejected there.

    If the topic was created again and both incarnations have one there, it is the newer one's.

    Raises:
        SinkError: ClickHouse does not answer or refuses.
    """
    database = clickhouse.address.database
    rows = clickhouse.rows(
        "SELECT topic, partition, offset, timestamp, reason, detail, schema_id, bytes, replays, epoch, "
        f"first_rejected, bytes_erased FROM {database}.reject_attempts "
        "WHERE topic = %(topic)s AND partition = %(partition)s AND offset = %(offset)s "
        "ORDER BY epoch DESC LIMIT 1",
        where._asdict(),
    )
    if not rows:
        return None
    *row, epoch, first, erased = rows[0]
    place = Place(where.topic, epoch, where.partition, where.offset)
    (outside,) = clickhouse.rows(
        "SELECT length(key), arrayMap(h -> toValidUTF8(h.1), headers) "
        f"FROM {database}.rejects FINAL WHERE (_topic, _epoch, _partition, _offset) = %(place)s",
        {"place": tuple(place)},
    )
    newest, replays = _newest(clickhouse, first)
    return RejectedRecord(
        row=RejectedRow(*row),
        epoch=epoch,
        first=first,
        newest=newest,
        replays=replays,
        outcome=outcome_of(clickhouse, first),
        erased=bool(erased),
        key_bytes=outside[0],
        header_names=tuple(outside[1]),
        content=contents(clickhouse, [place]).get(place) if with_bytes else None,
    )


def contents(clickhouse: ClickHouse, places: Iterable[Place]) -> dict[Place, RejectedBytes]:
    """Return the bytes of some records; those that are erased are left out.

    Raises:
        SinkError: ClickHouse does not answer or refuses.
    """
    wanted = tuple(tuple(place) for place in places)
    if not wanted:
        return {}
    rows = clickhouse.rows(
        f"SELECT _topic, _epoch, _partition, _offset, {_CONTENT} "
        f"FROM {clickhouse.address.database}.rejects FINAL "
        f"WHERE (_topic, _epoch, _partition, _offset) IN %(wanted)s AND replays < {ERASED}",
        {"wanted": wanted},
    )
    return {Place(*row[:4]): _content(*row[4:]) for row in rows}


def _newest(clickhouse: ClickHouse, first: str) -> tuple[Coordinates, int]:
    rows = clickhouse.rows(
        "SELECT topic, partition, offset, replays "
        f"FROM {clickhouse.address.database}.reject_attempts WHERE first_rejected = %(first)s "
        "ORDER BY replays DESC, epoch DESC, offset DESC LIMIT 1",
        {"first": first},
    )
    return Coordinates(*rows[0][:3]), rows[0][3]


def place_of(first: str) -> Place:
    """Read topic/epoch/partition/offset, as the column `replay_of` has it.

    >>> place_of("feedback.responses/0/3/42").offset
    42
    """
    topic, epoch, partition, offset = first.split("/")
    return Place(topic, int(epoch), int(partition), int(offset))


def outcome_of(clickhouse: ClickHouse, first: str) -> Outcome | None:
    """Return what became of the record that was rejected first there, None if it is on the list.

    Raises:
        SinkError: ClickHouse does not answer or refuses.
    """
    rows = clickhouse.rows(
        "SELECT outcome, fate, by_partition, by_offset, at, why "
        f"FROM {clickhouse.address.database}.reject_outcomes_current "
        "WHERE first_rejected = %(first)s",
        {"first": first},
    )
    return Outcome(*rows[0]) if rows else None


def _content(
    key: str | None, value: str | None, headers: Iterable[tuple[str, str]]
) -> RejectedBytes:
    return RejectedBytes(
        _unhex(key),
        _unhex(value),
        tuple((bytes.fromhex(name), bytes.fromhex(held)) for name, held in headers),
    )


def _unhex(text: str | None) -> bytes | None:
    return None if text is None else bytes.fromhex(text)
