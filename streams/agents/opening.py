"""Open a partition: build its state, as of an offset, from what ClickHouse holds."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Protocol, TypeVar

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
from streams.store import Store

__all__ = ["Ask", "Opener"]

log = structlog.get_logger(__name__)

T = TypeVar("T")


class Ask(Protocol):
    """Runs a blocking call in a thread, for as long as it takes."""

    def __call__(self, call: Callable[[], T]) -> Awaitable[T]:
        """Return what the call returns."""
        ...


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

    async def open(self, tp: TopicPartition, origin: Origin, start: int) -> PartitionFold:
        """Return the fold of a partition that is about to read from `start`.

        It begins at the last erasure if that lies further on: all before is durable, and what was
        erased would be missed by whoever folds it again.
        """
        kind, size, limit = KINDS[tp.topic], self._chunk_size, self._known_answers
        erased = await self._ask(partial(self._store.newest_erasures, [origin]))
        border = erased.get(origin, 0)
        start = max(start, border)
        first = chunk_start(start, size, border)
        ledgers = await self._ask(partial(self._store.chunks, origin, first))
        # A flush that was cut short left rows and no ledger; they bind as well.
        folded_with = await self._ask(partial(self._store.versions, kind, origin, first, size))
        folded_with |= {ledger.chunk: ledger.definitions for ledger in ledgers}
        for version in set(folded_with.values()):
            await self._ask(partial(self._store.definitions, version))
        half = next((ledger for ledger in ledgers if ledger.chunk == first), None)
        # Also when records were lost that nobody folded: what was folded before them still counts.
        lost = half if half is not None and half.first < start else None
        before = start if lost is None else lost.last + 1
        seen, complete = await self._ask(partial(self._store.recent, kind, origin, before, limit))
        known = KnownRecords(limit, complete=complete)
        for identity, entry in seen.items():
            known.put(identity, entry if kind.revision else entry._replace(cells=()))
        # Histories are built when their customer comes again: a restart does not wait for all.
        any_history = await self._ask(partial(self._store.any_history, kind, origin, before))
        fold = PartitionFold(
            kind,
            start=start,
            chunk_size=size,
            border=border,
            known=known,
            customers=CustomerMemory(self._known_customers, complete=not any_history),
            rules_for=partial(self._rules_for, folded_with),
        )
        if lost is not None:
            fold.resume(lost, await self._ask(partial(self._store.totals, origin, first)))
            log.error("log_start_beyond_chunk_start", topic=tp.topic, partition=tp.partition,
                      chunk=first, log_start=start, resumed_at=fold.position,
                      cure="Keep records longer than a chunk takes to fill.")  # fmt: skip
        log.info("partition_opened", topic=tp.topic, partition=tp.partition, start=start,
                 known=len(known), complete=complete)  # fmt: skip
        return fold

    def _rules_for(self, folded_with: dict[int, int], chunk: int) -> Rules:
        """A chunk that was folded before is judged by the definitions it was folded with."""
        version = folded_with.get(chunk)
        measures = self._measures if version is None else self._store.definitions(version)
        return Rules(measures, self._clock_skew_ms)
