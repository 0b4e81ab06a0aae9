"""What holds through every client and every compression."""

from __future__ import annotations

from collections.abc import Callable

import clickhouse_driver
import pytest

from tests.contract.embedded.clients import Client, Refused

pytestmark = pytest.mark.clickhouse


def test_a_select_comes_back_as_it_was_asked(client: Client) -> None:
    assert client.rows("SELECT number, toString(number) FROM numbers(3) ORDER BY number") == [
        (0, "0"),
        (1, "1"),
        (2, "2"),
    ]


def test_an_empty_answer_is_no_rows(client: Client) -> None:
    assert client.rows("SELECT number FROM numbers(3) WHERE number > 9") == []


def test_an_answer_of_many_blocks_is_complete(client: Client) -> None:
    rows = client.rows("SELECT number, concat('row ', toString(number)) FROM numbers(150000)")
    assert len(rows) == 150_000
    assert {row[1] for row in rows} == {f"row {number}" for number in range(150_000)}


def test_an_insert_of_several_blocks_is_exact(client: Client) -> None:
    client.run(
        "CREATE TABLE answers (id UInt32, brand LowCardinality(String), text Nullable(String))"
        " ENGINE = MergeTree ORDER BY id"
    )
    rows = [(n, f"brand {n % 7}", None if n % 3 else f"text {n}") for n in range(3500)]
    client.insert("answers", ["id", "brand", "text"], list(rows))
    assert client.rows("SELECT id, brand, text FROM answers ORDER BY id") == rows


def test_columns_that_are_left_out_get_their_defaults(client: Client) -> None:
    client.run(
        "CREATE TABLE defaults (id UInt32, a UInt8 DEFAULT 3, b String DEFAULT 'x',"
        " c UInt32 MATERIALIZED id + 1) ENGINE = MergeTree ORDER BY id"
    )
    client.insert("defaults", ["id"], [(1,), (2,)])
    assert client.rows("SELECT id, a, b, c FROM defaults ORDER BY id") == [
        (1, 3, "x", 2),
        (2, 3, "x", 3),
    ]


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("SELECT * FROM no_such_table", 60),
        ("SELECT no_such_column FROM numbers(1)", 47),
        ("SELECT no_such_function(1)", 46),
        ("SELECT * FROM no_such_database.t", 81),
        ("SELECT throwIf(number = 3) FROM numbers(10)", 395),
    ],
)
def test_a_refusal_has_clickhouse_s_code_and_leaves_the_connection_usable(
    client: Client, sql: str, code: int
) -> None:
    with pytest.raises(Refused) as refused:
        client.rows(sql)
    assert refused.value.code == code
    assert client.rows("SELECT 1") == [(1,)]


def test_an_insert_into_nothing_is_refused(client: Client) -> None:
    with pytest.raises(Refused) as refused:
        client.insert("no_such_table", ["a"], [(1,)])
    assert refused.value.code == 60
    assert client.rows("SELECT 1") == [(1,)]


def test_a_failed_insert_leaves_nothing_and_is_told(
    client: Client, connect: Callable[..., clickhouse_driver.Client]
) -> None:
    connect().execute(  # the client of 2018 does not know constraints
        "CREATE TABLE strict (a UInt32, CONSTRAINT small CHECK a < 3000)"
        " ENGINE = MergeTree ORDER BY a"
    )
    with pytest.raises(Refused) as refused:
        client.insert("strict", ["a"], [(n,) for n in range(3500)])
    assert refused.value.code == 469
    assert client.rows("SELECT count() FROM strict") == [(0,)]


def test_settings_hold_for_one_query(client: Client) -> None:
    ask = "SELECT toUInt32(value) FROM system.settings WHERE name = 'max_result_rows'"
    assert client.rows(ask, {"max_result_rows": "77"}) == [(77,)]
    assert client.rows(ask) == [(0,)]


def test_the_database_of_the_login_is_in_force(client: Client, database: str) -> None:
    assert client.rows("SELECT currentDatabase()") == [(database,)]
    assert client.rows("SELECT name FROM system.tables WHERE database = currentDatabase()") == []


def test_show_describe_and_exists_answer(client: Client) -> None:
    client.run("CREATE TABLE shown (a UInt8) ENGINE = MergeTree ORDER BY a")
    assert client.rows("SHOW TABLES") == [("shown",)]
    assert client.rows("EXISTS TABLE shown") == [(1,)]
    assert client.rows("DESCRIBE TABLE shown")[0][:2] == ("a", "UInt8")
