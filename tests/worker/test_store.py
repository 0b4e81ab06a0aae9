"""State as of an offset: what ClickHouse answers is what the model of the tables says."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deploy.local.clickhouse import ClickHouseAccess
from schemas.definitions import parse_measures
from schemas.errors import SinkError
from sinks.tables import TABLES
from streams.fold.chunks import chunk_start
from streams.fold.columns import Origin, ledger_columns, raw_columns, slice_columns
from streams.fold.kinds import KINDS
from streams.fold.partition import Decoded
from streams.store import Store
from tests.builders import ANSWERS, NOW_MS, answer, interaction
from tests.databases import database_of_tables
from tests.fold.model import MEASURES, Tables, Worker, folded, log_of
from tests.fold.strategies import logs

pytestmark = pytest.mark.clickhouse

CHUNK = 8
EPOCHS = count(1)


@pytest.fixture(scope="module")
def store(clickhouse: ClickHouseAccess) -> Iterator[Store]:
    with database_of_tables(clickhouse) as connection:
        one = Store(connection)
        one.keep_definitions(MEASURES)
        yield one


def written(store: Store, log: list[Decoded], cuts: list[int], origin: Origin) -> Tables:
    """Fold a log with flushes here and there into ClickHouse and into the model."""
    for table in ("answers", "slices", "ledger"):
        store._clickhouse.command(f"TRUNCATE TABLE {store._database}.{table}")
    tables = Tables()
    worker = Worker(tables, 0, chunk=CHUNK)
    for start, end in zip([0, *sorted(cuts)], [*sorted(cuts), len(log)], strict=True):
        worker.take(log[start:end])
        drained = worker.fold.drain()
        tables.write(drained, [])
        if drained.rows:
            store.write("answers", raw_columns(TABLES["answers"], drained.rows, origin))
        if drained.slices:
            store.write("slices", slice_columns(drained.slices, origin))
        if drained.ledgers:
            store.write("ledger", ledger_columns(drained.ledgers, origin, "w"))
    return tables


@settings(
    deadline=None, max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(log=logs(ids=6), cuts=st.lists(st.integers(0, 40), max_size=3), data=st.data())
def test_the_store_answers_as_the_model(
    store: Store, log: list[Decoded], cuts: list[int], data: st.DataObject
) -> None:
    origin = (ANSWERS, next(EPOCHS), 2)
    tables = written(store, log, cuts, origin)
    kind = KINDS[ANSWERS]
    end = log[-1].offset + 1 if log else 0
    for before in {0, end, data.draw(st.integers(0, end))}:
        seen = tables.seen(before, {1: MEASURES})
        for limit in (0, 1, len(seen), 100):
            known, complete = store.recent(kind, origin, before, limit)
            assert list(known.items()) == list(seen.items())[max(0, len(seen) - limit) :]
            assert complete == (len(seen) <= limit)
        wanted = [("shop", f"r{number}", "q1") for number in range(7)]
        assert store.lookup(kind, origin, before, wanted) == seen
        assert store.lookup(kind, origin, before, wanted[:2]) == {
            name: entry for name, entry in seen.items() if name in wanted[:2]
        }
    first = data.draw(st.integers(0, 24))  # where an erasure stands, or where a chunk begins anyway
    ledgers = {c: ledger for c, ledger in sorted(tables.ledgers.items()) if c >= first}
    assert store.chunks(origin, first) == list(ledgers.values())
    last = data.draw(st.integers(first, 26))
    found = store.raw(kind, origin, first, last)
    assert [(row.offset, row.timestamp_ms) for row in found] == [
        (row.offset, row.timestamp_ms) for row in tables.stored(first, last)
    ]
    versions = store.versions(kind, origin, first, CHUNK)
    later = [row.offset for row in tables.raw.values() if row.offset >= first]
    assert versions == {chunk_start(offset, CHUNK, first): 1 for offset in later}
    # Of another topic, epoch or partition nobody knows anything.
    for other in (("feedback.other", *origin[1:]), (ANSWERS, 0, 2), (*origin[:2], 3)):
        assert store.recent(kind, other, end, 100) == ({}, True)
        assert store.chunks(other, 0) == []
        assert store.versions(kind, other, 0, CHUNK) == {}


def test_an_event_is_known_by_its_identity(store: Store) -> None:
    topic = "feedback.interactions"
    log = log_of([interaction(), interaction(event_id="it's \\ e2")], timestamp_ms=NOW_MS)
    tables = folded(log, chunk=CHUNK, topic=topic)
    origin, kind = (topic, next(EPOCHS), 0), KINDS[topic]
    rows = list(tables.raw.values())
    store.write("interactions", raw_columns(TABLES["interactions"], rows, origin))
    seen = tables.seen(2, {1: MEASURES})
    # What an event added is never taken back: who remembers it need not know.
    remembered = {name: one._replace(cells=()) for name, one in seen.items()}
    assert store.recent(kind, origin, 2, 10) == (remembered, True)
    name = ("desk", "it's \\ e2")
    assert store.lookup(kind, origin, 2, [name]) == {name: seen[name]}
    assert store.lookup(kind, origin, 1, [name]) == {}


def test_partitions_do_not_erase_each_others_memory(store: Store) -> None:
    # One answer in two partitions: its customer was anonymous first, or its producer hashes anew.
    kind, epoch = KINDS[ANSWERS], next(EPOCHS)
    for partition, offset in ((0, 5), (1, 100)):
        log = [Decoded(offset, NOW_MS, answer(response_id="in two partitions"))]
        rows = list(folded(log, chunk=CHUNK).raw.values())
        origin = (ANSWERS, epoch, partition)
        store.write("answers", raw_columns(TABLES["answers"], rows, origin))
    store._clickhouse.command(f"OPTIMIZE TABLE {store._database}.answers FINAL")
    # Partition 1 folded it. If it forgets that, a second delivery counts again.
    known, _ = store.recent(kind, (ANSWERS, epoch, 1), 101, 10)
    assert len(known) == 1


def test_many_look_ups_are_split(store: Store) -> None:
    wanted = [("shop", f"r{number}", "q" * 50) for number in range(12_000)]
    assert store.lookup(KINDS[ANSWERS], (ANSWERS, 0, 0), 10, wanted) == {}


def test_a_version_means_one_text_for_ever(store: Store) -> None:
    store.keep_definitions(MEASURES)
    changed = parse_measures(MEASURES.text.replace("points", "percent"))
    with pytest.raises(SinkError, match="its version is still 1"):
        store.keep_definitions(changed)
    with pytest.raises(SinkError, match="no measure definitions of version 77"):
        store.definitions(77)
