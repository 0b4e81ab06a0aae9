"""clickhouse-driver: types, inserts, streaming, parameters, and what a connection keeps."""

from __future__ import annotations

import datetime as dt
import threading
import time
import uuid
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import clickhouse_driver
import numpy as np
import pytest
from clickhouse_driver.errors import ServerException

from tests.contract.embedded.conftest import driver
from tests.contract.embedded.process import Address

pytestmark = pytest.mark.clickhouse

Connect = Callable[..., clickhouse_driver.Client]
UTC = dt.UTC
SLEEPS = "SELECT sleepEachRow(1) FROM numbers(25) SETTINGS max_block_size = 1"
VALUES: dict[str, list[Any]] = {
    "Int8": [-128, 127],
    "UInt16": [0, 65_535],
    "Int32": [-(2**31), 2**31 - 1],
    "UInt64": [0, 2**64 - 1],
    "UInt128": [0, 2**128 - 1],
    "Int256": [-(2**255), 2**255 - 1],
    "Float32": [0.5, -1.25],
    "Float64": [1e300, -0.1],
    "Decimal(9, 2)": [Decimal("-1.25"), Decimal("1234567.89")],
    "Decimal(38, 10)": [Decimal("0.0000000001"), Decimal("12345678901234567890.5")],
    "String": ["", "Grüße\n'\\ " * 50],
    "FixedString(3)": ["abc", "xyz"],
    "Date": [dt.date(1970, 1, 1), dt.date(2149, 6, 6)],
    "Date32": [dt.date(1900, 1, 1), dt.date(2299, 12, 31)],
    "DateTime('UTC')": [dt.datetime(2024, 2, 29, 23, 59, 59, tzinfo=UTC)],
    "DateTime('Asia/Tokyo')": [dt.datetime(2024, 2, 29, 23, 59, 59, tzinfo=UTC)],
    "DateTime64(3, 'UTC')": [dt.datetime(2024, 2, 29, 23, 59, 59, 123_000, tzinfo=UTC)],
    "Enum8('it\\'s (bad), so' = -2, 'good' = 1)": ["good", "it's (bad), so"],
    "LowCardinality(String)": ["", "b", "b"],
    "LowCardinality(Nullable(String))": [None, "", "b"],
    "Nullable(Int32)": [None, 5],
    "Nullable(String)": [None, "", "x"],
    "Array(Nullable(String))": [[], ["a", None], ["b"] * 300],
    "Array(Array(LowCardinality(String)))": [[], [["a"], []], [["b", "a"]]],
    "Tuple(String, Nullable(UInt8))": [("a", 1), ("", None)],
    "Map(String, UInt64)": [{}, {"a": 1, "b": 2}],
    "Map(LowCardinality(String), Array(UInt8))": [{}, {"a": [1, 2]}],
    "Bool": [True, False],
    "UUID": [uuid.UUID(int=0), uuid.UUID("12345678-1234-5678-1234-567812345678")],
    "IPv4": [],
    "SimpleAggregateFunction(max, UInt8)": [1, 255],
}


@pytest.mark.parametrize("compression", [False, "lz4"])
@pytest.mark.parametrize("kind", VALUES)
def test_a_type_goes_in_and_comes_out(connect: Connect, kind: str, compression: str) -> None:
    client = connect(compression=compression)
    client.execute(f"CREATE TABLE kept (n UInt32, v {kind}) ENGINE = MergeTree ORDER BY n")
    rows = list(enumerate(VALUES[kind]))
    client.execute("INSERT INTO kept VALUES", rows)
    found, columns = client.execute("SELECT n, v FROM kept ORDER BY n", with_column_types=True)
    assert found == rows
    assert columns[1][1] == kind


def test_columns_and_numpy_arrays_travel_as_columns(connect: Connect) -> None:
    client = connect(settings={"use_numpy": True}, compression=True)
    client.execute("CREATE TABLE a (n Int64, f Float64) ENGINE = MergeTree ORDER BY n")
    numbers = np.arange(70_000, dtype=np.int64)
    client.execute("INSERT INTO a VALUES", [numbers, numbers / 4], columnar=True)
    n, f = client.execute("SELECT n, f FROM a ORDER BY n", columnar=True)
    assert isinstance(n, np.ndarray)
    assert np.array_equal(n, numbers)
    assert np.array_equal(f, numbers / 4)


