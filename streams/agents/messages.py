"""Rejects and slices as they go to Kafka and ClickHouse."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from schemas.codec import Encoder
from schemas.framing import unframe
from schemas.measures import ATTRIBUTE
from sinks.tables import TABLES
from streams.agents.replays import ReplayOf, belongs, replay_of
from streams.batch import LogRecord, TopicPartition
from streams.fold.cells import SLICE_MS
from streams.fold.columns import Columns
from streams.fold.partition import Rejected

__all__ = ["reject_columns", "reject_messages", "slice_messages"]

#: Bytes of a record that a message on `feedback.rejects` may hold, and of those its key and headers.
#: The topic takes 8 MiB a message, and Avro adds some to them.
_MOST_BYTES = 6 * 1024 * 1024
_MOST_AROUND = 1024 * 1024

Reject = tuple[TopicPartition, Rejected, LogRecord]
Message = tuple[bytes, bytes]


def slice_messages(columns: Columns, encoder: Encoder) -> list[Message]:
    """Return the messages of `feedback.slices` for columns of the table `slices`."""
    names = TABLES["slices"].columns
    messages = []
    for values in zip(*columns, strict=True):
        row = dict(zip(names, values, strict=True))
        record = {
            "measure": row["measure"],
            "dimensions": [
                {"name": name, "value": _dimension(row, name)} for name in row["dimensions"]
            ],
            "slice_start": row["slice_start"] * 1000,
            "slice_ms": SLICE_MS,
            "bucket": row["bucket"],
            "n": row["n"],
            "topic": row["_topic"],
            "epoch": row["_epoch"],
            "partition": row["_partition"],
            "chunk": row["_chunk"],
            "version": row["_version"],
            "definitions": row["_definitions"],
        }
        key = (
            f"{row['series']:032x}|{row['slice_start']}|{row['bucket']}|"
            f"{row['_topic']}|{row['_epoch']}|{row['_partition']}|{row['_chunk']}"
        )
        messages.append((key.encode(), encoder.encode(record)))
    return messages


def reject_messages(rejects: Sequence[Reject], epoch: int, encoder: Encoder) -> list[Message]:
    """Return the messages of `feedback.rejects`."""
    return [
        (
            f"{tp.topic}|{epoch}|{tp.partition}|{record.offset}".encode(),
            encoder.encode(
                {
                    "topic": tp.topic,
                    "epoch": epoch,
                    "partition": tp.partition,
                    "offset": record.offset,
                    "timestamp": record.timestamp,
                    "reason": reject.rejection.reason,
                    "detail": reject.rejection.detail + cut.note,
                    "schema_id": _schema_id(record.value),
                    "key": cut.key,
                    "value": cut.value,
                    "headers": [{"name": name, "value": value} for name, value in cut.headers],
                    "replays": replay.replays if replay else 0,
                }
            ),
        )
        for tp, reject, record in rejects
        for replay in [_replay(tp, epoch, record)]
        for cut in [_cut(record)]
    ]


class _Cut(NamedTuple):
    """What of a record a message can hold, and what to add to its detail where that is not all."""

    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]]
    note: str = ""


def _cut(record: LogRecord) -> _Cut:
    """Return as much of a record as `feedback.rejects` takes. ClickHouse has all of it."""
    key, value, headers = record.key, record.value, list(record.headers or ())
    around = len(key or b"") + sum(len(name) + len(held or b"") for name, held in headers)
    if around + len(value or b"") <= _MOST_BYTES:
        return _Cut(key, value, headers)
    if around > _MOST_AROUND:
        key, headers = (key or b"")[:_MOST_AROUND], []
    note = " (cut for this message; the table rejects has all of it)"
    return _Cut(key, None if value is None else value[: _MOST_BYTES - _MOST_AROUND], headers, note)


def reject_columns(rejects: Sequence[Reject], epoch: int) -> Columns:
    """Return the columns of the table `rejects`."""
    rows = [
        (
            tp.topic,
            epoch,
            tp.partition,
            record.offset,
            record.timestamp,
            reject.rejection.reason,
            reject.rejection.detail,
            _schema_id(record.value),
            record.key,
            record.value,
            [(name, value or b"") for name, value in record.headers or ()],
            replay.replays if replay else 0,
            replay.first if replay else "",
            reject.definitions,
        )
        for tp, reject, record in rejects
        for replay in [_replay(tp, epoch, record)]
    ]
    return [list(column) for column in zip(*rows, strict=True)]


def _replay(tp: TopicPartition, epoch: int, record: LogRecord) -> ReplayOf | None:
    """Return what a record is a replay of, where it can be one of that."""
    replay = replay_of(record)
    return replay if replay and belongs(replay, tp, epoch, record.offset) else None


def _dimension(row: Mapping[str, Any], name: str) -> str:
    """Return a dimension of a row of `slices`."""
    if name.startswith(ATTRIBUTE):
        return str(row["attributes"].get(name.removeprefix(ATTRIBUTE), ""))
    return str(row[name])


#: The header's id is unsigned, Avro's int is not. No registry hands out an id beyond this one.
_LARGEST_ID = 2**31 - 1


def _schema_id(value: bytes | None) -> int | None:
    framed = unframe(value) if value else None
    return framed.schema_id if framed and framed.schema_id <= _LARGEST_ID else None
