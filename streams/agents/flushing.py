"""Write what was folded, in the order the guarantee needs.

Raw rows, conversations, slices, rejects and outputs, the ledger; only then may offsets be committed.
Whatever fails is tried again with the same rows: every one of them is an upsert.

Somebody else may own a partition meanwhile, and may have met an erasure we know nothing of. What we
folded then is no function of the log any more, and our rows may be those that were erased. So each
lot is held against the erasures before anything of it is written, and again after whatever names a
customer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import NamedTuple

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
from streams.fold.erased_columns import erased_columns, erasure_columns, forgotten_columns
from streams.fold.erasing import ErasureRecord, Trace
from streams.fold.partition import Drained, PartitionFold, Rejected
from streams.outputs import Outputs
from streams.patience import insist
from streams.store import Store

__all__ = ["Flusher", "Lot", "Written"]


@dataclass(slots=True)
class Lot:
    """What one flush must make durable for one partition."""

    tp: TopicPartition
    fold: PartitionFold
    drained: Drained
    rejects: list[tuple[Rejected, LogRecord]]


class Written(NamedTuple):
    """What a flush did: raw rows written, and the partitions it left out.

    Those were outrun: all before the erasure at the offset is durable already, written by somebody
    else. Some of their rows may be written nevertheless.
    """

    rows: int
    outrun: dict[TopicPartition, int]


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

    async def write(self, lots: Sequence[Lot]) -> Written:
        """Make everything of some lots durable, but those that an erasure has outrun.

        Raises:
            EarshotError: ClickHouse or Kafka refuse for a reason that will not pass.
        """
        outrun: dict[TopicPartition, int] = {}
        lots = await self._in_time(lots, outrun)
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
        lots = await self._in_time(lots, outrun)
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
            lots = await self._in_time(lots, outrun)
        ledgers = [
            ledger_columns(lot.drained.ledgers, self._origin(lot.tp), self._worker) for lot in lots
        ]
        if ledgers:
            await self._upsert("ledger", ledgers)
        return Written(rows, outrun)

    async def write_erased(self, tp: TopicPartition, record: ErasureRecord, trace: Trace) -> None:
        """Write down an erasure that is about to happen, and last of all that it is written down."""
        origin = self._origin(tp)
        if trace.cells:
            await self._upsert("erased_counts", [erased_columns(trace, record, origin)])
            if record.erasure.mode == "drop":
                columns = forgotten_columns(trace, record, origin)
                await self._upsert("slices", [columns])
                await self._send("feedback.slices", slice_messages(columns, self._slices))
        await self._upsert("erasures", [erasure_columns(trace, record, origin)])

    async def _in_time(
        self, lots: Sequence[Lot], outrun: dict[TopicPartition, int]
    ) -> Sequence[Lot]:
        """Return the lots no erasure has outrun; of the others, note the last erasure."""
        if not lots:
            return lots
        origins = {self._origin(lot.tp) for lot in lots}
        newest = await insist(
            lambda: asyncio.to_thread(self._store.newest_erasures, origins), self._sleep
        )
        for lot in lots:
            erased = newest.get(self._origin(lot.tp), 0)
            if erased > lot.fold.border:
                outrun[lot.tp] = erased
        return [lot for lot in lots if lot.tp not in outrun]

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
