"""A stage for each test: empty input topics, a fresh database, a consumer group of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local.clickhouse import ClickHouseAccess
from tests.worker.harness import Stage, empty_inputs


@pytest.fixture
def stage(kafka_brokers: str, clickhouse: ClickHouseAccess, tmp_path: Path) -> Iterator[Stage]:
    """Return a stage, migrated, over an empty log."""
    one = Stage(kafka_brokers, clickhouse, tmp_path, empty_inputs(kafka_brokers))
    one.make_tables()
    yield one
    one.close()
