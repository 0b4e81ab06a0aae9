"""Read one record of the log again."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import aiokafka
from aiokafka.errors import KafkaError

from schemas.errors import StreamError
from streams.batch import LogRecord, TopicPartition

__all__ = ["record_at"]

_LIMIT_S = 30.0
_POLL_MS = 100


async def record_at(brokers: str, tp: TopicPartition, offset: int) -> LogRecord | None:
    """Return the record at an offset, or None if Kafka does not keep it any more.

    Raises:
        StreamError: The broker does not answer.
    """
    consumer = aiokafka.AIOKafkaConsumer(
        bootstrap_servers=brokers,
        client_id="earshot-rereading",
        enable_auto_commit=False,
        isolation_level="read_committed",
    )
    part = aiokafka.TopicPartition(tp.topic, tp.partition)
    try:
        async with asyncio.timeout(_LIMIT_S):
            await consumer.start()
            first = await consumer.beginning_offsets([part])
            end = await consumer.end_offsets([part])
            if not first[part] <= offset < end[part]:
                return None
            consumer.assign([part])
            consumer.seek(part, offset)
            record = await _next(consumer, part, offset)
    except (KafkaError, OSError, TimeoutError) as error:
        raise StreamError(
            f"The broker did not give offset {offset} of {tp} again ({type(error).__name__}).",
            cure="Check the broker.",
        ) from None
    finally:
        with suppress(KafkaError, OSError):
            await consumer.stop()
    return record if record is not None and record.offset == offset else None


async def _next(
    consumer: aiokafka.AIOKafkaConsumer, part: aiokafka.TopicPartition, offset: int
) -> LogRecord | None:
    """Return the first record from an offset on, or None once nothing but what is no record was read."""
    while True:
        found = await consumer.getmany(part, timeout_ms=_POLL_MS, max_records=1)
        for records in found.values():
            for record in records:
                got: LogRecord = record
                return got
        # Markers of transactions, and what was aborted, move the position and are no records.
        if await consumer.position(part) > offset:
            return None
