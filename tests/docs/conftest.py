"""A database in which every migration was applied."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from deploy.local.clickhouse import ClickHouseAccess
from sinks.clickhouse import ClickHouse
from tests.databases import migrated_database


@pytest.fixture(scope="package")
def migrated(clickhouse: ClickHouseAccess) -> Iterator[ClickHouse]:
    with migrated_database(clickhouse) as connection:
        yield connection
