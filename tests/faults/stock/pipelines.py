"""Earshot and what it is compared with, behind one face: a topic, a table, and processes in between."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import uuid
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition
from kafka.admin import NewTopic
from kafka.errors import KafkaError

from deploy.local.clickhouse import ClickHouseAccess
from sinks.clickhouse import Address, ClickHouse
from tests.builders import ANSWERS
from tests.faults.oracle import check_verified
from tests.waiting import until
from tests.worker.harness import Stage, WorkerProcess, empty_inputs

__all__ = ["EARSHOT", "PATTERNS", "TOKENS", "Pipeline", "pipeline"]

EARSHOT = "earshot"
TOKENS = "tokens"

#: What of Faust runs, and with which variables.
PATTERNS: dict[str, dict[str, str]] = {
    "take": {"STOCK_PATTERN": "take"},
    "take, no wait": {"STOCK_PATTERN": "take", "STOCK_WAIT_EMPTY": "no"},
    "take, typed": {"STOCK_PATTERN": "take", "STOCK_TYPED": "yes"},
    "each": {"STOCK_PATTERN": "each"},
    "noack": {"STOCK_PATTERN": "noack"},
}

_ROOT = Path(__file__).parents[3]
_FAUST = (
    "-m", "faust", "-A", "tests.faults.stock.faust_app",
    "worker", "--loglevel", "info", "--without-web",
)  # fmt: skip
_TOKEN_SINK = ("-m", "tests.faults.stock.token_sink")
_PARTITIONS = 4
_SETTLED_S = 120.0

#: Seconds without a commit after which a worker of Faust is called stuck: it commits every 2.8. The
#: others have a minute, for a busy machine.
_STUCK_S, _PATIENCE_S = 10.0, 60.0


class Pipeline(ABC):
    """One topic on its way into one table. `port` is where its processes find ClickHouse."""

    topic: str
    port: int
    brokers: str
    name: str
    clickhouse: ClickHouse
    stuck_s = _PATIENCE_S

    @abstractmethod
    def start(self, *, die_after_insert: bool = False) -> WorkerProcess:
        """Start one more process."""

    @abstractmethod
    def stored(self) -> list[str]:
        """Return the `event_id` of every row, as a reader counts them."""

    @abstractmethod
    def close(self) -> None:
        """End all processes, and drop everything."""

    def settled(self, worker: WorkerProcess) -> bool:
        """Wait until the group has committed the end of the log, and will do no more.

        Returns whether it did; it did not if the worker is dead, or commits nothing for `stuck_s`.
        """
        with _consumer(self.brokers) as consumer:
            numbers = consumer.partitions_for_topic(self.topic) or ()
            parts = [TopicPartition(self.topic, number) for number in numbers]
            starts, ends = consumer.beginning_offsets(parts), consumer.end_offsets(parts)
        left = {part: end for part, end in ends.items() if end > starts[part]}
        at, moved = self.committed(), time.monotonic()

        def over() -> bool:
            nonlocal at, moved
            before, at = at, self.committed()
            if at != before:
                moved = time.monotonic()
            dead = worker.process.poll() is not None
            return done() or dead or time.monotonic() > moved + self.stuck_s

        def done() -> bool:
            return all(at.get(part, 0) >= end for part, end in left.items())

        until(f"the end of {self.name}", over, _SETTLED_S, explain=worker.end_of_log)
        return done()

    def committed(self) -> dict[TopicPartition, int]:
        """Return the committed offsets of the group."""
        with _admin(self.brokers) as admin:
            try:
                found = admin.list_group_offsets({self.name: None})[self.name]
            except KafkaError as error:  # nobody has asked this broker for a group before
                if not error.retriable:
                    raise
                return {}
        return {part: meta.offset for part, meta in found.items() if meta.offset >= 0}

    def shared_by(self, members: int) -> bool:
        """Whether so many processes have the group's partitions among them."""
        with _admin(self.brokers) as admin:
            group = admin.describe_groups([self.name])[self.name]
        return len(group["members"]) == members and group["group_state"] == "Stable"

    def evict(self) -> None:
        """Remove the dead from the group: what the end of their session does."""
        Stage.evict(self)  # type: ignore[arg-type]  # it has the name and the admin that takes

    @contextmanager
    def _admin(self) -> Iterator[KafkaAdminClient]:
        with _admin(self.brokers) as admin:
            yield admin


