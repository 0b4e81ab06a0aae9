"""Open a partition: build its state, as of an offset, from what ClickHouse holds."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple, Protocol, TypeVar

import structlog

from schemas.measures import Measures
from streams.batch import TopicPartition
from streams.fold.chunks import chunk_start
from streams.fold.columns import Origin
from streams.fold.customer_memory import CustomerMemory
from streams.fold.judging import Rules
from streams.fold.kinds import KINDS
from streams.fold.known import KnownRecords
from streams.fold.partition import PartitionFold
from streams.fold.rejection import Rejection
from streams.fold.rows import Decoded, Ledger
from streams.store import Store

__all__ = ["Ask", "HalfChunk", "Opened", "Opener"]

log = structlog.get_logger(__name__)

T = TypeVar("T")


class Ask(Protocol):
    """Runs a blocking call in a thread, for as long as it takes."""

    def __call__(self, call: Callable[[], T]) -> Awaitable[T]:
        """Return what the call returns."""
        ...


class HalfChunk(NamedTuple):
    """A chunk whose start the log no longer holds: what the ledger knows of it, and its raw rows."""

    ledger: Ledger
    stored: Sequence[Decoded]


@dataclass(slots=True)
class Opened:
    """A partition in the state it had at an offset.

    `bound`: records from there on that stay refused, whatever they are by now. `half`: what the fold must
    resume before it folds anything.
    """

    fold: PartitionFold
    origin: Origin
    bound: dict[int, Rejection]
    half: HalfChunk | None = None


class Opener:
    """Opens partitions, each in the state it had at an offset."""

    def __init__(
        self,
        *,
        store: Store,
        measures: Measures,
        chunk_size: int,
        known_answers: int,
        known_customers: int,
        clock_skew_ms: int,
        ask: Ask,
    ) -> None:
        self._store = store
        self._measures = measures
        self._chunk_size = chunk_size
        self._known_answers = known_answers
        self._known_customers = known_customers
        self._clock_skew_ms = clock_skew_ms
        self._ask = ask

    async def open(
        self, tp: TopicPartition, origin: Origin, committed: int | None, log_start: int
    ) -> Opened:
        """Return a partition whose records below `committed` need not be read again.

        The ledger knows better than Kafka how far a partition was read: the group may be new, its
        offsets may have expired or been set by hand, the epoch may be new. So reading begins at the
        chunk that holds the first record the ledger does not know, or at the committed one before it.
        And it begins at the last erasure if that lies further on: all before is durable, and what was
        erased would be missed by whoever folds it again.

        Args:
            tp: The partition.
            origin: It, with its epoch.
            committed: Offset committed to Kafka, None if there is none.
            log_start: First offset the log still holds.
        """
        kind, size = KINDS[tp.topic], self._chunk_size
        erased = await self._ask(partial(self._store.newest_erasures, [origin]))
        border = erased.get(origin, 0)
        end = await self._ask(partial(self._store.ledger_end, origin))
        reached = log_start if end is None else min(end if committed is None else committed, end)
        if committed is not None and committed > reached:
            log.warning("committed_beyond_ledger", topic=tp.topic, partition=tp.partition,
                        committed=committed, ledger=reached)  # fmt: skip
        first = chunk_start(max(reached, border), size, border)
        ledgers = await self._ask(partial(self._store.chunks, origin, first))
        half = await self._half(tp, origin, ledgers, first, log_start)
        own = next((one for one in ledgers if one.chunk == first), half and half.ledger)
        # What was read before ends where the ledger does: if the log begins later, records are lost.
        unknown = max(first, log_start) if end is None else first
        start = unknown if own is None else own.first
        # A flush that was cut short left rows and no ledger; they bind as well.
        folded_with = await self._ask(partial(self._store.versions, kind, origin, first, size))
        folded_with |= {ledger.chunk: ledger.definitions for ledger in ledgers}
        for version in set(folded_with.values()):
            await self._ask(partial(self._store.definitions, version))
        known = await self._known(origin, start)
        # Histories are built when their customer comes again: a restart does not wait for all.
        any_history = await self._ask(partial(self._store.any_history, kind, origin, start))
        fold = PartitionFold(
            kind,
            start=start,
            chunk_size=size,
            border=border,
            known=known,
            customers=CustomerMemory(self._known_customers, complete=not any_history),
            rules_for=partial(self._rules_for, folded_with),
        )
        log.info("partition_opened", topic=tp.topic, partition=tp.partition, epoch=origin[1],
                 start=start, known=len(known), complete=known.complete)  # fmt: skip
        bound = await self._ask(partial(self._store.bound, origin, first))
        return Opened(fold, origin, bound, half)

    async def _half(
        self,
        tp: TopicPartition,
        origin: Origin,
        ledgers: Sequence[Ledger],
        first: int,
        log_start: int,
    ) -> HalfChunk | None:
        """Return what is stored of the chunk to begin with, if the log does not hold all of it."""
        ledger = next((one for one in ledgers if one.chunk == first), None)
        begun = first if ledger is None else ledger.first
        if begun >= log_start:
            return None
        before = log_start if ledger is None else max(log_start, ledger.last + 1)
        read = partial(self._store.raw, KINDS[tp.topic], origin, begun, before)
        stored = await self._ask(read)
        if ledger is None:
            if not stored:
                return None  # nobody ever began this chunk
            # A flush was cut short before its ledger row: the rows are all there is to know.
            ledger = Ledger(first, first, first - 1, stored[0].timestamp_ms, definitions=0)
        log.warning("log_start_beyond_chunk_start", topic=tp.topic, partition=tp.partition,
                    chunk=first, log_start=log_start, rows=len(stored),
                    cure="Keep records longer than a chunk takes to fill.")  # fmt: skip
        return HalfChunk(ledger, stored)

    async def _known(self, origin: Origin, before: int) -> KnownRecords:
        kind, limit = KINDS[origin[0]], self._known_answers
        seen, complete = await self._ask(partial(self._store.recent, kind, origin, before, limit))
        known = KnownRecords(limit, complete=complete)
        for identity, entry in seen.items():
            known.put(identity, entry)
        return known

    def _rules_for(self, folded_with: dict[int, int], chunk: int) -> Rules:
        """A chunk that was folded before is judged by the definitions it was folded with."""
        version = folded_with.get(chunk)
        measures = self._measures if version is None else self._store.definitions(version)
        return Rules(measures, self._clock_skew_ms)
