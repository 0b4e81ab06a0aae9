"""Erase a customer from what is stored of earlier incarnations of a topic, whose logs are gone.

A topic that was deleted and created again begins at offset 0 and in an epoch of its own; what was counted
of it before is still shown. The control records are all in the new log, one in each partition. The one in
partition 0 is followed in every partition of the earlier epochs: there is always a partition 0, whatever
the topic had or has besides, and so one log says in which order customers are erased. Two that shared a
conversation or an answer must not be erased from it at once: each takes back what the other left.

Replays that were shown and replaced by another are in no view, and nobody folds them any more. Of these
the rows are deleted, and nothing is counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import structlog

from streams.agents.flushing import Flusher
from streams.agents.opening import Ask
from streams.epochs import Epoch
from streams.fold.afterwards import AFTERWARDS, Asked, afterwards
from streams.fold.columns import Origin
from streams.fold.erasing import ErasureRecord
from streams.fold.kinds import Kind
from streams.store import Store
from streams.traces import Traces

__all__ = ["FOLLOWED", "Earlier", "Reach", "reach"]

log = structlog.get_logger(__name__)

#: The partition whose control records are followed in earlier epochs.
FOLLOWED = 0


class Reach(NamedTuple):
    """What the control records of an epoch reach besides it.

    `shown`: epochs of earlier incarnations. `hidden`: retired epochs, each with whether its log is the
    same one. `incarnation`: the first epoch of the present incarnation, which replays do not change.
    """

    incarnation: int
    shown: tuple[int, ...] = ()
    hidden: tuple[tuple[int, bool], ...] = ()


def reach(epochs: Sequence[Epoch], topic: str, number: int) -> Reach | None:
    """Return what the control records of an epoch of a topic reach besides it, None if nothing.

    Nothing, if the epoch is not the one that is shown and written to: a replay that is not finished
    changes nothing that is shown. And never what is not finished itself: it meets the records itself.

    >>> made = [Epoch("t", 0, "a", 8, "current"), Epoch("t", 1, "b", 8, "retired"),
    ...         Epoch("t", 2, "b", 8, "current")]
    >>> reach(made, "t", 2)
    Reach(incarnation=1, shown=(0,), hidden=((1, True),))
    >>> reach(made, "t", 0)
    >>> reach(made, "t", 1)
    """
    of_topic = [one for one in epochs if one.topic == topic]
    own = next((one for one in of_topic if one.number == number), None)
    if own is None or own.state != "current":
        return None
    incarnation = min(one.number for one in of_topic if one.topic_id == own.topic_id)
    earlier = [one for one in of_topic if one.number < incarnation]
    same = [one for one in of_topic if one.topic_id == own.topic_id]
    shown = tuple(one.number for one in earlier if one.state == "current")
    hidden = tuple(
        (one.number, one.topic_id == own.topic_id)
        for one in (*earlier, *same)
        if one.state == "retired"
    )
    return Reach(incarnation, shown, hidden) if shown or hidden else None


class Earlier:
    """Erases from earlier epochs; every step may be repeated, and by two workers at once."""

    def __init__(self, *, store: Store, traces: Traces, flusher: Flusher, ask: Ask) -> None:
        self._store = store
        self._traces = traces
        self._flusher = flusher
        self._ask = ask

    async def erase(self, origin: Origin, kind: Kind, record: ErasureRecord) -> None:
        """Erase from all epochs that a control record reaches besides its own."""
        topic, number, partition = origin
        if partition != FOLLOWED:
            return
        found = reach(await self._ask(self._store.epochs), topic, number)
        if found is None:
            return
        same_log = dict(found.hidden)
        numbers = (*found.shown, *same_log)
        behind = record._replace(offset=afterwards(Asked(found.incarnation, record.offset)))
        for place in await self._ask(partial(self._traces.places_of, kind, topic, numbers)):
            if place[1] not in same_log:
                await self._write_down(place, kind, behind)
            # In the log the record stands in itself, somebody may have come back behind it.
            before = record.offset if same_log.get(place[1]) else AFTERWARDS
            await self._ask(partial(self._traces.delete, kind, place, before, record.erasure))

    async def _write_down(self, place: Origin, kind: Kind, record: ErasureRecord) -> None:
        """Write down what is about to be erased from a partition, unless that was done."""
        again = await self._marked(place, record)
        rows = 0
        if not again:
            # What the ledger does not account for was left by a flush that was cut short, and not counted.
            counted = await self._ask(partial(self._store.ledger_end, place)) or 0
            subject = record.erasure.subject
            trace = await self._ask(partial(self._traces.read, kind, place, counted, subject))
            rows = trace.rows
            # Asked after reading: while it is not written down, nothing was missing from what was read.
            again = await self._marked(place, record)
            if not again:
                await self._flusher.write_erased(place, record, trace)
        log.info("erased_earlier", topic=place[0], epoch=place[1], partition=place[2],
                 mode=record.erasure.mode, rows=rows, again=again)  # fmt: skip

    async def _marked(self, place: Origin, record: ErasureRecord) -> bool:
        return await self._ask(partial(self._traces.marked, place, record.offset))
