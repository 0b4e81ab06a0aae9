"""Write what was folded, in the order the guarantee needs.

Raw rows, conversations, slices, rejects and outputs, the ledger; only then may offsets be committed.
Whatever fails is tried again with the same rows: every one of them is an upsert.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain

from schemas.codec import Encoder
from schemas.registry import Registry
from sinks.tables import TABLES
from streams.agents.messages import reject_columns, reject_messages, slice_messages
from streams.batch import LogRecord, TopicPartition
from streams.fold.columns import (
    Columns,
    Origin,
    conversation_columns,
    ledger_columns,
    raw_columns,
    revision_columns,
    slice_columns,
)
from streams.fold.partition import Drained, PartitionFold, Rejected
from streams.outputs import Outputs
from streams.patience import insist
from streams.store import Store

__all__ = ["Flusher", "Lot"]


@dataclass(slots=True)
class Lot:
    """What one flush must make durable for one partition."""

    tp: TopicPartition
    fold: PartitionFold
    drained: Drained
    rejects: list[tuple[Rejected, LogRecord]]


class Flusher:
    """Writes lots to ClickHouse and Kafka, for as long as it takes."""

    def __init__(
        self,
        *,
        store: Store,
        outputs: Outputs,
        registry: Registry,
        worker: str,
        epoch: int,
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        self._store = store
        self._outputs = outputs
        self._worker = worker
        self._epoch = epoch
        self._sleep = sleep
        self._slices = Encoder(registry, "feedback.slices")
        self._rejects = Encoder(registry, "feedback.rejects")

    async def write(self, lots: Sequence[Lot]) -> int:
        """Make everything of some lots durable, and return how many raw rows there were.

        Raises:
            EarshotError: ClickHouse or Kafka refuse for a reason that will not pass.
        """
        rows = await self._write_raw(lots)
        conversations = [
            conversation_columns(lot.drained.conversations, self._origin(lot.tp))
            for lot in lots
            if lot.drained.conversations
        ]
        if conversations:
            await self._upsert("conversations", conversations)
        revisions = [
            revision_columns(lot.drained.revisions, self._origin(lot.tp))
            for lot in lots
            if lot.drained.revisions
        ]
        if revisions:
            await self._upsert("revisions", revisions)
        slices = [
            slice_columns(lot.drained.slices, self._origin(lot.tp))
            for lot in lots
            if lot.drained.slices
        ]
        if slices:
            await self._upsert("slices", slices)
            for columns in slices:
                await self._send("feedback.slices", slice_messages(columns, self._slices))
        rejects = [(lot.tp, *pair) for lot in lots for pair in lot.rejects]
        if rejects:
            await self._upsert("rejects", [reject_columns(rejects, self._epoch)])
            messages = reject_messages(rejects, self._epoch, self._rejects)
            await self._send("feedback.rejects", messages)
        ledgers = [
            ledger_columns(lot.drained.ledgers, self._origin(lot.tp), self._worker) for lot in lots
        ]
        await self._upsert("ledger", ledgers)
        return rows

    async def _write_raw(self, lots: Sequence[Lot]) -> int:
        by_table: dict[str, list[Columns]] = {}
        for lot in lots:
            if lot.drained.rows:
                table = TABLES[lot.fold.kind.table]
                columns = raw_columns(table, lot.drained.rows, self._origin(lot.tp))
                by_table.setdefault(table.name, []).append(columns)
        return sum([await self._upsert(table, parts) for table, parts in by_table.items()])

    async def _upsert(self, table: str, parts: list[Columns]) -> int:
        columns = [list(chain.from_iterable(column)) for column in zip(*parts, strict=True)]
        write = partial(self._store.write, table, columns)
        return await insist(lambda: asyncio.to_thread(write), self._sleep)

    async def _send(self, topic: str, messages: list[tuple[bytes, bytes]]) -> None:
        await insist(lambda: self._outputs.send(topic, messages), self._sleep)

    def _origin(self, tp: TopicPartition) -> Origin:
        return tp.topic, self._epoch, tp.partition
