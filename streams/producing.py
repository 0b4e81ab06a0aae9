"""Publish events: acknowledged by every in-sync replica, in order, each once per session.

kafka-python's buffer has no limit in 3.x, so the limit is here: at most `max_pending` records and
`max_pending_bytes` wait for their acknowledgement, then `publish` blocks until the oldest has it.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from types import TracebackType
from typing import Any

from schemas.codec import Encoder
from schemas.errors import StreamError
from schemas.registry import Registry

__all__ = ["Publisher"]

CONNECT_S = 10.0
"""Seconds to wait for a broker, or for a topic."""

_OVERHEAD_BYTES = 200
"""What a pending record costs beside its key and value; an estimate, to bound many tiny records."""

_AGAIN = (
    "What was not acknowledged may still have arrived: send it again with the same event ids, "
    "which makes it a duplicate."
)


class Publisher:
    """Send records to Kafka with acks=all and an idempotent producer. For one thread.

    A failed delivery surfaces as StreamError in a later `publish`, in `flush` or at the end of the
    `with` block, never silently. `delivered` counts acknowledged records from the first one on,
    without gaps: after 10 were published and `delivered` is 7, the first 7 are in Kafka.

    Raises:
        StreamError: No broker answered within `connect_s` seconds.
    """

    def __init__(
        self,
        brokers: str,
        registry: Registry,
        *,
        client_id: str = "earshot",
        linger_ms: int = 20,
        batch_bytes: int = 262_144,
        max_pending: int = 20_000,
        max_pending_bytes: int = 64 * 1024 * 1024,
        connect_s: float | None = None,
        delivery_s: float = 60.0,
    ) -> None:
        # Imported here: loading the client takes longer than `earshot --help` may.
        from kafka import KafkaProducer  # noqa: PLC0415 - an extra, and slow to load
        from kafka.codec import has_lz4  # noqa: PLC0415 - of the same extra
        from kafka.errors import KafkaError  # noqa: PLC0415 - of the same extra

        connect_s = CONNECT_S if connect_s is None else connect_s
        self.brokers = brokers
        self.delivered = 0
        self.delivered_bytes = 0
        self._registry = registry
        self._encoders: dict[str, Encoder] = {}
        self._known_topics: set[str] = set()
        self._pending: deque[tuple[Any, str, int]] = deque()
        self._pending_bytes = 0
        self._max_pending = max_pending
        self._max_pending_bytes = max_pending_bytes
        self._delivery_s = delivery_s
        self._kafka_error: type[Exception] = KafkaError
        try:
            self._producer = KafkaProducer(
                bootstrap_servers=[part.strip() for part in brokers.split(",") if part.strip()],
                client_id=client_id,
                acks="all",
                enable_idempotence=True,
                # gzip is in the standard library, so it is there when lz4 is not.
                compression_type="lz4" if has_lz4() else "gzip",
                linger_ms=linger_ms,
                batch_size=batch_bytes,
                # A mistyped topic must fail, not appear with one partition.
                allow_auto_create_topics=False,
                max_block_ms=int(connect_s * 1000),
                bootstrap_timeout_ms=int(connect_s * 1000),
                request_timeout_ms=int(min(30.0, delivery_s / 2) * 1000),
                delivery_timeout_ms=int(delivery_s * 1000),
                metrics_enabled=False,
            )
        except (KafkaError, OSError, ValueError) as error:
            raise StreamError(
                f"No Kafka broker answered at {brokers} within {connect_s:g} s "
                f"({type(error).__name__}).",
                cure="Start it (`earshot up` starts a local one), or set EARSHOT_KAFKA__BROKERS.",
            ) from None

    @property
    def pending(self) -> int:
        """Records published and not yet acknowledged."""
        self._settle()
        return len(self._pending)

    def require_topic(self, topic: str) -> None:
        """Make sure a topic exists, before the first record is made for it.

        Raises:
            StreamError: It does not exist, or no broker answers.
        """
        try:
            partitions = self._producer.partitions_for(topic)
        except self._kafka_error as error:
            raise StreamError(
                f"Topic {topic} was not found at {self.brokers} ({type(error).__name__}).",
                cure="`earshot topics --create` creates those that are missing.",
            ) from None
        if not partitions:
            raise StreamError(
                f"Topic {topic} has no partitions.", cure="`earshot topics --create` creates it."
            )
        self._known_topics.add(topic)

    def publish(
        self,
        topic: str,
        record: Mapping[str, Any],
        key: str | None,
        timestamp_ms: int | None = None,
    ) -> None:
        """Encode `record` with the newest schema of `topic` and send it.

        Args:
            topic: A topic that exists.
            record: The fields; those with a default may be left out.
            key: What decides the partition: `customer_id`, or `anonymous_id`.
            timestamp_ms: The record's CreateTime; None for now.

        Raises:
            SchemaError: The record does not follow the schema. Nothing was sent.
            StreamError: Kafka refused this record or an earlier one.
        """
        encoder = self._encoders.get(topic)
        if encoder is None:
            encoder = self._encoders[topic] = Encoder(self._registry, topic)
        key_bytes = None if key is None else key.encode()
        self.publish_raw(topic, encoder.encode(record), key_bytes, timestamp_ms)

    def publish_raw(
        self,
        topic: str,
        value: bytes | None,
        key: bytes | None,
        timestamp_ms: int | None = None,
        *,
        headers: list[tuple[str, bytes]] | None = None,
        partition: int | None = None,
    ) -> None:
        """Send bytes as they are. A `value` of None is a tombstone and needs a key.

        Raises:
            StreamError: Kafka refused this record or an earlier one.
        """
        if topic not in self._known_topics:
            self.require_topic(topic)
        size = len(value or b"") + len(key or b"") + _OVERHEAD_BYTES
        self._settle()
        while self._pending and (
            len(self._pending) >= self._max_pending
            or self._pending_bytes + size > self._max_pending_bytes
        ):
            self._await_oldest(self._delivery_s)
        try:
            future = self._producer.send(
                topic, value, key, headers, partition=partition, timestamp_ms=timestamp_ms
            )
        except self._kafka_error as error:
            raise self._refused(topic, error) from None
        self._pending.append((future, topic, size))
        self._pending_bytes += size

    def flush(self, timeout_s: float | None = None) -> None:
        """Wait until every published record is acknowledged.

        Raises:
            StreamError: Kafka refused one, or `timeout_s` seconds were not enough.
        """
        limit_s = self._delivery_s if timeout_s is None else timeout_s
        deadline = time.monotonic() + limit_s
        with suppress(self._kafka_error):
            self._producer.flush(limit_s)
        while self._pending:
            self._await_oldest(max(0.0, deadline - time.monotonic()))

    def close(self, timeout_s: float | None = None) -> None:
        """Flush and disconnect. Disconnects also when the flush fails.

        Raises:
            StreamError: As `flush`.
        """
        try:
            self.flush(timeout_s)
        finally:
            self._disconnect()

    def __enter__(self) -> Publisher:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None:
            self.close()
        else:
            # The error under way is the one to tell; records still pending are not waited for.
            self._disconnect()

    def _disconnect(self) -> None:
        # kafka-python's close() stops half-way if its own flush times out, and what it leaves
        # running would go on sending: after a failed flush its sender is stopped by hand.
        with suppress(self._kafka_error):
            self._producer.close(timeout=2.0 if not self._pending else 0.0)
            return
        self._producer._sender.force_close()  # noqa: SLF001 - there is no public way
        self._producer._sender.join(2.0)  # noqa: SLF001 - nor to wait for it
        with suppress(self._kafka_error):
            self._producer.close(timeout=0.0)

    def _settle(self) -> None:
        while self._pending and self._pending[0][0].is_done:
            self._await_oldest(0.0)

    def _await_oldest(self, timeout_s: float) -> None:
        future, topic, size = self._pending[0]
        try:
            future.get(timeout=timeout_s)
        except self._kafka_error as error:
            raise self._refused(topic, error) from None
        self._pending.popleft()
        self._pending_bytes -= size
        self.delivered += 1
        self.delivered_bytes += size - _OVERHEAD_BYTES

    def _refused(self, topic: str, error: Exception) -> StreamError:
        name = type(error).__name__
        if name in {"MessageSizeTooLargeError", "RecordListTooLargeError"}:
            return StreamError(
                f"A record for {topic} is larger than Kafka takes.",
                cure="Shorten its texts, or raise message.max.bytes of the topic.",
            )
        return StreamError(
            f"Kafka at {self.brokers} did not acknowledge a record for {topic} ({name}); "
            f"{self.delivered} before it are safe.",
            cure=f"Check the brokers. {_AGAIN}",
        )
