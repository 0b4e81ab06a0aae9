"""The checks of ClickHouse against a real one: each failure is made, seen and named."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from deploy.local.clickhouse import ClickHouseAccess
from schemas.definitions import load_measures, parse_measures
from schemas.errors import SinkError
from sinks import migrations
from sinks.clickhouse import Address, ClickHouse
from sinks.tables import TABLES
from streams.doctor import Unmeasured
from streams.doctor.store import Store
from streams.settings import Scores, Settings
from tests.databases import empty_database, migrate

pytestmark = pytest.mark.clickhouse

MEASURES = load_measures()


@pytest.fixture
def connection(clickhouse: ClickHouseAccess) -> Iterator[ClickHouse]:
    with empty_database(clickhouse) as one:
        yield one


@pytest.fixture
def migrated(connection: ClickHouse) -> ClickHouse:
    migrate(connection, Settings())
    return connection


def _store(address: Address) -> Store:
    return Store(address, limit_s=20)


def test_a_new_database_is_told_to_migrate(connection: ClickHouse) -> None:
    with pytest.raises(
        SinkError, match=r"migrations are pending: 0001_tables, .*, R1_functions"
    ) as caught:
        _store(connection.address).migrated()
    assert "earshot migrate" in caught.value.cure


def test_a_migrated_database_is_well(migrated: ClickHouse) -> None:
    store = _store(migrated.address)
    assert "version 2" in store.answers()
    assert store.migrated() == f"all {len(migrations.load())} are applied, none was edited"
    assert store.writable() == f"{len(TABLES)} tables take rows"
    assert "those of the measures file" in store.rules_current(MEASURES, Scores())
    assert isinstance(store.flushed(), Unmeasured)
    assert "this machine" in store.clock()


def test_looking_writes_nothing(migrated: ClickHouse) -> None:
    database = migrated.address.database
    count = f"SELECT sum(rows) FROM system.parts WHERE database = '{database}' AND active"
    before = migrated.rows(count)
    _store(migrated.address).writable()
    assert migrated.rows(count) == before


def test_an_edited_migration_is_seen(migrated: ClickHouse) -> None:
    migrated.command(
        f"INSERT INTO {migrated.address.database}.migrations (label, checksum) "
        "SELECT '0001_tables', 'another'"
    )
    with pytest.raises(SinkError, match="0001_tables was edited"):
        _store(migrated.address).migrated()


def test_a_dropped_table_is_named(migrated: ClickHouse) -> None:
    migrated.command(f"DROP TABLE {migrated.address.database}.followups")
    with pytest.raises(SinkError, match=r"\.followups is missing") as caught:
        _store(migrated.address).writable()
    assert "backup" in caught.value.cure


def test_rules_of_other_settings_are_stale(migrated: ClickHouse) -> None:
    n = sum(len(measure.scores) for measure in MEASURES.measures)
    with pytest.raises(SinkError, match=f"{n} of {n} score rules") as caught:
        _store(migrated.address).rules_current(MEASURES, Scores(n_stat=31))
    assert "earshot migrate" in caught.value.cure


def test_a_measures_file_that_changed_under_its_version_is_seen(migrated: ClickHouse) -> None:
    migrated.insert(TABLES["definitions"], [[MEASURES.version], ["another"], ["text"]])
    with pytest.raises(SinkError, match="its version is still 1"):
        _store(migrated.address).rules_current(MEASURES, Scores())


def test_rules_of_a_newer_measures_file_are_stale(migrated: ClickHouse) -> None:
    newer = parse_measures(MEASURES.text.replace("version = 1", "version = 2", 1))
    with pytest.raises(SinkError, match="older than the measures file"):
        _store(migrated.address).rules_current(newer, Scores())


def test_the_last_flush_is_told_with_what_was_folded(migrated: ClickHouse) -> None:
    row = ["feedback.responses", 0, 0, 0, 0, 9, 10, 8, 0, 1, 1, 0, 1, 1_700_000_000_000, "w:1"]
    migrated.insert(TABLES["ledger"], [[value] for value in row])
    text = _store(migrated.address).flushed()
    assert isinstance(text, str)
    assert text.startswith("last flush 20")
    assert text.endswith("UTC; 10 records folded, 1 of them rejected")


def test_a_clock_that_is_off_is_seen(migrated: ClickHouse) -> None:
    with pytest.raises(SinkError, match=r"behind this machine, the limit"):
        _store(migrated.address).clock(now=lambda: 4_000_000_000.0)


def test_a_wrong_password_is_told_without_the_password(connection: ClickHouse) -> None:
    with pytest.raises(SinkError, match="refuses the user or password") as caught:
        _store(replace(connection.address, password="guessed-word")).answers()
    assert "guessed-word" not in str(caught.value)
