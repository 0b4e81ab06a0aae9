"""Read a stretch of the log from the raw rows, where Kafka does not keep it any more.

Every record that counted is a raw row. So a row is written down as the record it once was, and takes the
same way as any record. Duplicates and rejects are not among the rows: their offsets are gaps.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any, NamedTuple

from schemas.codec import Encoder
from schemas.registry import Registry
from sinks.tables import TABLES
from streams.batch import Batch, LogRecord, Run, TopicPartition
from streams.fold.columns import Origin
from streams.fold.kinds import KINDS
from streams.fold.rows import Decoded
from streams.store import Store

__all__ = ["RawReader"]

#: Offsets looked at in one query.
_PAGE = 20_000


class _Record(NamedTuple):
    """A record as the log would hand it out."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()


class RawReader:
    """Reads raw rows of one epoch as batches, partition by partition.

    Args:
        store: Where the rows are.
        registry: Where the schemas are to write them with.
        stretches: The partitions, in the epoch to read; first offset, and the one to end before.
    """

    def __init__(
        self, store: Store, registry: Registry, stretches: Mapping[Origin, tuple[int, int]]
    ) -> None:
        self._store = store
        self._registry = registry
        self._origins = {TopicPartition(topic, n): (topic, e, n) for topic, e, n in stretches}
        self._starts = {TopicPartition(o[0], o[2]): start for o, (start, _) in stretches.items()}
        self._ends = {TopicPartition(o[0], o[2]): end for o, (_, end) in stretches.items()}
        self._next = dict(self._starts)
        self._encoders: dict[str, Encoder] = {}
        #: Broker timestamp of the last record of each partition.
        self.last_ms: dict[TopicPartition, int] = {}
        self.durable: dict[TopicPartition, int] = {}

    @property
    def done(self) -> bool:
        """Whether every partition was read to its end."""
        return all(at >= self._ends[tp] for tp, at in self._next.items())

    @property
    def left(self) -> int:
        """Return how many offsets are left to read."""
        return sum(max(0, self._ends[tp] - at) for tp, at in self._next.items())

    async def batches(self) -> AsyncIterator[Batch]:
        """Yield records until every partition is at its end."""
        for tp in sorted(self._next):
            while (start := self._next[tp]) < self._ends[tp]:
                end = min(start + _PAGE, self._ends[tp])
                found = await asyncio.to_thread(self._read, tp, start, end)
                self._next[tp] = end
                if found:
                    self.last_ms[tp] = found[-1].timestamp
                    yield Batch(0, (Run(tp, start, found),))

    def _read(self, tp: TopicPartition, start: int, end: int) -> list[LogRecord]:
        kind = KINDS[tp.topic]
        rows = self._store.raw(kind, self._origins[tp], start, end)
        return [self._written(tp.topic, row) for row in rows]

    def _written(self, topic: str, row: Decoded) -> LogRecord:
        encoder = self._encoders.get(topic)
        if encoder is None:
            encoder = self._encoders[topic] = Encoder(self._registry, topic)
        assert isinstance(row.content, dict)  # noqa: S101 - a raw row is never a rejection
        record = _record(topic, row.content)
        key = record["customer_id"] or record["anonymous_id"]
        return _Record(row.offset, row.timestamp_ms, key.encode() or None, encoder.encode(record))

    # -- what the intake asks of a consumer

    def mark_durable(self, tp: TopicPartition, position: int) -> None:
        """Note that all records below `position` are durable."""
        self.durable[tp] = position

    def owns(self, tp: TopicPartition) -> bool:
        """Return whether a partition is replayed."""
        return tp in self._starts

    def began(self) -> Mapping[TopicPartition, int]:
        """Return what is replayed, and the first offset of each partition."""
        return self._starts

    def committed(self, tp: TopicPartition) -> int | None:
        """Return None: what the ledger knows is not folded again."""
        return None

    def log_began(self, tp: TopicPartition) -> int | None:
        """Return None: it is asked for."""
        return None

    async def log_start(self, tp: TopicPartition) -> int:
        """Return the first offset there is to read."""
        return self._starts[tp]

    async def rewind(self, tp: TopicPartition, offset: int) -> None:
        """Read a partition again from an offset."""
        self._next[tp] = offset

    async def pause(self, tp: TopicPartition) -> None:
        """Do nothing: raw rows are good."""

    async def resume(self, tp: TopicPartition) -> None:
        """Do nothing: nothing pauses."""

    async def record_at(self, tp: TopicPartition, offset: int) -> LogRecord | None:
        """Return the record of one raw row; None if there is none."""
        found = await asyncio.to_thread(self._read, tp, offset, offset + 1)
        return found[0] if found else None


def _record(topic: str, row: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of a raw row as those of the record it was made from."""
    fields = TABLES[KINDS[topic].table].fields
    record = dict(row)
    for field in fields:
        if field.kind == "attributes":
            record[field.name] = [
                {"name": name, "value": value} for name, value in row[field.name].items()
            ]
    return record
