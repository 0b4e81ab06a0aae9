"""A log that every test of a file reads from its start, and a log of one's own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local.clickhouse import ClickHouseAccess
from tests.faults.log import Log, log_of, stream
from tests.worker.sending import sender

#: Of them a dozen fetches of every topic, some rejects and corrections in each.
_RECORDS = 800


@pytest.fixture(scope="module")
def shared_log(
    kafka_brokers: str, clickhouse: ClickHouseAccess, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Log]:
    """Return a log that was written and is not written to any more."""
    with log_of(kafka_brokers, clickhouse, tmp_path_factory.mktemp("log")) as one:
        with sender(kafka_brokers) as producer:
            one.send(producer, stream(_RECORDS))
        yield one


@pytest.fixture
def log(kafka_brokers: str, clickhouse: ClickHouseAccess, tmp_path: Path) -> Iterator[Log]:
    """Return an empty log."""
    with log_of(kafka_brokers, clickhouse, tmp_path) as one:
        yield one
