"""A worker that has read a log, and is killed and started again."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from kafka import TopicPartition

from schemas.catalog import INPUTS
from tests.faults.log import WatchedStage
from tests.faults.soak.feed import feed
from tests.faults.soak.parts import PARTITIONS, Parts, parts_in
from tests.faults.soak.supply import Supply
from tests.waiting import until
from tests.worker.harness import WorkerProcess

__all__ = ["Restart", "Restarting"]

_WITHIN_S = 3_600.0

#: What a worker runs with in production, but for less memory of what it has seen.
_SETTINGS: dict[str, Any] = {
    "flush_s": 1,
    "fetch_records": 10_000,
    "known_answers": 20_000,
    "known_customers": 5_000,
}


class Restart(NamedTuple):
    """One restart: records folded again; seconds until the first partition was open, and to the end."""

    again: int
    first_s: float
    all_s: float


class Restarting:
    """Restarts over one log, with servers of their own."""

    def __init__(self, folder: Path, parts: Parts, events: int) -> None:
        self._folder = folder
        self._parts = parts
        self._events = events

    @classmethod
    @contextmanager
    def over(cls, events: int, folder: Path) -> Iterator[Restarting]:
        """Run Kafka and ClickHouse in a folder, and send so many events."""
        with parts_in(folder) as parts:
            supply = Supply(parts.kafka.address, partitions=PARTITIONS, ahead=events)
            supply.start(feed(events, 5))
            until("all is sent", lambda: supply.done, _WITHIN_S)
            if supply.failure is not None:
                raise supply.failure
            yield cls(folder, parts, events)

    def restarts(self, chunk: int, times: int) -> list[Restart]:
        """Have a worker read the log in chunks of a size; kill it, and start another, some times."""
        starts = {
            TopicPartition(topic.name, number): 0
            for topic in INPUTS
            for number in range(PARTITIONS)
        }
        access = self._parts.clickhouse.access
        stage = WatchedStage(self._parts.kafka.address, access, self._folder, starts)
        try:
            stage.make_tables()
            worker = stage.start(**_SETTINGS, chunk=chunk)
            stage.wait_read(self._events, _WITHIN_S)
            found = []
            for _ in range(times):
                worker.kill()
                stage.evict()
                began = time.monotonic()
                worker = stage.start(**_SETTINGS, chunk=chunk)
                found.append(_caught_up(stage, worker, chunk, began))
            worker.stop()
        finally:
            stage.close()
        return found


def _caught_up(stage: WatchedStage, worker: WorkerProcess, chunk: int, began: float) -> Restart:
    """Wait until a worker has folded every open chunk."""
    until("a partition is open", lambda: worker.events("partition_opened"), _WITHIN_S)
    first_s = time.monotonic() - began

    def all_again() -> int | None:
        rows = stage.clickhouse.rows(
            "SELECT argMax(worker, _chunk), argMax(last + 1 - first, _chunk) AS read, "
            "argMax(last + 1, _chunk) AS end, max(_chunk) AS open "
            f"FROM {stage.name}.ledger FINAL GROUP BY _topic, _partition "
            f"HAVING end < open + {chunk}"
        )
        if {name for name, *_ in rows} != {worker.name}:
            return None
        return sum(int(read) for _, read, *_ in rows)

    again = until("all chunks are folded", all_again, _WITHIN_S, explain=worker.end_of_log)
    return Restart(again, first_s, time.monotonic() - began)
