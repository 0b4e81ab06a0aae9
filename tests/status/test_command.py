"""`earshot status` on the real broker and the real engine, as a user reads it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
import typer
from kafka import KafkaConsumer, OffsetAndMetadata
from kafka import TopicPartition as KafkaPartition
from typer.testing import CliRunner, Result

from deploy.local.clickhouse import ClickHouseAccess
from deploy.local.ports import free_ports
from schemas.catalog import INPUTS
from sinks.clickhouse import ClickHouse
from sinks.tables import TABLES
from streams.batch import TopicPartition
from streams.cli.status import status
from streams.conditions import Conditions
from streams.telling import condition_columns
from tests.databases import database_of_tables, use
from tests.worker.harness import Stage, empty_inputs
from tests.worker.sending import Outgoing, events, on_the_wire, sender

pytestmark = [pytest.mark.kafka, pytest.mark.clickhouse, pytest.mark.usefixtures("no_settings")]

TOPIC = "feedback.responses"
WHAT, CURE = "The registry lacks version 7 of a schema.", "Publish it: `earshot schemas`."


@pytest.fixture
def database(
    clickhouse: ClickHouseAccess, kafka_brokers: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[ClickHouse]:
    """Return a database of its own, with the settings pointing to it and to an empty log."""
    empty_inputs(kafka_brokers)
    with database_of_tables(clickhouse) as one:
        use(one.address, monkeypatch)
        monkeypatch.setenv("EARSHOT_KAFKA__BROKERS", kafka_brokers)
        monkeypatch.setenv("EARSHOT_KAFKA__GROUP", one.address.database)
        yield one


def _run(*words: str) -> Result:
    app = typer.Typer()
    app.command()(status)
    return CliRunner().invoke(app, list(words))


def _ask() -> tuple[int, dict[str, Any]]:
    result = _run("--json")
    return result.exit_code, json.loads(result.output)


def _state_of(partition: int) -> dict[str, Any]:
    rows: list[dict[str, Any]] = _ask()[1]["partitions"]
    return next(row for row in rows if (row["topic"], row["partition"]) == (TOPIC, partition))


def _commit(brokers: str, group: str, partition: int, offset: int) -> None:
    consumer = KafkaConsumer(bootstrap_servers=brokers, group_id=group, enable_auto_commit=False)
    try:
        tp = KafkaPartition(TOPIC, partition)
        consumer.assign([tp])
        consumer.commit({tp: OffsetAndMetadata(offset, "", -1)})
    finally:
        consumer.close()


def _tell(database: ClickHouse, change: str, now_s: float) -> None:
    conditions = Conditions(lambda: now_s)
    tp = TopicPartition(TOPIC, 2)
    conditions.running(tp)
    if change == "stopped":
        conditions.stopped(tp, reason="schema_missing", what=WHAT, cure=CURE)
    columns = condition_columns(conditions.as_seen(), "host:1", now_s)
    database.insert(TABLES["conditions"], columns)


def test_before_any_worker_ran_nothing_was_read(database: ClickHouse) -> None:
    result = _run()
    assert result.exit_code == 0
    header, *rows = result.output.splitlines()[:17]
    assert header.split() == [
        "topic", "partition", "committed", "log", "end", "lag", "last", "flush", "state", "reason"
    ]  # fmt: skip
    assert [row.split()[:2] for row in rows] == [
        [topic.name, str(number)]
        for topic in sorted(INPUTS, key=lambda topic: topic.name)
        for number in range(4)
    ]
    assert all(row.endswith("never read") for row in rows)
    assert "16 partitions: 16 never read." in result.output
    assert "earshot worker" in result.output


def test_lag_old_and_new(database: ClickHouse, kafka_brokers: str) -> None:
    group = database.address.database
    an_hour_ago, now_ms = int((time.time() - 3600) * 1000), int(time.time() * 1000)
    with sender(kafka_brokers) as one:
        places = one.send(Outgoing(TOPIC, b"k", b"v", at) for at in (an_hour_ago, now_ms, now_ms))
    _, partition, first = places[0]
    _commit(kafka_brokers, group, partition, first)
    row = _state_of(partition)
    assert (row["committed"], row["log_end"], row["lag"]) == (first, first + 3, 3)
    assert row["state"] == "no worker"
    consumer = KafkaConsumer(TOPIC, bootstrap_servers=kafka_brokers, group_id=group)
    try:
        consumer.poll(timeout_ms=10_000)
        assert _state_of(partition)["state"] == "behind"
        _commit_as(consumer, partition, first + 1)
        assert _state_of(partition)["state"] == "running"
    finally:
        consumer.close(autocommit=False)


def _commit_as(consumer: Any, partition: int, offset: int) -> None:
    consumer.commit({KafkaPartition(TOPIC, partition): OffsetAndMetadata(offset, "", -1)})


def test_an_alarm_is_told_with_its_cure_until_the_partition_runs(database: ClickHouse) -> None:
    _tell(database, "running", 1_700_000_000)
    _tell(database, "stopped", 1_700_000_060)
    _tell(database, "running", 1_700_000_030)  # written late, and older
    result = _run()
    assert result.exit_code == 4
    row = next(line for line in result.output.splitlines() if line.split()[:2] == [TOPIC, "2"])
    assert row.split()[-2:] == ["stopped", "schema_missing"]
    block = f"{TOPIC}/2 stopped since 2023-11-14 22:14:20 UTC (host:1):\n  {WHAT}\n  {CURE}\n"
    assert block in result.output
    _tell(database, "running", 1_700_000_090)
    assert _run().exit_code == 0


def test_without_kafka_the_rest_is_told(
    database: ClickHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    _tell(database, "stopped", 1_700_000_060)
    (port,) = free_ports(1)
    monkeypatch.setenv("EARSHOT_KAFKA__BROKERS", f"127.0.0.1:{port}")
    code, answer = _ask()
    assert code == 4
    assert [problem["part"] for problem in answer["problems"]] == ["Kafka"]
    (row,) = answer["partitions"]
    assert (row["state"], row["lag"], row["cure"]) == ("stopped", None, CURE)
    text = _run().output
    assert f"No Kafka broker answers at 127.0.0.1:{port}" in text
    assert "Traceback" not in text


def test_without_clickhouse_the_rest_is_told(
    database: ClickHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    (port,) = free_ports(1)
    monkeypatch.setenv("EARSHOT_CLICKHOUSE__PORT", str(port))
    code, answer = _ask()
    assert code == 4
    assert [problem["part"] for problem in answer["problems"]] == ["ClickHouse"]
    assert {row["state"] for row in answer["partitions"]} == {"never read"}
    assert answer["partitions"][0]["log_end"] is not None


def test_a_database_without_tables_is_told_with_the_cure(
    database: ClickHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EARSHOT_CLICKHOUSE__DATABASE", "never_made")
    code, answer = _ask()
    assert code == 4
    (problem,) = answer["problems"]
    assert "earshot migrate" in problem["cure"]
    assert answer["parts"] == [], "what answers here is no stopped part of ours"


def test_the_last_flush_of_a_real_worker(
    kafka_brokers: str, clickhouse: ClickHouseAccess, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = Stage(kafka_brokers, clickhouse, tmp_path, empty_inputs(kafka_brokers))
    try:
        stage.make_tables()
        use(stage.clickhouse.address, monkeypatch)
        monkeypatch.setenv("EARSHOT_KAFKA__BROKERS", kafka_brokers)
        monkeypatch.setenv("EARSHOT_KAFKA__GROUP", stage.name)
        worker = stage.start()
        sent = events(400)
        with sender(kafka_brokers) as one:
            one.send(map(on_the_wire, sent))
        stage.wait_read(len(sent))
        rows = _ask()[1]["partitions"]
        read = [row for row in rows if row["flushed_at"] is not None]
        assert read
        assert all(0 <= row["flushed_ago_s"] < 60 for row in read)
        assert {row["state"] for row in rows} <= {"running", "behind"}
        assert worker.stop() == 0
        after = _ask()[1]["partitions"]
        assert {row["state"] for row in after if row["committed"]} == {"no worker"}
        assert all(row["lag"] == 0 for row in after if row["committed"])
    finally:
        stage.close()
