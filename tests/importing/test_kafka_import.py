"""Imports into a real Kafka: what is read back is what the file says, also after an interruption."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import uuid
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition

from schemas.errors import StreamError
from schemas.registry import FileRegistry
from streams.fold.decoding import RecordDecoder
from streams.producing import Publisher
from streams.topics import create_topics
from tests.importing.conftest import ANSWERS, HEADER
from tests.waiting import until

pytestmark = pytest.mark.kafka

TOPIC = "feedback.responses"
PARTITIONS = 3
PROGRAM = """
import streams.importing.run
from streams.cli.main import main
streams.importing.run._CHECKPOINT_S = 0.3
main()
"""


class Source(NamedTuple):
    """A name in the field `source`, and the offsets before its first record."""

    name: str
    begin: dict[TopicPartition, int]


class Sent(NamedTuple):
    """One record as it lies in Kafka."""

    partition: int
    key: str
    timestamp_ms: int
    record: dict[str, Any]


@pytest.fixture
def source(kafka_brokers: str) -> Source:
    """Return a source of this test's own: the topics are shared by all tests."""
    create_topics(kafka_brokers, partitions=PARTITIONS, replication=1)
    consumer = KafkaConsumer(bootstrap_servers=kafka_brokers)
    try:
        numbers = consumer.partitions_for_topic(TOPIC) or ()
        begin = consumer.end_offsets([TopicPartition(TOPIC, number) for number in numbers])
    finally:
        consumer.close()
    return Source(f"test-{uuid.uuid4().hex[:8]}", begin)


def records(brokers: str, source: Source, topic: str = TOPIC) -> list[Sent]:
    """Return everything one source sent, in the order of partitions."""
    decoder = RecordDecoder(FileRegistry(), max_bytes=1 << 20)
    consumer = KafkaConsumer(bootstrap_servers=brokers, enable_auto_commit=False)
    found: list[Sent] = []
    try:
        parts = [
            TopicPartition(topic, number) for number in consumer.partitions_for_topic(topic) or ()
        ]
        consumer.assign(parts)
        ends = consumer.end_offsets(parts)
        for part in parts:
            consumer.seek(part, source.begin[part])
        while any(consumer.position(part) < ends[part] for part in parts):
            for batch in consumer.poll(timeout_ms=1000).values():
                for message in batch:
                    record = decoder.decode(topic, message.value)
                    assert isinstance(record, dict)
                    if record["source"] == source.name:
                        found.append(
                            Sent(message.partition, message.key.decode(), message.timestamp, record)
                        )
    finally:
        consumer.close()
    return found


def write_input(folder: Path, source: Source, rows: int) -> None:
    mapping = ANSWERS.replace('source = "shop"', f'source = "{source.name}"')
    (folder / "map.toml").write_text(mapping, encoding="utf-8")
    lines = (
        f"r{n},c{n % 1000},{99 if n % 100 == 50 else n % 11},2025-01-02T03:04:05Z\n"
        for n in range(rows)
    )
    (folder / "in.csv").write_text(HEADER + "".join(lines), encoding="utf-8")


def start(folder: Path, brokers: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [
            sys.executable,
            "-c",
            PROGRAM,
            "import",
            "in.csv",
            "--mapping",
            "map.toml",
            "--progress",
            "none",
        ],
        cwd=folder,
        env={**os.environ, "EARSHOT_KAFKA__BROKERS": brokers},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process: subprocess.Popen[str]) -> str:
    out, err = process.communicate(timeout=60)
    assert "Traceback" not in err
    return out


