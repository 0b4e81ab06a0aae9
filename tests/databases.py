"""Databases of one's own on the ClickHouse all tests share."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from deploy.local.clickhouse import ClickHouseAccess
from sinks import migrations
from sinks.clickhouse import Address, ClickHouse
from streams.migrating import migrate_all
from streams.settings import load_settings

__all__ = ["database_of_tables", "empty_database", "make_tables", "migrated_database", "use"]

#: Views that need nothing but tables. The others take ClickHouse seconds to make.
_PLAIN_VIEWS = frozenset({"R4_answers", "R9_records"})


@contextmanager
def empty_database(access: ClickHouseAccess) -> Iterator[ClickHouse]:
    """Yield a connection to a database that does not exist yet; what becomes of it is dropped."""
    name = f"t{uuid.uuid4().hex[:10]}"
    one = ClickHouse(Address(access.host, access.port, access.user, access.password, name))
    try:
        yield one
    finally:
        one.command(f"DROP DATABASE IF EXISTS {name}")
        one.close()


def make_tables(clickhouse: ClickHouse) -> None:
    """Make all tables and the plain views, for tests that read no scores."""
    for migration in migrations.load():
        if not migration.repeatable or migration.label in _PLAIN_VIEWS:
            migrations.run(clickhouse, clickhouse.address.database, migration)


@contextmanager
def database_of_tables(access: ClickHouseAccess) -> Iterator[ClickHouse]:
    """Yield a connection to a database with all tables and the plain views."""
    with empty_database(access) as one:
        make_tables(one)
        yield one


@contextmanager
def migrated_database(access: ClickHouseAccess) -> Iterator[ClickHouse]:
    """Yield a connection to a database with all tables and views."""
    with empty_database(access) as one:
        migrate_all(one, load_settings())
        yield one


def use(address: Address, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the settings of this test name a database."""
    for name in ("host", "port", "user", "password", "database"):
        value = str(getattr(address, name))
        monkeypatch.setenv(f"EARSHOT_CLICKHOUSE__{name.upper()}", value)
