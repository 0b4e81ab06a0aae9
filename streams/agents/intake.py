"""The intake: batch in, decode, judge, fold, write out, and only then say what may be committed.

The pure parts do the work: this only hands them what they need, in the order of the log.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol, TypeVar

import structlog

from schemas.measures import Measures
from schemas.registry import Registry
from streams.agents.erasing import Eraser
from streams.agents.flushing import Flusher, Lot, RowsRefused, Saying
from streams.agents.halting import (
    Halt,
    RejectLimit,
    lost_records,
    too_many_rejects,
    unknown_schema,
)
from streams.agents.opening import Opened, Opener
from streams.agents.pieces import erasure_of, pieces_of, refused
from streams.agents.replays import Replayed, replay_of
from streams.batch import Batch, LogRecord, Run, TopicPartition
from streams.conditions import Conditions
from streams.fold.decoding import RecordDecoder
from streams.fold.erasing import ErasureRecord
from streams.fold.partition import Decoded, Fate, PartitionFold, Rejected
from streams.fold.rejection import Rejection
from streams.killpoints import passing
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

    def owns(self, tp: TopicPartition) -> bool:
        """Return whether a partition is ours."""
        ...

    def committed(self, tp: TopicPartition) -> int | None:
        """Return the offset that was committed, None if there is none."""
        ...

    def log_began(self, tp: TopicPartition) -> int | None:
        """Return the first offset the log held when the partition became ours, None if not known."""
        ...

    async def log_start(self, tp: TopicPartition) -> int:
        """Return the first offset the log holds now. Slow: it is asked in turn with fetching."""
        ...

    async def rewind(self, tp: TopicPartition, offset: int) -> None:
        """Read a partition again from `offset`, whatever was committed of it."""
        ...

    async def pause(self, tp: TopicPartition) -> None:
        """Read nothing of a partition."""
        ...

    async def resume(self, tp: TopicPartition) -> None:
        """Read a paused partition again."""
        ...

    async def record_at(self, tp: TopicPartition, offset: int) -> LogRecord | None:
        """Return one record, whoever owns the partition; None if the log does not keep it any more."""
        ...


class Numbering(Protocol):
    """The epochs of the input topics."""

    def epoch(self, topic: str) -> int:
        """Return the epoch of a topic."""
        ...

    def refresh(self) -> set[str]:
        """Ask again; return the topics that have another epoch now. Blocking."""
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
    unknown_schema_s: float = 0.0
    reject_run: int = 0
    reject_share: float = 1.0
    reject_window: int = 10_000


@dataclass(slots=True)
class _Partition:
    """A partition that is ours, and what waits to be written of it besides what its fold holds."""

    opened: Opened
    limit: RejectLimit
    rejects: list[tuple[Rejected, LogRecord]] = field(default_factory=list)
    replayed: list[Replayed] = field(default_factory=list)

    @property
    def fold(self) -> PartitionFold:
        return self.opened.fold


class Intake:
    """All partitions of this worker. `take` and the flushes exclude each other."""

    def __init__(
        self,
        config: IntakeConfig,
        *,
        store: Store,
        traces: Traces,
        outputs: Saying,
        registry: Registry,
        measures: Measures,
        epochs: Numbering,
        conditions: Conditions,
        now: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._config = config
        self._store = store
        self._epochs = epochs
        self._conditions = conditions
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
            conditions=conditions,
            sleep=sleep,
        )
        self._eraser = Eraser(traces=traces, flusher=self._flusher, ask=self._ask)
        self._now = now
        self._sleep = sleep
        self._lock = asyncio.Lock()
        self._own: dict[TopicPartition, _Partition] = {}
        self._halted: dict[TopicPartition, float] = {}
        #: Since when a partition waits for a schema.
        self._waits_since: dict[TopicPartition, float] = {}
        self._unwritten: list[Lot] = []
        self._leaving: set[TopicPartition] = set()
        self._flushed_at = now()

    async def take(self, batch: Batch, positions: Positions) -> None:
        """Fold a batch, and flush if it is time."""
        async with self._lock:
            passing("fetched")
            self._forget_leaving()
            for run in batch.runs:
                if run.tp in self._halted:
                    continue  # fetched before it was paused; it is read again
                try:
                    await self._take_run(run, positions)
                except Halt as halt:
                    await self._stop(run.tp, halt, positions)
            if self._due():
                await self._flush(positions)

    async def flush_if_due(self, positions: Positions) -> None:
        """Flush what has waited long enough, and try again what stopped long enough ago."""
        now = self._now()
        again = any(at <= now for at in self._halted.values())
        if again or (self._own and self._due()):
            async with self._lock:
                await self._flush(positions)
                await self._try_again(positions)

    async def flush(self, positions: Positions) -> None:
        """Make everything that was folded durable."""
        async with self._lock:
            await self._flush(positions)

    async def pass_over(self, tp: TopicPartition, end: int, timestamp_ms: int) -> None:
        """Note that nothing that counts lies before an offset: what is not known of it is a gap."""
        async with self._lock:
            own = self._own.get(tp)
            if own is not None:
                own.fold.lose(end, timestamp_ms)

    def give_up(self, tps: Iterable[TopicPartition]) -> None:
        """Forget partitions: the next owner builds their state again from the log.

        Does not wait. A batch that is being folded may be waiting for ClickHouse, and a rebalance
        must not; the partitions are forgotten before anything else is folded or flushed.
        """
        self._leaving.update(tps)

    def _forget_leaving(self) -> None:
        for tp in self._leaving:
            self._own.pop(tp, None)
            self._halted.pop(tp, None)
            self._waits_since.pop(tp, None)
            self._conditions.gone(tp)
        self._leaving.clear()
        self._unwritten = [lot for lot in self._unwritten if self._holds(lot.tp, lot.fold)]

    def _holds(self, tp: TopicPartition, fold: PartitionFold) -> bool:
        own = self._own.get(tp)
        return own is not None and own.fold is fold

    # -- folding

    async def _take_run(self, run: Run, positions: Positions) -> None:
        own = self._own.get(run.tp)
        if own is None:
            if not positions.owns(run.tp):
                return  # revoked while it waited here: the next owner reads it
            own = await self._open(run.tp, positions)
        if run.start > own.fold.position and not await self._may_skip(own, run, positions):
            return
        if run.records[-1].offset < own.fold.position:
            # All of it is durable already, and what follows may be as well.
            await positions.rewind(run.tp, own.fold.position)
            return
        for piece in pieces_of(run.records, own.fold.position):
            if isinstance(piece, ErasureRecord):
                await self._erase(run.tp, own, piece, positions)
                if self._own.get(run.tp) is not own:
                    return  # lost meanwhile, outrun, or to be folded again: it is read again
            else:
                await self._take_piece(own, Run(run.tp, run.start, piece))
        self._conditions.running(run.tp)

    async def _open(
        self, tp: TopicPartition, positions: Positions, *, anew: bool = False
    ) -> _Partition:
        """Open a partition, and read it from where it needs to be read.

        `anew`: it was ours before, and its log may begin elsewhere by now.
        """
        if not self._own:
            await self._ask(self._epochs.refresh)
        origin = tp.topic, self._epochs.epoch(tp.topic), tp.partition
        log_start = None if anew else positions.log_began(tp)
        if log_start is None:
            log_start = await insist(
                partial(positions.log_start, tp), self._sleep, self._conditions
            )
        opened = await self._opener.open(tp, origin, positions.committed(tp), log_start)
        if opened.half is not None:
            ledger, stored = opened.half
            await self._learn(opened, stored)
            opened.fold.resume(ledger, stored)
            opened.half = None
        config = self._config
        limit = RejectLimit(config.reject_run, config.reject_share, config.reject_window)
        own = self._own[tp] = _Partition(opened, limit)
        return own

    async def _may_skip(self, own: _Partition, run: Run, positions: Positions) -> bool:
        """Say whether a run that begins too far on may be folded. If not, see to what came before."""
        tp, fold = run.tp, own.fold
        log_start = await insist(partial(positions.log_start, tp), self._sleep, self._conditions)
        if log_start <= fold.position:
            # A batch was dropped on its way here (a rebalance empties Faust's buffers), or the consumer
            # began to read elsewhere.
            log.info("reading_again", topic=tp.topic, partition=tp.partition, at=fold.position,
                     got=run.start)  # fmt: skip
            await positions.rewind(tp, fold.position)
            return False
        allowed = await self._ask(partial(self._store.allowed, own.opened.origin, "lost"))
        if allowed < log_start:
            raise lost_records(tp, fold.position, log_start)
        log.error("records_lost", topic=tp.topic, partition=tp.partition, first=fold.position,
                  last=log_start - 1, cure="Keep records longer.")  # fmt: skip
        fold.lose(log_start, run.records[0].timestamp)
        if run.start > log_start:
            await positions.rewind(tp, log_start)
            return False
        return True

    async def _erase(
        self, tp: TopicPartition, own: _Partition, record: ErasureRecord, positions: Positions
    ) -> None:
        fold, origin = own.fold, own.opened.origin
        if record.offset < fold.position:
            return
        fold.close_before(record.offset)
        await self._flush(positions)
        if not self._holds(tp, fold):
            return
        trace = await self._eraser.erase(origin, fold.kind, record)
        if trace is None:
            # What it remembers of the subject can only be told by asking for everything anew.
            own.opened = await self._opener.open(tp, origin, record.offset, record.offset)
            own.fold.erase(record, {})
        else:
            fold.erase(record, trace.left, trace.others)

    async def _take_piece(self, own: _Partition, run: Run) -> None:
        fold, tp = own.fold, run.tp
        decoded = await self._ask(partial(self._decode, run, own.opened.bound))
        passing("decoded")
        decoded, halt = self._before_unknown_schema(tp, decoded, own.opened.bound)
        await self._learn(own.opened, decoded)
        by_offset = {record.offset: record for record in run.records}
        fates: dict[int, Fate | None] = {
            record.offset: None
            for record in run.records
            if record.headers and replay_of(record) is not None
        }
        for start in range(0, len(decoded), _AT_ONCE):
            # Nothing is awaited between folding and keeping the rejects: a cancellation in between
            # would let a flush commit past records that stand nowhere.
            some = decoded[start : start + _AT_ONCE]
            rejects = fold.fold(some, fates)
            own.rejects += [(reject, by_offset[reject.offset]) for reject in rejects]
            bad = frozenset(reject.offset for reject in rejects)
            too_many = own.limit.add([record.offset for record in some], bad)
            passing("folded")
            if too_many:
                await self._unless_allowed(tp, own, rejects)
            await asyncio.sleep(0)  # the consumer must answer the broker in between
        own.replayed += [
            Replayed(of, tp, own.opened.origin[1], offset, by_offset[offset].timestamp, fate)
            for offset, fate in fates.items()
            if fate is not None and (of := replay_of(by_offset[offset])) is not None
        ]
        if halt is not None:
            raise halt

    async def _learn(self, opened: Opened, decoded: Sequence[Decoded]) -> None:
        """Look up what the fold must know before it folds some records."""
        fold, origin = opened.fold, opened.origin
        if missing := fold.missing(decoded):
            fold.learn(
                await self._ask(
                    partial(self._store.lookup, fold.kind, origin, fold.lookup_bound, missing)
                )
            )
        if subjects := fold.missing_customers(decoded):
            histories = await self._ask(
                partial(self._store.histories, fold.kind, origin, fold.lookup_bound, subjects)
            )
            for version in {one.definitions for events in histories.values() for one in events}:
                await self._ask(partial(self._store.definitions, version))
            fold.learn_customers(subjects, histories, self._store.definitions)

    def _decode(self, run: Run, bound: dict[int, Rejection]) -> list[Decoded]:
        decode, topic = self._decoder.decode, run.tp.topic
        return [
            Decoded(
                record.offset,
                record.timestamp,
                bound.get(record.offset) or refused(record) or decode(topic, record.value),
            )
            for record in run.records
        ]

    def _before_unknown_schema(
        self, tp: TopicPartition, decoded: list[Decoded], bound: dict[int, Rejection]
    ) -> tuple[list[Decoded], Halt | None]:
        """Return the records before the first whose schema may be registered yet, and the wait for it."""
        for index, record in enumerate(decoded):
            content = record.content
            if (
                isinstance(content, Rejection)
                and content.reason == "unknown_schema"
                and record.offset not in bound
            ):
                since = self._waits_since.setdefault(tp, self._now())
                left = self._config.unknown_schema_s - (self._now() - since)
                if left > 0:
                    return decoded[:index], unknown_schema(tp, record.offset, content.detail, left)
        self._waits_since.pop(tp, None)
        return decoded, None

    # -- stopping, and going on

    async def _unless_allowed(
        self, tp: TopicPartition, own: _Partition, rejects: Sequence[Rejected]
    ) -> None:
        allowed = await self._ask(partial(self._store.allowed, own.opened.origin, "rejects"))
        if allowed < own.fold.position:
            reasons = [reject.rejection.reason for reject in rejects]
            raise too_many_rejects(tp, own.fold.position, reasons)

    async def _stop(self, tp: TopicPartition, halt: Halt, positions: Positions) -> None:
        say = log.error if halt.alarm else log.warning
        before = self._conditions.of(tp)
        if before is None or before.reason != halt.reason:
            say("partition_stopped", topic=tp.topic, partition=tp.partition, reason=halt.reason,
                what=halt.what, cure=halt.cure)  # fmt: skip
        tell = self._conditions.stopped if halt.alarm else self._conditions.held
        tell(tp, reason=halt.reason, what=halt.what, cure=halt.cure)
        if not halt.keep:
            self._own.pop(tp, None)
        self._halted[tp] = self._now() + halt.again_s
        await positions.pause(tp)

    async def _try_again(self, positions: Positions) -> None:
        """Go on with what was stopped long enough ago; if the cause is still there, it stops again."""
        for tp in [tp for tp, at in self._halted.items() if at <= self._now()]:
            if positions.owns(tp):
                own = self._own.get(tp) or await self._open(tp, positions, anew=True)
                await positions.rewind(tp, own.fold.position)
                await positions.resume(tp)
            del self._halted[tp]

    # -- flushing

    def _due(self) -> bool:
        if self._now() - self._flushed_at >= self._config.flush_s:
            return True
        return sum(own.fold.pending for own in self._own.values()) >= self._config.flush_rows

    async def _flush(self, positions: Positions) -> None:
        self._forget_leaving()
        await self._leave_old_epochs(positions)
        for tp, own in self._own.items():
            drained = own.fold.drain()
            if drained:
                lot = Lot(tp, own.opened.origin, own.fold, drained, own.rejects, own.replayed)
                self._unwritten.append(lot)
                own.rejects, own.replayed = [], []
        self._flushed_at = self._now()
        lots = self._unwritten
        if not lots:
            return
        started = self._now()
        try:
            written = await self._flusher.write(lots, positions)
        except RowsRefused as refused_rows:
            await self._fold_again(refused_rows.partitions, positions)
            return
        self._unwritten = []
        for lot in lots:
            if lot.tp not in written.outrun:
                positions.mark_durable(lot.tp, lot.drained.position)
                lot.fold.written(lot.drained)
        passing("durable")
        log.debug("flushed", rows=written.rows, partitions=len(lots), took_s=self._now() - started)
        for tp in written.outrun:
            self._own.pop(tp, None)
        for lot in lots:
            if lot.tp in written.outrun:
                await self._begin_again(lot, written.outrun[lot.tp], positions)

    async def _leave_old_epochs(self, positions: Positions) -> None:
        """Forget what was folded of topics that are not what they were, before any of it is written.

        All of it was read before the broker was asked for the ids of its topics: if a topic is still the
        same, what was read is of it.
        """
        changed = await self._ask(self._epochs.refresh)
        if changed:
            for topic in sorted(changed):
                log.warning("epoch_changed", topic=topic, epoch=self._epochs.epoch(topic))
            await self._fold_again(
                [tp for tp in (*self._own, *self._halted) if tp.topic in changed], positions
            )

    async def _fold_again(self, tps: Iterable[TopicPartition], positions: Positions) -> None:
        """Forget what was folded of partitions and not written, and read them again."""
        again = set(tps)
        self._unwritten = [lot for lot in self._unwritten if lot.tp not in again]
        for tp in sorted(again):
            self._own.pop(tp, None)
            if positions.owns(tp):
                own = await self._open(tp, positions, anew=True)
                await positions.rewind(tp, own.fold.position)

    async def _begin_again(self, lot: Lot, erased_at: int, positions: Positions) -> None:
        """Read on from the last erasure, if the partition is still ours.

        What others had erased and we may have written since is deleted: nobody else looks for it.
        """
        tp, origin = lot.tp, lot.origin
        log.warning("outrun_by_erasure", topic=tp.topic, partition=tp.partition, offset=erased_at)
        after = partial(self._store.erasures_after, origin, lot.fold.border)
        for offset in await self._ask(after):
            record = await insist(partial(positions.record_at, tp, offset), self._sleep)
            erased = None if record is None else erasure_of(record)
            if erased is not None:
                await self._eraser.delete(origin, lot.fold.kind, erased)
            else:
                log.error("erasure_not_repeated", topic=tp.topic, partition=tp.partition,
                          offset=offset, cure="Ask for it again: `earshot forget`.")  # fmt: skip
        if positions.owns(tp):
            await positions.rewind(tp, erased_at)

    async def _ask(self, call: Callable[[], T]) -> T:
        """Run a blocking call in a thread, for as long as it takes."""
        return await insist(lambda: asyncio.to_thread(call), self._sleep, self._conditions)
