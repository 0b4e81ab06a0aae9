"""Keep the watchdog looking, and make sure that a worker that is told to end does end."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace

import structlog
from kafka import TopicPartition as KafkaPartition
from kafka.admin import OffsetSpec
from kafka.protocol.consumer import IsolationLevel

from schemas.errors import EarshotError
from streams.batch import TopicPartition
from streams.brokers import admin_of
from streams.conditions import Conditions
from streams.progress import Progress, readable_end
from streams.watchdog import Stall, Watchdog

__all__ = ["ends_of", "exit_unless", "watch"]

log = structlog.get_logger(__name__)

Ends = Callable[[Iterable[TopicPartition]], Mapping[TopicPartition, int]]

_ASK_S = 10.0


async def watch(
    watchdog: Watchdog,
    positions: Callable[[], Mapping[TopicPartition, Progress]],
    conditions: Conditions,
    *,
    every_s: float,
    beat: Callable[[], object] = lambda: None,
    ends: Ends | None = None,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> Stall:
    """Look again and again; return the first stall, after it was logged as an error.

    Args:
        watchdog: Remembers what the looks before saw.
        positions: Returns how far the worker is in each of its partitions.
        conditions: What may stand still.
        every_s: Seconds between two looks.
        beat: Told before each look that the event loop runs; see `exit_unless`.
        ends: Asks the broker where logs end, for partitions whose consumer knows of no lag: one that
            has stopped fetching would never know. Blocking; run in a thread. None: nobody is asked.
        sleep: Passes time.
    """
    while True:
        await sleep(every_s)
        beat()
        now = positions()
        if ends is not None and now and not conditions.waiting():
            now = await _asked(now, ends)
        stall = watchdog.look(now, conditions)
        if stall is not None:
            progress = stall.progress
            log.error("stalled", topic=stall.tp.topic, partition=stall.tp.partition,
                      position=progress.position, log_end=progress.log_end, lag=progress.lag,
                      durable=progress.durable, committed=progress.committed,
                      still_s=round(stall.still_s, 1))  # fmt: skip
            return stall


async def _asked(
    now: Mapping[TopicPartition, Progress], ends: Ends
) -> dict[TopicPartition, Progress]:
    quiet = [tp for tp, progress in now.items() if not progress.lag]
    if not quiet:
        return dict(now)
    try:
        found = await asyncio.to_thread(ends, quiet)
    except EarshotError as error:
        # A broker that does not answer is no reason to end: nobody could read from it now.
        log.warning("watchdog_asks_in_vain", what=error.what, cure=error.cure)
        return {tp: progress for tp, progress in now.items() if progress.lag}
    asked = dict(now)
    for tp, end in found.items():
        progress = now[tp]
        end_of_records = readable_end(progress.position, progress.fetched, end)
        asked[tp] = replace(progress, log_end=end_of_records)
    return asked


def ends_of(brokers: str) -> Ends:
    """Return what asks a broker where the logs of some partitions end for a reader of committed records.

    Raises:
        StreamError: When called: the broker does not answer.
    """

    def ask(tps: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        wanted = {KafkaPartition(*tp): OffsetSpec.LATEST for tp in tps}
        with admin_of(brokers, limit_s=_ASK_S) as admin:
            found = admin.list_partition_offsets(wanted, IsolationLevel.READ_COMMITTED)
        return {TopicPartition(tp.topic, tp.partition): end.offset for tp, end in found.items()}

    return ask


@contextmanager
def exit_unless(
    within_s: float, code: int, *, leave: Callable[[int], object] = os._exit
) -> Iterator[Callable[[], None]]:
    """End the process with `code` unless the block is over in time, even if its event loop hangs.

    Yields what gives it the whole time again. Nothing is lost by such an end: what was not flushed was
    not committed, and is read again.
    """
    alive, over = threading.Event(), threading.Event()

    def look() -> None:
        while alive.wait(within_s):
            if over.is_set():
                return
            alive.clear()
        if not over.is_set():
            log.error("ended_by_force", after_s=within_s)
            leave(code)

    thread = threading.Thread(target=look, name="exit_unless", daemon=True)
    thread.start()
    try:
        yield alive.set
    finally:
        over.set()
        alive.set()
