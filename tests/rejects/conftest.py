"""Databases with a few rejected records, as a worker writes them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from deploy.local.clickhouse import ClickHouseAccess
from schemas.codec import Encoder
from schemas.framing import frame
from schemas.registry import FileRegistry
from sinks.clickhouse import ClickHouse
from sinks.tables import TABLES
from streams.agents.messages import reject_columns
from streams.agents.replays import Replayed, outcome_columns
from streams.batch import TopicPartition
from streams.fold.partition import Rejected
from streams.fold.rejection import Reason, Rejection
from streams.rejecting import ReplayOf
from streams.rejecting.headers import replay_headers
from tests.builders import ANSWERS, answer
from tests.databases import migrated_database, use

SECRET = b"customer-4711"
NOON_MS = int(datetime(2026, 1, 31, 12, tzinfo=UTC).timestamp() * 1000)
REGISTRY = FileRegistry()


@dataclass(frozen=True)
class Record:
    """A record of the log, as far as a rejection needs it."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()


def reject(
    clickhouse: ClickHouse, topic: str, record: Record, reason: Reason, *, epoch: int = 0
) -> None:
    rejected = Rejected(record.offset, record.timestamp, Rejection(reason, "value_number is null"))
    columns = reject_columns([(TopicPartition(topic, 2), rejected, record)], epoch)
    clickhouse.insert(TABLES["rejects"], columns)


def answer_bytes(**fields: Any) -> bytes:
    """Return a framed answer, good but for the fields that are given."""
    return Encoder(REGISTRY, ANSWERS).encode(
        answer(**{"responded_at": int(time.time() * 1000) - 60_000} | fields)
    )


@dataclass
class Sent:
    """A sender that keeps what it is given."""

    records: list[tuple[str, int | None, bytes | None, bytes | None, Any]] = field(
        default_factory=list
    )

    def publish_raw(
        self,
        topic: str,
        value: bytes | None,
        key: bytes | None,
        timestamp_ms: int | None = None,
        *,
        headers: list[tuple[str, bytes]] | None = None,
        partition: int | None = None,
    ) -> None:
        assert timestamp_ms is None
        self.records.append((topic, partition, key, value, headers))

    def flush(self) -> None:
        pass


@dataclass
class Log:
    """A worker's part of the game: it rejects and counts what was sent, at the next offset."""

    clickhouse: ClickHouse
    next: int = 0

    def reject(
        self,
        value: bytes | None = b"junk",
        *,
        reason: Reason = "bad_magic",
        headers: tuple[tuple[str, bytes], ...] = (),
        epoch: int = 0,
        offset: int | None = None,
        topic: str = ANSWERS,
    ) -> int:
        """Write the row of a rejected record; return its offset."""
        if offset is None:
            offset, self.next = self.next, self.next + 1
        record = Record(offset, NOON_MS + offset, SECRET, value, headers)
        reject(self.clickhouse, topic, record, reason, epoch=epoch)
        return offset

    def reject_again(self, first: int, count: int, *, epoch: int = 0) -> int:
        """Write the row of a replay that was rejected; return its offset."""
        of = ReplayOf(ANSWERS, 0, 2, first, count)
        return self.reject(headers=(("trace", b"t"), *replay_headers(of)), epoch=epoch)

    def count(self, first: int, count: int, fate: str, *, epoch: int = 0) -> int:
        """Write the outcome of a replay that was counted; return its offset."""
        offset, self.next = self.next, self.next + 1
        of = ReplayOf(ANSWERS, 0, 2, first, count)
        tp = TopicPartition(ANSWERS, 2)
        one = Replayed(of, tp, epoch, offset, NOON_MS + offset, fate)
        self.clickhouse.insert(TABLES["reject_outcomes"], outcome_columns([one]))
        return offset

    def epochs(self, *rows: tuple[int, str, str]) -> None:
        """Write epochs of the topic of answers: number, id of the topic, state."""
        now = datetime.now(UTC)
        columns = zip(
            *[(ANSWERS, epoch, topic_id, 64, state, now) for epoch, topic_id, state in rows],
            strict=True,
        )
        self.clickhouse.insert(TABLES["epochs"], [list(column) for column in columns])


@pytest.fixture(scope="session")
def database(clickhouse: ClickHouseAccess) -> Iterator[ClickHouse]:
    """Yield a database for the tests that bring their own rejects."""
    with migrated_database(clickhouse) as connection:
        yield connection


@pytest.fixture
def log(database: ClickHouse) -> Log:
    """Return a log without records, and empty tables."""
    for table in ("rejects", "reject_outcomes", "epochs"):
        database.command(f"TRUNCATE TABLE {database.address.database}.{table}")
    return Log(database)


@pytest.fixture
def settings_of_log(log: Log, no_settings: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Point the settings at the database of the log."""
    use(log.clickhouse.address, monkeypatch)


@pytest.fixture(scope="module")
def rejected(clickhouse: ClickHouseAccess) -> Iterator[ClickHouse]:
    """Yield a database with five rejected records: four of answers, one of a follow-up."""
    with migrated_database(clickhouse) as connection:
        answers = "feedback.responses"
        value = frame(1, b"\xff\x00" + SECRET)
        headers = (("trace", SECRET), ("tenant", b"t"))
        reject(connection, answers, Record(10, NOON_MS, SECRET, value, headers), "missing_score")
        reject(connection, answers, Record(11, NOON_MS + 1, SECRET, None), "tombstone")
        reject(connection, answers, Record(12, NOON_MS + 2, None, b""), "empty")
        reject(connection, answers, Record(13, NOON_MS + 60_000, None, b"junk"), "bad_magic")
        reject(
            connection, "feedback.followups", Record(7, NOON_MS + 90_000, None, b"x"), "bad_magic"
        )
        # a second fold writes the same row again
        reject(connection, answers, Record(13, NOON_MS + 60_000, None, b"junk"), "bad_magic")
        yield connection


@pytest.fixture
def settings_of_rejected(
    rejected: ClickHouse, no_settings: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Point the settings at that database, and nowhere else."""
    use(rejected.address, monkeypatch)
