"""A database with a few rejected records, as a worker writes them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from deploy.local.clickhouse import ClickHouseAccess
from schemas.framing import frame
from sinks.clickhouse import ClickHouse
from sinks.tables import TABLES
from streams.agents.messages import reject_columns
from streams.batch import TopicPartition
from streams.fold.partition import Rejected
from streams.fold.rejection import Reason, Rejection
from tests.databases import migrated_database, use

SECRET = b"customer-4711"
NOON_MS = int(datetime(2026, 1, 31, 12, tzinfo=UTC).timestamp() * 1000)


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
