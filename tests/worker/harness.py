"""Workers as processes, on the real broker and the real engine, with a database of their own."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition
from kafka.admin import MemberToRemove

from deploy.local.clickhouse import ClickHouseAccess
from schemas.catalog import INPUTS
from sinks.clickhouse import Address, ClickHouse
from streams.topics import create_topics
from tests.databases import make_tables, migrate
from tests.waiting import until

__all__ = ["Stage", "WorkerProcess", "empty_inputs"]

#: Longer than anything takes on a machine that does much else.
WAIT_S = 180.0

_WORKER = 'import sys; from streams.cli.main import main; sys.argv[1:] = ["worker"]; main()'

RAW = ("answers", "invitations", "interactions", "followups")

#: What two runs over one log must agree on; the worker's name is the only thing they may not.
COMPARED = {
    **dict.fromkeys((*RAW, "slices", "rejects", "conversations", "revisions"), "*"),
    **dict.fromkeys(("erasures", "erased_counts"), "*"),
    "ledger": "* EXCEPT (worker)",
    "definitions": "*",
}


def empty_inputs(brokers: str) -> dict[TopicPartition, int]:
    """Remove every record of the input topics; return where their logs begin now."""
    create_topics(brokers, partitions=4, replication=1)
    admin = KafkaAdminClient(bootstrap_servers=brokers)
    try:
        starts = end_offsets(brokers)
        admin.delete_records(starts)
    finally:
        admin.close()
    return starts


def end_offsets(brokers: str) -> dict[TopicPartition, int]:
    """Return where every partition of the input topics ends."""
    consumer = KafkaConsumer(bootstrap_servers=brokers)
    try:
        parts = [
            TopicPartition(topic.name, number)
            for topic in INPUTS
            for number in consumer.partitions_for_topic(topic.name) or ()
        ]
        found: dict[TopicPartition, int] = consumer.end_offsets(parts)
    finally:
        consumer.close()
    return found


@dataclass
class WorkerProcess:
    """One `earshot worker`."""

    process: subprocess.Popen[bytes]
    log: Path

    @property
    def name(self) -> str:
        """What it calls itself in the ledger."""
        return f"{socket.gethostname()}:{self.process.pid}"

    def lines(self) -> list[dict[str, Any]]:
        """Return what it logged; a line that is not JSON is not ours and fails the test."""
        text = self.log.read_text(encoding="utf-8")
        return [json.loads(line) for line in text.splitlines() if line.startswith("{")]

    def end_of_log(self) -> str:
        return self.log.read_text(encoding="utf-8")[-3000:]

    def events(self, name: str) -> list[dict[str, Any]]:
        return [line for line in self.lines() if line["event"] == name]

    def wait_event(self, name: str, count: int = 1, within_s: float = WAIT_S) -> None:
        def seen() -> bool:
            assert self.process.poll() is None, self.end_of_log()
            return len(self.events(name)) >= count

        until(f"{name} in the log", seen, within_s, explain=self.end_of_log)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def stop(self, within_s: float = 30.0) -> int:
        """Ask it to stop, and return its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(within_s)


