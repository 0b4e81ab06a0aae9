"""What a customer left in ClickHouse, as the model of the tables says; and that nothing else goes."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deploy.local.clickhouse import ClickHouseAccess
from sinks.clickhouse import ClickHouse
from sinks.tables import TABLES
from streams.fold.columns import Origin, conversation_columns, raw_columns
from streams.fold.erasing import Erasure, ErasureRecord
from streams.fold.kinds import KINDS
from streams.store import Store
from streams.traces import Traces
from tests.builders import ANSWERS, NOW_MS, answer, record_for
from tests.databases import database_of_tables
from tests.fold.model import MEASURES, Tables, folded, log_of
from tests.fold.test_erasing import ALL_RECORDS, FOLLOWUPS
from tests.fold.test_histories import INTERACTIONS, INVITATIONS

pytestmark = pytest.mark.clickhouse

EPOCHS = count(1)
BROKER_MS = NOW_MS + 10 * 86_400_000


@pytest.fixture(scope="module")
def clickhouse_of_test(clickhouse: ClickHouseAccess) -> Iterator[ClickHouse]:
    with database_of_tables(clickhouse) as connection:
        Store(connection).keep_definitions(MEASURES)
        yield connection


def write(store: Store, tables: Tables, origin: Origin) -> None:
    table = TABLES[tables.kind.table]
    if tables.raw:
        store.write(table.name, raw_columns(table, list(tables.raw.values()), origin))
    if tables.conversations:
        rows = list(tables.conversations.values())
        store.write("conversations", conversation_columns(rows, origin))


def offsets(clickhouse: ClickHouse, table: str, origin: Origin, name: str = "_offset") -> set[int]:
    rows = clickhouse.rows(
        f"SELECT DISTINCT {name} FROM {clickhouse.address.database}.{table} "
        "WHERE _topic = %(topic)s AND _epoch = %(epoch)s AND _partition = %(partition)s",
        dict(zip(("topic", "epoch", "partition"), origin, strict=True)),
    )
    return {row[0] for row in rows}


@settings(
    deadline=None, max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    topic=st.sampled_from([ANSWERS, INVITATIONS, INTERACTIONS, FOLLOWUPS]),
    data=st.data(),
    before=st.integers(0, 20),
)
def test_traces_are_those_of_the_model(
    clickhouse_of_test: ClickHouse, topic: str, data: st.DataObject, before: int
) -> None:
    store = Store(clickhouse_of_test)
    traces = Traces(clickhouse_of_test, store)
    log = log_of(
        data.draw(st.lists(ALL_RECORDS[topic], min_size=8, max_size=20)), timestamp_ms=BROKER_MS
    )
    tables = folded(log, chunk=8, topic=topic)
    kind, origin, other = KINDS[topic], (topic, next(EPOCHS), 1), (topic, next(EPOCHS), 1)
    write(store, tables, origin)
    write(store, tables, other)
    erasure = Erasure("c:c1", "customer", "keep")
    found = traces.read(kind, origin, before, erasure.subject)
    expected = tables.trace(before, erasure.subject, {1: MEASURES})
    assert found == expected
    record = ErasureRecord(before, BROKER_MS, erasure)
    for _ in range(2):  # a second time there is nothing to do
        traces.delete(kind, origin, before, erasure)
        tables.delete_conversations(record)
        tables.delete_raw(record)
        held = {row.offset for row in tables.raw.values()}
        assert offsets(clickhouse_of_test, kind.table, origin) == held
        if topic == INTERACTIONS:
            versions = {row.version for row in tables.conversations.values()}
            assert offsets(clickhouse_of_test, "conversations", origin, "_version") == versions
    # The same customer's rows of another partition stand until it meets its own control record.
    assert traces.read(kind, other, before, erasure.subject) == expected


@pytest.mark.parametrize(
    "erasure", [Erasure("c:c1", "customer", "keep"), Erasure("a:c1", "anonymous", "keep")]
)
def test_rejected_records_go_by_their_key_whatever_kind_of_id_it_is(
    clickhouse_of_test: ClickHouse, erasure: Erasure
) -> None:
    store = Store(clickhouse_of_test)
    traces = Traces(clickhouse_of_test, store)
    origin = (ANSWERS, next(EPOCHS), 0)
    keys = [b"c1", b"c2", None, "c1"]
    rows: list[tuple[Any, ...]] = [
        (*origin, offset, BROKER_MS, "empty", "", None, key, b"", [], 0, "", 0)
        for offset, key in enumerate(keys)
    ]
    store.write("rejects", [list(column) for column in zip(*rows, strict=True)])
    traces.delete(KINDS[ANSWERS], origin, 3, erasure)
    assert offsets(clickhouse_of_test, "rejects", origin) == {1, 2, 3}


def test_no_mutation_and_no_logged_query_names_the_customer(clickhouse_of_test: ClickHouse) -> None:
    store = Store(clickhouse_of_test)
    traces = Traces(clickhouse_of_test, store)
    who = "customer-who-wants-to-be-forgotten"
    origin = (INTERACTIONS, next(EPOCHS), 0)
    records = [
        record_for(
            INTERACTIONS, event_id=f"of {who}", customer_id=who, conversation_id=f"with {who}"
        )
    ]
    write(
        store, folded(log_of(records, timestamp_ms=BROKER_MS), chunk=8, topic=INTERACTIONS), origin
    )
    kind, erasure = KINDS[INTERACTIONS], Erasure(f"c:{who}", "customer", "keep")
    assert traces.read(kind, origin, 9, erasure.subject).rows == 1
    traces.delete(kind, origin, 9, erasure)
    assert traces.read(kind, origin, 9, erasure.subject).rows == 0
    database = clickhouse_of_test.address.database
    rows = clickhouse_of_test.rows(
        "SELECT command FROM system.mutations "
        f"WHERE database = '{database}' AND table = 'interactions'"
    )
    assert rows
    assert not [command for (command,) in rows if who in command]
    clickhouse_of_test.command("SYSTEM FLUSH LOGS")
    if clickhouse_of_test.rows("SELECT 1 FROM system.tables WHERE name = 'query_log'"):
        logged = clickhouse_of_test.rows(
            "SELECT count() FROM system.query_log WHERE position(query, %(half)s) > 0 "
            "AND query NOT LIKE '%%query_log%%'",
            {"half": who},
        )
        assert logged == [(0,)]


def test_an_anonymous_customer_is_another_one(clickhouse_of_test: ClickHouse) -> None:
    store = Store(clickhouse_of_test)
    traces = Traces(clickhouse_of_test, store)
    origin = (ANSWERS, next(EPOCHS), 0)
    records = [
        answer(customer_id="x"),
        answer(response_id="r2", customer_id=None, anonymous_id="x"),
        answer(response_id="r3", customer_id="y", anonymous_id="x"),
    ]
    write(store, folded(log_of(records, timestamp_ms=BROKER_MS), chunk=8), origin)
    traces.delete(KINDS[ANSWERS], origin, 9, Erasure("a:x", "anonymous", "keep"))
    assert offsets(clickhouse_of_test, "answers", origin) == {0, 2}
