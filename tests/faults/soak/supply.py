"""The producer: sends the feed from a thread of its own, never far ahead of those who read."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.partitioner import DefaultPartitioner
from kafka import TopicPartition

from streams.simulation import SimulatedEvent
from tests.faults.soak.truth import Sent
from tests.worker.sending import on_the_wire

__all__ = ["Supply"]

#: A broker may be away for minutes; a batch that is given up may stand in the log all the same.
_PATIENCE_MS = 1_800_000
_BATCH_BYTES = 131_072

#: Events between two looks at the clock and at how far the readers are.
_LOOK = 500
_PAUSE_S = 0.02


class Supply:
    """Sends events, and knows how many of each partition the broker has acknowledged.

    Args:
        brokers: Where to.
        partitions: Partitions of each input topic.
        ahead: Most events sent and not read yet.
        pace: Most events a second; 0 for as fast as it goes.
    """

    def __init__(self, brokers: str, *, partitions: int, ahead: int, pace: float = 0.0) -> None:
        self._brokers = brokers
        self._numbers = list(range(partitions))
        self._ahead = ahead
        self._pace = pace
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None
        self.sent = Sent()
        self.acknowledged: Counter[TopicPartition] = Counter()
        self.failure: BaseException | None = None
        #: Records that have their fate: whoever looks says so here.
        self.read = 0

    @property
    def done(self) -> bool:
        """Whether everything was sent and acknowledged, or sending has failed."""
        return self._thread is not None and not self._thread.is_alive()

    def start(self, events: Iterable[SimulatedEvent]) -> None:
        """Begin to send."""
        self._thread = threading.Thread(target=self._run, args=(events,), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Send no more, and return when nothing is on its way."""
        self._stopped.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self, events: Iterable[SimulatedEvent]) -> None:
        try:
            asyncio.run(self._send(events))
        except BaseException as error:  # told where it is asked for
            self.failure = error

    async def _send(self, events: Iterable[SimulatedEvent]) -> None:
        producer = AIOKafkaProducer(
            bootstrap_servers=self._brokers,
            enable_idempotence=True,
            max_batch_size=_BATCH_BYTES,
            request_timeout_ms=_PATIENCE_MS,
        )
        await producer.start()
        batches = _Batches(producer, self.acknowledged)
        began, number = time.monotonic(), 0
        try:
            for number, event in enumerate(events, 1):
                self.sent.add(event)
                item = on_the_wire(event)
                part = TopicPartition(item.topic, self._partition(item.key))
                await batches.append(part, item.key, item.value, item.timestamp_ms)
                if number % _LOOK == 0:
                    await self._keep_pace(batches, number, began)
                    if self._stopped.is_set():
                        break
            await batches.flush()
            await batches.delivered()
        finally:
            await producer.stop()

    async def _keep_pace(self, batches: _Batches, number: int, began: float) -> None:
        await asyncio.sleep(0)
        batches.raise_failure()
        while not self._stopped.is_set() and (
            number - self.read > self._ahead
            or (self._pace and number > (time.monotonic() - began) * self._pace)
        ):
            await batches.flush()
            await asyncio.sleep(_PAUSE_S)

    def _partition(self, key: bytes | None) -> int:
        return _partition_of(key or b"", len(self._numbers))


class _Batches:
    """Records on their way to becoming batches, one for each partition."""

    def __init__(self, producer: Any, acknowledged: Counter[TopicPartition]) -> None:
        self._producer = producer
        self._acknowledged = acknowledged
        self._open: dict[TopicPartition, Any] = {}
        self._under_way: set[asyncio.Future[Any]] = set()
        self._failure: BaseException | None = None

    async def append(
        self, part: TopicPartition, key: bytes | None, value: bytes | None, timestamp_ms: int
    ) -> None:
        while True:
            batch = self._open.get(part)
            if batch is None:
                batch = self._open[part] = self._producer.create_batch()
            if batch.append(key=key, value=value, timestamp=timestamp_ms) is not None:
                return
            await self._send(part)

    async def flush(self) -> None:
        for part in list(self._open):
            await self._send(part)

    async def delivered(self) -> None:
        while self._under_way:
            await asyncio.wait(self._under_way)
        self.raise_failure()

    def raise_failure(self) -> None:
        if self._failure is not None:
            raise self._failure

    async def _send(self, part: TopicPartition) -> None:
        batch = self._open.pop(part)
        count = batch.record_count()
        future = await self._producer.send_batch(batch, part.topic, partition=part.partition)
        self._under_way.add(future)

        def landed(done: asyncio.Future[Any]) -> None:
            self._under_way.discard(done)
            if (error := done.exception()) is not None:
                self._failure = error
            else:
                self._acknowledged[part] += count

        future.add_done_callback(landed)


@lru_cache(maxsize=65_536)
def _partition_of(key: bytes, partitions: int) -> int:
    numbers = list(range(partitions))
    return int(DefaultPartitioner()(key, numbers, numbers))
