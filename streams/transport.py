"""The batch consumer: Faust hands a whole fetch to an agent as one event, and commits what is durable.

Faust keeps what it is good at: the consumer group, agents, supervision, sensors, the web server. What
is replaced, and why:

- `getmany` gives one message a fetch instead of one a record: stock Faust spends tasks and event-loop
  rounds on every record.
- Commits follow what the agent said is durable, in the partition's own order. Stock acknowledgements
  lose what was fetched but not handled when an agent raises (faust-streaming/faust#315, #606).
- Reading resumes at the start of the chunk that holds the committed offset, so that the chunk's totals
  are built again.
- A rebalance or a stop waits a bounded time for the hand-over instead of for ever.
- `read_committed`: records of aborted transactions are never seen.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any, cast

import aiokafka
import faust
import faust.streams
from aiokafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor
from aiokafka.coordinator.assignors.sticky.sticky_assignor import StickyPartitionAssignor
from aiokafka.errors import KafkaError
from faust.transport.drivers import aiokafka as driver
from faust.types import TP
from faust.types.tuples import ConsumerMessage
from mode.utils.futures import notify

from schemas.errors import StreamError
from streams.batch import Batch, Run, TopicPartition
from streams.fold.chunks import chunk_start
from streams.killpoints import passing
from streams.progress import Progress, readable_end

__all__ = ["BatchApp", "BatchConsumer"]

#: How long a broker may keep a fetch while it has nothing new: it answers as soon as it has.
_FETCH_WAIT_MS = 200


class _ConsumerThread(driver.AIOKafkaConsumerThread):
    """Faust's consumer thread, reading only committed transactions."""

    def _create_worker_consumer(self, transport: driver.Transport) -> aiokafka.AIOKafkaConsumer:
        consumer = super()._create_worker_consumer(transport)
        # Faust sets this only for its own transactions; the fetcher reads it when it starts.
        consumer._isolation_level = "read_committed"  # noqa: SLF001 - Faust does not hand it on
        consumer._fetch_max_bytes = cast("BatchApp", self.app).fetch_bytes  # noqa: SLF001 - likewise
        # Partitions stay where they are while others move. Groups of before know the second one only.
        strategies = (StickyPartitionAssignor, RoundRobinPartitionAssignor)
        consumer._partition_assignment_strategy = strategies  # noqa: SLF001 - likewise
        # A broker answers one request of a connection after the other: whatever is asked while nothing
        # comes waits behind the fetch, with Faust's 1.5 s once for every partition that is opened.
        consumer._fetch_max_wait_ms = _FETCH_WAIT_MS  # noqa: SLF001 - likewise
        return consumer