@dataclass
class Stage:
    """A database and a consumer group of its own. `port` is where its workers find ClickHouse."""

    brokers: str
    access: ClickHouseAccess
    folder: Path
    starts: dict[TopicPartition, int]
    port: int = 0
    name: str = field(default_factory=lambda: f"t{uuid.uuid4().hex[:10]}")
    settings: dict[str, object] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)
    _running: list[WorkerProcess] = field(default_factory=list)

    def __post_init__(self) -> None:
        access = self.access
        self.clickhouse = ClickHouse(
            Address(access.host, access.port, access.user, access.password, self.name)
        )

    def migrate(self) -> None:
        """Make all tables and views."""
        migrate(self.clickhouse)

    def make_tables(self) -> None:
        """Make what a worker needs, and no views of scores."""
        make_tables(self.clickhouse)

    def environment(self, **settings: object) -> dict[str, str]:
        """Return the settings of a worker as variables."""
        worker = {
            "chunk": 64, "flush_s": 0.1, "fetch_records": 100, "known_answers": 50,
            "known_customers": 5, "stop_s": 10,
        } | self.settings | settings  # fmt: skip
        return {
            "EARSHOT_KAFKA__BROKERS": self.brokers,
            "EARSHOT_KAFKA__GROUP": self.name,
            "EARSHOT_CLICKHOUSE__HOST": self.access.host,
            "EARSHOT_CLICKHOUSE__PORT": str(self.port or self.access.port),
            "EARSHOT_CLICKHOUSE__USER": self.access.user,
            "EARSHOT_CLICKHOUSE__PASSWORD": self.access.password,
            "EARSHOT_CLICKHOUSE__DATABASE": self.name,
            "EARSHOT_LOG__FORMAT": "json",
            **self.variables,
            **{f"EARSHOT_WORKER__{name.upper()}": str(value) for name, value in worker.items()},
        }

    def delete_records(self) -> None:
        """Have the broker delete everything, as when its retention has passed."""
        with self._admin() as admin:
            admin.delete_records(end_offsets(self.brokers))

    def start(
        self, *, brokers: str | None = None, program: str = "", **settings: object
    ) -> WorkerProcess:
        """Start a worker. It reads little at a time and flushes often, so that much can go wrong."""
        environment = {k: v for k, v in os.environ.items() if not k.startswith("EARSHOT_")}
        environment |= self.environment(**settings)
        if brokers:
            environment["EARSHOT_KAFKA__BROKERS"] = brokers
        log = self.folder / f"{self.name}-{len(self._running)}.log"
        command = ["-c", program or _WORKER]
        with log.open("wb") as out:
            process = subprocess.Popen(
                [sys.executable, *command],
                env=environment, cwd=self.folder, stdout=out, stderr=out,
            )  # fmt: skip
        running = WorkerProcess(process, log)
        self._running.append(running)
        return running

    # -- looking

    def read(self) -> int:
        """Return how many records have their fate."""
        rows = self.clickhouse.rows(f"SELECT sum(read) FROM {self.name}.fates")
        return int(rows[0][0])

    def folded_by(self) -> dict[tuple[str, int, int, int], str]:
        """Return which worker has folded most of each chunk: topic, epoch, partition and chunk."""
        rows = self.clickhouse.rows(
            f"SELECT _topic, _epoch, _partition, _chunk, worker FROM {self.name}.ledger FINAL"
        )
        return {(topic, epoch, part, chunk): name for topic, epoch, part, chunk, name in rows}

    def read_of(self) -> dict[tuple[str, int], int]:
        """Return how many records of each topic and partition have their fate."""
        rows = self.clickhouse.rows(
            f"SELECT topic, partition, sum(read) FROM {self.name}.fates GROUP BY ALL"
        )
        return {(topic, partition): read for topic, partition, read in rows}

    def wait_read(self, records: int, within_s: float = WAIT_S) -> None:
        """Wait until so many records, or more, have their fate."""

        def read() -> bool:
            for worker in self._running[-1:]:
                code = worker.process.poll()
                assert code is None or code < 0, worker.end_of_log()
            return self.read() >= records

        explain = self._running[-1].end_of_log if self._running else str
        until(f"{records} records in the fates", read, within_s, explain=explain)

    def fates(self) -> dict[tuple[str, str], int]:
        """Return how many records ended how, by topic and fate; those of none left out."""
        names = ("accepted", "corrected", "duplicate", "rejected")
        sums = ", ".join(f"sum({name})" for name in names)
        rows = self.clickhouse.rows(f"SELECT topic, {sums} FROM {self.name}.fates GROUP BY topic")
        return {
            (topic, name): count
            for topic, *counts in rows
            for name, count in zip(names, counts, strict=True)
            if count
        }

    def tables(self) -> dict[str, list[tuple[Any, ...]]]:
        """Return all rows of all tables, sorted by their text."""
        return {
            table: sorted(
                self.clickhouse.rows(f"SELECT {columns} FROM {self.name}.{table} FINAL"), key=repr
            )
            for table, columns in COMPARED.items()
        }

    def committed(self) -> dict[TopicPartition, int]:
        """Return the committed offsets of the group."""
        with self._admin() as admin:
            found = admin.list_group_offsets({self.name: None})[self.name]
        return {part: meta.offset for part, meta in found.items() if meta.offset >= 0}

    def evict(self) -> None:
        """Remove all members from the group: what the session's end does to a dead one, at once."""
        with self._admin() as admin:
            members = admin.describe_groups([self.name])[self.name]["members"]
            if members:
                ids = [MemberToRemove(member["member_id"]) for member in members]
                admin.remove_group_members(self.name, ids)

    @contextmanager
    def _admin(self) -> Iterator[Any]:
        admin = KafkaAdminClient(bootstrap_servers=self.brokers)
        try:
            yield admin
        finally:
            admin.close()

    def close(self) -> None:
        for worker in self._running:
            if worker.process.poll() is None:
                worker.kill()
        self.clickhouse.command(f"DROP DATABASE IF EXISTS {self.name}")
        self.clickhouse.close()


def whole(stage: Stage, records: int) -> Stage:
    """Return a stage on which one undisturbed worker has read the same log."""
    other = Stage(stage.brokers, stage.access, stage.folder, stage.starts, settings=stage.settings)
    try:
        other.make_tables()
        worker = other.start()
        other.wait_read(records)
        assert worker.stop() == 0
    except BaseException:
        other.close()
        raise
    return other


def first_difference(left: Stage, right: Stage) -> str:
    """Return the first row in which the tables of two stages differ, or nothing."""
    ours, theirs = left.tables(), right.tables()
    for table in COMPARED:
        if ours[table] != theirs[table]:
            more = [row for row in ours[table] if row not in theirs[table]][:3]
            less = [row for row in theirs[table] if row not in ours[table]][:3]
            counts = f"{len(ours[table])} and {len(theirs[table])} rows"
            return f"{table}: {counts}\nonly here: {more}\nonly there: {less}"
    return ""
