"""What Earshot's own tables need of the server."""

from __future__ import annotations

from collections.abc import Callable

import clickhouse_driver
import pytest

pytestmark = pytest.mark.clickhouse

Connect = Callable[..., clickhouse_driver.Client]


def test_replacing_tables_views_and_mutations(connect: Connect, database: str) -> None:
    client = connect()
    assert client.execute(f"SELECT engine FROM system.databases WHERE name = '{database}'") == [
        ("Atomic",)
    ]
    client.execute(
        "CREATE TABLE s (k LowCardinality(String), v UInt32, version UInt64,"
        " INDEX by_v v TYPE minmax GRANULARITY 1)"
        " ENGINE = ReplacingMergeTree(version) ORDER BY k"
    )
    for version, value in ((1, 10), (3, 30), (2, 20)):
        client.execute("INSERT INTO s VALUES", [("a", value, version), ("b", value, version)])
    assert client.execute("SELECT k, v FROM s FINAL ORDER BY k") == [("a", 30), ("b", 30)]
    client.execute("CREATE VIEW latest AS SELECT k, v FROM s FINAL")
    client.execute("CREATE VIEW above AS SELECT k FROM s FINAL WHERE v > {least:UInt32}")
    assert client.execute("SELECT count() FROM latest") == [(2,)]
    assert client.execute("SELECT count() FROM above(least = 100)") == [(0,)]
    client.execute("ALTER TABLE s ADD COLUMN note String DEFAULT 'n'")
    client.execute("ALTER TABLE s DELETE WHERE k = 'b'", settings={"mutations_sync": 1})
    assert client.execute("SELECT k, v, note FROM s FINAL") == [("a", 30, "n")]
    sets = client.execute(
        "SELECT a, b, count() FROM (SELECT number % 2 AS a, number % 3 AS b FROM numbers(6))"
        " GROUP BY GROUPING SETS ((a), (b)) ORDER BY a, b"
    )
    assert sorted(row[2] for row in sets) == [2, 2, 2, 3, 3]


def test_a_materialised_view_is_fed_by_inserts(connect: Connect) -> None:
    client = connect()
    client.execute("CREATE TABLE raw (n UInt32) ENGINE = MergeTree ORDER BY n")
    client.execute("CREATE TABLE total (s UInt64) ENGINE = SummingMergeTree ORDER BY tuple()")
    client.execute("CREATE MATERIALIZED VIEW sums TO total AS SELECT sum(n) AS s FROM raw")
    client.execute("INSERT INTO raw VALUES", [(n,) for n in range(100)])
    assert client.execute("SELECT sum(s) FROM total") == [(4950,)]


def test_a_dictionary_answers(connect: Connect, database: str) -> None:
    client = connect()
    client.execute("CREATE TABLE names (id UInt64, name String) ENGINE = MergeTree ORDER BY id")
    client.execute("INSERT INTO names VALUES", [(1, "one")])
    client.execute(
        "CREATE DICTIONARY named (id UInt64, name String) PRIMARY KEY id"
        f" SOURCE(CLICKHOUSE(DB '{database}' TABLE 'names')) LAYOUT(FLAT()) LIFETIME(0)"
    )
    assert client.execute("SELECT dictGet('named', 'name', toUInt64(1))") == [("one",)]
