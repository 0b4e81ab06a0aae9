"""The Kafka and the ClickHouse of a soak, and how they come back however long that takes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from deploy.local.clickhouse import ClickHousePart
from deploy.local.kafka import KafkaPart
from deploy.local.part import Part
from schemas.errors import LocalError
from streams.topics import create_topics
from tests.faults.servers import kill, own_clickhouse, own_kafka
from tests.worker.gate import Gate, gate_to

__all__ = ["PARTITIONS", "Parts", "parts_in", "strike_down"]

PARTITIONS = 4

#: A broker reads its open segments after a kill, and ClickHouse all of its parts.
_COMES_BACK_S = 900.0


@dataclass(frozen=True, slots=True)
class Parts:
    """Servers of one's own; workers find ClickHouse behind a gate."""

    kafka: KafkaPart
    clickhouse: ClickHousePart
    gate: Gate


@contextmanager
def parts_in(folder: Path) -> Iterator[Parts]:
    """Run both, with the topics made, in a folder."""
    with own_kafka(folder / "kafka") as kafka, own_clickhouse(folder / "clickhouse") as clickhouse:
        create_topics(kafka.address, partitions=PARTITIONS, replication=1)
        access = clickhouse.access
        with gate_to(access.host, access.port) as gate:
            yield Parts(kafka, clickhouse, gate)


def strike_down(part: Part, hold_s: float) -> None:
    """Kill a server, and return when it answers again. Its folder stays as it was."""
    kill(part)
    time.sleep(hold_s)
    deadline = time.monotonic() + _COMES_BACK_S
    while True:
        try:
            part.start()
            part.wait_ready()
        except LocalError:  # it takes longer than usual, or met its own remains
            if time.monotonic() > deadline:
                raise
        else:
            return
