"""Migrations: tables once and in order, functions and views again whenever they changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from schemas.errors import SinkError
from sinks import migrations
from sinks.clickhouse import ClickHouse, SinkRefused
from sinks.migrations import Migration, applied, load, pending
from streams.migrating import migrate_all, pending_sql
from streams.settings import load_settings

pytestmark = pytest.mark.clickhouse


def files(folder: Path, **texts: str) -> list[Migration]:
    for name, text in texts.items():
        (folder / f"{name[1:]}.sql").write_text(text, encoding="utf-8")
    return load(folder)


def apply(clickhouse: ClickHouse, found: list[Migration]) -> list[str]:
    database = clickhouse.address.database
    labels = []
    for migration in pending(clickhouse, database, found):
        migrations.run(clickhouse, database, migration)
        labels.append(migration.label)
    return labels


def view(name: str, sql: str = "SELECT 1 AS n") -> str:
    return f"CREATE OR REPLACE VIEW {{database}}.{name} AS {sql};"


def table(name: str) -> str:
    return (
        f"CREATE TABLE IF NOT EXISTS {{database}}.{name} (n UInt8) ENGINE = MergeTree ORDER BY n;"
    )


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["0001_a", "0003_b"], "0002 is missing"),
        (["0002_a"], "0001 is missing"),
        (["0001_a", "0001_b"], "0001 is there twice"),
        (["0001_a", "2_b"], "2_b.sql is named neither"),
        (["0001_A"], "0001_A.sql is named neither"),
        (["Rx_a"], "Rx_a.sql is named neither"),
    ],
)
def test_files_are_numbered_without_gaps(tmp_path: Path, names: list[str], said: str) -> None:
    for name in names:
        (tmp_path / f"{name}.sql").write_text("SELECT 1;", encoding="utf-8")
    with pytest.raises(SinkError, match=said):
        load(tmp_path)


def test_each_is_applied_once_and_in_order(empty: ClickHouse, tmp_path: Path) -> None:
    assert applied(empty, empty.address.database) == {}
    assert apply(empty, files(tmp_path, _0001_a=table("a"), _0002_b=table("b"))) == [
        "0001_a",
        "0002_b",
    ]
    assert apply(empty, load(tmp_path)) == []
    assert apply(empty, files(tmp_path, _0003_c=table("c"))) == ["0003_c"]
    assert applied(empty, empty.address.database) == {m.label: m.checksum for m in load(tmp_path)}


def test_an_applied_file_may_not_change(empty: ClickHouse, tmp_path: Path) -> None:
    apply(empty, files(tmp_path, _0001_a=table("a")))
    edited = files(tmp_path, _0001_a=table("a") + "\n-- a comment")
    with pytest.raises(SinkError, match="0001_a was edited after it was applied"):
        pending(empty, empty.address.database, edited)


def test_a_newer_database_is_left_alone(empty: ClickHouse, tmp_path: Path) -> None:
    apply(empty, files(tmp_path, _0001_a=table("a"), _0002_b=table("b")))
    (tmp_path / "0002_b.sql").unlink()
    with pytest.raises(
        SinkError, match="has migration 0002_b, and this version of Earshot does not"
    ):
        pending(empty, empty.address.database, load(tmp_path))


def test_a_migration_may_not_be_put_in_between(empty: ClickHouse, tmp_path: Path) -> None:
    apply(empty, files(tmp_path, _0001_a=table("a"), _0002_b=table("b"), _0003_c=table("c")))
    database = empty.address.database
    empty.command(f"DELETE FROM {database}.migrations WHERE label = '0002_b'")
    with pytest.raises(SinkError, match="0002_b was passed over: 0003_c is applied already"):
        pending(empty, database, load(tmp_path))


def test_views_are_made_again_when_they_change_and_so_is_what_comes_after(
    empty: ClickHouse, tmp_path: Path
) -> None:
    texts = {
        "_0001_a": table("a"),
        "_R1_x": view("x"),
        "_R2_y": view("y", "SELECT n FROM {database}.x"),
    }
    assert apply(empty, files(tmp_path, **texts)) == ["0001_a", "R1_x", "R2_y"]
    assert apply(empty, load(tmp_path)) == []
    texts["_R1_x"] = view("x", "SELECT 2 AS n")
    assert apply(empty, files(tmp_path, **texts)) == ["R1_x", "R2_y"]
    assert empty.rows(f"SELECT n FROM {empty.address.database}.y") == [(2,)]
    texts["_R2_y"] = view("y", "SELECT n + 1 AS n FROM {database}.x")
    assert apply(empty, files(tmp_path, **texts)) == ["R2_y"]
    assert apply(empty, files(tmp_path, _0002_b=table("b"))) == ["0002_b", "R1_x", "R2_y"]


def test_a_database_of_an_unreleased_version_is_left_alone(
    empty: ClickHouse, tmp_path: Path
) -> None:
    database = empty.address.database
    empty.command(f"CREATE DATABASE {database}")
    empty.command(
        f"CREATE TABLE {database}.migrations (number UInt32) ENGINE = MergeTree ORDER BY number"
    )
    with pytest.raises(SinkError, match="made by an unreleased version"):
        pending(empty, database, files(tmp_path, _0001_a=table("a")))


def test_what_failed_half_way_is_taken_up_again(empty: ClickHouse, tmp_path: Path) -> None:
    broken = files(tmp_path, _0001_a=table("a") + "\nSELECT no_such_function();")
    with pytest.raises(SinkRefused, match="no_such_function"):
        apply(empty, broken)
    assert apply(empty, files(tmp_path, _0001_a=table("a") + "\nSELECT 1;")) == ["0001_a"]


def test_a_dry_run_says_all_and_changes_nothing(empty: ClickHouse) -> None:
    database = empty.address.database
    statements = pending_sql(empty)
    assert len(statements) > 30
    assert not empty.rows(f"SELECT 1 FROM system.databases WHERE name = '{database}'")
    migrate_all(empty, load_settings())
    assert pending_sql(empty) == []


def test_migrating_again_does_nothing_and_the_statements_may_be_repeated(
    migrated: ClickHouse,
) -> None:
    def tables() -> list[tuple[object, ...]]:
        database = migrated.address.database
        return migrated.rows(
            f"SELECT name, create_table_query FROM system.tables WHERE database = '{database}' ORDER BY name"
        )

    before = tables()  # of a copy: below, the migrations themselves make all of it
    assert migrate_all(migrated, load_settings()) == []
    for migration in load():
        migrations.run(migrated, migrated.address.database, migration)
    assert tables() == before
    assert migrate_all(migrated, load_settings()) == []


def test_the_score_rules_follow_the_settings(migrated: ClickHouse) -> None:
    database = migrated.address.database
    sql = f"SELECT DISTINCT n_privacy, n_stat, confidence FROM {database}.score_rules FINAL"
    assert migrated.rows(sql) == [(1, 30, 0.95)]
    migrate_all(migrated, load_settings(scores={"n_privacy": 5, "n_stat": 50, "confidence": 0.9}))
    assert migrated.rows(sql) == [(5, 50, 0.9)]