class Earshot(Pipeline):
    """`earshot worker`. The other input topics stay empty."""

    topic = ANSWERS

    def __init__(self, brokers: str, access: ClickHouseAccess, folder: Path) -> None:
        self._stage = Stage(brokers, access, folder, empty_inputs(brokers))
        self._stage.settings["stop_s"] = 2
        self._stage.make_tables()
        self.brokers, self.name, self.clickhouse = brokers, self._stage.name, self._stage.clickhouse
        self.port = access.port

    def start(self, *, die_after_insert: bool = False) -> WorkerProcess:
        self._stage.port = self.port
        self._stage.variables = {"EARSHOT_KILL_AT": "durable"} if die_after_insert else {}
        return self._stage.start()

    def stored(self) -> list[str]:
        check_verified(self._stage)  # the counts are those of the rows
        rows = self.clickhouse.rows(f"SELECT event_id FROM {self.name}.answers FINAL")
        return [event_id for (event_id,) in rows]

    def close(self) -> None:
        self._stage.close()


class Stock(Pipeline):
    """A program of this folder, with a topic and a plain table of its own."""

    def __init__(
        self,
        brokers: str,
        access: ClickHouseAccess,
        folder: Path,
        command: Sequence[str],
        variables: dict[str, str],
        *,
        window: int = 0,
    ) -> None:
        self.name = self.topic = f"stock-{uuid.uuid4().hex[:10]}"
        self.brokers, self.port = brokers, access.port
        self._folder, self._command = folder, command
        database = self.name.replace("-", "_")
        self.clickhouse = ClickHouse(
            Address(access.host, access.port, access.user, access.password, database)
        )
        self.clickhouse.command(f"CREATE DATABASE {database}")
        self.clickhouse.command(
            f"CREATE TABLE {database}.answers (event_id String, response_id String, "
            "value_number Float64, responded_at DateTime64(3, 'UTC')) "
            "ENGINE = MergeTree ORDER BY (responded_at, event_id) "
            f"SETTINGS non_replicated_deduplication_window = {window}"
        )
        with _admin(brokers) as admin:
            admin.create_topics([NewTopic(self.topic, _PARTITIONS, 1)])
            until("the topic", lambda: self.topic in admin.list_topics())
        self._variables = variables | {
            "PYTHONPATH": str(_ROOT),
            "STOCK_BROKERS": brokers,
            "STOCK_GROUP": self.name,
            "STOCK_TOPIC": self.topic,
            "STOCK_CLICKHOUSE_HOST": access.host,
            "STOCK_CLICKHOUSE_USER": access.user,
            "STOCK_CLICKHOUSE_PASSWORD": access.password,
            "STOCK_DATABASE": database,
        }
        self._running: list[WorkerProcess] = []

    def start(self, *, die_after_insert: bool = False) -> WorkerProcess:
        variables = os.environ | self._variables | {"STOCK_CLICKHOUSE_PORT": str(self.port)}
        if die_after_insert:
            variables["STOCK_KILL_AFTER_INSERT"] = "yes"
        number = len(self._running)
        log, folder = (self._folder / f"{self.name}-{number}{end}" for end in (".log", ""))
        folder.mkdir()  # Faust keeps its tables where it is started
        with log.open("wb") as out:
            process = subprocess.Popen(
                [sys.executable, *self._command], env=variables, cwd=folder, stdout=out, stderr=out
            )
        self._running.append(WorkerProcess(process, log))
        return self._running[-1]

    def stored(self) -> list[str]:
        database = self.clickhouse.address.database
        rows = self.clickhouse.rows(f"SELECT event_id FROM {database}.answers")
        return [event_id for (event_id,) in rows]

    def close(self) -> None:
        for worker in self._running:
            if worker.process.poll() is None:
                worker.process.send_signal(signal.SIGKILL)
                worker.process.wait()
        self.clickhouse.command(f"DROP DATABASE IF EXISTS {self.clickhouse.address.database}")
        self.clickhouse.close()
        with _admin(self.brokers) as admin:
            admin.delete_topics([self.topic])


@contextmanager
def pipeline(kind: str, brokers: str, access: ClickHouseAccess, folder: Path) -> Iterator[Pipeline]:
    """Run with an empty log and an empty table."""
    one: Pipeline
    if kind == EARSHOT:
        one = Earshot(brokers, access, folder)
    elif kind == TOKENS:
        one = Stock(brokers, access, folder, _TOKEN_SINK, {}, window=1000)
    else:
        one = Stock(brokers, access, folder, _FAUST, PATTERNS[kind])
        one.stuck_s = _STUCK_S
    try:
        yield one
    finally:
        one.close()


@contextmanager
def _admin(brokers: str) -> Iterator[KafkaAdminClient]:
    admin = KafkaAdminClient(bootstrap_servers=brokers)
    try:
        yield admin
    finally:
        admin.close()


@contextmanager
def _consumer(brokers: str) -> Iterator[KafkaConsumer]:
    consumer = KafkaConsumer(bootstrap_servers=brokers)
    try:
        yield consumer
    finally:
        consumer.close()
