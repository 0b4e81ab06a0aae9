"""The real Kafka: started, asked, filled, killed, started again, stopped."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from kafka import KafkaConsumer, KafkaProducer
from kafka.admin import KafkaAdminClient, NewTopic

from deploy.local.config import LocalConfig, default_cache
from deploy.local.kafka import KafkaPart, ask_cluster_id
from deploy.local.parts import borrowed, local_parts, part_statuses
from deploy.local.ports import free_ports
from schemas.errors import LocalError

pytestmark = pytest.mark.kafka


@pytest.fixture
def config(tmp_path: Path) -> LocalConfig:
    # A space and a letter beyond ASCII: both need care on the way to Java.
    home = tmp_path / "my zoé"
    broker, controller = free_ports(2)
    return LocalConfig(
        home=home, cache=default_cache(), kafka_port=broker, controller_port=controller
    )


@pytest.fixture
def part(config: LocalConfig) -> Iterator[KafkaPart]:
    part = KafkaPart(config)
    yield part
    part.stop()


def _processes_of(home: Path) -> list[int]:
    return [
        found.pid
        for found in psutil.process_iter(["cmdline"])
        if any(str(home) in argument for argument in found.info["cmdline"] or ())
    ]


def test_the_session_has_a_broker_that_answers(kafka_brokers: str) -> None:
    host, port = kafka_brokers.split(":")
    assert host == "127.0.0.1"
    assert ask_cluster_id(int(port))


def test_nobody_is_told_apart_from_a_broker() -> None:
    (port,) = free_ports(1)
    with pytest.raises(ConnectionRefusedError):
        ask_cluster_id(port)


def test_records_survive_a_kill(part: KafkaPart, config: LocalConfig) -> None:
    assert part.start()
    part.wait_ready()
    with KafkaAdminClient(bootstrap_servers=part.address) as admin:
        admin.create_topics([NewTopic("answers", num_partitions=1, replication_factor=1)])
    producer = KafkaProducer(bootstrap_servers=part.address, acks="all")
    for number in range(10):
        producer.send("answers", str(number).encode()).get(timeout=10)
    producer.close()
    cluster_id = ask_cluster_id(config.kafka_port)

    record = part.record
    assert record is not None
    os.kill(record.pid, signal.SIGKILL)
    psutil.Process(record.pid).wait(10)
    assert part.status().state == "stopped"

    assert part.start(), "the stale pid file was taken for a running process"
    part.wait_ready()
    assert ask_cluster_id(config.kafka_port) == cluster_id
    consumer = KafkaConsumer(
        "answers",
        bootstrap_servers=part.address,
        group_id="readers",
        auto_offset_reset="earliest",
        consumer_timeout_ms=20_000,
    )
    values = [int(next(consumer).value) for _ in range(10)]
    consumer.close()
    assert values == list(range(10))
    assert part.status().data_bytes > 0

    assert part.stop()
    assert _processes_of(config.home) == []
    assert not part.stop()


def test_a_taken_port_is_refused_in_one_sentence(config: LocalConfig) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", config.kafka_port))
        other.listen()
        with pytest.raises(LocalError) as caught, borrowed(KafkaPart(config)):
            pytest.fail("started on a taken port")
    assert "\n" not in str(caught.value)
    assert f"Port {config.kafka_port} of Kafka is taken" in str(caught.value)
    assert not _processes_of(config.home)


def test_a_failed_start_names_its_cause(config: LocalConfig) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", config.controller_port))
        other.listen()
        part = KafkaPart(config)
        part.start()  # without the checks, as if the port had been taken just now
        try:
            with pytest.raises(LocalError, match="Address already in use"):
                part.wait_ready()
        finally:
            part.stop()


@pytest.mark.clickhouse
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_no_signal_leaves_local_parts_behind(config: LocalConfig, number: signal.Signals) -> None:
    given = json.dumps([str(config.home), config.kafka_port, config.controller_port])
    with subprocess.Popen(
        [sys.executable, __file__, given],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as borrower:
        assert borrower.stdout is not None
        assert set(json.loads(borrower.stdout.readline())) <= set(_processes_of(config.home))
        assert ask_cluster_id(config.kafka_port)
        os.kill(borrower.pid, number)
        assert borrower.wait(30) == -number
    # Killed by the kernel, they may take a moment; stopped by their borrower, they are gone by now.
    deadline = time.monotonic() + (10 if number == signal.SIGKILL else 0)
    while _processes_of(config.home):
        assert time.monotonic() < deadline


def _borrow_until_interrupted(home: str, broker: int, controller: int) -> None:
    config = LocalConfig(
        home=Path(home),
        cache=default_cache(),
        kafka_port=broker,
        controller_port=controller,
        clickhouse_port=0,
        clickhouse_http_port=0,
    )
    with local_parts(config) as there:
        assert there.brokers == f"127.0.0.1:{broker}"
        assert there.clickhouse.port
        print(json.dumps([part.pid for part in part_statuses(config)]), flush=True)
        signal.pause()


if __name__ == "__main__":
    _borrow_until_interrupted(*json.loads(sys.argv[1]))
