"""Write what was folded, in the order the guarantee needs.

Rejects, raw rows, conversations, slices and outputs, the ledger; only then may offsets be committed.
Whatever fails is tried again with the same rows: every one of them is an upsert.

Rejects come first. A record may be refused for something outside of the log (its schema is not known
yet, ClickHouse does not take it), and be good by the time it is folded again; that it was refused must
be known by then, or the rows of records after it would not be those that are written here.

Somebody else may own a partition meanwhile, and may have met an erasure we know nothing of. What we
folded then is no function of the log any more, and our rows may be those that were erased. So each
lot is held against the erasures before anything of it is written, and again after whatever names a
customer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import NamedTuple, Protocol

from schemas.codec import Encoder
from schemas.registry import Registry
from sinks.clickhouse import SinkRefused
from sinks.tables import TABLES, Table
from streams.agents.messages import Reject, reject_columns, reject_messages, slice_messages
from streams.agents.replays import Replayed, outcome_columns
from streams.batch import LogRecord, TopicPartition
from streams.conditions import Conditions
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
from streams.fold.partition import Drained, Folded, PartitionFold, Rejected
from streams.fold.rejection import Rejection
from streams.killpoints import passing
from streams.patience import insist
from streams.store import Store

__all__ = ["Flusher", "Lot", "RowsRefused", "Saying", "Written"]

#: If ClickHouse refuses more rows than one of so many, it is not the rows that are wrong.
_REFUSED_SHARE = 100


@dataclass(slots=True)
class Lot:
    """What one flush must make durable for one partition."""

    tp: TopicPartition
    origin: Origin
    fold: PartitionFold
    drained: Drained
    rejects: list[tuple[Rejected, LogRecord]]
    replayed: list[Replayed]


class Written(NamedTuple):
    """What a flush did: raw rows written, and the partitions it left out.

    Those were outrun: all before the erasure at the offset is durable already, written by somebody
    else. Some of their rows may be written nevertheless.
    """

    rows: int
    outrun: dict[TopicPartition, int]


class Rereader(Protocol):
    """The log, as far as a flush looks into it."""

    async def record_at(self, tp: TopicPartition, offset: int) -> LogRecord | None:
        """Return one record; None if the log does not keep it any more."""
        ...


class Saying(Protocol):
    """What the intake says on Kafka."""

    async def send(self, topic: str, messages: Iterable[tuple[bytes, bytes]]) -> None:
        """Send keys and values, and wait until all are delivered."""
        ...


class RowsRefused(Exception):
    """ClickHouse does not take rows of some partitions."""

    def __init__(self, partitions: set[TopicPartition]) -> None:
        super().__init__(len(partitions))
        self.partitions = partitions


class Flusher:
    """Writes lots to ClickHouse and Kafka, for as long as it takes."""

    def __init__(
        self,
        *,
        store: Store,
        outputs: Saying,
        registry: Registry,
        worker: str,
        conditions: Conditions,
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        self._store = store
        self._outputs = outputs
        self._worker = worker
        self._conditions = conditions
        self._sleep = sleep
        self._slices = Encoder(registry, "feedback.slices")
        self._rejects = Encoder(registry, "feedback.rejects")

    async def write(self, lots: Sequence[Lot], log: Rereader) -> Written:
        """Make everything of some lots durable, but those that an erasure has outrun.

        Raises:
            RowsRefused: ClickHouse does not take what some records say. They are rejects now, and their
                partitions must be folded again.
            EarshotError: ClickHouse or Kafka refuse for a reason that will not pass.
        """
        outrun: dict[TopicPartition, int] = {}
        lots = await self._in_time(lots, outrun)
        for lot in lots:
            await self._write_rejects(lot.origin, [(lot.tp, *pair) for pair in lot.rejects])
        passing("rejects_written")
        rows = await self._write_raw(lots, log)
        passing("raw_written")
        conversations = [
            conversation_columns(lot.drained.conversations, lot.origin)
            for lot in lots
            if lot.drained.conversations
        ]
        if conversations:
            await self._upsert("conversations", conversations)
        revisions = [
            revision_columns(lot.drained.revisions, lot.origin)
            for lot in lots
            if lot.drained.revisions
        ]
        if revisions:
            await self._upsert("revisions", revisions)
        passing("histories_written")
        # Whatever names a customer is written: rejects, raw rows, conversations.
        lots = await self._in_time(lots, outrun)
        slices = [
            slice_columns(lot.drained.slices, lot.origin) for lot in lots if lot.drained.slices
        ]
        if slices:
            await self._upsert("slices", slices)
            passing("slices_written")
            for columns in slices:
                await self._send("feedback.slices", slice_messages(columns, self._slices))
        passing("outputs_sent")
        outcomes = outcome_columns([one for lot in lots for one in lot.replayed])
        if outcomes:
            await self._upsert("reject_outcomes", [outcomes])
        ledgers = [ledger_columns(lot.drained.ledgers, lot.origin, self._worker) for lot in lots]
        if ledgers:
            await self._upsert("ledger", ledgers)
        passing("ledger_written")
        return Written(rows, outrun)

    async def write_erased(self, origin: Origin, record: ErasureRecord, trace: Trace) -> None:
        """Write down an erasure that is about to happen, and last of all that it is written down."""
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
        origins = {lot.origin for lot in lots}
        newest = await insist(
            lambda: asyncio.to_thread(self._store.newest_erasures, origins),
            self._sleep,
            self._conditions,
        )
        for lot in lots:
            erased = newest.get(lot.origin, 0)
            if erased > lot.fold.border:
                outrun[lot.tp] = erased
        return [lot for lot in lots if lot.tp not in outrun]

    async def _write_rejects(self, origin: Origin, rejects: Sequence[Reject]) -> None:
        if rejects:
            epoch = origin[1]
            await self._upsert("rejects", [reject_columns(rejects, epoch)])
            await self._send("feedback.rejects", reject_messages(rejects, epoch, self._rejects))

    async def _write_raw(self, lots: Sequence[Lot], log: Rereader) -> int:
        by_table: dict[str, list[Lot]] = {}
        for lot in lots:
            if lot.drained.rows:
                by_table.setdefault(lot.fold.kind.table, []).append(lot)
        written = 0
        refused: list[tuple[Lot, Folded]] = []
        for name, some in by_table.items():
            rows = [(lot, row) for lot in some for row in lot.drained.rows]
            write = partial(self._write_rows, TABLES[name], some, rows)
            refused += await insist(write, self._sleep, self._conditions)
            written += len(rows)
        if refused:
            await self._reject_refused(refused, log)
        return written

    async def _write_rows(
        self, table: Table, lots: Sequence[Lot], rows: Sequence[tuple[Lot, Folded]]
    ) -> list[tuple[Lot, Folded]]:
        """Write the raw rows of some lots, and return those that ClickHouse does not take."""
        try:
            parts = [raw_columns(table, lot.drained.rows, lot.origin) for lot in lots]
            await self._upsert(table.name, parts)
        except SinkRefused as error:
            return await self._refused_of(table, rows, error)
        return []

    async def _refused_of(
        self, table: Table, rows: Sequence[tuple[Lot, Folded]], error: SinkRefused
    ) -> list[tuple[Lot, Folded]]:
        """Write the rows ClickHouse takes, and return those it does not, found by halving.

        Raises:
            SinkRefused: It refuses too many of them: it is not the rows that are wrong.
        """
        most = max(1, len(rows) // _REFUSED_SHARE)
        refused: list[tuple[Lot, Folded]] = []
        left = [rows]
        while left:
            some = left.pop()
            columns = [
                list(chain.from_iterable(column))
                for column in zip(
                    *(raw_columns(table, [row], lot.origin) for lot, row in some), strict=True
                )
            ]
            try:
                await self._upsert(table.name, [columns])
            except SinkRefused:
                if len(some) == 1:
                    refused += some
                    if len(refused) > most:
                        raise SinkRefused(
                            f"ClickHouse refuses {len(refused)} rows and more of {len(rows)}: "
                            f"{error.what}",
                            code=0,
                            cure=error.cure,
                        ) from None
                else:
                    half = len(some) // 2
                    left += [some[:half], some[half:]]
        return refused

    async def _reject_refused(self, refused: Sequence[tuple[Lot, Folded]], log: Rereader) -> None:
        """Write down as rejects what ClickHouse does not take.

        Raises:
            RowsRefused: Always. What was folded of their partitions counts them.
        """
        for lot, row in refused:
            reread = partial(log.record_at, lot.tp, row.offset)
            record = await insist(reread, self._sleep, self._conditions)
            if record is not None:
                rejection = Rejection("refused_by_clickhouse", f"the table {lot.fold.kind.table}")
                rejected = Rejected(row.offset, row.timestamp_ms, rejection, row.definitions)
                await self._write_rejects(lot.origin, [(lot.tp, rejected, record)])
        raise RowsRefused({lot.tp for lot, _ in refused})

    async def _upsert(self, table: str, parts: list[Columns]) -> int:
        columns = [list(chain.from_iterable(column)) for column in zip(*parts, strict=True)]
        write = partial(self._store.write, table, columns)
        return await insist(lambda: asyncio.to_thread(write), self._sleep, self._conditions)

    async def _send(self, topic: str, messages: list[tuple[bytes, bytes]]) -> None:
        await insist(lambda: self._outputs.send(topic, messages), self._sleep, self._conditions)
