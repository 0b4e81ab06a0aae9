"""What the worker says on Kafka: sent with acks from all replicas, and awaited before a commit."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import aiokafka
from aiokafka.errors import KafkaError

from schemas.errors import StreamError

__all__ = ["Outputs"]

#: Largest message we send: a rejected record travels whole.
_MAX_REQUEST_BYTES = 8 * 1024 * 1024


class Outputs:
    """A producer of its own: Faust's cannot wait for delivery reliably.

    Raises:
        StreamError: From `send`, when the broker does not take the messages. Send them again: they
            are upserts, or carry coordinates that make a repetition plain.
    """

    def __init__(self, brokers: str) -> None:
        self._brokers = brokers
        self._producer: aiokafka.AIOKafkaProducer | None = None

    async def send(self, topic: str, messages: Iterable[tuple[bytes, bytes]]) -> None:
        """Send keys and values, and wait until all are delivered."""
        try:
            producer = await self._started()
            futures = [await producer.send(topic, value, key=key) for key, value in messages]
            await asyncio.gather(*futures)
        except (KafkaError, OSError) as error:
            raise StreamError(
                f"The broker did not take messages for {topic} ({type(error).__name__}).",
                cure="Check the broker, and that the topic exists (`earshot topics --create`).",
            ) from None

    async def stop(self) -> None:
        """Close the producer."""
        producer, self._producer = self._producer, None
        if producer is not None:
            await producer.stop()

    async def _started(self) -> aiokafka.AIOKafkaProducer:
        if self._producer is None:
            producer = aiokafka.AIOKafkaProducer(
                bootstrap_servers=self._brokers,
                client_id="earshot-outputs",
                acks="all",
                enable_idempotence=True,
                linger_ms=5,
                max_request_size=_MAX_REQUEST_BYTES,
            )
            try:
                await producer.start()
            except BaseException:
                await producer.stop()
                raise
            self._producer = producer
        return self._producer
