"""A database with a day of customers, written as a worker writes it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from deploy.local.clickhouse import ClickHouseAccess
from schemas.measures import Measures
from sinks.clickhouse import ClickHouse
from sinks.tables import TABLES
from streams.cli.explain import explain
from streams.cli.scores import scores
from streams.fold.columns import conversation_columns, ledger_columns, raw_columns, slice_columns
from streams.fold.customer_memory import CustomerMemory
from streams.fold.judging import Rules
from streams.fold.kinds import KINDS
from streams.fold.known import KnownRecords
from streams.fold.partition import Decoded, PartitionFold
from streams.store import Store
from tests.databases import empty_database, make_tables, use
from tests.explaining.day import CUSTOMERS_DAY
from tests.explaining.definitions import MEASURES, TEXT

Run = Callable[..., str]


def write(
    clickhouse: ClickHouse,
    topic: str,
    records: Sequence[dict[str, Any]],
    *,
    partition: int = 0,
    measures: Measures = MEASURES,
    later: Measures | None = None,
) -> None:
    """Fold records that arrive a day after the latest of them, and write what a flush writes.

    All chunks but the first are judged by `later` definitions, if there are any.
    """
    store, origin, kind = Store(clickhouse), (topic, 0, partition), KINDS[topic]
    later = later or measures
    for one in (measures, later):
        store.keep_definitions(one)
    fold = PartitionFold(
        kind,
        start=0,
        chunk_size=8,
        known=KnownRecords(1000, complete=True),
        customers=CustomerMemory(1000, complete=True),
        rules_for=lambda chunk: Rules(later if chunk else measures),
    )
    arrived = max(record[kind.time] for record in records) + 86_400_000
    log = [Decoded(offset, arrived, record) for offset, record in enumerate(records)]
    assert fold.fold(log) == []
    drained = fold.drain()
    store.write(kind.table, raw_columns(TABLES[kind.table], drained.rows, origin))
    if drained.conversations:
        store.write("conversations", conversation_columns(drained.conversations, origin))
    store.write("slices", slice_columns(drained.slices, origin))
    store.write("ledger", ledger_columns(drained.ledgers, origin, "w"))


@pytest.fixture(scope="module")
def database(clickhouse: ClickHouseAccess) -> Iterator[ClickHouse]:
    """Yield a database with the day of customers in it."""
    with empty_database(clickhouse) as connection:
        make_tables(connection)
        for topic, partition, records in CUSTOMERS_DAY:
            write(connection, topic, records, partition=partition)
        yield connection


@pytest.fixture
def run(
    database: ClickHouse, no_settings: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Run:
    """Return what runs a command on that database and returns what it printed."""
    use(database.address, monkeypatch)
    (tmp_path / "measures.toml").write_text(TEXT, encoding="utf-8")
    monkeypatch.setenv("EARSHOT_SCORES__MEASURES_FILE", "measures.toml")
    monkeypatch.setattr("streams.explaining.explanation._PAUSE_S", 0)
    app = typer.Typer()
    app.command()(explain)
    app.command()(scores)

    def run(*args: str, code: int = 0) -> str:
        result = CliRunner().invoke(app, list(args))
        assert result.exit_code == code, (result.output, result.exception)
        return result.output

    return run
