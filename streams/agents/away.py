"""Partitions that were given up in a rebalance, and may come back in the same one.

A group gives up all of its partitions whenever a member joins or leaves, and most come back to whoever
had them. What was folded of a partition is a function of its log up to an offset, whoever folded it: if
the ledger still ends at that offset, and no customer was erased behind it, it may be gone on with, and the
chunk need not be folded again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

import structlog

from streams.agents.asking import Asking
from streams.agents.flushing import Lot
from streams.agents.owned import Owned
from streams.batch import TopicPartition
from streams.store import Store

__all__ = ["Away"]

log = structlog.get_logger(__name__)


class Away:
    """What was folded of partitions that are nobody's for a moment. All of it is durable."""

    def __init__(self, *, store: Store, ask: Asking) -> None:
        self._store = store
        self._ask = ask
        self._folded: dict[TopicPartition, Owned] = {}

    def put(self, tp: TopicPartition, own: Owned, unwritten: Iterable[Lot]) -> None:
        """Keep what was folded of a partition, unless some of it was not written in time."""
        if all(lot.tp != tp for lot in unwritten) and own.drain(tp) is None:
            self._folded[tp] = own

    def forget_unless(self, owns: Callable[[TopicPartition], bool]) -> None:
        """Forget what was given to somebody else. Not to be asked before partitions are assigned."""
        self._folded = {tp: own for tp, own in self._folded.items() if owns(tp)}

    async def back(self, tp: TopicPartition, epoch: int) -> Owned | None:
        """Return what was folded of a partition that came back, None if it must be opened anew."""
        own = self._folded.pop(tp, None)
        if own is None:
            return None
        origin, fold = own.opened.origin, own.fold
        if origin[1] != epoch:
            return None
        end = await self._ask(partial(self._store.ledger_end, origin))
        erased = await self._ask(partial(self._store.newest_erasures, [origin]))
        if end != fold.position or erased.get(origin, 0) > fold.border:
            return None
        log.info("partition_kept", topic=tp.topic, partition=tp.partition, epoch=epoch,
                 position=fold.position)  # fmt: skip
        return own
