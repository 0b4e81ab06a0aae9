"""Erase a customer from one partition, where the log says so.

1. All before the control record is durable: whoever calls this has flushed it.
2. What the customer had added to the counts is written down, and last a row in `erasures`. From now on
   nobody folds anything from before that offset again (`Opener`, `Flusher`).
3. Only then are the rows deleted. Whoever meets the record again deletes again what is still there.
4. The same in earlier epochs of the topic (`Earlier`). The ledger passes the record only after that.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial

import structlog

from streams.agents.earlier import FOLLOWED, Earlier
from streams.agents.flushing import Flusher, Lot
from streams.agents.opening import Ask
from streams.agents.pieces import erasure_of
from streams.agents.positions import Positions
from streams.batch import TopicPartition
from streams.fold.afterwards import asked_at
from streams.fold.columns import Origin
from streams.fold.erasing import ErasureRecord, Trace
from streams.fold.kinds import Kind
from streams.patience import insist
from streams.store import Store
from streams.traces import Traces

__all__ = ["Eraser"]

log = structlog.get_logger(__name__)


class Eraser:
    """Erases; every step may be repeated, and by two workers at once."""

    def __init__(
        self,
        *,
        store: Store,
        traces: Traces,
        flusher: Flusher,
        ask: Ask,
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        self._store = store
        self._traces = traces
        self._flusher = flusher
        self._ask = ask
        self._sleep = sleep
        self._earlier = Earlier(store=store, traces=traces, flusher=flusher, ask=ask)

    async def erase(self, origin: Origin, kind: Kind, record: ErasureRecord) -> Trace | None:
        """Erase, and return what the subject had left.

        None if the erasure had been written down before: then nobody knows any more what it was.
        """
        offset, erasure = record.offset, record.erasure
        trace = await self._ask(partial(self._traces.read, kind, origin, offset, erasure.subject))
        # Asked after reading: while it is not written down, nothing was missing from what was read.
        again = await self._ask(partial(self._traces.marked, origin, offset))
        if not again:
            await self._flusher.write_erased(origin, record, trace)
        await self._delete(origin, kind, record)
        log.info("erased", topic=origin[0], partition=origin[2], offset=offset,
                 mode=erasure.mode, rows=trace.rows, again=again)  # fmt: skip
        await self._earlier.erase(origin, kind, record)
        return None if again else trace

    async def repeat(self, lot: Lot, positions: Positions) -> None:
        """Delete what others had erased and we may have written since: nobody else looks for it."""
        tp, origin = lot.tp, lot.origin
        after = partial(self._store.erasures_after, origin, lot.fold.border)
        for offset in await self._ask(after):
            asked = asked_at(offset)
            # Of an earlier incarnation than the present one, the log is gone: the record is not in it.
            place = (
                (tp, offset)
                if asked is None
                else (TopicPartition(tp.topic, FOLLOWED), asked.offset)
            )
            record = await insist(partial(positions.record_at, *place), self._sleep)
            erased = None if record is None else erasure_of(record)
            if erased is not None:
                await self._delete(origin, lot.fold.kind, erased._replace(offset=offset))
            else:
                log.error("erasure_not_repeated", topic=tp.topic, partition=tp.partition,
                          offset=offset, cure="Ask for it again: `earshot forget`.")  # fmt: skip

    async def _delete(self, origin: Origin, kind: Kind, record: ErasureRecord) -> None:
        """Delete the rows that an erasure, which is written down, erases."""
        await self._ask(partial(self._traces.delete, kind, origin, record.offset, record.erasure))
