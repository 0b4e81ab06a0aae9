"""A ClickHouse and a Kafka of one's own, to be killed."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deploy.local.clickhouse import ClickHousePart
from deploy.local.config import LocalConfig, default_cache
from deploy.local.kafka import KafkaPart
from deploy.local.part import Part
from deploy.local.parts import borrowed
from deploy.local.ports import free_ports
from tests.waiting import until

__all__ = ["kill", "own_clickhouse", "own_kafka", "restart"]


@contextmanager
def own_clickhouse(folder: Path) -> Iterator[ClickHousePart]:
    """Run a ClickHouse that keeps its port when it is started again."""
    port, http_port = free_ports(2)
    config = LocalConfig(
        home=folder, cache=default_cache(), clickhouse_port=port, clickhouse_http_port=http_port
    )
    part = ClickHousePart(config, tied=True)
    with borrowed(part):
        yield part


@contextmanager
def own_kafka(folder: Path) -> Iterator[KafkaPart]:
    """Run a Kafka that keeps its port when it is started again."""
    port, controller = free_ports(2)
    config = LocalConfig(
        home=folder, cache=default_cache(), kafka_port=port, controller_port=controller
    )
    part = KafkaPart(config, tied=True)
    with borrowed(part):
        yield part


def kill(part: Part) -> None:
    """End a server as `kill -9` does, and return when it is gone."""
    record = part.record
    assert record is not None, "it does not run"
    os.killpg(record.pid, signal.SIGKILL)
    until(f"the end of {part.name}", lambda: part.record is None)


def restart(part: Part) -> None:
    """Start a server that does not run, and wait until it answers."""
    part.start()
    part.wait_ready()
