"""`earshot simulate`, from the command line to the topics."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

import pytest
from typer.testing import CliRunner

from schemas.catalog import INPUTS
from streams.cli.main import app
from streams.simulation import SimulatedEvent, Truth
from streams.simulation.events import Fate
from tests.simulation.recount import recount

_START = "2026-01-01T00:00:00Z"
_SMALL = ["--customers", "40", "--bad", "0.05", "--duplicates", "0.1"]


class Topics:
    """Stands in for the publisher: keeps what it is given."""

    def __init__(self, *_: object, interrupt_after: int = 0, **__: object) -> None:
        self.sent: list[tuple[str, object, object, int | None]] = []
        self.interrupt_after = interrupt_after
        self.closed = False

    def publish(
        self,
        topic: str,
        record: Mapping[str, Any],
        key: str | None,
        timestamp_ms: int | None = None,
    ) -> None:
        self._keep(topic, record, key, timestamp_ms)

    def publish_raw(
        self, topic: str, value: bytes | None, key: bytes | None, timestamp_ms: int | None = None
    ) -> None:
        self._keep(topic, value, key.decode() if key else None, timestamp_ms)

    def _keep(self, topic: str, value: object, key: str | None, timestamp_ms: int | None) -> None:
        self.sent.append((topic, value, key, timestamp_ms))
        if len(self.sent) == self.interrupt_after:
            os.kill(os.getpid(), signal.SIGINT)

    def __enter__(self) -> Topics:
        return self

    def __exit__(self, *_: object) -> None:
        self.closed = True


@pytest.fixture
def topics(monkeypatch: pytest.MonkeyPatch) -> Topics:
    kept = Topics()
    monkeypatch.setattr("streams.producing.Publisher", lambda *_, **__: kept)
    return kept


def run(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["simulate", *arguments])
    return result.exit_code, result.stdout, result.stderr


def test_what_is_sent_is_dated_up_to_now_and_counted(topics: Topics) -> None:
    code, out, _ = run(*_SMALL, "--for", "500ms", "--speed", "7200", "--rate", "2000", "--json")
    assert code == 0
    summary = json.loads(out)
    assert summary["total"] == len(topics.sent) == pytest.approx(1000, rel=0.25)
    assert set(summary["fates"]) == {topic for topic, *_ in topics.sent}
    assert any(value is None or isinstance(value, bytes) for _, value, *_ in topics.sent)
    moments = [moment for *_, moment in topics.sent if moment is not None]
    assert len(moments) == len(topics.sent)
    # half a second at this speed is an hour, less what the end is short of it
    assert 3_000_000 < max(moments) - min(moments) <= 3_600_000
    assert topics.closed


def test_shortened_waits_are_said(topics: Topics) -> None:
    assert "shorter" in run("--customers", "5", "--rate", "500", "--for", "50ms")[2]
    assert "shorter" not in run("--rate", "2", "--for", "50ms")[2]
    assert topics.closed


def test_the_first_interrupt_ends_with_a_summary_of_exactly_what_was_sent(topics: Topics) -> None:
    topics.interrupt_after = 10
    code, out, _ = run(*_SMALL, "--rate", "500")
    assert code == 130
    assert len(topics.sent) == 10
    assert "Sent 10 events." in out
    assert topics.closed
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_lines_of_json_are_the_same_in_every_process() -> None:
    command = [sys.executable, "-m", "streams.cli.entry", "simulate", "--to", "stdout"]
    options = ["--for", "10s", "--rate", "50", "--start", _START, "--no-incident", *_SMALL]
    finished = subprocess.run(
        [*command, *options],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONHASHSEED": "4711"},
        timeout=60,
    )
    code, out, summary = run("--to", "stdout", *options)
    assert code == 0
    assert finished.stdout == out
    lines = [json.loads(text) for text in out.splitlines()]
    assert f"Sent {len(lines):,} events." in summary
    assert {"topic", "key", "at_ms", "intent", "fate", "reason", "record"} <= set(lines[0])
    assert any("raw_base64" in text for text in lines)


def test_a_reader_that_has_seen_enough_is_no_error() -> None:
    command = (
        f"{sys.executable} -m streams.cli.entry simulate --to stdout --customers 40 | head -n 3"
    )
    finished = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert finished.returncode == 0
    assert len(finished.stdout.splitlines()) == 3
    assert "Traceback" not in finished.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--speed", "60"], "--for"),
        (["--for", "soon"], "90s"),
        (["--start", "yesterday"], "2026-01-31"),
        (["--start", "2199-01-01"], "future"),
        (["--rate", "0"], "--rate"),
        (["--bad", "1.5"], "--bad"),
    ],
)
def test_a_wrong_option_is_told_how_it_should_be(
    topics: Topics, arguments: list[str], said: str
) -> None:
    code, _, err = run(*arguments)
    assert code == 2
    assert said in err
    assert not topics.sent


@pytest.mark.kafka
def test_what_arrives_in_kafka_has_the_fates_of_the_summary(
    kafka_brokers: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from kafka import KafkaConsumer, TopicPartition

    from streams.topics import create_topics

    monkeypatch.setenv("EARSHOT_KAFKA__BROKERS", kafka_brokers)
    create_topics(kafka_brokers, partitions=3, replication=1)
    consumer = KafkaConsumer(bootstrap_servers=[kafka_brokers], group_id=None)
    try:
        # Another test may have created them, with more.
        partitions = [
            TopicPartition(topic.name, number)
            for topic in INPUTS
            for number in consumer.partitions_for_topic(topic.name)
        ]
        consumer.assign(partitions)
        before = consumer.end_offsets(partitions)

        code, out, _ = run(*_SMALL, "--for", "1s", "--speed", "600", "--rate", "1500", "--json")
        assert code == 0

        after = consumer.end_offsets(partitions)
        for partition in partitions:
            consumer.seek(partition, before[partition])
        arrived = []
        while any(consumer.position(partition) < after[partition] for partition in partitions):
            for records in consumer.poll(timeout_ms=1000).values():
                arrived += records
    finally:
        consumer.close()

    # bytes as they are, in any order between partitions and in order within one
    fates, reasons = recount(
        SimulatedEvent(r.topic, None, None, r.timestamp, r.value, "new", "accepted", None)
        for r in arrived
    )
    summary = json.loads(out)
    by_topic: dict[str, dict[str, int]] = {}
    for (topic, fate), n in fates.items():
        by_topic.setdefault(topic, {})[fate] = n
    assert summary["total"] == len(arrived)
    assert summary["fates"] == by_topic
    assert sum(n for counts in summary["rejected"].values() for n in counts.values()) == sum(
        reasons.values()
    )


def test_the_summary_lists_fates_and_reasons() -> None:
    from streams.simulation.display import summary

    truth = Truth()
    fates: list[tuple[Fate, str | None]] = [
        ("accepted", None), ("rejected", "empty"), ("accepted", None)
    ]  # fmt: skip
    for fate, reason in fates:
        truth.add(
            SimulatedEvent("feedback.responses", None, "c-000001", 1, b"", "new", fate, reason)
        )
    text = "\n".join(summary(truth))
    assert "Sent 3 events." in text
    assert "accepted 2, rejected 1" in text
    assert "empty 1" in text