class BatchConsumer(driver.Consumer):
    """One message a fetch; commits what was declared durable."""

    app: BatchApp

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._owned: set[TP] = set()
        self._began: dict[TP, int] = {}
        self._log_began: dict[TP, int] = {}
        self._next: dict[TP, int] = {}
        self._durable: dict[TP, int] = {}
        self._committed: dict[TP, int] = {}

    def _new_consumer_thread(self) -> driver.AIOKafkaConsumerThread:
        return _ConsumerThread(self, loop=self.loop, beacon=self.beacon)

    # -- reading

    async def seek_to_committed(self) -> Mapping[TP, int]:
        """Seek every partition to the start of the chunk that holds its committed offset."""
        if not self.assignment():
            return {}
        committed: Mapping[Any, int | None] = await super().seek_to_committed()
        tps = [TP(tp.topic, tp.partition) for tp in committed]
        earliest = await self.earliest_offsets(*tps)
        first = {TP(tp.topic, tp.partition): offset for tp, offset in earliest.items()}
        starts: dict[TP, int] = {}
        for aio_tp, offset in committed.items():
            tp = TP(aio_tp.topic, aio_tp.partition)
            position = first.get(tp, 0) if offset is None or offset < 0 else offset
            start = max(chunk_start(position, self.app.chunk_size), first.get(tp, 0))
            await self._seek(tp, start)
            starts[tp] = start
            if offset is not None and offset >= 0:
                self._committed[tp] = offset
        self._owned.update(starts)
        self._began.update(starts)
        self._log_began.update(first)
        self._next.update(starts)
        return starts

    async def _seek(self, partition: TP, offset: int) -> None:
        # Faust seeks from the wrong thread, while the consumer's own may be handing out records.
        await self._thread.call_thread(self._seek_in_thread, partition, offset)

    async def _seek_in_thread(self, partition: TP, offset: int) -> None:
        # It may have been revoked since somebody wanted this; the next owner seeks for itself.
        if partition in self._thread.assignment():
            self._thread.seek(driver.ensure_aiokafka_TP(partition), offset)

    def owns(self, tp: TopicPartition) -> bool:
        """Return whether a partition is assigned to us."""
        return TP(*tp) in self._owned

    def began(self) -> dict[TopicPartition, int]:
        """Return the partitions that are assigned to us, and the offset reading each began at."""
        return {TopicPartition(*tp): offset for tp, offset in self._began.items()}

    def committed_offset(self, tp: TopicPartition) -> int | None:
        """Return the offset that was committed, None if there is none."""
        return self._committed.get(TP(*tp))

    def log_began(self, tp: TopicPartition) -> int | None:
        """Return the first offset the log held when the partition was assigned to us."""
        return self._log_began.get(TP(*tp))

    async def log_start(self, tp: TopicPartition) -> int:
        """Return the first offset the log still holds. Waits for its turn, up to some seconds.

        Raises:
            StreamError: The broker does not answer.
        """
        try:
            earliest = await self.earliest_offsets(TP(*tp))
        except KafkaError as error:
            raise StreamError(
                f"The broker does not say where {tp.topic}, partition {tp.partition}, begins "
                f"({type(error).__name__}).",
                cure="Check the broker.",
            ) from None
        return next(iter(earliest.values()), 0)

    async def rewind(self, tp: TP, offset: int) -> None:
        """Read a partition again from `offset`, whatever was committed or declared durable of it."""
        self._next[tp] = offset
        self._durable.pop(tp, None)
        if offset < self._committed.get(tp, offset):
            # It is read again for a reason; what will be durable then is what is to be committed.
            self._committed[tp] = -1
        await self._seek(tp, offset)

    async def hold(self, tp: TP) -> None:
        """Fetch nothing of a partition."""
        self.pause_partitions({tp})

    async def let_go(self, tp: TP) -> None:
        """Fetch a partition again."""
        self.resume_partitions({tp})

    async def getmany(self, timeout: float) -> AsyncIterator[tuple[TP, ConsumerMessage]]:  # noqa: ASYNC109 - its name in Faust
        """Yield one message for everything the next fetch returns."""
        asked = dict(self._next)
        records, active = await self._wait_next_records(timeout)
        if not records or self.should_stop:
            return
        if not self.flow_active:
            await self.perform_seek()
            return
        runs = []
        for aio_tp, run in records.items():
            tp = TP(aio_tp.topic, aio_tp.partition)
            if run and (active is None or tp in active):
                start = self._next.get(tp, run[0].offset)
                if start != asked.get(tp, start):
                    # Somebody sought while this fetch was under way: what came may lie beyond.
                    await self._seek(tp, start)
                    continue
                self._next[tp] = run[-1].offset + 1
                self.app.monitor.track_tp_end_offset(tp, self.highwater(aio_tp))
                runs.append(Run(TopicPartition(*tp), start, run))
        if not runs:
            return
        batch = Batch(self.app.consumer_generation_id, tuple(runs))
        tp = TP(*runs[0].tp)
        # The drain loop drops a message below the offset it read last; ours are not offsets.
        self._read_offset[tp] = None
        yield tp, self._batch_message(tp, batch)

    def _batch_message(self, tp: TP, batch: Batch) -> ConsumerMessage:
        last = batch.runs[0].records[-1]
        return ConsumerMessage(
            tp.topic,
            tp.partition,
            last.offset,
            last.timestamp / 1000.0,
            0,
            [],
            None,
            cast("Any", batch),
            None,
            0,
            0,
            tp,
            generation_id=batch.generation,
        )

    def on_buffer_full(self, tp: TP) -> None:
        """Do nothing: who fetches waits for room in the stream, for whatever partition.

        Faust would take the partition out of the fetch until the stream is nearly empty. While there is a
        backlog it never is, and the partition of the first run in a batch would stand still.
        """

    # -- acknowledging and committing

    def ack(self, message: Any) -> bool:
        """Note that a batch was folded. What may be committed is said by `mark_durable`."""
        if message.acked:
            return False
        message.acked = True
        self._unacked_messages.discard(message)
        notify(self._waiting_for_ack)
        return True

    def mark_durable(self, tp: TP, position: int) -> None:
        """Say that every record of a partition below `position` is durable everywhere."""
        if position > self._durable.get(tp, -1):
            self._durable[tp] = position

    async def commit(self, topics: Any = None, start_new_transaction: bool = True) -> bool:
        """Commit what is durable; return whether anything was."""
        if self.app.client_only or await self.maybe_wait_for_commit_to_finish():
            return False
        self._commit_fut = self.loop.create_future()
        try:
            assigned = {TP(tp.topic, tp.partition) for tp in self.assignment()}
            offsets = {
                tp: offset
                for tp, offset in self._durable.items()
                if tp in assigned and offset > self._committed.get(tp, -1)
            }
            # Faust's own commit counts an offset as committed even when the broker refused it.
            if not offsets or not await self._commit(offsets):
                return False
            self._committed.update(offsets)
            passing("committed")
            self.app.monitor.on_tp_commit(offsets)
            return True
        finally:
            future, self._commit_fut = self._commit_fut, None
            notify(future)

    def progress(self) -> dict[TopicPartition, Progress]:
        """Return how far this worker is in each of its partitions."""
        consumer = self._thread._consumer  # noqa: SLF001 - Faust does not tell where it is
        if consumer is None:
            return {}
        assignment = consumer.assignment()
        found = {}
        for tp, position in list(self._next.items()):
            aio_tp = driver.ensure_aiokafka_TP(tp)
            if aio_tp not in assignment:
                continue
            assigned = consumer._subscription.subscription.assignment  # noqa: SLF001 - likewise
            state = assigned.state_value(aio_tp)
            fetched = state.position if state.has_valid_position else None
            committed = self._committed.get(tp, -1)
            found[TopicPartition(*tp)] = Progress(
                start=min(self._began.get(tp, position), position),
                position=position,
                fetched=fetched,
                log_end=readable_end(position, fetched, state.lso),
                durable=self._durable.get(tp),
                committed=committed if committed >= 0 else None,
            )
        return found

    # -- rebalance and stop

    async def wait_empty(self) -> None:
        """Flush and commit before partitions are given up, within the time a stop may take."""
        await self.app.hand_over()
        await self.commit()

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        """Give partitions up, after what was folded was flushed and committed."""
        await super().on_partitions_revoked(revoked)
        for tp in revoked:
            self._owned.discard(TP(tp.topic, tp.partition))
            for positions in (
                self._began,
                self._log_began,
                self._next,
                self._durable,
                self._committed,
            ):
                positions.pop(TP(tp.topic, tp.partition), None)
        await self.app.given_up(frozenset(TopicPartition(tp.topic, tp.partition) for tp in revoked))

    async def verify_all_partitions_active(self) -> None:
        """Do nothing: Faust's check expects one message a record."""


