"""A database of its own on the shared server."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest

from deploy.local.clickhouse import ClickHouseAccess
from sinks.clickhouse import Address, ClickHouse
from streams.migrating import migrate_all
from streams.settings import load_settings


@pytest.fixture
def address(clickhouse: ClickHouseAccess) -> Address:
    """Return the address of a database that does not exist yet."""
    name = f"s{uuid.uuid4().hex[:10]}"
    return Address(clickhouse.host, clickhouse.port, clickhouse.user, clickhouse.password, name)


@pytest.fixture
def empty(address: Address) -> Iterator[ClickHouse]:
    """Return a connection; what is in the database is gone after the test."""
    one = ClickHouse(address)
    yield one
    one.command(f"DROP DATABASE IF EXISTS {address.database}")
    one.close()


@pytest.fixture
def migrated(empty: ClickHouse) -> ClickHouse:
    """Return a connection to a database with all tables and views."""
    migrate_all(empty, load_settings())
    return empty
