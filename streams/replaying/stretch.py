"""Read a stretch of each partition of the log, in batches as a worker gets them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from types import TracebackType
from typing import Self

import aiokafka
from aiokafka.errors import KafkaError, OffsetOutOfRangeError

from schemas.errors import StreamError
from streams.batch import Batch, LogRecord, Run, TopicPartition

__all__ = ["Stretch", "StretchReader"]

#: First offset to read, and the one to end before.
Stretch = tuple[int, int]

_WAIT_MS = 500


class StretchReader:
    """Reads without a group, and is where the intake steers what is read next.

    Args:
        brokers: Bootstrap servers.
        stretches: What to read of each partition. An end may be put off while it is read.
        fetch_records: Most records of one batch.
        again: Fold from the start of each stretch, whatever the ledger knows; else go on where it ends.

    Raises:
        StreamError: The broker does not answer, or does not keep the records any more.
    """

    def __init__(
        self,
        brokers: str,
        stretches: Mapping[TopicPartition, Stretch],
        *,
        fetch_records: int,
        again: bool,
    ) -> None:
        self._brokers = brokers
        self._starts = {tp: start for tp, (start, _) in stretches.items()}
        self._ends = {tp: end for tp, (_, end) in stretches.items()}
        self._next = dict(self._starts)
        self._fetch_records = fetch_records
        self._again = again
        self.durable: dict[TopicPartition, int] = {}
        self._consumer = aiokafka.AIOKafkaConsumer(
            bootstrap_servers=brokers,
            client_id="earshot-replay",
            enable_auto_commit=False,
            auto_offset_reset="none",
            isolation_level="read_committed",
            max_partition_fetch_bytes=4 * 1024 * 1024,
        )

    async def __aenter__(self) -> Self:
        try:
            await self._consumer.start()
            self._consumer.assign([aiokafka.TopicPartition(*tp) for tp in self._starts])
            for tp, start in self._starts.items():
                self._consumer.seek(aiokafka.TopicPartition(*tp), start)
        except (KafkaError, OSError) as error:
            await self._stop()
            raise self._silent(error) from None
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._stop()

    @property
    def done(self) -> bool:
        """Whether every partition was read to its end."""
        return all(at >= self._ends[tp] for tp, at in self._next.items())

    @property
    def left(self) -> int:
        """Return how many offsets are left to read."""
        return sum(max(0, self._ends[tp] - at) for tp, at in self._next.items())

    async def batches(self) -> AsyncIterator[Batch]:
        """Yield records until every partition is at its end."""
        while left := [tp for tp, at in self._next.items() if at < self._ends[tp]]:
            parts = [aiokafka.TopicPartition(*tp) for tp in left]
            try:
                found = await self._consumer.getmany(
                    *parts, timeout_ms=_WAIT_MS, max_records=self._fetch_records
                )
                runs = [
                    run
                    for part, records in found.items()
                    if (run := self._run(TopicPartition(*part), records))
                ]
                # Transaction markers at the end of a stretch are no records, but they are passed.
                for part in parts:
                    tp = TopicPartition(*part)
                    self._next[tp] = max(self._next[tp], await self._consumer.position(part))
            except OffsetOutOfRangeError as error:
                raise StreamError(
                    f"Kafka does not keep all of {', '.join(sorted(map(_told, left)))} any more "
                    f"({type(error).__name__}).",
                    cure="Build it anew from the raw rows: `earshot replay --into shadow --source raw`.",
                ) from None
            except (KafkaError, OSError) as error:
                raise self._silent(error) from None
            if runs:
                yield Batch(0, tuple(runs))

    def _run(self, tp: TopicPartition, records: list[LogRecord]) -> Run | None:
        end = self._ends[tp]
        some = [record for record in records if record.offset < end]
        start = self._next[tp]
        self._next[tp] = records[-1].offset + 1
        return Run(tp, start, some) if some else None

    # -- what the intake asks of a consumer

    def mark_durable(self, tp: TopicPartition, position: int) -> None:
        """Note that all records below `position` are durable."""
        self.durable[tp] = position

    def owns(self, tp: TopicPartition) -> bool:
        """Return whether a partition is replayed."""
        return tp in self._starts

    def began(self) -> Mapping[TopicPartition, int]:
        """Return what is replayed, and the first offset of each partition."""
        return self._starts

    def committed(self, tp: TopicPartition) -> int | None:
        """Return the offset from which on all is to be folded, None for what the ledger does not know."""
        return self._starts[tp] if self._again else None

    def log_began(self, tp: TopicPartition) -> int | None:
        """Return None: it is asked for."""
        return None

    async def log_start(self, tp: TopicPartition) -> int:
        """Return the first offset there is to read."""
        try:
            found = await self._consumer.beginning_offsets([aiokafka.TopicPartition(*tp)])
        except (KafkaError, OSError) as error:
            raise self._silent(error) from None
        return int(next(iter(found.values())))

    async def rewind(self, tp: TopicPartition, offset: int) -> None:
        """Read a partition again from an offset."""
        self._next[tp] = offset
        self._consumer.seek(aiokafka.TopicPartition(*tp), offset)

    async def pause(self, tp: TopicPartition) -> None:
        """End: a replay does not wait for somebody to decide.

        Raises:
            StreamError: Always.
        """
        raise StreamError(
            f"The replay of {_told(tp)} cannot go on: records in the middle of the log are gone.",
            cure="Build it anew from the raw rows: `earshot replay --into shadow --source raw`.",
        )

    async def resume(self, tp: TopicPartition) -> None:
        """Do nothing: nothing pauses."""

    async def record_at(self, tp: TopicPartition, offset: int) -> LogRecord | None:
        """Return one record; None if the log does not keep it any more."""
        from streams.rereading import record_at  # noqa: PLC0415 - rare

        return await record_at(self._brokers, tp, offset)

    async def _stop(self) -> None:
        with suppress(KafkaError, OSError):
            await self._consumer.stop()

    def _silent(self, error: Exception) -> StreamError:
        return StreamError(
            f"The broker {self._brokers} does not answer ({type(error).__name__}).",
            cure="Check the broker; the replay goes on where it was when it is started again.",
        )


def _told(tp: TopicPartition) -> str:
    return f"{tp.topic}/{tp.partition}"
