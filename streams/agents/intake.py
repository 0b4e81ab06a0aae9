"""The intake: batch in, decode, judge, fold, write out, and only then say what may be committed.

The order of a flush is the guarantee: raw rows, slices, rejects and outputs, the ledger; then the
offsets. Whatever fails is tried again with the same rows; every one of them is an upsert.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import Protocol, TypeVar

import structlog

from schemas.codec import Encoder
from schemas.measures import Measures
from schemas.registry import Registry
from sinks.tables import TABLES
from streams.agents.messages import reject_columns, reject_messages, slice_messages
from streams.batch import Batch, LogRecord, Run, TopicPartition
from streams.fold.chunks import chunk_of
from streams.fold.columns import Columns, Origin, ledger_columns, raw_columns, slice_columns
from streams.fold.decoding import RecordDecoder
from streams.fold.judging import Rules
from streams.fold.kinds import KINDS
from streams.fold.known import KnownRecords
from streams.fold.partition import Decoded, Drained, PartitionFold, Rejected
from streams.outputs import Outputs
from streams.patience import insist
from streams.store import Store

__all__ = ["Intake", "IntakeConfig", "Positions"]

log = structlog.get_logger(__name__)

T = TypeVar("T")


class Positions(Protocol):
    """The consumer, as far as the intake steers it."""

    def mark_durable(self, tp: TopicPartition, position: int) -> None:
        """Say that all records below `position` are durable."""
        ...

    def start_of(self, tp: TopicPartition) -> int | None:
        """Return where reading a partition began with this assignment, None if it is not ours."""
        ...

    async def rewind(self, tp: TopicPartition, offset: int) -> None:
        """Read a partition again from `offset`."""
        ...


@dataclass(frozen=True, slots=True)
class IntakeConfig:
    """How the intake folds and flushes."""

    chunk_size: int
    flush_s: float
    flush_rows: int
    known_answers: int
    clock_skew_ms: int
    max_record_bytes: int
    worker: str
    epoch: int = 0


@dataclass(slots=True)
class _Lot:
    """What one flush must make durable for one partition."""

    tp: TopicPartition
    fold: PartitionFold
    drained: Drained
    rejects: list[tuple[Rejected, LogRecord]]


class Intake:
    """All partitions of this worker.

    `take` and `flush` exclude each other. `running` says whether to go on trying when something does
    not answer; it is False once the worker is told to stop.
    """

    def __init__(
        self,
        config: IntakeConfig,
        *,
        store: Store,
        outputs: Outputs,
        registry: Registry,
        measures: Measures,
        now: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._config = config
        self._store = store
        self._outputs = outputs
        self._measures = measures
        self._decoder = RecordDecoder(registry, max_bytes=config.max_record_bytes)
        self._slices = Encoder(registry, "feedback.slices")
        self._rejects = Encoder(registry, "feedback.rejects")
        self._now = now
        self._sleep = sleep
        self._lock = asyncio.Lock()
        self._folds: dict[TopicPartition, PartitionFold] = {}
        self._rejected: dict[TopicPartition, list[tuple[Rejected, LogRecord]]] = {}
        self._unwritten: list[_Lot] = []
        self._flushed_at = now()

    async def take(self, batch: Batch, positions: Positions) -> None:
        """Fold a batch, and flush if it is time."""
        async with self._lock:
            for run in batch.runs:
                await self._take_run(run, positions)
            if self._due():
                await self._flush(positions)

    async def flush_if_due(self, positions: Positions) -> None:
        """Flush what has waited long enough, for partitions that went quiet."""
        if self._folds and self._due():
            async with self._lock:
                await self._flush(positions)

    async def flush(self, positions: Positions) -> None:
        """Make everything that was folded durable."""
        async with self._lock:
            await self._flush(positions)

    async def give_up(self, tps: Iterable[TopicPartition]) -> None:
        """Forget partitions: the next owner builds their state again from the log."""
        async with self._lock:
            for tp in tps:
                self._folds.pop(tp, None)
                self._rejected.pop(tp, None)
            self._unwritten = [lot for lot in self._unwritten if lot.tp in self._folds]

    # -- folding

    async def _take_run(self, run: Run, positions: Positions) -> None:
        fold = self._folds.get(run.tp)
        if fold is None:
            start = positions.start_of(run.tp)
            if start is None:
                return  # revoked while it waited here: the next owner reads it
            fold = self._folds[run.tp] = await self._open(run.tp, start)
        if run.start > fold.position:
            # A batch was dropped on its way here (a rebalance empties Faust's buffers).
            log.warning("run_missed", topic=run.tp.topic, partition=run.tp.partition,
                        expected=fold.position, got=run.start)  # fmt: skip
            await positions.rewind(run.tp, fold.position)
            return
        decoded = await self._ask(partial(self._decode, run))
        if missing := fold.missing(decoded):
            found = await self._ask(
                partial(
                    self._store.lookup, fold.kind, self._origin(run.tp), fold.lookup_bound, missing
                )
            )
            fold.learn(found)
        # Nothing is awaited between folding and keeping the rejects: a cancellation in between would
        # let a flush commit past records that stand nowhere.
        rejects = fold.fold(decoded)
        if rejects:
            by_offset = {record.offset: record for record in run.records}
            self._rejected.setdefault(run.tp, []).extend(
                (reject, by_offset[reject.offset]) for reject in rejects
            )

    def _decode(self, run: Run) -> list[Decoded]:
        decode, topic = self._decoder.decode, run.tp.topic
        return [
            Decoded(record.offset, record.timestamp, decode(topic, record.value))
            for record in run.records
        ]

    async def _open(self, tp: TopicPartition, start: int) -> PartitionFold:
        kind = KINDS[tp.topic]
        origin = self._origin(tp)
        size = self._config.chunk_size
        first = chunk_of(start, size)
        ledgers = await self._ask(partial(self._store.chunks, origin, first))
        # A flush that was cut short left rows and no ledger; they bind as well.
        folded_with = await self._ask(partial(self._store.versions, kind, origin, first, size))
        for version in {*folded_with.values(), *(ledger.definitions for ledger in ledgers)}:
            await self._ask(partial(self._store.definitions, version))
        folded_with |= {ledger.chunk: ledger.definitions for ledger in ledgers}

        def rules_for(chunk: int) -> Rules:
            version = folded_with.get(chunk)
            measures = self._measures if version is None else self._store.definitions(version)
            return Rules(measures, self._config.clock_skew_ms)

        half = next((ledger for ledger in ledgers if ledger.chunk == first), None)
        # Also when records were lost that nobody folded: what was folded before them still counts.
        lost = half is not None and half.first < start
        before = half.last + 1 if half is not None and lost else start
        known, complete = await self._ask(
            partial(self._store.recent, kind, origin, before, self._config.known_answers)
        )
        records = KnownRecords(self._config.known_answers, complete=complete)
        for identity, entry in known.items():
            records.put(identity, entry)
        fold = PartitionFold(kind, start=start, chunk_size=size, known=records, rules_for=rules_for)
        if half is not None and lost:
            totals = await self._ask(partial(self._store.totals, origin, first))
            fold.resume(half, totals)
            log.error("log_start_beyond_chunk_start", topic=tp.topic,
                      partition=tp.partition, chunk=first, log_start=start,
                      resumed_at=fold.position,
                      cure="Keep records longer than a chunk takes to fill.")  # fmt: skip
        log.info("partition_opened", topic=tp.topic, partition=tp.partition,
                 start=start, known=len(records), complete=complete)  # fmt: skip
        return fold

    def _origin(self, tp: TopicPartition) -> Origin:
        return tp.topic, self._config.epoch, tp.partition

    # -- flushing

    def _due(self) -> bool:
        if self._now() - self._flushed_at >= self._config.flush_s:
            return True
        return sum(fold.pending for fold in self._folds.values()) >= self._config.flush_rows

    async def _flush(self, positions: Positions) -> None:
        for tp, fold in self._folds.items():
            drained = fold.drain()
            if drained:
                self._unwritten.append(_Lot(tp, fold, drained, self._rejected.pop(tp, [])))
        self._flushed_at = self._now()
        lots = self._unwritten
        if not lots:
            return
        started = self._now()
        rows = await self._write(lots)
        for lot in lots:
            positions.mark_durable(lot.tp, lot.drained.position)
            lot.fold.written(lot.drained)
        self._unwritten = []
        log.debug("flushed", rows=rows, partitions=len(lots), took_s=self._now() - started)

    async def _write(self, lots: list[_Lot]) -> int:
        """Write everything of some lots, in the order the guarantee needs; return raw rows."""
        rows = await self._write_raw(lots)
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
            await self._upsert("rejects", [reject_columns(rejects, self._config.epoch)])
            messages = reject_messages(rejects, self._config.epoch, self._rejects)
            await self._send("feedback.rejects", messages)
        ledgers = [
            ledger_columns(lot.drained.ledgers, self._origin(lot.tp), self._config.worker)
            for lot in lots
        ]
        await self._upsert("ledger", ledgers)
        return rows

    async def _write_raw(self, lots: list[_Lot]) -> int:
        by_table: dict[str, list[Columns]] = {}
        for lot in lots:
            if lot.drained.rows:
                table = TABLES[lot.fold.kind.table]
                columns = raw_columns(table, lot.drained.rows, self._origin(lot.tp))
                by_table.setdefault(table.name, []).append(columns)
        return sum([await self._upsert(table, parts) for table, parts in by_table.items()])

    async def _upsert(self, table: str, parts: list[Columns]) -> int:
        columns = [list(chain.from_iterable(column)) for column in zip(*parts, strict=True)]
        return await self._ask(partial(self._store.write, table, columns))

    async def _send(self, topic: str, messages: list[tuple[bytes, bytes]]) -> None:
        await insist(lambda: self._outputs.send(topic, messages), self._sleep)

    async def _ask(self, call: Callable[[], T]) -> T:
        """Run a blocking call in a thread, for as long as it takes."""
        return await insist(lambda: asyncio.to_thread(call), self._sleep)
