"""The intake: batch in, decode, judge, fold, write out, and only then say what may be committed.

The pure parts do the work: this only hands them what they need, in the order of the log.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Protocol, TypeVar

import structlog

from schemas.measures import Measures
from schemas.registry import Registry
from streams.agents.erasing import Eraser
from streams.agents.flushing import Flusher, Lot
from streams.agents.opening import Opener
from streams.agents.pieces import erasure_of, pieces_of, refused
from streams.batch import Batch, LogRecord, Run, TopicPartition
from streams.fold.columns import Origin
from streams.fold.decoding import RecordDecoder
from streams.fold.erasing import ErasureRecord
from streams.fold.partition import Decoded, PartitionFold, Rejected
from streams.outputs import Outputs
from streams.patience import insist
from streams.store import Store
from streams.traces import Traces

__all__ = ["Intake", "IntakeConfig", "Positions"]

log = structlog.get_logger(__name__)

T = TypeVar("T")

#: Records folded in one go: some tenths of a second, where their customers have long histories.
_AT_ONCE = 1_000


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

    async def record_at(self, tp: TopicPartition, offset: int) -> LogRecord | None:
        """Return one record, whoever owns the partition; None if the log does not keep it any more."""
        ...


@dataclass(frozen=True, slots=True)
class IntakeConfig:
    """How the intake folds and flushes."""

    chunk_size: int
    flush_s: float
    flush_rows: int
    known_answers: int
    known_customers: int
    clock_skew_ms: int
    max_record_bytes: int
    worker: str
    epoch: int = 0


class Intake:
    """All partitions of this worker. `take` and the flushes exclude each other."""

    def __init__(
        self,
        config: IntakeConfig,
        *,
        store: Store,
        traces: Traces,
        outputs: Outputs,
        registry: Registry,
        measures: Measures,
        now: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._config = config
        self._store = store
        self._decoder = RecordDecoder(registry, max_bytes=config.max_record_bytes)
        self._opener = Opener(
            store=store,
            measures=measures,
            chunk_size=config.chunk_size,
            known_answers=config.known_answers,
            known_customers=config.known_customers,
            clock_skew_ms=config.clock_skew_ms,
            ask=self._ask,
        )
        self._flusher = Flusher(
            store=store,
            outputs=outputs,
            registry=registry,
            worker=config.worker,
            epoch=config.epoch,
            sleep=sleep,
        )
        self._eraser = Eraser(traces=traces, flusher=self._flusher, ask=self._ask)
        self._now = now
        self._sleep = sleep
        self._lock = asyncio.Lock()
        self._folds: dict[TopicPartition, PartitionFold] = {}
        self._rejected: dict[TopicPartition, list[tuple[Rejected, LogRecord]]] = {}
        self._unwritten: list[Lot] = []
        self._leaving: set[TopicPartition] = set()
        self._flushed_at = now()

    async def take(self, batch: Batch, positions: Positions) -> None:
        """Fold a batch, and flush if it is time."""
        async with self._lock:
            self._forget_leaving()
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

    def give_up(self, tps: Iterable[TopicPartition]) -> None:
        """Forget partitions: the next owner builds their state again from the log.

        Does not wait. A batch that is being folded may be waiting for ClickHouse, and a rebalance
        must not; the partitions are forgotten before anything else is folded or flushed.
        """
        self._leaving.update(tps)

    def _forget_leaving(self) -> None:
        for tp in self._leaving:
            self._folds.pop(tp, None)
            self._rejected.pop(tp, None)
        self._leaving.clear()
        self._unwritten = [lot for lot in self._unwritten if self._folds.get(lot.tp) is lot.fold]

    # -- folding

    async def _take_run(self, run: Run, positions: Positions) -> None:
        fold = self._folds.get(run.tp)
        if fold is None:
            start = positions.start_of(run.tp)
            if start is None:
                return  # revoked while it waited here: the next owner reads it
            fold = await self._open(run.tp, start)
        if run.start > fold.position:
            # A batch was dropped on its way here (a rebalance empties Faust's buffers).
            log.warning("run_missed", topic=run.tp.topic, partition=run.tp.partition,
                        expected=fold.position, got=run.start)  # fmt: skip
            await positions.rewind(run.tp, fold.position)
            return
        for piece in pieces_of(run.records, fold.position):
            if isinstance(piece, ErasureRecord):
                await self._erase(run.tp, fold, piece, positions)
                if run.tp not in self._folds:
                    return  # lost meanwhile, or outrun: it is read again
                fold = self._folds[run.tp]
            else:
                await self._take_piece(fold, Run(run.tp, run.start, piece))

    async def _open(self, tp: TopicPartition, start: int) -> PartitionFold:
        fold = await self._opener.open(tp, self._origin(tp), start)
        self._folds[tp] = fold
        return fold

    async def _erase(
        self, tp: TopicPartition, fold: PartitionFold, record: ErasureRecord, positions: Positions
    ) -> None:
        if record.offset < fold.position:
            return
        fold.close_before(record.offset)
        await self._flush(positions)
        if self._folds.get(tp) is not fold:
            return
        origin = self._origin(tp)
        trace = await self._eraser.erase(tp, fold.kind, origin, record)
        if trace is None:
            # What it remembers of the subject can only be told by asking for everything anew.
            fold = await self._open(tp, record.offset)
            fold.erase(record, {})
        else:
            fold.erase(record, trace.left, trace.others)

    async def _take_piece(self, fold: PartitionFold, run: Run) -> None:
        decoded = await self._ask(partial(self._decode, run))
        if missing := fold.missing(decoded):
            found = await self._ask(
                partial(
                    self._store.lookup, fold.kind, self._origin(run.tp), fold.lookup_bound, missing
                )
            )
            fold.learn(found)
        if subjects := fold.missing_customers(decoded):
            histories = await self._ask(
                partial(
                    self._store.histories,
                    fold.kind,
                    self._origin(run.tp),
                    fold.lookup_bound,
                    subjects,
                )
            )
            for version in {one.definitions for events in histories.values() for one in events}:
                await self._ask(partial(self._store.definitions, version))
            fold.learn_customers(subjects, histories, self._store.definitions)
        by_offset = {record.offset: record for record in run.records}
        for start in range(0, len(decoded), _AT_ONCE):
            # Nothing is awaited between folding and keeping the rejects: a cancellation in between
            # would let a flush commit past records that stand nowhere.
            rejects = fold.fold(decoded[start : start + _AT_ONCE])
            if rejects:
                self._rejected.setdefault(run.tp, []).extend(
                    (reject, by_offset[reject.offset]) for reject in rejects
                )
            await asyncio.sleep(0)  # the consumer must answer the broker in between

    def _decode(self, run: Run) -> list[Decoded]:
        decode, topic = self._decoder.decode, run.tp.topic
        return [
            Decoded(record.offset, record.timestamp, refused(record) or decode(topic, record.value))
            for record in run.records
        ]

    def _origin(self, tp: TopicPartition) -> Origin:
        return tp.topic, self._config.epoch, tp.partition

    # -- flushing

    def _due(self) -> bool:
        if self._now() - self._flushed_at >= self._config.flush_s:
            return True
        return sum(fold.pending for fold in self._folds.values()) >= self._config.flush_rows

    async def _flush(self, positions: Positions) -> None:
        self._forget_leaving()
        for tp, fold in self._folds.items():
            drained = fold.drain()
            if drained:
                self._unwritten.append(Lot(tp, fold, drained, self._rejected.pop(tp, [])))
        self._flushed_at = self._now()
        lots = self._unwritten
        if not lots:
            return
        started = self._now()
        written = await self._flusher.write(lots)
        self._unwritten = []
        for lot in lots:
            if lot.tp not in written.outrun:
                positions.mark_durable(lot.tp, lot.drained.position)
                lot.fold.written(lot.drained)
        log.debug("flushed", rows=written.rows, partitions=len(lots), took_s=self._now() - started)
        for tp in written.outrun:
            self._folds.pop(tp, None)
            self._rejected.pop(tp, None)
        for lot in lots:
            if lot.tp in written.outrun:
                await self._begin_again(lot, written.outrun[lot.tp], positions)

    async def _begin_again(self, lot: Lot, erased_at: int, positions: Positions) -> None:
        """Read on from the last erasure, if the partition is still ours.

        What others had erased and we may have written since is deleted: nobody else looks for it.
        """
        tp, origin = lot.tp, self._origin(lot.tp)
        log.warning("outrun_by_erasure", topic=tp.topic, partition=tp.partition, offset=erased_at)
        after = partial(self._store.erasures_after, origin, lot.fold.border)
        for offset in await self._ask(after):
            record = await insist(partial(positions.record_at, tp, offset), self._sleep)
            erased = None if record is None else erasure_of(record)
            if erased is not None:
                await self._eraser.delete(lot.fold.kind, origin, erased)
            else:
                log.error("erasure_not_repeated", topic=tp.topic, partition=tp.partition,
                          offset=offset, cure="Ask for it again: `earshot forget`.")  # fmt: skip
        if positions.start_of(tp) is not None:
            await positions.rewind(tp, erased_at)

    async def _ask(self, call: Callable[[], T]) -> T:
        """Run a blocking call in a thread, for as long as it takes."""
        return await insist(lambda: asyncio.to_thread(call), self._sleep)
