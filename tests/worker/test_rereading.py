"""One record of the log is read again, or is known to be gone."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Iterator

import pytest
from kafka.admin import KafkaAdminClient, NewTopic
from kafka.structs import TopicPartition as KafkaPartition

from schemas.errors import StreamError
from streams.batch import LogRecord, TopicPartition
from streams.rereading import record_at
from tests.worker.sending import Outgoing, sender

pytestmark = pytest.mark.kafka

#: Whoever waits for a record that never comes waits longer.
QUICKLY_S = 10.0


@pytest.fixture
def topic(kafka_brokers: str) -> Iterator[str]:
    """A topic of one partition, of the test's own."""
    name = f"reread-{uuid.uuid4().hex[:10]}"
    admin = KafkaAdminClient(bootstrap_servers=kafka_brokers)
    try:
        # What the tests send is dated long ago, and retention would delete it now and then.
        admin.create_topics([NewTopic(name, 1, 1, topic_configs={"retention.ms": "-1"})])
        yield name
        admin.delete_topics([name])
    finally:
        admin.close()


def reread(brokers: str, topic: str, offset: int) -> LogRecord | None:
    started = time.monotonic()
    found = asyncio.run(record_at(brokers, TopicPartition(topic, 0), offset))
    assert time.monotonic() - started < QUICKLY_S
    return found


def told(topic: str, *values: bytes) -> list[Outgoing]:
    return [Outgoing(topic, b"k", value, 1_760_000_000_000, (("h", b"1"),)) for value in values]


def test_a_record_comes_as_it_was_sent(kafka_brokers: str, topic: str) -> None:
    with sender(kafka_brokers) as one:
        one.send(told(topic, b"zero", b"one", b"two"))
    for offset, value in enumerate((b"zero", b"one", b"two")):
        found = reread(kafka_brokers, topic, offset)
        assert found is not None
        assert (found.offset, found.key, found.value) == (offset, b"k", value)
        assert (found.timestamp, tuple(found.headers)) == (1_760_000_000_000, (("h", b"1"),))


def test_what_was_deleted_is_gone(kafka_brokers: str, topic: str) -> None:
    with sender(kafka_brokers) as one:
        one.send(told(topic, b"zero", b"one", b"two"))
    admin = KafkaAdminClient(bootstrap_servers=kafka_brokers)
    try:
        admin.delete_records({KafkaPartition(topic, 0): 2})
    finally:
        admin.close()
    assert reread(kafka_brokers, topic, 0) is None
    assert reread(kafka_brokers, topic, 1) is None
    kept = reread(kafka_brokers, topic, 2)
    assert kept is not None
    assert kept.value == b"two"
    assert reread(kafka_brokers, topic, 3) is None, "there is nothing yet"


def test_offsets_without_a_record_hold_none(kafka_brokers: str, topic: str) -> None:
    """Of an aborted transaction, a marker, or what compaction took: a reader is told of neither."""
    with sender(kafka_brokers, transactional_id=uuid.uuid4().hex) as one:
        one.transaction(told(topic, b"kept"))  # 0, its marker at 1
        one.transaction(told(topic, b"gone", b"gone"), abort=True)  # 2 and 3, its marker at 4
        one.transaction(told(topic, b"last"))  # 5, its marker at 6 ends the log
    for offset in (1, 2, 3, 4, 6):
        assert reread(kafka_brokers, topic, offset) is None, offset
    for offset, value in ((0, b"kept"), (5, b"last")):
        found = reread(kafka_brokers, topic, offset)
        assert found is not None
        assert found.value == value


def test_a_log_that_ends_with_an_aborted_transaction(kafka_brokers: str, topic: str) -> None:
    with sender(kafka_brokers, transactional_id=uuid.uuid4().hex) as one:
        one.transaction(told(topic, b"gone", b"gone"), abort=True)
    for offset in range(3):
        assert reread(kafka_brokers, topic, offset) is None, offset


def test_no_broker_is_one_message() -> None:
    with pytest.raises(StreamError, match="did not give offset 7 of t"):
        asyncio.run(record_at("127.0.0.1:1", TopicPartition("t", 0), 7))
