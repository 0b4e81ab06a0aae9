"""A database of its own on the shared server."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from deploy.local.clickhouse import ClickHouseAccess
from sinks.clickhouse import Address, ClickHouse
from tests.databases import empty_database, make_tables, migrate, migrated_database


@pytest.fixture
def empty(clickhouse: ClickHouseAccess) -> Iterator[ClickHouse]:
    """Return a connection; what is in the database is gone after the test."""
    with empty_database(clickhouse) as one:
        yield one


@pytest.fixture
def address(empty: ClickHouse) -> Address:
    """Return the address of a database that does not exist yet."""
    return empty.address


@pytest.fixture
def migrated(empty: ClickHouse) -> ClickHouse:
    """Return a connection to a database with all tables and views."""
    migrate(empty)
    return empty


@pytest.fixture
def tables(empty: ClickHouse) -> ClickHouse:
    """Return a connection to a database with all tables, and no scores."""
    make_tables(empty)
    return empty


@pytest.fixture(scope="module")
def whole(clickhouse: ClickHouseAccess) -> Iterator[ClickHouse]:
    """Return a connection to a database with all tables and views, for tests that only look."""
    with migrated_database(clickhouse) as one:
        yield one
