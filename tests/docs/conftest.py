"""A database in which every migration was applied."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest

from deploy.local.clickhouse import ClickHouseAccess
from sinks.clickhouse import Address, ClickHouse
from streams.migrating import migrate_all
from streams.settings import Settings


@pytest.fixture(scope="package")
def migrated(clickhouse: ClickHouseAccess) -> Iterator[ClickHouse]:
    database = f"docs_{uuid.uuid4().hex[:8]}"
    connection = ClickHouse(
        Address(clickhouse.host, clickhouse.port, clickhouse.user, clickhouse.password, database)
    )
    migrate_all(connection, Settings())
    yield connection
    connection.command(f"DROP DATABASE {database}")
    connection.close()
