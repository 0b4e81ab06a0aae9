"""Fold one piece of a run: decode it, learn what it takes, give every record its fate."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial

from streams.agents.halting import too_many_rejects
from streams.agents.learning import Learner
from streams.agents.limits import Limits
from streams.agents.opening import Ask
from streams.agents.owned import Owned
from streams.agents.pieces import refused
from streams.agents.replays import Replayed, replay_of
from streams.agents.schema_waits import SchemaWaits
from streams.batch import Run, TopicPartition
from streams.fold.decoding import RecordDecoder
from streams.fold.partition import Decoded, Fate, Rejected
from streams.fold.rejection import Rejection
from streams.killpoints import passing
from streams.store import Store

__all__ = ["Folder"]

#: Records folded in one go: some tenths of a second, where their customers have long histories.
_AT_ONCE = 1_000


class Folder:
    """Folds records, and keeps what is to be written of them besides what the fold holds."""

    def __init__(
        self,
        *,
        store: Store,
        decoder: RecordDecoder,
        learner: Learner,
        limits: Limits,
        waits: SchemaWaits,
        ask: Ask,
    ) -> None:
        self._store = store
        self._decoder = decoder
        self._limits = limits
        self._learner = learner
        self._waits = waits
        self._ask = ask

    async def fold(self, own: Owned, run: Run) -> None:
        """Fold records of a partition, none of which is an erasure.

        Raises:
            Halt: The partition must stop: too many rejects, or a schema that may be registered yet.
        """
        fold, tp = own.fold, run.tp
        found = await self._ask(partial(self._decode, run, own.opened.bound))
        passing("decoded")
        found = await self._limits.lift(own.opened, run.records, found)
        decoded, halt = self._waits.before_unknown(tp, found, own.opened.bound)
        await self._learner.learn(own.opened, decoded)
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

    async def _unless_allowed(
        self, tp: TopicPartition, own: Owned, rejects: Sequence[Rejected]
    ) -> None:
        allowed = await self._ask(partial(self._store.allowed, own.opened.origin, "rejects"))
        if allowed < own.fold.position:
            reasons = [reject.rejection.reason for reject in rejects]
            raise too_many_rejects(tp, own.fold.position, reasons)
