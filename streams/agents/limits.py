"""Records beyond a limit that is a setting, and that were counted when the limit was another one.

A fate is a function of the log. Two limits judge records and are no part of it: the largest record that is
decoded, and how far a clock may be ahead. Once a record's row stands, the record is counted, whatever the
limits are when its chunk is folded again. The other way round is `Opened.bound`: a record that was refused
stays refused.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from functools import partial

from streams.agents.opening import Ask, Opened
from streams.batch import LogRecord
from streams.fold.decoding import RecordDecoder
from streams.fold.judging import future_dated
from streams.fold.partition import Decoded
from streams.fold.rejection import Rejection
from streams.store import Store

__all__ = ["Limits"]


class Limits:
    """Tells records that a limit refuses now from those it let pass once."""

    def __init__(
        self, *, store: Store, decoder: RecordDecoder, clock_skew_ms: int, ask: Ask
    ) -> None:
        self._store = store
        self._decoder = decoder
        self._clock_skew_ms = clock_skew_ms
        self._ask = ask

    async def lift(
        self, opened: Opened, records: Sequence[LogRecord], decoded: list[Decoded]
    ) -> list[Decoded]:
        """Return the records, and no limit for those whose row stands.

        Args:
            opened: Their partition.
            records: What the log holds.
            decoded: What they say, or why they say nothing; in the same order.
        """
        kind, origin = opened.fold.kind, opened.origin
        beyond = [one.offset for one in decoded if self._beyond(opened, one)]
        if not beyond:
            return decoded
        standing = await self._ask(partial(self._store.standing, kind, origin, beyond))
        if not standing:
            return decoded
        return await self._ask(partial(self._lifted, kind.topic, records, decoded, standing))

    def _beyond(self, opened: Opened, one: Decoded) -> bool:
        if one.offset in opened.bound:
            return False
        if isinstance(one.content, Rejection):
            return one.content.reason == "too_large"
        return future_dated(opened.fold.kind, one.content, one.timestamp_ms, self._clock_skew_ms)

    def _lifted(
        self,
        topic: str,
        records: Sequence[LogRecord],
        decoded: Sequence[Decoded],
        standing: Set[int],
    ) -> list[Decoded]:
        found = []
        for record, one in zip(records, decoded, strict=True):
            if one.offset not in standing:
                found.append(one)
                continue
            content = one.content
            if isinstance(content, Rejection):
                content = self._decoder.decode(topic, record.value, any_size=True)
            found.append(Decoded(one.offset, one.timestamp_ms, content, stands=True))
        return found