def test_a_file_arrives_whole_keyed_and_decodable(
    kafka_brokers: str, source: Source, tmp_path: Path
) -> None:
    write_input(tmp_path, source, 300)
    before_ms = time.time_ns() // 1_000_000
    process = start(tmp_path, kafka_brokers)
    out = finish(process)
    assert process.returncode == 5, out
    assert "Sent          297 to feedback.responses" in out
    assert "Refused       3 rows" in out
    assert "correct in.bad.csv" in out
    got = records(kafka_brokers, source)
    wanted = {f"r{n}": float(n % 11) for n in range(300) if n % 100 != 50}
    assert {sent.record["response_id"]: sent.record["value_number"] for sent in got} == wanted
    assert len(got) == 297
    assert all(sent.key == sent.record["customer_id"] for sent in got)
    homes = {(sent.key, sent.partition) for sent in got}
    assert len(homes) == len({key for key, _ in homes})
    # The records are new, however old the answers are.
    now_ms = time.time_ns() // 1_000_000
    assert all(before_ms <= sent.timestamp_ms <= now_ms for sent in got)
    again = start(tmp_path, kafka_brokers)
    assert "297 were sent, 3 refused: see in.bad.csv" in finish(again)
    assert len(records(kafka_brokers, source)) == 297


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_a_killed_import_goes_on_and_loses_nothing(
    kafka_brokers: str, source: Source, tmp_path: Path, how: signal.Signals
) -> None:
    rows = 20_000
    write_input(tmp_path, source, rows)
    process = start(tmp_path, kafka_brokers)
    state = tmp_path / "in.csv.import.json"

    def has_begun() -> bool:
        assert process.poll() is None, finish(process)
        return state.exists() and '"rows": 0' not in state.read_text(encoding="utf-8")

    until("the first rows", has_begun)
    process.send_signal(how)
    out = finish(process)
    if how == signal.SIGINT:
        assert process.returncode == 130
        assert "Next          the same command goes on from there" in out
    done = len(records(kafka_brokers, source))
    assert 0 < done < rows * 0.99
    process = start(tmp_path, kafka_brokers)
    out = finish(process)
    assert process.returncode == 5
    assert "Continued     after row" in out
    assert f"Rows read     {rows:,}" in out
    ids = Counter(sent.record["event_id"] for sent in records(kafka_brokers, source))
    assert len(ids) == rows - rows // 100
    if how == signal.SIGINT:
        assert set(ids.values()) == {1}
    with (tmp_path / "in.bad.csv").open(encoding="utf-8") as bad:
        assert sum(1 for _ in bad) == 1 + rows // 100


def test_the_publisher_counts_what_was_acknowledged(kafka_brokers: str, source: Source) -> None:
    with Publisher(kafka_brokers, FileRegistry(), max_pending=10) as publisher:
        for n in range(100):
            record = {
                "event_id": f"{source.name}-{n}",
                "source": source.name,
                "response_id": f"r{n}",
                "question_id": "q",
                "survey_id": "s",
                "responded_at": 1_735_787_045_000,
            }
            publisher.publish(TOPIC, record, "c1", timestamp_ms=1_735_787_045_000 + n)
            assert publisher.pending <= 10
        publisher.flush(30.0)
        assert publisher.delivered == 100
        assert publisher.pending == 0
    got = records(kafka_brokers, source)
    assert [sent.record["response_id"] for sent in got] == [f"r{n}" for n in range(100)]


def test_an_absent_topic_is_told_and_not_created(kafka_brokers: str, source: Source) -> None:
    publisher = Publisher(kafka_brokers, FileRegistry(), connect_s=1.0)
    try:
        with pytest.raises(StreamError, match=rf"Topic {source.name} was not found"):
            publisher.publish_raw(source.name, b"x", None)
    finally:
        publisher.close()
    admin = KafkaAdminClient(bootstrap_servers=kafka_brokers)
    assert source.name not in admin.list_topics()
    admin.close()


def test_too_large_a_record_is_told(kafka_brokers: str, source: Source) -> None:
    publisher = Publisher(kafka_brokers, FileRegistry())
    with pytest.raises(StreamError, match="larger than Kafka takes"):
        publisher.publish_raw(TOPIC, bytes(2_000_000), b"k")
    publisher.close()
