"""Clear compacted topics of a customer: what is newest of its key would stay in them for ever.

A tombstone (a record without a value) has Kafka remove a key. Which keys are about the customer is
found by reading the topic through.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from schemas.codec import Decoder, MalformedRecord
from schemas.errors import StreamError
from schemas.framing import unframe
from schemas.registry import Registry, UnknownSchema, subject_of
from streams.forgetting.asking import Request
from streams.producing import Publisher

__all__ = ["OF_CUSTOMERS", "bury"]

#: Compacted topics with records about single customers.
OF_CUSTOMERS = ("feedback.care",)

_POLL_MS = 500
_SILENCE_S = 30.0

#: Partition and key.
_Place = tuple[int, bytes]


def bury(topic: str, request: Request, publisher: Publisher, registry: Registry) -> int:
    """Send a tombstone for every key whose records are about the customer; return how many.

    Raises:
        StreamError: Kafka does not answer, or does not take a tombstone.
    """
    about = _About(topic, request, registry)
    found: set[_Place] = set()
    buried: set[_Place] = set()
    for record in _all_of(topic, publisher.brokers):
        place = record.partition, record.key
        if record.key is None:
            continue
        if record.value is None:
            buried.add(place)
        else:
            buried.discard(place)
            # A key does not say which kind of id it is. One that reads like the id goes, of whichever kind:
            # a case too many is opened again, an id too many would stay for ever.
            if record.key == request.name.encode() or about(record.value):
                found.add(place)
    places = sorted(found - buried)
    for partition, key in places:
        publisher.publish_raw(topic, None, key, partition=partition)
    publisher.flush()
    return len(places)


class _About:
    """Whether the bytes of a record are about the customer."""

    def __init__(self, topic: str, request: Request, registry: Registry) -> None:
        self._request = request
        self._registry = registry
        self._newest = registry.latest(subject_of(topic))
        self._decoders: dict[int, Decoder | None] = {}

    def __call__(self, value: bytes) -> bool:
        framed = unframe(value)
        decoder = self._decoder(framed.schema_id) if framed else None
        if framed is None or decoder is None:
            return False
        try:
            record = decoder.decode(framed.body)
        except MalformedRecord:
            return False
        return self._is(record)

    def _is(self, record: Mapping[str, Any]) -> bool:
        customer = record["customer_id"] or ""
        if self._request.kind == "customer":
            return bool(customer == self._request.name)
        return not customer and record["anonymous_id"] == self._request.name

    def _decoder(self, schema_id: int) -> Decoder | None:
        if schema_id not in self._decoders:
            try:
                found = Decoder(self._registry.by_id(schema_id), self._newest)
            except UnknownSchema:
                self._decoders[schema_id] = None
            else:
                self._decoders[schema_id] = found
        return self._decoders[schema_id]


def _all_of(topic: str, brokers: str) -> Iterator[Any]:
    """Yield every record of a topic, up to where it ends now, in the order of each partition."""
    with _reading(topic, brokers) as (consumer, ends):
        heard = time.monotonic()
        while left := [part for part, end in ends.items() if consumer.position(part) < end]:
            polled = consumer.poll(timeout_ms=_POLL_MS)
            for records in polled.values():
                yield from records
            if polled:
                heard = time.monotonic()
            elif time.monotonic() - heard > _SILENCE_S:
                raise StreamError(
                    f"Reading {topic} through, {len(left)} partitions fell silent before their end.",
                    cure="Check the brokers, and ask again: what was done does no harm twice.",
                )


@contextmanager
def _reading(topic: str, brokers: str) -> Iterator[tuple[Any, dict[Any, int]]]:
    # Imported here: loading the client takes longer than `earshot --help` may.
    from kafka import KafkaConsumer, TopicPartition  # noqa: PLC0415 - slow to load
    from kafka.errors import KafkaError  # noqa: PLC0415 - likewise

    try:
        consumer = KafkaConsumer(
            bootstrap_servers=[part.strip() for part in brokers.split(",") if part.strip()],
            client_id="earshot-forget",
            enable_auto_commit=False,
            isolation_level="read_committed",
        )
        try:
            parts = [
                TopicPartition(topic, number)
                for number in sorted(consumer.partitions_for_topic(topic) or ())
            ]
            consumer.assign(parts)
            consumer.seek_to_beginning(*parts)
            yield consumer, consumer.end_offsets(parts)
        finally:
            consumer.close()
    except (KafkaError, OSError) as error:
        raise StreamError(
            f"The broker {brokers} does not let us read {topic} ({type(error).__name__}).",
            cure="Check the broker and our rights on it, and ask again.",
        ) from None
