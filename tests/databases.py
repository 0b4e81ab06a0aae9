"""Databases of one's own on the ClickHouse all tests share."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache

import pytest

from deploy.local.clickhouse import ClickHouseAccess
from sinks import migrations
from sinks.clickhouse import Address, ClickHouse
from streams.migrating import migrate_all
from streams.settings import Settings, load_settings

__all__ = [
    "database_of_tables",
    "empty_database",
    "make_tables",
    "migrate",
    "migrated_database",
    "use",
]

#: Views that need nothing but tables. The others take ClickHouse seconds to make.
_PLAIN_VIEWS = frozenset({"R0_epochs", "R4_answers", "R9_records"})

#: The database of a server that the others are copied from. No statement holds this word by chance.
_TEMPLATE = "template_of_all_tests"


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


def migrate(clickhouse: ClickHouse, settings: Settings | None = None) -> None:
    """Make all tables and views and write the score rules, as `earshot migrate` does, but sooner.

    ClickHouse needs seconds to find out the columns of the views. It does so once a session, for
    the template; a copy is made with its columns given. `test_migrations.py` compares the two.
    """
    database = clickhouse.address.database
    clickhouse.command(f"CREATE DATABASE {database}")
    for statement in _statements(replace(clickhouse.address, database=_TEMPLATE)):
        clickhouse.command(statement.replace(_TEMPLATE, database))
    clickhouse.command(
        f"INSERT INTO {database}.migrations SELECT * FROM {_TEMPLATE}.migrations FINAL"
    )
    assert migrate_all(clickhouse, settings or load_settings()) == []


@cache
def _statements(template: Address) -> list[str]:
    """Migrate the template of a server; return what makes its tables, and then its views."""
    one = ClickHouse(template)
    try:
        for migration in migrations.load():
            migrations.run(one, template.database, migration)
        rows = one.rows(
            "SELECT create_table_query FROM system.tables "
            f"WHERE database = '{template.database}' ORDER BY engine = 'View', name"
        )
    finally:
        one.close()
    return [query for (query,) in rows]


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
        migrate(one)
        yield one


def use(address: Address, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the settings of this test name a database."""
    for name in ("host", "port", "user", "password", "database"):
        value = str(getattr(address, name))
        monkeypatch.setenv(f"EARSHOT_CLICKHOUSE__{name.upper()}", value)