class _Transport(driver.Transport):
    Consumer = BatchConsumer


async def _nothing() -> None:
    """Hand over nothing."""


async def _nothing_given_up(_: frozenset[TopicPartition]) -> None:
    """Note nothing."""


class BatchApp(faust.App):
    """A Faust app whose agents receive batches.

    Attributes:
        chunk_size: Offsets in a chunk.
        fetch_bytes: Most bytes of one fetch from a broker.
        hand_over: Awaited before partitions are given up; makes durable what was folded, in time.
        given_up: Told which partitions were revoked.
    """

    chunk_size: int = 1
    fetch_bytes: int = 52_428_800
    hand_over: Callable[[], Awaitable[None]] = staticmethod(_nothing)
    given_up: Callable[[frozenset[TopicPartition]], Awaitable[None]] = staticmethod(
        _nothing_given_up
    )

    def _new_transport(self) -> Any:
        # Faust says in no other way whether its extensions are there.
        if faust.streams._CStreamIterator is None:  # type: ignore[attr-defined]  # noqa: SLF001
            raise StreamError(
                "Faust runs without its Cython extensions, which acknowledges records too early.",
                cure="Install a wheel of faust-streaming for this platform, and unset NO_CYTHON.",
            )
        return _Transport(self.conf.broker_consumer, self)
