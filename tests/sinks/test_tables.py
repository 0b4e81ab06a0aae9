"""The DDL, the table of columns and the Avro schemas say the same."""

from __future__ import annotations

import re

import pytest

from schemas.registry import FileRegistry, subject_of
from sinks.clickhouse import ClickHouse
from sinks.tables import COORDINATES, RAW_TABLES, TABLES, FieldKind, Table
from streams.fold.kinds import KINDS

pytestmark = pytest.mark.clickhouse

Column = tuple[str, str, str, str]

_TYPES: dict[FieldKind, str] = {
    "text": r"(LowCardinality\(String\)|String)",
    "flag": r"Bool",
    "number": r"(Nullable\()?(U?Int\d+|Float64)\)?",
    "time": r"(Nullable\()?DateTime64\(3, 'UTC'\)\)?",
    "list": r"Array\(String\)",
    "attributes": r"Map\(LowCardinality\(String\), String\)",
}


def columns(clickhouse: ClickHouse) -> dict[str, list[Column]]:
    """Return name, type, kind of default and comment of every column, by table or view."""
    rows = clickhouse.rows(
        "SELECT table, name, type, default_kind, comment FROM system.columns "
        f"WHERE database = '{clickhouse.address.database}' ORDER BY table, position"
    )
    found: dict[str, list[Column]] = {}
    for table, *column in rows:
        found.setdefault(table, []).append((column[0], column[1], column[2], column[3]))
    return found


def test_every_table_has_the_columns_rows_are_written_with(whole: ClickHouse) -> None:
    found = columns(whole)
    for table in TABLES.values():
        written = [name for name, _, default, _ in found[table.name] if default == ""]
        assert tuple(written) == table.columns
        extra = [(name, default) for name, _, default, _ in found[table.name] if default]
        made = ["_precedence", "_subject"] if table in RAW_TABLES else []
        made += ["flushed_at"] if table.name == "ledger" else []
        assert extra == [(name, "MATERIALIZED") for name in made]


@pytest.mark.parametrize("table", RAW_TABLES, ids=lambda table: str(table.name))
def test_a_raw_table_is_its_schema(whole: ClickHouse, table: Table) -> None:
    topic = next(kind.topic for kind in KINDS.values() if kind.table == table.name)
    fields = {
        field["name"]: field
        for field in FileRegistry().latest(subject_of(topic)).definition["fields"]
    }
    assert [field.name for field in table.fields] == list(fields)
    found = {name: type_ for name, type_, _, _ in columns(whole)[table.name]}
    for field in table.fields:
        assert re.fullmatch(_TYPES[field.kind], found[field.name]), field
        nullable = isinstance(fields[field.name]["type"], list)
        if field.kind in ("number", "time"):
            assert found[field.name].startswith("Nullable") == nullable, field
    assert table.columns[-len(COORDINATES) :] == COORDINATES


def test_every_table_and_column_says_what_it_is(whole: ClickHouse) -> None:
    database = whole.address.database
    tables = whole.rows(
        f"SELECT name, comment FROM system.tables WHERE database = '{database}' AND engine != 'View'"
    )
    assert {name for name, _ in tables} == {*TABLES, "migrations"}
    silent = [name for name, comment in tables if not comment]
    silent += [
        f"{name}.{column}"
        for name, _ in tables
        for column, _, default, comment in columns(whole)[name]
        if not comment and not default
    ]
    assert not silent


def test_every_view_says_what_it_is(whole: ClickHouse) -> None:
    database = whole.address.database
    views = whole.rows(
        f"SELECT name, comment FROM system.tables WHERE database = '{database}' AND engine = 'View'"
    )
    assert len(views) >= 8
    assert [name for name, comment in views if not comment] == []


def test_a_raw_key_holds_the_identity(whole: ClickHouse) -> None:
    for kind in KINDS.values():
        ((key,),) = whole.rows(
            "SELECT sorting_key FROM system.tables WHERE name = %(table)s AND database = %(database)s",
            {"table": kind.table, "database": whole.address.database},
        )
        wanted = (*kind.identity, *([kind.revision] if kind.revision else []))
        assert key.split(", ")[: len(wanted)] == list(wanted)
