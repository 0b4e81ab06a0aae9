"""The connection: nulls stay nulls, failures are told in one clean sentence, and it comes back."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from schemas.errors import SinkError
from sinks.clickhouse import RETRYABLE, Address, ClickHouse, SinkRefused, SinkUnavailable
from sinks.tables import TABLES, Table
from streams.fold.columns import raw_columns
from streams.fold.kinds import KINDS
from streams.fold.partition import Folded
from tests.builders import NOW_MS, answer, record_for
from tests.waiting import until
from tests.worker.gate import gate_to

pytestmark = pytest.mark.clickhouse

SECRET = "Zq7-secret"


def columns_of(table: Table, *records: dict[str, Any]) -> list[list[Any]]:
    rows = [Folded(offset, NOW_MS, 1, record) for offset, record in enumerate(records)]
    return raw_columns(table, rows, ("feedback.responses", 0, 2))


@pytest.mark.parametrize("topic", KINDS)
def test_what_is_written_is_read(tables: ClickHouse, topic: str) -> None:
    table = TABLES[KINDS[topic].table]
    fields = {field.name: field.kind for field in table.fields}
    full = record_for(topic) | {
        name: {"text": "тест \0 'x'", "number": 7, "time": NOW_MS + 1, "list": ["a", ""]}[kind]
        for name, kind in fields.items()
        if kind in ("text", "number", "time", "list")
    } | {"attributes": [{"name": "a", "value": "1"}, {"name": "b", "value": ""}]}  # fmt: skip
    assert tables.insert(table, columns_of(table, full)) == 1
    moments = {name for name, kind in fields.items() if kind == "time"}
    chosen = ", ".join(
        f"toUnixTimestamp64Milli({name})" if name in moments else name for name in fields
    )
    (row,) = tables.rows(f"SELECT {chosen} FROM {tables.address.database}.{table.name}")
    assert dict(zip(fields, row, strict=True)) == full | {"attributes": {"a": "1", "b": ""}}


def test_nulls_stay_nulls_however_often_the_same_lists_are_written(tables: ClickHouse) -> None:
    table = TABLES["answers"]
    columns = columns_of(
        table,
        answer(value_number=None, survey_version=None, updated_at=None, scale_min=None),
        answer(response_id="r2", value_number=0.0, survey_version=0, updated_at=NOW_MS),
    )
    before = [list(column) for column in columns]
    for _ in range(3):
        assert tables.insert(table, columns) == 2
        assert columns == before
    rows = tables.rows(
        "SELECT response_id, value_number, survey_version, isNull(updated_at), scale_min, count() "
        f"FROM {tables.address.database}.answers GROUP BY ALL ORDER BY ALL"
    )
    assert rows == [("r1", None, None, 1, None, 3), ("r2", 0.0, 0, 0, 0, 3)]


def test_nothing_to_write_is_not_written(tables: ClickHouse) -> None:
    assert tables.insert(TABLES["answers"], []) == 0
    assert tables.insert(TABLES["answers"], [[] for _ in TABLES["answers"].columns]) == 0


def test_a_large_block_is_one_part(tables: ClickHouse) -> None:
    records = [answer(response_id=f"r{number}") for number in range(3000)]
    table = TABLES["answers"]
    assert tables.insert(table, columns_of(table, *records)) == 3000
    parts = tables.rows(
        "SELECT count() FROM system.parts WHERE active AND table = 'answers' "
        f"AND database = '{tables.address.database}'"
    )
    assert parts == [(1,)]


def told(work: Callable[[], object]) -> SinkError:
    """Return the error, after the checks that hold for every one."""
    with pytest.raises(SinkError) as caught:
        work()
    text = str(caught.value)
    assert "\n" not in text
    assert "Stack trace" not in text
    assert "Traceback" not in text
    assert SECRET not in text
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
    return caught.value


def test_a_wrong_password(address: Address) -> None:
    one = ClickHouse(replace(address, password=SECRET))
    error = told(lambda: one.rows("SELECT 1"))
    assert isinstance(error, SinkRefused)
    assert "refuses the user or password" in str(error)
    assert "EARSHOT_CLICKHOUSE__PASSWORD" in str(error)


def test_the_address_never_shows_the_password(address: Address) -> None:
    assert SECRET not in repr(replace(address, password=SECRET))
    assert SECRET not in str(replace(address, password=SECRET))


@pytest.mark.parametrize(
    "sql", ["SELECT 1 FROM {database}.nothing", "SELECT 1 FROM no_such_database.nothing"]
)
def test_an_unknown_table(tables: ClickHouse, sql: str) -> None:
    error = told(lambda: tables.rows(sql.replace("{database}", tables.address.database)))
    assert isinstance(error, SinkRefused)
    assert error.code in (60, 81)
    assert "nothing" in str(error) or "no_such_database" in str(error)
    assert "earshot migrate" in str(error)
    assert tables.rows("SELECT 1") == [(1,)], "the connection is still good"


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT toInt32(%(value)s)",
        "SELECT %(value)s AS (",
        "SELECT CAST(%(value)s, 'DateTime')",
        "SELECT throwIf(1, %(value)s)",
        "SELECT dateDiff(%(value)s, now(), now())",
        "SELECT 1 FROM {database}.answers WHERE nothing = %(value)s",
        "SELECT * FROM {database}.answers WHERE (source, response_id) IN ((%(value)s, 1), ('a'))",
    ],
)
def test_what_the_server_says_is_passed_on_without_values(tables: ClickHouse, sql: str) -> None:
    sql = sql.replace("{database}", tables.address.database)
    error = told(lambda: tables.rows(sql, {"value": f"'{SECRET}'\n{SECRET}"}))
    assert isinstance(error, SinkRefused)
    assert re.search(r"refuses \(code \d+\): \w", str(error)), "and yet it says something"


def test_nobody_at_the_port(address: Address) -> None:
    with gate_to(address.host, address.port) as gate:
        port = gate.port
    error = told(lambda: ClickHouse(replace(address, port=port)).rows("SELECT 1"))
    assert isinstance(error, SinkUnavailable)
    assert "does not answer" in str(error)


def test_a_server_lost_in_the_middle_of_a_query(address: Address) -> None:
    with gate_to(address.host, address.port) as gate:
        one = ClickHouse(replace(address, port=gate.port))
        assert one.rows("SELECT 1") == [(1,)]
        threading.Timer(0.3, gate.cut).start()
        error = told(lambda: one.rows("SELECT sleep(3)"))
        assert isinstance(error, SinkUnavailable)
        assert one.rows("SELECT 2") == [(2,)], "on a new connection"
        one.close()


def test_a_server_lost_before_an_insert_is_written_again(tables: ClickHouse) -> None:
    address, table = tables.address, TABLES["answers"]
    columns = columns_of(table, answer(value_number=None))
    with gate_to(address.host, address.port) as gate:
        one = ClickHouse(replace(address, port=gate.port))
        assert one.rows("SELECT 1") == [(1,)]
        gate.shut()
        for _ in range(2):
            assert isinstance(told(lambda: one.insert(table, columns)), SinkUnavailable)
        gate.open()
        assert one.insert(table, columns) == 1
        one.close()
    rows = tables.rows(f"SELECT value_number FROM {address.database}.answers FINAL")
    assert rows == [(None,)]


def test_a_network_that_swallows_everything_is_noticed(address: Address) -> None:
    with gate_to(address.host, address.port) as gate:
        one = ClickHouse(replace(address, port=gate.port, timeout_s=1.0))
        assert one.rows("SELECT 1") == [(1,)]
        gate.freeze()
        begun = time.monotonic()
        assert isinstance(told(lambda: one.rows("SELECT 1")), SinkUnavailable)
        assert time.monotonic() - begun < 20
        gate.cut()
        gate.open()
        assert one.rows("SELECT 2") == [(2,)], "not the late answer to the first query"
        one.close()


def test_closing_ends_a_call_that_waits_for_nothing(address: Address) -> None:
    caught: list[SinkError] = []
    with gate_to(address.host, address.port) as gate:
        one = ClickHouse(replace(address, port=gate.port))
        assert one.rows("SELECT 1") == [(1,)]
        gate.freeze()
        waiting = threading.Thread(target=lambda: caught.append(told(lambda: one.rows("SELECT 1"))))
        waiting.start()
        until("the call", one._lock.locked)
        begun = time.monotonic()
        one.close()
        assert time.monotonic() - begun < 1
        waiting.join(5)
        assert not waiting.is_alive()
        gate.open()
        assert one.rows("SELECT 2") == [(2,)]
        one.close()
    assert isinstance(caught[0], SinkUnavailable)


def test_passing_errors_of_the_server_are_those_to_wait_for(tables: ClickHouse) -> None:
    for sql, code in (
        ("SELECT sleep(2) SETTINGS max_execution_time = 0.2", 159),
        ("SELECT groupArray(number) FROM numbers(1e7) SETTINGS max_memory_usage = 1000000", 241),
    ):
        error = told(partial(tables.rows, sql))
        assert isinstance(error, SinkUnavailable)
        assert f"code {code}" in str(error)
        assert code in RETRYABLE
