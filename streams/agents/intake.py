"""The intake: batch in, decode, judge, fold, write out, and only then say what may be committed.

The pure parts do the work: this only hands them what they need, in the order of the log.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable

import structlog

from schemas.measures import Measures
from schemas.registry import Registry
from streams.agents.asking import Asking
from streams.agents.away import Away
from streams.agents.configuring import IntakeConfig
from streams.agents.erasing import Eraser
from streams.agents.flushing import Flusher, Lot, RowsRefused, Saying
from streams.agents.folding import Folder
from streams.agents.halted import Halted
from streams.agents.halting import Halt
from streams.agents.learning import Learner
from streams.agents.limits import Limits
from streams.agents.owned import Owned
from streams.agents.pieces import pieces_of
from streams.agents.positions import Numbering, Positions
from streams.agents.schema_waits import SchemaWaits
from streams.agents.starting import Starter
from streams.batch import Batch, Run, TopicPartition
from streams.conditions import Conditions
from streams.fold.afterwards import asked_at
from streams.fold.decoding import RecordDecoder
from streams.fold.erasing import ErasureRecord
from streams.fold.partition import PartitionFold
from streams.killpoints import passing
from streams.store import Store
from streams.traces import Traces

__all__ = ["Intake"]

log = structlog.get_logger(__name__)


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
        self._epochs = epochs
        self._conditions = conditions
        self._ask = ask = Asking(sleep, conditions)
        learner = Learner(store=store, ask=ask)
        self._starter = Starter(
            config, store=store, measures=measures, epochs=epochs, learner=learner, ask=ask
        )
        self._waits = SchemaWaits(config.unknown_schema_s, now)
        decoder = RecordDecoder(registry, max_bytes=config.max_record_bytes)
        self._folder = Folder(
            store=store,
            decoder=decoder,
            learner=learner,
            limits=Limits(
                store=store, decoder=decoder, clock_skew_ms=config.clock_skew_ms, ask=ask
            ),
            waits=self._waits,
            ask=ask,
        )
        self._flusher = Flusher(
            store=store,
            outputs=outputs,
            registry=registry,
            worker=config.worker,
            conditions=conditions,
            sleep=sleep,
        )
        self._eraser = Eraser(
            store=store, traces=traces, flusher=self._flusher, ask=ask, sleep=sleep
        )
        self._halted = Halted(conditions, now)
        self._away = Away(store=store, ask=ask)
        self._generation = -1
        self._now = now
        self._lock = asyncio.Lock()
        self._own: dict[TopicPartition, Owned] = {}
        self._unwritten: list[Lot] = []
        self._leaving: set[TopicPartition] = set()
        self._flushed_at = now()

    async def take(self, batch: Batch, positions: Positions) -> None:
        """Fold a batch, and flush if it is time."""
        async with self._lock:
            passing("fetched")
            self._forget_leaving()
            if batch.generation != self._generation:
                self._generation = batch.generation
                self._away.forget_unless(positions.owns)
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
        await self._open_idle(positions)
        if self._halted.due() or (self._own and self._due()):
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
        """Forget partitions, unless they come back: another owner builds their state from the log.

        Does not wait. A batch that is being folded may be waiting for ClickHouse, and a rebalance
        must not; the partitions are forgotten before anything else is folded or flushed.
        """
        self._leaving.update(tps)

    def _forget_leaving(self) -> None:
        for tp in self._leaving:
            own = self._own.pop(tp, None)
            if own is not None and tp not in self._halted:
                self._away.put(tp, own, self._unwritten)
            self._halted.discard(tp)
            self._waits.forget(tp)
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
        if run.start > own.fold.position and not await self._starter.may_skip(own, run, positions):
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
                await self._folder.fold(own, Run(run.tp, run.start, piece))
        self._conditions.running(run.tp)

    async def _open(self, tp: TopicPartition, positions: Positions, *, anew: bool = False) -> Owned:
        """Make a partition ours, in the state it has where it needs to be read from."""
        if not self._own:
            await self._ask(self._epochs.refresh)
        own = None if anew else await self._away.back(tp, self._epochs.epoch(tp.topic))
        if own is None:
            own = await self._starter.start(tp, positions, anew=anew)
        self._own[tp] = own
        return own

    async def _open_idle(self, positions: Positions) -> None:
        """Open partitions nothing came of yet: the ledger may end before the offset they are read from.

        So it is where ClickHouse was restored from a backup. Kafka may have nothing beyond that offset.
        """
        for tp, began in positions.began().items():
            if tp in self._own or tp in self._halted:
                continue
            async with self._lock:
                if tp in self._own or tp in self._leaving or not positions.owns(tp):
                    continue
                own = await self._open(tp, positions)
                if own.fold.position < began:
                    log.info("reading_again", topic=tp.topic, partition=tp.partition,
                             at=own.fold.position, got=began)  # fmt: skip
                    await positions.rewind(tp, own.fold.position)

    async def _erase(
        self, tp: TopicPartition, own: Owned, record: ErasureRecord, positions: Positions
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
            own.opened = await self._starter.start_at(tp, origin, record.offset)
            own.fold.erase(record, {})
        else:
            fold.erase(record, trace.left, trace.others)

    # -- stopping, and going on

    async def _stop(self, tp: TopicPartition, halt: Halt, positions: Positions) -> None:
        self._halted.add(tp, halt)
        if not halt.keep:
            self._own.pop(tp, None)
        await positions.pause(tp)

    async def _try_again(self, positions: Positions) -> None:
        """Go on with what was stopped long enough ago; if the cause is still there, it stops again."""
        for tp in self._halted.due():
            if positions.owns(tp):
                own = self._own.get(tp) or await self._open(tp, positions, anew=True)
                await positions.rewind(tp, own.fold.position)
                await positions.resume(tp)
            self._halted.discard(tp)

    # -- flushing

    def _due(self) -> bool:
        if self._now() - self._flushed_at >= self._config.flush_s:
            return True
        return sum(own.fold.pending for own in self._own.values()) >= self._config.flush_rows

    async def _flush(self, positions: Positions) -> None:
        self._forget_leaving()
        await self._leave_old_epochs(positions)
        for tp, own in self._own.items():
            lot = own.drain(tp)
            if lot is not None:
                self._unwritten.append(lot)
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
        tp = lot.tp
        log.warning("outrun_by_erasure", topic=tp.topic, partition=tp.partition, offset=erased_at)
        await self._eraser.repeat(lot, positions)
        if asked_at(erased_at) is not None:
            # The topic is another one by now, and what was folded is of the one before it.
            await self._leave_old_epochs(positions)
            await self._fold_again([tp], positions)
        elif positions.owns(tp):
            await positions.rewind(tp, erased_at)
