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
            if offset < first[part]:
                return None
            consumer.assign([part])
            consumer.seek(part, offset)
            record: LogRecord = await consumer.getone(part)
    except (KafkaError, OSError, TimeoutError) as error:
        raise StreamError(
            f"The broker did not give offset {offset} of {tp} again ({type(error).__name__}).",
            cure="Check the broker.",
        ) from None
    finally:
        with suppress(KafkaError, OSError):
            await consumer.stop()
    return record if record.offset == offset else None