def test_a_generator_is_inserted_block_by_block(connect: Connect) -> None:
    client = connect()
    client.execute("CREATE TABLE g (n UInt32) ENGINE = MergeTree ORDER BY n")
    sent = client.execute(
        "INSERT INTO g VALUES",
        ((number,) for number in range(2_501)),
        settings={"insert_block_size": 500},
    )
    assert sent == 2_501
    assert client.execute("SELECT count(), sum(n) FROM g") == [(2_501, 2_500 * 2_501 // 2)]


def test_an_insert_that_breaks_off_writes_nothing(connect: Connect) -> None:
    client = connect()
    client.execute("CREATE TABLE g (n UInt32) ENGINE = MergeTree ORDER BY n")

    def rows() -> Any:
        yield from ((number,) for number in range(1000))
        raise RuntimeError("the producer failed")

    with pytest.raises(RuntimeError, match="producer"):
        client.execute("INSERT INTO g VALUES", rows(), settings={"insert_block_size": 100})
    assert client.execute("SELECT count() FROM g") == [(0,)]


def test_values_in_the_text_are_inserted(connect: Connect) -> None:
    client = connect()
    client.execute("CREATE TABLE v (n UInt32, s String) ENGINE = MergeTree ORDER BY n")
    client.execute("INSERT INTO v (s, n) VALUES ('a;b', 1), ('c', 2)")
    client.execute("INSERT INTO v SELECT number + 10, 'd' FROM numbers(2)")
    assert client.execute("SELECT s FROM v ORDER BY n") == [("a;b",), ("c",), ("d",), ("d",)]


def test_parameters_are_put_in_by_the_server_and_by_the_client(connect: Connect) -> None:
    hostile = "a'b\t\\c\n\"{}"
    server_side = connect(settings={"server_side_params": True})
    asked = {"s": hostile, "n": 7, "l": [1, 2], "t": dt.datetime(2024, 1, 2, 3, 4, 5)}  # noqa: DTZ001 - sent bare
    assert server_side.execute(
        "SELECT {s:String}, {n:UInt8}, {l:Array(UInt8)}, {t:DateTime}", asked
    ) == [(hostile, 7, [1, 2], asked["t"])]
    assert connect().execute("SELECT %(s)s", {"s": hostile}) == [(hostile,)]


def test_execute_iter_streams(connect: Connect) -> None:
    client = connect()
    rows = client.execute_iter(
        "SELECT number FROM numbers(1000000000)", settings={"max_block_size": 1000}
    )
    assert [next(rows)[0] for _ in range(5000)] == list(range(5000))
    client.disconnect()
    assert client.execute("SELECT 1") == [(1,)]


def test_cancel_ends_a_query_without_an_error(connect: Connect) -> None:
    client = connect()
    started = time.monotonic()
    rows = client.execute_with_progress(SLEEPS)
    client.cancel()
    assert time.monotonic() - started < 10
    del rows
    client.disconnect()
    assert client.execute("SELECT 1") == [(1,)]


def test_kill_query_finds_a_query_by_its_id(connect: Connect) -> None:
    failed: list[int] = []
    victim = connect()

    def run() -> None:
        try:
            victim.execute(SLEEPS, query_id="the-victim")
        except ServerException as error:
            failed.append(error.code)

    thread = threading.Thread(target=run)
    thread.start()
    killer = connect()
    ends = time.monotonic() + 15
    while thread.is_alive() and time.monotonic() < ends:
        killer.execute("KILL QUERY WHERE query_id = 'the-victim'")
        thread.join(0.2)
    assert failed == [394]
    assert victim.execute("SELECT 1") == [(1,)]


def test_a_query_id_is_used_once_at_a_time(connect: Connect) -> None:
    first, second = connect(), connect()
    rows = first.execute_iter(
        "SELECT number FROM numbers(100000000)", query_id="twice", settings={"max_block_size": 100}
    )
    next(rows)
    with pytest.raises(ServerException) as refused:
        second.execute("SELECT 1", query_id="twice")
    assert refused.value.code == 216
    first.disconnect()


def test_a_session_keeps_its_database_settings_and_tables(connect: Connect) -> None:
    client = connect()
    client.execute("SET max_result_rows = 12345")
    client.execute("CREATE TEMPORARY TABLE mine (a UInt8)")
    client.execute("USE system")
    ask = "SELECT currentDatabase(), getSetting('max_result_rows')"
    assert client.execute(ask, settings={"max_result_rows": 9}) == [("system", 9)]
    assert client.execute(ask) == [("system", 12_345)]
    assert client.execute("SELECT count() FROM mine") == [(0,)]
    with pytest.raises(ServerException):
        connect().execute("SELECT * FROM mine")


def test_external_tables_live_as_long_as_their_query(connect: Connect) -> None:
    client = connect(compression=True)
    table = {"name": "ext", "structure": [("n", "UInt8")], "data": [{"n": 1}, {"n": 41}]}
    assert client.execute("SELECT sum(n) FROM ext", external_tables=[table]) == [(42,)]
    with pytest.raises(ServerException) as refused:
        client.execute("SELECT * FROM ext")
    assert refused.value.code == 60


def test_several_statements_in_one_text_are_refused(connect: Connect) -> None:
    with pytest.raises(ServerException) as refused:
        connect().execute("SELECT 1; SELECT 2")
    assert refused.value.code == 62
    assert connect().execute("SELECT ';';") == [(";",)]


def test_an_unknown_setting_counts_only_when_it_is_important(connect: Connect) -> None:
    assert connect().execute("SELECT 1", settings={"no_such_setting": 1}) == [(1,)]
    with pytest.raises(ServerException) as refused:
        connect(settings_is_important=True).execute("SELECT 1", settings={"no_such_setting": 1})
    assert refused.value.code == 115


def test_readonly_holds_for_one_query(connect: Connect) -> None:
    client = connect()
    make = "CREATE TABLE r (a UInt8) ENGINE = Memory"
    for sql in (make, "INSERT INTO FUNCTION null('a UInt8') SELECT 1"):
        with pytest.raises(ServerException) as refused:
            client.execute(sql, settings={"readonly": 1})
        assert refused.value.code == 164
    assert client.execute("SELECT 1", settings={"readonly": 1}) == [(1,)]
    client.execute(make, settings={"max_threads": 2})
    assert client.execute("INSERT INTO FUNCTION null('a UInt8') VALUES", [(1,)]) == 1


def test_a_format_in_the_text_is_the_client_s_business(connect: Connect) -> None:
    client = connect()
    assert client.execute("SELECT 1 FORMAT JSON SETTINGS max_threads = 1") == [(1,)]


def test_totals_and_extremes_follow_the_rows(connect: Connect) -> None:
    sql = (
        "SELECT concat('it''s ', toString(number % 2)) AS k, nullIf(count(), 0) FROM numbers(5)"
        " GROUP BY k WITH TOTALS ORDER BY k"
    )
    rows = [("it's 0", 3), ("it's 1", 2)]
    assert connect().execute(sql) == [*rows, ("", 5)]
    assert connect(compression="lz4").execute(sql, settings={"extremes": 1}) == [
        *rows,
        ("", 5),
        ("it's 0", 2),
        ("it's 1", 3),
    ]


def test_a_type_that_cannot_travel_is_refused_by_name(connect: Connect) -> None:
    client = connect()
    with pytest.raises(ServerException, match="AggregateFunction") as refused:
        client.execute("SELECT sumState(number) FROM numbers(3)")
    assert refused.value.code == 48
    assert client.execute("SELECT 1") == [(1,)]


@pytest.mark.parametrize(
    ("options", "code"),
    [({"password": "wrong"}, 516), ({"user": "somebody"}, 516), ({"database": "nope"}, 81)],
)
def test_a_refused_login_says_why(server: Address, options: dict[str, str], code: int) -> None:
    with pytest.raises(ServerException) as refused:
        driver(server)(**options).execute("SELECT 1")
    assert refused.value.code == code
